// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAssetsIn(t *testing.T) {
	const module = "module example\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n"
	tests := map[string]struct {
		module   string
		binaries map[string]os.FileMode // by path below the root
		override string                 // path below the root
		want     string                 // path below the root
		problem  string                 // part of the error
	}{
		"built here": {
			module:   module,
			binaries: map[string]os.FileMode{"bin/k8s/v1.36.3/kube-apiserver": 0o755, "bin/k8s/v1.36.3/etcd": 0o755},
			want:     "bin/k8s/v1.36.3",
		},
		"not built": {module: module, problem: "make control-plane"},
		"half built": {
			module:   module,
			binaries: map[string]os.FileMode{"bin/k8s/v1.36.3/kube-apiserver": 0o755},
			problem:  "etcd is not an executable",
		},
		"not executable": {
			module:   module,
			binaries: map[string]os.FileMode{"bin/k8s/v1.36.3/kube-apiserver": 0o644, "bin/k8s/v1.36.3/etcd": 0o755},
			problem:  "kube-apiserver is not an executable",
		},
		"another version was built": {
			module:   module,
			binaries: map[string]os.FileMode{"bin/k8s/v1.35.0/kube-apiserver": 0o755, "bin/k8s/v1.35.0/etcd": 0o755},
			problem:  "make control-plane",
		},
		"named by KUBEBUILDER_ASSETS": {
			module:   module,
			binaries: map[string]os.FileMode{"else/kube-apiserver": 0o755, "else/etcd": 0o755},
			override: "else",
			want:     "else",
		},
		"KUBEBUILDER_ASSETS is empty": {module: module, override: "else", problem: "KUBEBUILDER_ASSETS"},
		"no version":                  {module: "module example\n", problem: "names no version"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, controlPlaneModule(root), test.module, 0o600)
			for path, mode := range test.binaries {
				write(t, filepath.Join(root, path), "#!/bin/sh\n", mode)
			}
			override := test.override
			if override != "" {
				override = filepath.Join(root, override)
			}
			got, err := assetsIn(root, override)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Fatalf("got %q and error %v, want an error with %q", got, err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, test.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func TestQuote(t *testing.T) {
	if got, want := quote("/tmp/it's here/etcd"), `'/tmp/it'\''s here/etcd'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
