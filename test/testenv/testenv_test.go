// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/patience"
)

// holdVariable makes this test binary start a control plane, print where it is
// and wait to be killed.
const holdVariable = "WABA_OPERATOR_TESTENV_HOLD"

var env *Env

func TestMain(m *testing.M) {
	if os.Getenv(holdVariable) != "" {
		if err := hold(); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(RunAlone(m, &env))
}

func hold() error {
	held, err := New(Options{WithoutCRDs: true})
	if err != nil {
		return err
	}
	fmt.Println(held.guard.directory)
	select {} // until killed
}

func TestServesTheProjectsKinds(t *testing.T) {
	namespace := env.Namespace(t)
	for _, list := range []client.ObjectList{
		&v1alpha1.WABAList{}, &v1alpha1.PhoneNumberList{}, &v1alpha1.MessageTemplateList{}, &v1alpha1.WebhookSubscriptionList{},
	} {
		if err := env.Client.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Errorf("listing %T: %v", list, err)
		}
	}
}

func TestNamespacesDiffer(t *testing.T) {
	first, second := env.Namespace(t), env.NamespaceWithLabels(t, map[string]string{"team": "shop"})
	if first == second {
		t.Fatalf("two namespaces are called %q", first)
	}
	var selected corev1.NamespaceList
	if err := env.Client.List(t.Context(), &selected, client.MatchingLabels{"team": "shop"}); err != nil {
		t.Fatal(err)
	}
	if len(selected.Items) != 1 || selected.Items[0].Name != second {
		t.Errorf("the label selects %v, want only %s", selected.Items, second)
	}
}

func TestUsers(t *testing.T) {
	fromFile, err := clientcmd.BuildConfigFromFlags("", env.AddUser(t, "carol"))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := clientcmd.BuildConfigFromFlags("", env.KubeconfigFile)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		config  *rest.Config
		allowed bool
	}{
		"kubeconfig without rights":    {fromFile, false},
		"the environment's kubeconfig": {admin, true},
		"impersonation without rights": {env.Impersonate("system:serviceaccount:shop:default"), false},
		"impersonated administrator":   {env.Impersonate("dave", "system:masters"), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := client.New(test.config, client.Options{Scheme: env.Scheme})
			if err != nil {
				t.Fatal(err)
			}
			err = c.List(t.Context(), &v1alpha1.WABAList{})
			if test.allowed && err != nil {
				t.Errorf("an administrator can't list: %v", err)
			}
			if !test.allowed && !apierrors.IsForbidden(err) {
				t.Errorf("a user without rights got %v, want Forbidden", err)
			}
		})
	}
}

// TestShared connects to the package's server as a package does under the command test/testenv/shared.
func TestShared(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	t.Setenv(SharedVariable, broken)
	if _, err := sharedOrNew(); err == nil || !strings.Contains(err.Error(), SharedVariable) {
		t.Errorf("a kubeconfig that isn't there: %v", err)
	}
	write(t, broken, `{"apiVersion":"v1","kind":"Config","current-context":"a","clusters":[{"name":"a","cluster":{"server":"https://127.0.0.1:1"}}],
		"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],
		"users":[{"name":"a","user":{"client-certificate-data":"bm8=","client-key-data":"bm8="}}]}`, 0o600)
	if _, err := sharedOrNew(); err == nil || !strings.Contains(err.Error(), "making a client") {
		t.Errorf("a kubeconfig with a broken certificate: %v", err)
	}
	t.Setenv(SharedVariable, env.KubeconfigFile)
	shared, err := sharedOrNew()
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.Client.Get(t.Context(), client.ObjectKey{Name: env.Namespace(t)}, &corev1.Namespace{}); err != nil {
		t.Errorf("the shared server lacks a namespace: %v", err)
	}
	if err := shared.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if err := env.Client.List(t.Context(), &corev1.NamespaceList{}); err != nil {
		t.Errorf("the server is gone with one that uses it: %v", err)
	}
}

// TestRequire: with -short a test is skipped that needs a server.
func TestRequire(t *testing.T) {
	Require(t)
	var skipped *testing.T
	t.Run("short", func(t *testing.T) {
		skipped = t
		if err := flag.Set("test.short", "true"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("test.short", "false") }()
		Require(t)
		t.Error("not skipped")
	})
	if !skipped.Skipped() {
		t.Error("not skipped")
	}
}

// TestStop starts a second server beside the package's own, as the demo may.
func TestStop(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "demo.kubeconfig")
	second, err := New(Options{WithoutCRDs: true, Kubeconfig: kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	var crds apiextensionsv1.CustomResourceDefinitionList
	if err := second.Client.List(t.Context(), &crds); err != nil || len(crds.Items) != 0 {
		t.Errorf("want a server without CRDs, got %d and error %v", len(crds.Items), err)
	}
	if _, err := os.Stat(kubeconfig); err != nil {
		t.Errorf("the kubeconfig was not written where it should: %v", err)
	}
	processes := pids(t, second.guard.directory)
	if err := second.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	for _, gone := range []string{kubeconfig, second.guard.directory} {
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, pid := range processes {
		if running(pid) {
			t.Errorf("process %d still runs", pid)
		}
	}
}

// TestKilled proves that nothing is left of a test binary that can't clean up.
func TestKilled(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), binary)
	child.Env = append(os.Environ(), holdVariable+"=1")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	directory := strings.TrimSpace(line)
	if err != nil || !filepath.IsAbs(directory) {
		t.Fatalf("the control plane did not start: %q, %v", line, err)
	}
	processes := pids(t, directory)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // says only that it was killed
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience.Limit, true,
		func(context.Context) (bool, error) {
			for _, pid := range processes {
				if running(pid) {
					return false, nil
				}
			}
			_, err := os.Stat(directory)
			return errors.Is(err, os.ErrNotExist), nil
		})
	if err != nil {
		t.Errorf("processes %v or directory %s are left: %v", processes, directory, err)
	}
}

// pids returns the process ids of a control plane, which must all be running.
func pids(t *testing.T, directory string) []int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.pid"))
	if err != nil || len(files) != 2 {
		t.Fatalf("want two pid files, got %v, %v", files, err)
	}
	found := make([]int, 0, len(files))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			t.Fatal(err)
		}
		if !running(pid) {
			t.Fatalf("%s names process %d, which does not run", filepath.Base(file), pid)
		}
		found = append(found, pid)
	}
	return found
}

// running is false for a process that has ended but that nobody has waited for,
// which is how orphans look in a container without an init process.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) || !hasProc()
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}
