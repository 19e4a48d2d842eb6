// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"regexp"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// badAnswer is the error for an answer that Graph doesn't document. Whether the call succeeded is unknown.
func badAnswer(class Class, message string) *Error {
	return &Error{Class: class, Cause: CauseBadBody, Message: message}
}

// interpret splits an answer into its JSON value and Meta's error. The HTTP status only decides for 2xx and 5xx, because Meta
// answers 400 to nearly everything, throttling included.
func (c *Client) interpret(op Operation, status int, body []byte) (any, *Error) {
	value, err := lenient.Decode(body)
	if err != nil {
		return nil, badAnswer(ClassTransient, "the answer is not JSON")
	}
	if envelope := lenient.NodeOf(value); envelope["error"] != nil {
		return nil, c.errorFrom(op, envelope)
	}
	switch {
	case status >= 200 && status <= 299:
		return value, nil
	case status >= 500:
		return nil, badAnswer(ClassTransient, "server error without an error object")
	default:
		return nil, badAnswer(ClassUnknown, "the answer has no error object")
	}
}

// errorFrom decodes and classifies {"error":{...}}.
func (c *Client) errorFrom(op Operation, envelope lenient.Node) *Error {
	n := envelope.Node("error")
	if n == nil { // {"error":"text"}, as some gateways and OAuth endpoints write
		return &Error{
			Op: op, Class: ClassUnknown,
			Message: c.redact.text(distinctText(envelope.Text("error"), envelope.Text("error_description"))),
		}
	}
	e := &Error{
		Op: op, Code: n.Int("code", 0), Subcode: n.Int("error_subcode", 0),
		Type: c.redact.text(n.Text("type")), Message: c.redact.text(n.Text("message")),
		UserTitle: c.redact.text(n.Text("error_user_title")), UserMessage: c.redact.text(n.Text("error_user_msg")),
		TraceID: c.redact.text(n.Text("fbtrace_id")), Transient: n.Bool("is_transient"),
	}
	e.Details, e.BlameFields = c.errorData(n["error_data"])
	if _, coded := n.Int64("code"); !coded { // a missing code is not code 0, which means bad credentials
		e.Class = ClassUnknown
		if e.Transient {
			e.Class = ClassTransient
		}
		return e
	}
	classify(e)
	if e.Cause == CauseUnknownField && len(e.BlameFields) == 0 {
		e.BlameFields = unknownFieldIn(e.Message)
	}
	return e
}

// errorData understands an object, a JSON object in a string, and plain text.
func (c *Client) errorData(value any) (details string, blame []string) {
	data := lenient.NodeOf(value)
	if text, ok := value.(string); ok {
		inner, err := lenient.Decode([]byte(text))
		if data = lenient.NodeOf(inner); err != nil || data == nil {
			return c.redact.text(text), nil
		}
	}
	for _, spec := range data.List("blame_field_specs") {
		var path []string
		if parts, ok := spec.([]any); ok {
			path = lenient.Texts(parts)
		} else if part := lenient.Text(spec); part != "" {
			path = []string{part}
		}
		if len(path) > 0 {
			blame = append(blame, c.redact.text(strings.Join(path, ".")))
		}
	}
	return c.redact.text(data.Text("details")), blame
}

var unknownFieldPattern = regexp.MustCompile(`(?i)nonexisting field \(([A-Za-z0-9_]+)\)`)

// unknownFieldIn finds the name in "(#100) Tried accessing nonexisting field (x) on node type (Y)".
func unknownFieldIn(message string) []string {
	if match := unknownFieldPattern.FindStringSubmatch(message); match != nil {
		return match[1:]
	}
	return nil
}

func distinctText(texts ...string) string { return strings.Join(distinct(texts...), ": ") }
