// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Change is a change of one field of a document that is there.
type Change struct {
	Document *Document
	// Path are the keys that lead to the field; items of lists are numbered from 0.
	Path []string
	// Value replaces a text; nil removes the field.
	Value *string
}

// Rewrite returns the text of a source, from which some of the documents were read, with changes of these documents. Everything else stays
// as it is, byte for byte: comments, order, blank lines, quotes. What can't be changed like that is an error that says what to do by hand.
func Rewrite(documents []Document, source string, changes []Change) ([]byte, error) {
	at := slices.IndexFunc(documents, func(d Document) bool { return d.Source == source })
	if at < 0 {
		return nil, fmt.Errorf("no document of %s", source)
	}
	f := newFile(documents[at].text)
	splices := make([]splice, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		s, err := f.splice(c)
		if err != nil {
			return nil, &ReadError{Source: source, Line: c.Document.Line(strings.Join(c.Path, ".")), Err: err}
		}
		splices = append(splices, s)
	}
	slices.SortFunc(splices, func(a, b splice) int { return cmp.Compare(a.from, b.from) })
	out, done := make([]byte, 0, len(f.text)), 0
	for _, s := range splices {
		if s.from < done {
			return nil, &ReadError{Source: source, Line: 1 + bytes.Count(f.text[:s.from], []byte("\n")), Err: errors.New("can't be rewritten; write each field on a line of its own")}
		}
		out = append(append(out, f.text[done:s.from]...), s.text...)
		done = s.to
	}
	out = append(out, f.text[done:]...)
	return out, verify(source, f.text, out, changes)
}

// file is a text whose lines are found fast.
type file struct {
	text []byte
	// starts are where the lines begin.
	starts []int
}

func newFile(text []byte) *file {
	f := &file{text: text, starts: []int{0}}
	for at, c := range text {
		if c == '\n' {
			f.starts = append(f.starts, at+1)
		}
	}
	return f
}

// line is where a line begins, counted from 1.
func (f *file) line(n int) int {
	if n > len(f.starts) {
		return len(f.text)
	}
	return f.starts[n-1]
}

// splice replaces a part of a text.
type splice struct {
	from, to int
	text     string
}

// verify reports where the new text doesn't say what the changes demand, such as where another field shares an anchor.
func verify(source string, old, text []byte, changes []Change) error {
	before, _ := Parse(source, old)
	after, failed := Parse(source, text)
	if len(failed) > 0 || len(before) != len(after) {
		return &ReadError{Source: source, Err: errors.New("can't be rewritten; write each field on a line of its own")}
	}
	byPlace := map[place][]*Change{}
	for i := range changes {
		at := placeOf(changes[i].Document)
		byPlace[at] = append(byPlace[at], &changes[i])
	}
	for i := range before {
		want := before[i].Object.DeepCopy()
		for _, c := range byPlace[placeOf(&before[i])] {
			c.apply(want)
		}
		if !equality.Semantic.DeepEqual(want.Object, after[i].Object.Object) {
			return &ReadError{Source: source, Line: before[i].Line(""), Err: errors.New("can't be rewritten; write each field on a line of its own, without anchors")}
		}
	}
	return nil
}

// place identifies a document in its file.
type place struct{ above, line, column int }

func placeOf(d *Document) place { return place{d.above, d.node.Line, d.node.Column} }

// apply makes the change in an object.
func (c *Change) apply(obj *unstructured.Unstructured) {
	var at any = obj.Object
	for _, k := range c.Path[:len(c.Path)-1] {
		at = item(at, k)
	}
	fields, _ := at.(map[string]any)
	if last := c.Path[len(c.Path)-1]; c.Value == nil {
		delete(fields, last)
	} else if fields != nil {
		fields[last] = *c.Value
	}
}

func item(of any, key string) any {
	switch v := of.(type) {
	case map[string]any:
		return v[key]
	case []any:
		var i int
		if _, err := fmt.Sscan(key, &i); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// splice finds where in the text the change is.
func (f *file) splice(c *Change) (splice, error) {
	parent := c.Document.node
	for _, k := range c.Path[:len(c.Path)-1] {
		if parent, _ = child(parent, k); parent == nil {
			return splice{}, fmt.Errorf("%s isn't there", strings.Join(c.Path, "."))
		}
	}
	if parent.Kind == yaml.AliasNode {
		parent = parent.Alias
	}
	last := c.Path[len(c.Path)-1]
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value != last {
			continue
		}
		if c.Value == nil {
			return f.removal(c, parent, i)
		}
		from, to, err := f.scalar(c, parent.Content[i+1])
		return splice{from, to, quoted(parent.Content[i+1], *c.Value)}, err
	}
	return splice{}, fmt.Errorf("%s isn't there", strings.Join(c.Path, "."))
}

// quoted writes a value as the one was written that it replaces.
func quoted(like *yaml.Node, value string) string {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: like.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)}
	text, err := yaml.Marshal(node)
	if err != nil {
		return value
	}
	return strings.TrimSuffix(string(text), "\n")
}

// offset is where in the text a node begins.
func (f *file) offset(d *Document, node *yaml.Node) int {
	at := f.line(d.above + node.Line)
	for range node.Column - 1 {
		_, size := utf8.DecodeRune(f.text[at:])
		at += size
	}
	return at
}

// scalar is where in the text a value begins and ends, behind its anchor.
func (f *file) scalar(c *Change, node *yaml.Node) (from, to int, err error) {
	from = f.offset(c.Document, node)
	if node.Kind == yaml.AliasNode {
		return from, from + len("*"+node.Value), nil
	}
	if node.Anchor != "" {
		from += len("&" + node.Anchor)
		for bytes.HasPrefix(f.text[from:], []byte(" ")) {
			from++
		}
	}
	rest := f.text[from:]
	switch {
	case node.Kind != yaml.ScalarNode:
	case node.Style&yaml.DoubleQuotedStyle != 0 && bytes.HasPrefix(rest, []byte(`"`)):
		return from, from + doubleQuoted(rest), nil
	case node.Style&yaml.SingleQuotedStyle != 0 && bytes.HasPrefix(rest, []byte("'")):
		whole := "'" + strings.ReplaceAll(node.Value, "'", "''") + "'"
		if bytes.HasPrefix(rest, []byte(whole)) {
			return from, from + len(whole), nil
		}
	case node.Style == 0 && node.Value != "" && bytes.HasPrefix(rest, []byte(node.Value)):
		return from, from + len(node.Value), nil
	}
	return 0, 0, fmt.Errorf("%s can't be rewritten; write it on one line, as a plain or quoted text", strings.Join(c.Path, "."))
}

// doubleQuoted is how long the quoted text is with which a text begins.
func doubleQuoted(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// removal takes a field with all its lines away.
func (f *file) removal(c *Change, parent *yaml.Node, i int) (splice, error) {
	key, value := parent.Content[i], parent.Content[i+1]
	if parent.Style&yaml.FlowStyle != 0 {
		return f.removalInBraces(c, parent, i)
	}
	first := c.Document.above + key.Line
	from, to := f.line(first), f.line(first+1)
	if len(bytes.TrimSpace(f.text[from:f.offset(c.Document, key)])) > 0 {
		return splice{}, fmt.Errorf("%s can't be removed from the line on which it stands; remove it by hand", strings.Join(c.Path, "."))
	}
	for line := first + 1; ; line++ {
		start, end := f.line(line), f.line(line+1)
		content := bytes.TrimRight(f.text[start:end], " \r\n")
		indent := len(content) - len(bytes.TrimLeft(content, " "))
		inside := indent >= key.Column || value.Kind == yaml.SequenceNode && indent == key.Column-1 && bytes.HasPrefix(content[indent:], []byte("-"))
		switch {
		case start == end, len(content) > 0 && !inside, bytes.HasPrefix(content, []byte("---")):
			return splice{from, to, ""}, nil
		case len(content) > 0:
			to = end // blank lines count only where the field goes on behind them
		}
	}
}

// removalInBraces takes a field with a simple value out of {a: 1, b: 2}.
func (f *file) removalInBraces(c *Change, parent *yaml.Node, i int) (splice, error) {
	if i+2 < len(parent.Content) {
		return splice{f.offset(c.Document, parent.Content[i]), f.offset(c.Document, parent.Content[i+2]), ""}, nil
	}
	_, to, err := f.scalar(c, parent.Content[i+1])
	if err != nil {
		return splice{}, fmt.Errorf("%s can't be removed from between the braces; remove it by hand", strings.Join(c.Path, "."))
	}
	from := f.offset(c.Document, parent.Content[i])
	if i > 0 {
		from = bytes.LastIndexByte(f.text[:from], ',')
	}
	return splice{from, to, ""}, nil
}
