// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"os"
	"os/exec"
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

// TestDownloadedControlPlane: `make control-plane` takes what setup-envtest downloaded, if it is of the same minor version and whole,
// and else builds, which the compiler here refuses.
func TestDownloadedControlPlane(t *testing.T) {
	both := func(directories ...string) (paths []string) {
		for _, directory := range directories {
			paths = append(paths, directory+"/kube-apiserver", directory+"/etcd")
		}
		return paths
	}
	for name, test := range map[string]struct {
		downloads []string // paths below the store
		want      string   // directory below the store; empty: it builds
	}{
		"same version":          {both("1.36.3-linux-arm64"), "1.36.3-linux-arm64"},
		"another patch release": {both("1.36.0-linux-arm64"), "1.36.0-linux-arm64"},
		"several":               {both("1.36.9-linux-arm64", "1.36.10-linux-arm64", "1.37.0-linux-arm64"), "1.36.10-linux-arm64"},
		"the newest is not whole": {
			append(both("1.36.0-linux-arm64"), "1.36.2-linux-arm64/etcd"), "1.36.0-linux-arm64",
		},
		"another minor version": {both("1.35.3-linux-arm64", "1.3.6-linux-arm64"), ""},
		"another platform":      {both("1.36.3-linux-amd64", "1.36.3-darwin-arm64"), ""},
		"nothing":               {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root, data := t.TempDir(), t.TempDir()
			script, err := os.ReadFile(filepath.FromSlash("../../hack/controlplane/build.sh"))
			if err != nil {
				t.Fatal(err)
			}
			build := filepath.Join(filepath.Dir(controlPlaneModule(root)), "build.sh")
			write(t, build, string(script), 0o755)
			write(t, controlPlaneModule(root), "module example\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n", 0o600)
			write(t, filepath.Join(filepath.Dir(build), "go.sum"), "", 0o600)
			write(t, filepath.Join(root, "path", "go"), "#!/bin/sh\n"+
				`case "$1 $2" in "env GOOS") echo linux;; "env GOARCH") echo arm64;; *) echo no compiler here; exit 1;; esac`+"\n", 0o755)
			store := filepath.Join(data, "kubebuilder-envtest", "k8s")
			for _, path := range test.downloads {
				write(t, filepath.Join(store, path), "#!/bin/sh\n", 0o755)
			}
			cmd := exec.CommandContext(t.Context(), build)
			cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+data, "KUBEBUILDER_ASSETS=",
				"PATH="+filepath.Join(root, "path")+string(os.PathListSeparator)+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if test.want == "" {
				if err == nil || !strings.Contains(string(out), "no compiler here") {
					t.Errorf("it didn't build: %v\n%s", err, out)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			directory, err := assetsIn(root, "")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got, err := filepath.EvalSymlinks(filepath.Join(directory, apiServerName))
			if err != nil {
				t.Fatal(err)
			}
			want, err := filepath.EvalSymlinks(filepath.Join(store, test.want, apiServerName))
			if err != nil || got != want {
				t.Errorf("got %s, want %s (%v)", got, want, err)
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
