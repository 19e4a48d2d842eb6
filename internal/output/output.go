// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package output writes the results of commands for programs: as JSON and as YAML, each marked with its apiVersion and kind.
package output

import (
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// APIVersion marks the results of all commands. Fields may be added to it; those that are there keep their names and meaning.
const APIVersion = "cli.waba-operator.io/v1"

// TypeMeta says what a document is. It is the first field of each.
type TypeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// TypeOf marks a document of a kind.
func TypeOf(kind string) TypeMeta { return TypeMeta{APIVersion: APIVersion, Kind: kind} }

// JSON writes a document, indented.
func JSON(w io.Writer, document any) error { return encode(w, document, "  ") }

// JSONLine writes a document in one line.
func JSONLine(w io.Writer, document any) error { return encode(w, document, "") }

func encode(w io.Writer, document any, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(document)
}

// YAML writes a document.
func YAML(w io.Writer, document any) error {
	raw, err := yaml.Marshal(document)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}
