// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"cmp"
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
	text := documents[at].text
	splices := make([]splice, 0, len(changes))
	for _, c := range changes {
		s, err := c.splice()
		if err != nil {
			return nil, &ReadError{Source: c.Document.Source, Line: c.Document.Line(strings.Join(c.Path, ".")), Err: err}
		}
		splices = append(splices, s)
	}
	slices.SortFunc(splices, func(a, b splice) int { return cmp.Compare(b.from, a.from) })
	out := slices.Clone(text)
	for _, s := range splices {
		out = slices.Replace(out, s.from, s.to, []byte(s.text)...)
	}
	return out, verify(source, text, out, changes)
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
		return &ReadError{Source: source, Err: fmt.Errorf("can't be rewritten; write each field on a line of its own")}
	}
	for i := range before {
		want := before[i].Object.DeepCopy()
		for _, c := range changes {
			if at := c.Document.node; c.Document.above == before[i].above && at.Line == before[i].node.Line && at.Column == before[i].node.Column {
				c.apply(want)
			}
		}
		if !equality.Semantic.DeepEqual(want.Object, after[i].Object.Object) {
			return &ReadError{Source: source, Line: before[i].Line(""), Err: fmt.Errorf("can't be rewritten; write each field on a line of its own, without anchors")}
		}
	}
	return nil
}

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
func (c *Change) splice() (splice, error) {
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
			return c.removal(parent, i)
		}
		from, to, err := c.scalar(parent.Content[i+1])
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
func (c *Change) offset(node *yaml.Node) int {
	at := lineStart(c.Document.text, c.Document.above+node.Line)
	for range node.Column - 1 {
		_, size := utf8.DecodeRune(c.Document.text[at:])
		at += size
	}
	return at
}

// lineStart is where a line begins, counted from 1.
func lineStart(text []byte, line int) int {
	at := 0
	for range line - 1 {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return len(text)
		}
		at += next + 1
	}
	return at
}

// scalar is where in the text a value begins and ends, behind its anchor.
func (c *Change) scalar(node *yaml.Node) (from, to int, err error) {
	from, text := c.offset(node), c.Document.text
	if node.Kind == yaml.AliasNode {
		return from, from + len("*"+node.Value), nil
	}
	if node.Anchor != "" {
		from += len("&" + node.Anchor)
		from += len(text[from:]) - len(bytes.TrimLeft(text[from:], " "))
	}
	rest := text[from:]
	switch {
	case node.Kind != yaml.ScalarNode:
	case node.Style&yaml.DoubleQuotedStyle != 0 && bytes.HasPrefix(rest, []byte(`"`)):
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return from, from + i + 1, nil
			}
		}
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

// removal takes a field with all its lines away.
func (c *Change) removal(parent *yaml.Node, i int) (splice, error) {
	key, value := parent.Content[i], parent.Content[i+1]
	if parent.Style&yaml.FlowStyle != 0 {
		return c.removalInBraces(parent, i)
	}
	text := c.Document.text
	from := lineStart(text, c.Document.above+key.Line)
	if len(bytes.TrimSpace(text[from:c.offset(key)])) > 0 {
		return splice{}, fmt.Errorf("%s can't be removed from the line on which it stands; remove it by hand", strings.Join(c.Path, "."))
	}
	to := lineStart(text, c.Document.above+key.Line+1)
	for line := c.Document.above + key.Line + 1; ; line++ {
		start, end := lineStart(text, line), lineStart(text, line+1)
		content := bytes.TrimRight(text[start:end], " \r\n")
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
func (c *Change) removalInBraces(parent *yaml.Node, i int) (splice, error) {
	if i+2 < len(parent.Content) {
		return splice{c.offset(parent.Content[i]), c.offset(parent.Content[i+2]), ""}, nil
	}
	_, to, err := c.scalar(parent.Content[i+1])
	if err != nil {
		return splice{}, fmt.Errorf("%s can't be removed from between the braces; remove it by hand", strings.Join(c.Path, "."))
	}
	from := c.offset(parent.Content[i])
	if i > 0 {
		from = bytes.LastIndexByte(c.Document.text[:from], ',')
	}
	return splice{from, to, ""}, nil
}
