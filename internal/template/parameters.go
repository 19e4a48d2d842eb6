// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"regexp"
	"slices"
	"strconv"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

var variable = regexp.MustCompile(`\{\{([^{}]+)\}\}`)

// Parameters lists what a sender has to fill in, in the order Meta expects it. The examples come from the spec, because
// what Meta gives back isn't always what was sent.
func Parameters(components []graph.Component) []v1alpha1.TemplateParameter {
	var out []v1alpha1.TemplateParameter
	for _, c := range components {
		switch c.Type {
		case componentHeader:
			if c.Format != formatText {
				out = append(out, v1alpha1.TemplateParameter{Component: componentHeader, Type: c.Format})
				continue
			}
			out = append(out, textParameters(componentHeader, c.Text, c.Example)...)
		case componentBody:
			out = append(out, textParameters(componentBody, c.Text, c.Example)...)
		case componentButtons:
			for i, b := range c.Buttons {
				out = append(out, buttonParameters(int32(i), b)...)
			}
		}
	}
	return out
}

func textParameters(component, s string, examples *graph.Example) []v1alpha1.TemplateParameter {
	var out []v1alpha1.TemplateParameter
	for i, name := range variablesIn(s) {
		out = append(out, v1alpha1.TemplateParameter{
			Component: component, Name: name, Type: formatText, Example: exampleOf(examples, component, name, i),
		})
	}
	return out
}

// variablesIn names the variables of a text, each once: positional ones by number, as a sender and Meta's examples have them, others in
// the order in which they appear.
func variablesIn(s string) []string {
	var names []string
	for _, m := range variable.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	if !slices.ContainsFunc(names, func(name string) bool { return positionOf(name) == 0 }) {
		slices.SortFunc(names, func(a, b string) int { return positionOf(a) - positionOf(b) })
	}
	return names
}

// positionOf is the number of a positional variable, 0 for another.
func positionOf(name string) int {
	n, err := strconv.ParseUint(name, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

func exampleOf(e *graph.Example, component, name string, position int) string {
	if e == nil {
		return ""
	}
	named, positional := e.BodyTextNamed, []string(nil)
	if len(e.BodyText) > 0 {
		positional = e.BodyText[0]
	}
	if component == componentHeader {
		named, positional = e.HeaderTextNamed, e.HeaderText
	}
	for _, n := range named {
		if n.ParamName == name {
			return n.Example
		}
	}
	if n := positionOf(name); n > 0 {
		position = n - 1
	}
	if position < len(positional) {
		return positional[position]
	}
	return ""
}

func buttonParameters(index int32, b graph.Button) []v1alpha1.TemplateParameter {
	example := ""
	if len(b.Example) > 0 {
		example = b.Example[0]
	}
	switch {
	case b.Type == "COPY_CODE":
		return []v1alpha1.TemplateParameter{{
			Component: "BUTTON", Index: ptr.To(index), Name: "1", Type: "COUPON_CODE", Example: example,
		}}
	case b.Type == "URL" && variable.MatchString(b.URL):
		return []v1alpha1.TemplateParameter{{
			Component: "BUTTON", Index: ptr.To(index), Name: variable.FindStringSubmatch(b.URL)[1], Type: formatText, Example: example,
		}}
	}
	return nil
}
