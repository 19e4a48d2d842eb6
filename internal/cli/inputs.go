// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/manifest"
)

// inputs are the manifests of a command: its arguments, and what kubectl's flags -f, -k and -R name.
type inputs struct{ manifest.Sources }

// bind adds the flags.
func (in *inputs) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVarP(&in.Filenames, "filename", "f", nil, "file, directory, pattern, address or - with manifests, as kubectl apply reads it: of a directory without those below, unless -R is given")
	f.StringVarP(&in.Kustomize, "kustomize", "k", "", "directory with a kustomization, which is built as kubectl apply does")
	f.BoolVarP(&in.Recursive, "recursive", "R", false, "with -f, read the directories below, too; those that are arguments are always read so")
	c.MarkFlagsMutuallyExclusive("kustomize", "filename")
	c.MarkFlagsMutuallyExclusive("kustomize", "recursive")
	_ = c.MarkFlagDirname("kustomize")                         // fails only for unknown flags
	_ = c.MarkFlagFilename("filename", manifest.Extensions...) // fails only for unknown flags
}

// args takes the arguments. There must be manifests.
func (in *inputs) args(_ *cobra.Command, paths []string) error {
	if err := in.take(paths); err != nil {
		return err
	}
	if len(in.Names()) == 0 {
		return errors.New("no manifests: name files or directories, or - for the standard input")
	}
	return nil
}

// take is args for a command that needs no manifests.
func (in *inputs) take(paths []string) error {
	in.Paths = paths
	if in.Kustomize != "" && len(paths) > 0 {
		return errors.New("-k and other manifests exclude each other")
	}
	return nil
}

// checkStdin refuses the standard input as both the manifests and the token.
func (in *inputs) checkStdin(meta *graphFlags) error {
	if meta.tokenFile == manifest.Stdin && slices.Contains(in.Names(), manifest.Stdin) {
		return errors.New("the standard input can't be both the manifests and the token")
	}
	return nil
}

// noFile names a source that is no file, so that it can't be rewritten; empty where there is none.
func (in *inputs) noFile() string {
	names := in.Names()
	i := slices.IndexFunc(names, manifest.IsURL)
	switch {
	case slices.Contains(names, manifest.Stdin):
		return "the standard input"
	case in.Kustomize != "":
		return "a kustomization"
	case i >= 0:
		return names[i]
	}
	return ""
}

// below is the path of a file below the source through which it was found.
func (in *inputs) below(source string) string {
	switch {
	case source == manifest.Stdin, source == in.Kustomize:
		return "manifests.yaml"
	case manifest.IsURL(source):
		return path.Base(source)
	}
	for _, root := range in.Names() {
		rel, err := filepath.Rel(root, source)
		if err == nil && rel != "." && filepath.IsLocal(rel) {
			return rel
		}
	}
	return filepath.Base(source)
}

// noteNothing says on the standard error that manifests have nothing of this project. done is what a command does with them.
func (in *inputs) noteNothing(stderr io.Writer, done string, documents []manifest.Document) error {
	if slices.ContainsFunc(documents, func(d manifest.Document) bool {
		return d.Object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group
	}) {
		return nil
	}
	have := "has"
	if len(in.Names()) > 1 {
		have = "have"
	}
	_, err := fmt.Fprintf(stderr, "note: nothing was %s: %s %s no resources of %s\n", done, strings.Join(in.Names(), ", "), have, v1alpha1.GroupName)
	return err
}

// notRead is the first that couldn't be read at all; what isn't YAML was read.
func notRead(unreadable []*manifest.ReadError) error {
	for _, e := range unreadable {
		if !e.Malformed {
			return e
		}
	}
	return nil
}
