// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	goruntime "runtime"
)

const (
	apiServerName = "kube-apiserver"
	etcdName      = "etcd"
)

// kubernetesVersion finds the version that hack/controlplane pins, so that it is
// written down only there.
var kubernetesVersion = regexp.MustCompile(`(?m)^\s*(?:require )?k8s\.io/kubernetes (v\S+)`)

// Root returns the root directory of this repository: the nearest directory
// with hack/controlplane/go.mod, upwards from the working directory or else
// from where this file was compiled.
func Root() (string, error) {
	var starts []string
	if directory, err := os.Getwd(); err == nil {
		starts = append(starts, directory)
	}
	if _, file, _, ok := goruntime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, start := range starts {
		if root, ok := rootAbove(start); ok {
			return root, nil
		}
	}
	return "", errors.New("the repository's root was not found: run this from within the repository")
}

func rootAbove(directory string) (string, bool) {
	for {
		if _, err := os.Stat(controlPlaneModule(directory)); err == nil {
			return directory, true
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", false
		}
		directory = parent
	}
}

func controlPlaneModule(root string) string {
	return filepath.Join(root, "hack", "controlplane", "go.mod")
}

// assetsIn returns the directory with kube-apiserver and etcd: override, if it is
// not empty, else the one that `make control-plane` fills.
func assetsIn(root, override string) (string, error) {
	directory, remedy := override, "it was named by KUBEBUILDER_ASSETS: unset that, or put the binary there"
	if override == "" {
		module, err := os.ReadFile(controlPlaneModule(root))
		if err != nil {
			return "", fmt.Errorf("reading which Kubernetes version to use: %w", err)
		}
		match := kubernetesVersion.FindSubmatch(module)
		if match == nil {
			return "", fmt.Errorf("%s names no version of k8s.io/kubernetes", controlPlaneModule(root))
		}
		directory = filepath.Join(root, "bin", "k8s", string(match[1]))
		remedy = "run `make control-plane` first"
	}
	for _, name := range []string{apiServerName, etcdName} {
		info, err := os.Stat(filepath.Join(directory, name)) //nolint:gosec // KUBEBUILDER_ASSETS is the developer's own
		if err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			return "", fmt.Errorf("no local control plane: %s is not an executable in %s: %s", name, directory, remedy)
		}
	}
	return filepath.Abs(directory)
}
