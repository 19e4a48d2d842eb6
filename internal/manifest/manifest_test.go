// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":               "# a comment\n---\n\napiVersion: v1\nkind: Secret\nmetadata:\n  name: first\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: second}\n",
		"deep/b.yml":           "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: in-a-list\n",
		"deep/c.json":          `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}`,
		"values.yaml":          "image:\n  tag: v1\n",
		"windows.yaml":         "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: windows\r\n---\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: again\r\n",
		".hidden/no.yaml":      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hidden\n",
		"notes.txt":            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: text\n",
		"list-of-strings.yaml": "- a\n- b\n",
		"broken.yaml":          "apiVersion: v1\nkind: Secret\nmetadata:\n  name: kept\n---\nkind: [\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: kept-too\n",
		"twice.yaml":           "apiVersion: v1\nkind: Secret\nkind: ConfigMap\n",
		"chart/t.yaml":         "{{- if .Values.x }}\nkind: Secret\n{{- end }}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	documents, errs := Read([]string{dir, Stdin, filepath.Join(dir, "none.yaml")}, strings.NewReader("apiVersion: v1\nkind: Secret\nmetadata: {name: streamed}\n"))
	var got []string
	for _, d := range documents {
		source, _ := filepath.Rel(dir, d.Source)
		if d.Source == Stdin {
			source = Stdin
		}
		got = append(got, fmt.Sprintf("%s#%d:%d %s", filepath.ToSlash(source), d.Number, d.Line("metadata.name"), d.Object.GetName()))
	}
	want := `a.yaml#2:7 first, a.yaml#3:11 second, broken.yaml#1:4 kept, broken.yaml#3:11 kept-too, deep/b.yml#1:7 in-a-list, deep/c.json#1:1 json, ` +
		`windows.yaml#1:4 windows, windows.yaml#2:9 again, -#1:3 streamed`
	if got := strings.Join(got, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var failures []string
	for _, e := range errs {
		failures = append(failures, strings.ReplaceAll(filepath.ToSlash(e.Error()), filepath.ToSlash(dir)+"/", ""))
	}
	want = `broken.yaml:6: can't be parsed: did not find expected node content
chart/t.yaml: can't be parsed: did not find expected node content
twice.yaml:3: can't be parsed: key "kind" already set in map
none.yaml: no such file or directory`
	if got := strings.Join(failures, "\n"); got != want {
		t.Errorf("errors are\n%s\nwant\n%s", got, want)
	}
}

func TestLine(t *testing.T) {
	documents, errs := Read([]string{Stdin}, strings.NewReader(`# which line is it on?
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: parcel
  labels:
    acme.example/shard: "1"
spec:
  body: &body
    text: Hello
  buttons:
  - type: URL
    url: https://acme.example
  - {type: QUICK_REPLY, text: Stop}
`))
	if len(errs) != 0 || len(documents) != 1 {
		t.Fatal(documents, errs)
	}
	for path, want := range map[string]int{
		"": 3, "spec": 9, "spec.body.text": 11, "spec.body.examples[0].value": 10, "spec.buttons[0].url": 14, "spec.buttons[1].text": 15,
		"spec.buttons[2]": 12, "metadata.labels[acme.example/shard]": 8, "status.id": 3,
	} {
		if got := documents[0].Line(path); got != want {
			t.Errorf("%s is on line %d, want %d", path, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("apiVersion: v1\nkind: List\nitems: &a\n- *a\n---\n{}\n")
	f.Add("a: &a [*a]\n---\napiVersion: v1\nkind: XList\nitems:\n- 1\n- {kind: x, apiVersion: y}\n")
	f.Fuzz(func(t *testing.T, text string) {
		documents, _ := Read([]string{Stdin}, strings.NewReader(text))
		for _, d := range documents {
			if line := d.Line("spec.buttons[0].url"); line < 1 || line > strings.Count(text, "\n")+1 {
				t.Errorf("line %d of %q", line, text)
			}
		}
	})
}
