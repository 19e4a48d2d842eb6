// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// freeText are the texts of testdata/all.yaml that users may choose at will.
var freeText = regexp.MustCompile(`^[a-z0-9-]+-[a-z]$`)

// TestTextsStayTexts: names, labels and tags that YAML could take for numbers, switches or nothing stay texts in all that is rendered.
func TestTextsStayTexts(t *testing.T) {
	plain := readValues(t, "testdata", "all.yaml")
	want := leaves(t, "plain", "plain", plain)
	number := 9
	numbers := mapTexts(plain, func(text string) string {
		if !freeText.MatchString(text) {
			return text
		}
		number++
		return fmt.Sprintf("%de3", number)
	}).(map[string]any)
	if number < 70 {
		t.Errorf("only %d texts are found", number)
	}
	apart := maps.Clone(numbers)
	apart["fullnameOverride"] = "plain"
	compareLeaves(t, "numbers everywhere", want, leaves(t, "1e3", "2e3", apart))
	// Names that are made of one text alone.
	compareLeaves(t, "a number as name", want, leaves(t, "1e3", "2e3", numbers))
	for _, release := range []string{"y", "on", "no", "null", "true", "123", "0x1f"} {
		v := maps.Clone(plain)
		v["fullnameOverride"], v["nameOverride"] = "", release
		compareLeaves(t, release, want, leaves(t, release, release, v))
	}
	v := maps.Clone(plain)
	image := maps.Clone(plain["image"].(map[string]any))
	image["tag"], image["digest"] = "1.10", ""
	v["image"] = image
	compareLeaves(t, "a tag", want, leaves(t, "plain", "plain", v))
	// Helm passes what looks like a number on the command line as one: the schema says what is wanted.
	if _, err := template(t, "", "--set", "image.tag=123"); err == nil || !strings.Contains(err.Error(), "got number, want string") {
		t.Errorf("a number as tag: %v", err)
	}
}

// mapTexts changes all texts below v.
func mapTexts(v any, change func(string) string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = mapTexts(v[key], change)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = mapTexts(v[i], change)
		}
		return out
	case string:
		return change(v)
	}
	return v
}

// leaf is a place in what is rendered, and the type of what is there.
type leafType struct{ path, is string }

// leaves are all leaves of what the chart renders without its CRDs.
func leaves(t *testing.T, release, namespace string, v map[string]any) []leafType {
	t.Helper()
	text, err := helm(t, []byte(marshal(t, v)), "template", release, chartDir(), "--namespace", namespace, "--values", "-", "--set", "crds.enabled=false")
	if err != nil {
		t.Fatal(err)
	}
	var all []leafType
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for i := 0; ; i++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		var o map[string]any
		if err == nil {
			err = sigsyaml.Unmarshal(document, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		walk(o, fmt.Sprintf("%d %v", i, o["kind"]), func(path string, leaf any) { all = append(all, leafType{path, fmt.Sprintf("%T", leaf)}) })
	}
}

func compareLeaves(t *testing.T, name string, want, got []leafType) {
	t.Helper()
	if len(got) < 200 || len(got) != len(want) {
		t.Errorf("%s: %d leaves, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %s is a %s, want a %s", name, got[i].path, got[i].is, want[i].is)
		}
	}
}
