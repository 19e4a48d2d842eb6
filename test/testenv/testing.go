// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Start starts an API server for one test or benchmark and stops it at its end.
// A package with several tests saves time by sharing one with Run.
func Start(tb testing.TB) *Env {
	tb.Helper()
	return start(tb, Options{})
}

// StartWithoutCRDs is Start with a server that has never seen this project's CRDs.
func StartWithoutCRDs(tb testing.TB) *Env {
	tb.Helper()
	return start(tb, Options{WithoutCRDs: true})
}

func start(tb testing.TB, options Options) *Env {
	tb.Helper()
	Require(tb)
	setLogger()
	env, err := New(options)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	tb.Cleanup(func() {
		if err := env.Stop(); err != nil {
			tb.Errorf("testenv: %v", err)
		}
	})
	return env
}

// Run is the body of a package's TestMain: it starts one API server, or takes the
// one that SharedVariable names, stores it in *env, runs the tests, stops the server
// and returns the exit code. Where only benchmarks or tests are listed (-list), no
// server is started. With -short there is none: tests that need it are skipped.
func Run(m *testing.M, env **Env) int {
	return run(m, env, sharedOrNew)
}

// sharedOrNew returns the server that SharedVariable names, else a new one.
func sharedOrNew() (*Env, error) {
	if shared := os.Getenv(SharedVariable); shared != "" {
		return connect(shared)
	}
	return New(Options{})
}

// RunAlone is Run with a server that no other package uses.
func RunAlone(m *testing.M, env **Env) int {
	return run(m, env, func() (*Env, error) { return New(Options{}) })
}

func run(m *testing.M, env **Env, start func() (*Env, error)) int {
	flag.Parse() //nolint:revive // testing.Verbose and -list are needed before m.Run, which would parse
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run()
	}
	setLogger()
	if testing.Short() {
		return m.Run()
	}
	started, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "testenv: %v\n", err)
		return 1
	}
	*env = started
	code := m.Run()
	if err := started.Stop(); err != nil {
		fmt.Fprintf(os.Stderr, "testenv: %v\n", err)
		code = max(code, 1)
	}
	return code
}

// Require skips a test that needs an API server where -short asks to do without.
func Require(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs an API server; -short does without")
	}
}

// Tool returns the path of a program that `make tools` builds, such as kubectl or helm.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(root, "bin", "tools", name)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("%s isn't there: run `make tools` first, or the tests by `make test`", path)
	}
	return path
}

// setLogger discards what controller-runtime and client-go log, unless tests run
// with -v.
var setLogger = sync.OnceFunc(func() {
	logger := logr.Discard()
	if testing.Verbose() {
		logger = zap.New(zap.UseDevMode(true), zap.WriteTo(os.Stderr))
	}
	log.SetLogger(logger)
	klog.SetLogger(logger)
})

// Namespace creates a namespace with a random name for one test. It is not
// deleted at the end: the local control plane has no controllers that would
// finish the deletion, and everything is gone with the server.
func (e *Env) Namespace(tb testing.TB) string {
	tb.Helper()
	return e.NamespaceWithLabels(tb, nil)
}

// NamespaceWithLabels is Namespace with labels, for tests of namespace selectors.
func (e *Env) NamespaceWithLabels(tb testing.TB, labels map[string]string) string {
	tb.Helper()
	Require(tb)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: maps.Clone(labels)}}
	if err := e.Client.Create(tb.Context(), namespace); err != nil {
		tb.Fatalf("testenv: creating a namespace: %v", err)
	}
	return namespace.Name
}

// AddUser is Impersonate for tests that run other programs: it returns the path of a
// kubeconfig, which is removed with the test. Without RBAC objects, which the test
// creates, the user may do nothing; the group system:masters may do all.
func (e *Env) AddUser(tb testing.TB, name string, groups ...string) string {
	tb.Helper()
	Require(tb)
	kubeconfig, err := clientcmd.LoadFromFile(e.KubeconfigFile)
	if err != nil {
		tb.Fatalf("testenv: reading the administrator's kubeconfig: %v", err)
	}
	for _, user := range kubeconfig.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = name, groups
	}
	file := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*kubeconfig, file); err != nil {
		tb.Fatalf("testenv: writing the kubeconfig of user %s: %v", name, err)
	}
	return file
}

// Impersonate returns a configuration that authenticates as the administrator
// and acts as another user, such as a service account
// ("system:serviceaccount:<namespace>:<name>").
func (e *Env) Impersonate(name string, groups ...string) *rest.Config {
	config := rest.CopyConfig(e.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	return config
}
