// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"regexp"

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
	seen := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(s, -1) {
		name := m[1]
		if seen[name] {
			continue
		}
		seen[name] = true
		out = append(out, v1alpha1.TemplateParameter{
			Component: component, Name: name, Type: formatText, Example: exampleOf(examples, component, name, len(out)),
		})
	}
	return out
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
