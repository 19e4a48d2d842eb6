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
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Start starts an API server for one test or benchmark and stops it at its end.
// A package with several tests saves time by sharing one with Run.
func Start(tb testing.TB) *Env {
	tb.Helper()
	setLogger()
	env, err := New(Options{})
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

// Run is the body of a package's TestMain: it starts one API server, stores it in
// *env, runs the tests, stops the server and returns the exit code. Where only
// benchmarks or tests are listed (-list), no server is started.
func Run(m *testing.M, env **Env) int {
	flag.Parse() //nolint:revive // testing.Verbose and -list are needed before m.Run, which would parse
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run()
	}
	setLogger()
	started, err := New(Options{})
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
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: maps.Clone(labels)}}
	if err := e.Client.Create(tb.Context(), namespace); err != nil {
		tb.Fatalf("testenv: creating a namespace: %v", err)
	}
	return namespace.Name
}

// UserConfig makes a user who authenticates with a client certificate, and
// returns the configuration to act as that user. Without RBAC objects, which the
// test creates, the user may do nothing; the group system:masters may do all.
func (e *Env) UserConfig(tb testing.TB, name string, groups ...string) *rest.Config {
	tb.Helper()
	return e.addUser(tb, name, groups).Config()
}

// UserClient is UserConfig for tests that need only a client.
func (e *Env) UserClient(tb testing.TB, name string, groups ...string) client.Client {
	tb.Helper()
	c, err := client.New(e.UserConfig(tb, name, groups...), client.Options{Scheme: e.Scheme})
	if err != nil {
		tb.Fatalf("testenv: making a client for user %s: %v", name, err)
	}
	return c
}

// AddUser is UserConfig for tests that run other programs: it returns the path of
// a kubeconfig, which is removed with the test.
func (e *Env) AddUser(tb testing.TB, name string, groups ...string) string {
	tb.Helper()
	kubeconfig, err := e.addUser(tb, name, groups).KubeConfig()
	if err != nil {
		tb.Fatalf("testenv: making a kubeconfig for user %s: %v", name, err)
	}
	file := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		tb.Fatalf("testenv: writing the kubeconfig of user %s: %v", name, err)
	}
	return file
}

// Impersonate returns a configuration that authenticates as the administrator
// and acts as another user: cheaper than UserConfig, and the way to act as a
// service account ("system:serviceaccount:<namespace>:<name>").
func (e *Env) Impersonate(name string, groups ...string) *rest.Config {
	config := rest.CopyConfig(e.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	return config
}

func (e *Env) addUser(tb testing.TB, name string, groups []string) *envtest.AuthenticatedUser {
	tb.Helper()
	base := &rest.Config{QPS: e.Config.QPS, Burst: e.Config.Burst}
	user, err := e.environment.AddUser(envtest.User{Name: name, Groups: groups}, base)
	if err != nil {
		tb.Fatalf("testenv: adding user %s: %v", name, err)
	}
	return user
}
