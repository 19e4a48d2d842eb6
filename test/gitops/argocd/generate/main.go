// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command argocd generates files for Argo CD from its scripts and the corpus of states: the patch of argocd-cm and the copies of
// the scripts for each kind in config/argocd, and their test tables in test/gitops/argocd/testdata.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/waba-operator/waba-operator/test/gitops/argocd"
	"github.com/waba-operator/waba-operator/test/testenv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := testenv.Root()
	if err != nil {
		return err
	}
	files, err := argocd.Generate(root)
	if err != nil {
		return err
	}
	for name, content := range files {
		target := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
