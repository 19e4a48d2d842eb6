// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"
	"testing"

	"k8s.io/utils/ptr"
)

// changed applies changes to the first document of a text. A change is "path=value", or "path" for a removal; slashes part the keys.
func changed(t *testing.T, text string, changes ...string) (string, error) {
	t.Helper()
	documents, failed := Parse("a.yaml", []byte(text))
	if len(failed) > 0 {
		t.Fatal(failed[0])
	}
	list := make([]Change, 0, len(changes))
	for _, c := range changes {
		path, value, set := strings.Cut(c, "=")
		change := Change{Document: &documents[0], Path: strings.Split(path, "/")}
		if set {
			change.Value = ptr.To(value)
		}
		list = append(list, change)
	}
	out, err := Rewrite(documents, "a.yaml", list)
	return string(out), err
}

const rewritten = `# The account.

apiVersion: v1
kind: A
metadata:
    name:   acme   # short
    annotations:
        a: "1"

        # about b
        b: |
          two
          lines

        c: x

spec:

  id: "1"
  'quoted': 'it''s'
  list:
    - name: one
    - {name: two, x: [1, 2], last: "z"}
status:
  conditions:
  - type: Ready
    status: "True"
  id: "7"

# the end
---
kind: B
apiVersion: v1
spec: {id: "1"}
`

// TestRewrite: what isn't changed stays as it is.
func TestRewrite(t *testing.T) {
	for name, tc := range map[string]struct {
		changes  []string
		old, now string
	}{
		"plain":                    {[]string{"metadata/name=acme-2"}, "name:   acme   # short", "name:   acme-2   # short"},
		"plain that needs quotes":  {[]string{"metadata/name=12"}, "name:   acme   # short", "name:   \"12\"   # short"},
		"quoted":                   {[]string{"spec/id=22"}, "id: \"1\"\n  'quoted'", "id: \"22\"\n  'quoted'"},
		"single quotes":            {[]string{"spec/quoted=no"}, "'it''s'", "'no'"},
		"in a list":                {[]string{"spec/list/0/name=three"}, "- name: one", "- name: three"},
		"in braces":                {[]string{"spec/list/1/name=four"}, "{name: two,", "{name: four,"},
		"several":                  {[]string{"metadata/name=b", "spec/list/1/name=c"}, "", ""},
		"removed":                  {[]string{"metadata/annotations/a"}, "        a: \"1\"\n", ""},
		"removed with lines":       {[]string{"metadata/annotations/b"}, "        b: |\n          two\n          lines\n", ""},
		"removed whole":            {[]string{"status"}, "status:\n  conditions:\n  - type: Ready\n    status: \"True\"\n  id: \"7\"\n", ""},
		"a list of the same depth": {[]string{"status/conditions"}, "  conditions:\n  - type: Ready\n    status: \"True\"\n", ""},
		"removed from braces":      {[]string{"spec/list/1/x"}, "x: [1, 2], ", ""},
		"the last in braces":       {[]string{"spec/list/1/last"}, ", last: \"z\"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := changed(t, rewritten, tc.changes...)
			want := strings.Replace(rewritten, tc.old, tc.now, 1)
			if name == "several" {
				want = strings.NewReplacer("acme   #", "b   #", "{name: two", "{name: c").Replace(rewritten)
			}
			if err != nil || got != want {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}

// TestRewriteForms: JSON, anchors and characters of several bytes.
func TestRewriteForms(t *testing.T) {
	for text, tc := range map[string]struct {
		changes []string
		want    string
	}{
		`{"apiVersion":"v1","kind":"A","metadata":{"name":"ä\"b"},"x":"y"}`: {
			[]string{"metadata/name=c"}, `{"apiVersion":"v1","kind":"A","metadata":{"name":"c"},"x":"y"}`,
		},
		"apiVersion: v1\nkind: A\na: {\"ü\": &n one, b: *n}\n":    {[]string{"a/ü=two", "a/b=two"}, "apiVersion: v1\nkind: A\na: {\"ü\": &n two, b: two}\n"},
		"apiVersion: v1\nkind: A\na: one":                         {[]string{"a=two"}, "apiVersion: v1\nkind: A\na: two"},
		"apiVersion: v1\nkind: A\nb: 1\na: one":                   {[]string{"a"}, "apiVersion: v1\nkind: A\nb: 1\n"},
		"apiVersion: v1\r\nkind: A\r\na: one\r\nb: 1\r\n":         {[]string{"a=two"}, "apiVersion: v1\r\nkind: A\r\na: two\r\nb: 1\r\n"},
		"apiVersion: v1\nkind: L\nmetadata: {}\na:\n  - b: one\n": {[]string{"a/0/b=two"}, "apiVersion: v1\nkind: L\nmetadata: {}\na:\n  - b: two\n"},
	} {
		if got, err := changed(t, text, tc.changes...); err != nil || got != tc.want {
			t.Errorf("%v\n%s", err, got)
		}
	}
}

// TestRewriteItems: an object of a list is changed by itself.
func TestRewriteItems(t *testing.T) {
	text := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  x: one\n- apiVersion: v1\n  kind: A\n  x: one\n"
	documents, _ := Parse("a.yaml", []byte(text))
	got, err := Rewrite(documents, "a.yaml", []Change{{Document: &documents[1], Path: []string{"x"}, Value: ptr.To("two")}})
	if want := strings.TrimSuffix(text, "one\n") + "two\n"; err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestRewriteRefused: what can't be changed in its place is named.
func TestRewriteRefused(t *testing.T) {
	for text, tc := range map[string][2]string{
		"apiVersion: v1\nkind: A\na: |\n  one\n":           {"a=two", "a.yaml:3: a can't be rewritten; write it on one line"},
		"apiVersion: v1\nkind: A\na: one\n  two\n":         {"a=two", "write it on one line"},
		"apiVersion: v1\nkind: A\na: {b: 1}\n":             {"a=two", "write it on one line"},
		"apiVersion: v1\nkind: A\na: &n one\nb: *n\n":      {"a=two", "without anchors"},
		"{apiVersion: v1, kind: A, status: {a: b}}\n":      {"status", "remove it by hand"},
		"apiVersion: v1\nkind: A\na: 1\n":                  {"b=1", "b isn't there"},
		"apiVersion: v1\nkind: A\nm: {a: x, b: x, c: x}\n": {"m/b m/c", "a.yaml:3: can't be rewritten; write each field on a line of its own"},
		"apiVersion: v1\nkind: A\na:\n- b: 1\n  c: 2\n":    {"a/0/b", "remove it by hand"},
	} {
		if got, err := changed(t, text, strings.Fields(tc[0])...); err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%s: %v, want %s\n%s", tc[0], err, tc[1], got)
		}
	}
}

// TestPortable: requests and what tools note don't go with a resource.
func TestPortable(t *testing.T) {
	for name, want := range map[string]bool{
		"team": true, "app.kubernetes.io/name": true, "argocd.argoproj.io/sync-wave": true,
		"whatsapp.waba-operator.io/wait-for-approval": true, "whatsapp.waba-operator.io/secret": true,
		"whatsapp.waba-operator.io/request-code": false, "whatsapp.waba-operator.io/accept-account": false, "whatsapp.waba-operator.io/policy-before-pause": false,
		"argocd.argoproj.io/tracking-id": false, "kubectl.kubernetes.io/last-applied-configuration": false,
		"kustomize.toolkit.fluxcd.io/name": false, "meta.helm.sh/release-name": false,
	} {
		if Portable(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}
