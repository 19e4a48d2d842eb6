// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart_test checks the Helm chart with the real helm, and has the API server judge what it renders.
package chart_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/log"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/test/testenv"
)

const (
	release   = "waba-operator"
	namespace = "waba-operator-system"
)

var (
	// env has no CRDs but those that the tests install.
	env  *testenv.Env
	root string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run()
	}
	log.SetLogger(logr.Discard())
	if os.Getenv(trustedVariable) != "" {
		return m.Run()
	}
	var err error
	if root, err = testenv.Root(); err == nil {
		env, err = testenv.New(testenv.Options{WithoutCRDs: true})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		return 1
	}
	code := m.Run()
	if err := env.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		return 1
	}
	return code
}

func chartDir() string { return filepath.Join(root, "charts", "waba-operator") }

// helms are the tools by which users install charts: Helm 4, which applies on the server, and Helm 3, which creates and patches.
var helms = []string{"helm", "helm3"}

// helm runs Helm 4 and returns what it printed.
func helm(t *testing.T, stdin []byte, args ...string) (string, error) {
	t.Helper()
	out, _, err := runHelm(t, "helm", stdin, args...)
	return out, err
}

// runHelm runs one of helms in a home of its own, against the test's API server and no other, and returns what it printed, and its
// warnings.
func runHelm(t *testing.T, program string, stdin []byte, args ...string) (output, warnings string, err error) {
	t.Helper()
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, program), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+env.KubeconfigFile, "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home,
		"HELM_DATA_HOME="+home, "HELM_PLUGINS="+home, "HELM_NAMESPACE="+namespace)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &problems
	if err := cmd.Run(); err != nil {
		return out.String(), problems.String(), fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, problems.String())
	}
	return out.String(), problems.String(), nil
}

// values are the user's, as YAML.
type values string

// template renders the chart as text.
func template(t *testing.T, v values, args ...string) (string, error) {
	t.Helper()
	return helm(t, []byte(v), append([]string{"template", release, chartDir(), "--values", "-"}, args...)...)
}

// objects are what the chart renders, by kind and name.
type objects map[string]*unstructured.Unstructured

// render renders the chart without its CRDs, which take long to decode.
func render(t *testing.T, v values) objects {
	t.Helper()
	return renderAll(t, v, "--set", "crds.enabled=false")
}

// renderAll renders the chart and decodes what came out.
func renderAll(t *testing.T, v values, args ...string) objects {
	t.Helper()
	text, err := template(t, v, args...)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

// decode decodes what the chart renders.
func decode(t *testing.T, text string) objects {
	t.Helper()
	all := objects{}
	decoder := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := decoder.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		o := &unstructured.Unstructured{}
		if err == nil {
			err = sigsyaml.UnmarshalStrict(document, &o.Object)
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if len(o.Object) == 0 {
			continue
		}
		key := o.GetKind() + "/" + o.GetName()
		if o.GetNamespace() != "" && o.GetNamespace() != namespace {
			key = o.GetKind() + "/" + o.GetNamespace() + "/" + o.GetName()
		}
		if all[key] != nil {
			t.Fatalf("%s is rendered twice", key)
		}
		all[key] = o
	}
}

// as decodes one object into its type, and refuses fields that the type doesn't have.
func as[T any](t *testing.T, all objects, key string) *T {
	t.Helper()
	o, found := all[key]
	if !found {
		t.Fatalf("there is no %s among %v", key, keys(all))
	}
	into := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into, true); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return into
}

func keys(all objects) []string {
	return slices.Sorted(maps.Keys(all))
}

// args are the flags that a Deployment gives the operator.
func args(t *testing.T, all objects, deployment string) []string {
	t.Helper()
	return as[appsv1.Deployment](t, all, "Deployment/"+deployment).Spec.Template.Spec.Containers[0].Args
}
