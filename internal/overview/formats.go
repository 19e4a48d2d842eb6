// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// Options of formats.
type Options struct {
	// Wide adds columns to the tree, and doesn't shorten messages.
	Wide bool
	// AllTemplates lists every template in the tree and in Markdown; JSON and YAML always have all.
	AllTemplates bool
	// Colour is for terminals.
	Colour bool
	// Stream writes documents one after another: of JSON one in each line, of YAML with a separator.
	Stream bool
}

// Format writes an overview, and what needs a person.
type Format struct {
	Overview func(io.Writer, *Overview, Options) error
	Problems func(io.Writer, *Problems, Options) error
}

// Formats by name.
var Formats = map[string]Format{
	"tree":     {writeTree, writeProblems},
	"wide":     {func(w io.Writer, o *Overview, opts Options) error { opts.Wide = true; return writeTree(w, o, opts) }, writeProblems},
	"json":     {writeJSON[*Overview], writeJSON[*Problems]},
	"yaml":     {writeYAML[*Overview], writeYAML[*Problems]},
	"markdown": {writeMarkdown, writeProblemsMarkdown},
}

func writeJSON[T any](w io.Writer, v T, opts Options) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if !opts.Stream {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

func writeYAML[T any](w io.Writer, v T, opts Options) error {
	raw, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	if opts.Stream {
		raw = append([]byte("---\n"), raw...)
	}
	_, err = w.Write(raw)
	return err
}
