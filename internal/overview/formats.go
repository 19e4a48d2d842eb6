// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"io"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/output"
)

// Options of formats.
type Options struct {
	// Wide adds columns to the tree.
	Wide bool
	// AllTemplates lists every template in the tree and in Markdown; JSON and YAML always have all.
	AllTemplates bool
	// Namespace of the resources; if it is empty, they are of all, and a column says which.
	Namespace string
	// NoHeadings leaves out the names of columns.
	NoHeadings bool
	// Colour is for terminals.
	Colour bool
	// Width is that of the terminal; 0 is any.
	Width int
	// Stream writes documents one after another: of JSON one in each line, of YAML with a separator.
	Stream bool
}

// local leaves the namespace out of a resource's name, where it is the one that is shown.
func (o Options) local(name string) string {
	if o.Namespace == "" {
		return name
	}
	return strings.TrimPrefix(name, o.Namespace+"/")
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
	"name":     {writeNames, writeProblemNames},
}

func writeJSON[T any](w io.Writer, v T, opts Options) error {
	if opts.Stream {
		return output.JSONLine(w, v)
	}
	return output.JSON(w, v)
}

func writeYAML[T any](w io.Writer, v T, opts Options) error {
	if opts.Stream {
		if _, err := io.WriteString(w, "---\n"); err != nil {
			return err
		}
	}
	return output.YAML(w, v)
}

// writeNames names the resources as other commands of kubectl take them.
func writeNames(w io.Writer, o *Overview, _ Options) error {
	var names []string
	for _, a := range o.Accounts {
		for _, r := range a.resources() {
			if r != &a.Resource || a.Missing == "" {
				names = append(names, nameOf(r.Kind, r.Name))
			}
		}
	}
	return writeLines(w, names)
}

// writeProblemNames names the resources with problems, each once.
func writeProblemNames(w io.Writer, p *Problems, _ Options) error {
	var names []string
	for i := range p.Problems {
		if q := &p.Problems[i]; !slices.Contains(names, nameOf(q.Kind, q.Name)) {
			names = append(names, nameOf(q.Kind, q.Name))
		}
	}
	return writeLines(w, names)
}

// nameOf is the name of a resource as kubectl's -o name writes it.
func nameOf(kind, name string) string {
	return strings.ToLower(kind) + "." + v1alpha1.GroupName + "/" + name
}

func writeLines(w io.Writer, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
