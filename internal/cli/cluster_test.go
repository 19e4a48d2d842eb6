// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// shared is the API server of this package's tests. Most commands need none, so the first test that asks for it starts it.
var shared struct {
	once sync.Once
	env  *testenv.Env
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.env != nil {
		if err := shared.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "testenv:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// startCluster returns an API server that knows the CRDs, and has the commands of the test find it as an administrator:
// in $KUBECONFIG. For another user, set that to what AddUser returns. All tests share the server; a test that writes to it does
// so in a namespace of its own (Namespace).
func startCluster(t *testing.T) *testenv.Env {
	t.Helper()
	testenv.Require(t)
	shared.once.Do(func() { shared.env, shared.err = testenv.New(testenv.Options{}) })
	if shared.err != nil {
		t.Fatalf("testenv: %v", shared.err)
	}
	t.Setenv("KUBECONFIG", shared.env.KubeconfigFile)
	return shared.env
}

// apply creates what is in files and directories, in the namespace, unless it is there. There is no operator that acts on it.
func apply(t *testing.T, env *testenv.Env, namespace string, paths ...string) {
	t.Helper()
	documents, failed := manifest.Read(paths, nil)
	if len(failed) > 0 {
		t.Fatal(failed[0])
	}
	for _, d := range documents {
		obj := d.Object.DeepCopy()
		if obj.GetKind() == "Kustomization" {
			continue
		}
		obj.SetNamespace(namespace)
		if err := env.Client.Create(t.Context(), obj); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
}

// runUntil runs a command that goes on until it is interrupted, as by Ctrl-C, and interrupts it once it has printed a text.
func runUntil(t *testing.T, text string, args ...string) (code int, out, err string) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var stderr bytes.Buffer
	stdout := &awaitedOutput{text: text, found: interrupt}
	code = Run(ctx, "v1.2.3", Streams{In: strings.NewReader(""), Out: stdout, Err: &stderr}, args)
	return code, stdout.String(), stderr.String()
}

// awaitedOutput calls a function once a text was written.
type awaitedOutput struct {
	bytes.Buffer

	text  string
	found func()
}

func (a *awaitedOutput) Write(p []byte) (int, error) {
	n, err := a.Buffer.Write(p)
	if strings.Contains(a.String(), a.text) {
		a.found()
	}
	return n, err
}
