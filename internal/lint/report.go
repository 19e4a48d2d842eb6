// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Formats are the formats of a report.
var Formats = map[string]func(io.Writer, *Result) error{
	"text":   writeText,
	"json":   writeJSON,
	"sarif":  writeSARIF,
	"github": writeGitHub,
}

// place is where a finding is, as editors and terminals link it.
func (f *Finding) place() string {
	if f.Line == 0 {
		return f.Source
	}
	return fmt.Sprintf("%s:%d", f.Source, f.Line)
}

// subject is the resource and the field of a finding, as far as they are known.
func (f *Finding) subject() string {
	parts := []string{f.Resource, f.Field}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " ") + ": "
}

func writeText(w io.Writer, r *Result) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, err := fmt.Fprintf(w, "%s: %s: %s%s\n", f.place(), f.Severity, f.subject(), f.Message); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s, %s in %s\n", plural(r.Count(Error), "error"), plural(r.Count(Warning), "warning"), plural(r.Checked, "resource"))
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func writeJSON(w io.Writer, r *Result) error { return encode(w, r) }

func encode(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// escaped is how GitHub's commands want text and properties
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
var (
	escapedText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapedProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub writes the commands that make annotations in a run of GitHub Actions.
func writeGitHub(w io.Writer, r *Result) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		properties := "file=" + escapedProperty.Replace(filepath.ToSlash(f.Source))
		if f.Line > 0 {
			properties += fmt.Sprintf(",line=%d", f.Line)
		}
		properties += ",title=" + escapedProperty.Replace(string(f.Rule))
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", f.Severity, properties, escapedText.Replace(f.subject()+f.Message)); err != nil {
			return err
		}
	}
	return nil
}
