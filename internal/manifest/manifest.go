// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes manifests and knows on which line each field stands.
package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8syaml "sigs.k8s.io/yaml"
)

// Stdin names the standard input among paths, and what was read from it.
const Stdin = "-"

// Extensions are those of the files that are read in directories.
var Extensions = []string{"yaml", "yml", "json"}

// maxFile is the largest file that is read, in bytes: a manifest of a megabyte can't be stored in a cluster anyway.
const maxFile = 64 << 20

// Document is one object of a file.
type Document struct {
	// Source is the file, or Stdin.
	Source string
	// Number counts the documents of the file, from 1.
	Number int
	// Origin is the file from which kustomize built the document; empty where it stands in Source as it is.
	Origin string
	// Object is what stands there.
	Object *unstructured.Unstructured

	node *yaml.Node
	// text is that of the whole file.
	text []byte
	// above is how many lines of the file stand above the document.
	above int
}

// ReadError says what can't be read, and where.
type ReadError struct {
	Source string
	// Line is where it is, 0 where that isn't known.
	Line int
	Err  error
	// Malformed says that there is something, but neither YAML nor JSON.
	Malformed bool
}

func (e *ReadError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Source, e.Line, e.Err)
}

func (e *ReadError) Unwrap() error { return e.Err }

// Read returns the objects of files, of the .yaml, .yml and .json files below directories, and of the standard input, which is
// named by Stdin. What can't be read doesn't keep the rest from being read. Documents that are no objects of Kubernetes are
// left out: values of charts, kustomizations, empty ones.
func Read(paths []string, stdin io.Reader) ([]Document, []*ReadError) {
	return (&Sources{Paths: paths}).Read(context.Background(), stdin) // no path is an address
}

type reader struct {
	documents []Document
	errs      []*ReadError
}

func (r *reader) failed(source string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the source is named already
	}
	r.errs = append(r.errs, &ReadError{Source: source, Err: err})
}

// path reads a file, or what looks like a manifest in a directory, and if recursive below it.
func (r *reader) path(root string, recursive bool) {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			r.failed(path, err)
		case entry.IsDir():
			if path != root && (!recursive || strings.HasPrefix(entry.Name(), ".")) {
				return fs.SkipDir
			}
		case path == root || slices.Contains(Extensions, strings.TrimPrefix(filepath.Ext(path), ".")):
			r.file(path)
		}
		return nil
	})
	if err != nil {
		r.failed(root, err)
	}
}

func (r *reader) file(path string) {
	f, err := os.Open(path) //nolint:gosec // the caller of the program names the files
	if err != nil {
		r.failed(path, err)
		return
	}
	defer func() { _ = f.Close() }()
	r.stream(path, f)
}

// Parse is Read for the text of one file.
func Parse(source string, text []byte) ([]Document, []*ReadError) {
	r := &reader{}
	r.parse(source, text)
	return r.documents, r.errs
}

func (r *reader) stream(source string, in io.Reader) {
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	if err != nil {
		r.failed(source, err)
		return
	}
	r.parse(source, text)
}

func (r *reader) parse(source string, text []byte) {
	above := 0
	number := 0
	for _, part := range split(text) {
		if len(bytes.TrimSpace(part)) > 0 {
			number++
			r.document(Document{Source: source, Number: number, above: above, text: text}, part)
		}
		above += bytes.Count(part, []byte("\n"))
	}
}

var separator = regexp.MustCompile(`(?m)^---(\s|$)`)

// split cuts a stream before each line that begins a document. All bytes are kept, so that lines can be counted.
func split(text []byte) (parts [][]byte) {
	from := 0
	for _, at := range separator.FindAllIndex(text, -1) {
		parts = append(parts, text[from:at[0]])
		from = at[0]
	}
	return append(parts, text[from:])
}

// position is where an error of the parser is, and what is wrong there.
var position = regexp.MustCompile(`line (\d+): (.*)`)

// unparsable notes what is wrong in a document.
func (r *reader) unparsable(source string, above int, err error) {
	what, line := err.Error(), 0
	if m := position.FindStringSubmatch(what); m != nil {
		line, _ = strconv.Atoi(m[1])
		line, what = above+line, m[2]
	}
	if at := strings.LastIndex(what, "yaml: "); at >= 0 {
		what = what[at+len("yaml: "):]
	}
	r.errs = append(r.errs, &ReadError{Source: source, Line: line, Err: fmt.Errorf("can't be parsed: %s", what), Malformed: true})
}

func (r *reader) document(d Document, text []byte) {
	node := &yaml.Node{}
	if err := yaml.Unmarshal(text, node); err != nil {
		r.unparsable(d.Source, d.above, err)
		return
	}
	if len(node.Content) == 0 || node.Content[0].Kind != yaml.MappingNode {
		return // comments only, or nothing that Kubernetes knows
	}
	fields := map[string]any{}
	if err := k8syaml.UnmarshalStrict(text, &fields); err != nil {
		r.unparsable(d.Source, d.above, err)
		return
	}
	d.Object, d.node = &unstructured.Unstructured{Object: fields}, node.Content[0]
	r.object(d)
}

// object adds an object, or the objects of a list.
func (r *reader) object(d Document) {
	if d.Object.GetKind() == "" || d.Object.GetAPIVersion() == "" {
		return
	}
	items, isList := d.Object.Object["items"].([]any)
	if !isList || !strings.HasSuffix(d.Object.GetKind(), "List") {
		r.documents = append(r.documents, d)
		return
	}
	nodes, _ := child(d.node, "items")
	for i, item := range items {
		node, _ := child(nodes, strconv.Itoa(i))
		if fields, ok := item.(map[string]any); ok && node != nil {
			d.Object, d.node = &unstructured.Unstructured{Object: fields}, node
			r.object(d)
		}
	}
}

// Line returns the line of a field, or of the innermost field around it that is written down. The path is as errors of the API
// server have it: spec.buttons[0].url.
func (d *Document) Line(path string) int {
	node := d.node
	line := node.Line
	for _, key := range keys(path) {
		next, at := child(node, key)
		if next == nil {
			break
		}
		node, line = next, at
	}
	return d.above + line
}

// Place is where a field stands: the file, and the line as Line says; 0 where kustomize built the document, so that no file has it as it is.
func (d *Document) Place(path string) (file string, line int) {
	if d.Origin != "" {
		return d.Origin, 0
	}
	return d.Source, d.Line(path)
}

// At is Place as editors and terminals link it, such as templates/sale.yaml:12.
func (d *Document) At(path string) string {
	file, line := d.Place(path)
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

var step = regexp.MustCompile(`[^.\[\]]+|\[[^\]]*\]`)

func keys(path string) (out []string) {
	for _, key := range step.FindAllString(path, -1) {
		out = append(out, strings.Trim(key, "[]"))
	}
	return out
}

// child returns a field of a mapping or an item of a sequence, and the line on which it begins.
func child(node *yaml.Node, key string) (*yaml.Node, int) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], node.Content[i].Line
		}
	default:
	}
	return nil, 0
}
