// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// Style says how a report is formatted.
type Style struct {
	// Colour is for terminals.
	Colour bool
}

// Formats are the formats of a report.
var Formats = map[string]func(io.Writer, *Result, Style) error{
	"text":   writeText,
	"json":   func(w io.Writer, r *Result, _ Style) error { return output.JSON(w, r) },
	"yaml":   func(w io.Writer, r *Result, _ Style) error { return output.YAML(w, r) },
	"sarif":  func(w io.Writer, r *Result, _ Style) error { return writeSARIF(w, r) },
	"github": func(w io.Writer, r *Result, _ Style) error { return writeGitHub(w, r) },
}

// colours of severities.
var colours = map[Severity]terminal.Colour{Error: terminal.Red, Warning: terminal.Yellow}

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

func writeText(w io.Writer, r *Result, s Style) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		severity := string(f.Severity)
		if s.Colour {
			severity = colours[f.Severity].Paint(severity)
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", terminal.Escape(f.place()), severity, terminal.Plain(f.subject()+f.Message)); err != nil {
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
