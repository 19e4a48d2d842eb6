// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import "strings"

// field is one entry of a fields parameter: name.limit(5).after(x){sub,fields}.
// See https://developers.facebook.com/docs/graph-api/guides/field-expansion.
type field struct {
	name string
	mods map[string]string
	sub  []field
}

type fieldParser struct {
	text string
	at   int
}

// parseFields parses a fields parameter.
func parseFields(text string) ([]field, *apiError) {
	p := &fieldParser{text: text}
	out, problem := p.fields(0)
	if problem == nil && p.at != len(text) {
		problem = p.syntax()
	}
	return out, problem
}

func (p *fieldParser) syntax() *apiError {
	return &apiError{Code: 2500, Message: "Syntax error \"Unexpected character.\" at character " + itoa(p.at) + ": " + p.text}
}

func (p *fieldParser) fields(depth int) ([]field, *apiError) {
	if depth > 5 {
		return nil, p.syntax()
	}
	var out []field
	for p.at < len(p.text) && p.text[p.at] != '}' {
		name := p.word()
		if name == "" {
			return nil, p.syntax()
		}
		f := field{name: name, mods: map[string]string{}}
		if problem := p.modifiers(&f); problem != nil {
			return nil, problem
		}
		if p.peek('{') {
			p.at++
			sub, problem := p.fields(depth + 1)
			if problem != nil {
				return nil, problem
			}
			if !p.peek('}') {
				return nil, p.syntax()
			}
			p.at++
			f.sub = sub
		}
		out = append(out, f)
		if !p.peek(',') {
			break
		}
		p.at++
	}
	return out, nil
}

func (p *fieldParser) modifiers(f *field) *apiError {
	for p.peek('.') {
		p.at++
		name := p.word()
		if name == "" || !p.peek('(') {
			return p.syntax()
		}
		start, depth := p.at+1, 0
		for ; p.at < len(p.text); p.at++ {
			if p.text[p.at] == '(' {
				depth++
			}
			if p.text[p.at] == ')' {
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if p.at == len(p.text) {
			return p.syntax()
		}
		f.mods[name] = p.text[start:p.at]
		p.at++
	}
	return nil
}

func (p *fieldParser) peek(c byte) bool {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	return p.at < len(p.text) && p.text[p.at] == c
}

func (p *fieldParser) word() string {
	p.peek(0)
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", p.text[p.at]) >= 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// plain makes fields out of names.
func plain(names ...string) []field {
	out := make([]field, 0, len(names))
	for _, n := range names {
		out = append(out, field{name: n})
	}
	return out
}

// askedFields returns the requested fields, or the default ones.
func askedFields(c *call, defaults ...string) ([]field, *apiError) {
	if text := c.param("fields"); text != "" {
		return parseFields(text)
	}
	return plain(defaults...), nil
}

// node answers with exactly the requested fields plus id. One unknown field fails the whole read.
type node struct {
	kind   string // as named in error messages
	id     string
	known  map[string]bool
	value  func(field) (any, *apiError) // nil: absent on the wire
	extras map[string]any
}

func (n *node) render(asked []field) (map[string]any, *apiError) {
	out := map[string]any{}
	if n.id != "" {
		out["id"] = n.id
	}
	for _, f := range asked {
		if f.name == "id" {
			continue
		}
		if !n.known[f.name] {
			return nil, unknownField(f.name, n.kind)
		}
		v, problem := n.value(f)
		if problem != nil {
			return nil, problem
		}
		if v != nil {
			out[f.name] = v
		}
	}
	for name, v := range n.extras {
		out[name] = v
	}
	return out, nil
}

func knownFields(names string) map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(names) {
		out[n] = true
	}
	return out
}

// pick reduces an object to the requested sub fields; without any everything comes back.
func pick(object map[string]any, sub []field) map[string]any {
	if len(sub) == 0 {
		return object
	}
	out := map[string]any{}
	for _, f := range sub {
		if v, ok := object[f.name]; ok {
			out[f.name] = v
		}
	}
	if id, ok := object["id"]; ok {
		out["id"] = id
	}
	return out
}

// absentWhenEmpty returns nil for an empty string.
func absentWhenEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}
