// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

func TestParameters(t *testing.T) {
	named := func(names ...string) (out []graph.NamedExample) {
		for _, n := range names {
			out = append(out, graph.NamedExample{ParamName: n, Example: "for " + n})
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   []graph.Component
		want []v1alpha1.TemplateParameter
	}{
		{"none", []graph.Component{{Type: "BODY", Text: "Hi"}, {Type: "FOOTER", Text: "Acme"}}, nil},
		{"positional", []graph.Component{
			{Type: "HEADER", Format: "TEXT", Text: "Order {{1}}", Example: &graph.Example{HeaderText: []string{"A-1"}}},
			{Type: "BODY", Text: "Hi {{1}}, it ships on {{2}}.", Example: &graph.Example{BodyText: [][]string{{"Ana", "Monday"}}}},
		}, []v1alpha1.TemplateParameter{
			{Component: "HEADER", Name: "1", Type: "TEXT", Example: "A-1"},
			{Component: "BODY", Name: "1", Type: "TEXT", Example: "Ana"},
			{Component: "BODY", Name: "2", Type: "TEXT", Example: "Monday"},
		}},
		{"named, in the order of the text", []graph.Component{
			{Type: "HEADER", Format: "TEXT", Text: "Order {{id}}", Example: &graph.Example{HeaderTextNamed: named("id")}},
			{Type: "BODY", Text: "Hi {{name}}, it ships on {{day}}.", Example: &graph.Example{BodyTextNamed: named("day", "name")}},
		}, []v1alpha1.TemplateParameter{
			{Component: "HEADER", Name: "id", Type: "TEXT", Example: "for id"},
			{Component: "BODY", Name: "name", Type: "TEXT", Example: "for name"},
			{Component: "BODY", Name: "day", Type: "TEXT", Example: "for day"},
		}},
		{"used twice", []graph.Component{
			{Type: "BODY", Text: "{{1}} and {{1}} and {{2}}.", Example: &graph.Example{BodyText: [][]string{{"A", "B"}}}},
		}, []v1alpha1.TemplateParameter{
			{Component: "BODY", Name: "1", Type: "TEXT", Example: "A"}, {Component: "BODY", Name: "2", Type: "TEXT", Example: "B"},
		}},
		{"without examples", []graph.Component{{Type: "BODY", Text: "Hi {{1}}, hello {{2}}.", Example: &graph.Example{BodyText: [][]string{{"A"}}}}},
			[]v1alpha1.TemplateParameter{{Component: "BODY", Name: "1", Type: "TEXT", Example: "A"}, {Component: "BODY", Name: "2", Type: "TEXT"}}},
		{"read back without any example", []graph.Component{{Type: "BODY", Text: "Hi {{1}}."}},
			[]v1alpha1.TemplateParameter{{Component: "BODY", Name: "1", Type: "TEXT"}}},
		{"media and place", []graph.Component{{Type: "HEADER", Format: "LOCATION"}, {Type: "HEADER", Format: "IMAGE"}},
			[]v1alpha1.TemplateParameter{{Component: "HEADER", Type: "LOCATION"}, {Component: "HEADER", Type: "IMAGE"}}},
		{"buttons keep their index", []graph.Component{{Type: "BUTTONS", Buttons: []graph.Button{
			{Type: "QUICK_REPLY", Text: "Yes"},
			{Type: "URL", URL: "https://example.com/help"},
			{Type: "URL", URL: "https://example.com/{{1}}", Example: []string{"A-1"}},
			{Type: "URL", URL: "https://example.com/{{order_id}}"},
			{Type: "COPY_CODE", Example: []string{"CAMP25"}},
			{Type: "PHONE_NUMBER", PhoneNumber: "+15550051310"},
		}}}, []v1alpha1.TemplateParameter{
			{Component: "BUTTON", Index: ptr.To[int32](2), Name: "1", Type: "TEXT", Example: "A-1"},
			{Component: "BUTTON", Index: ptr.To[int32](3), Name: "order_id", Type: "TEXT"},
			{Component: "BUTTON", Index: ptr.To[int32](4), Name: "1", Type: "COUPON_CODE", Example: "CAMP25"},
		}},
		{"braces that are no variable", []graph.Component{{Type: "BODY", Text: "{1} {{}} {{{1}}} }}{{"}},
			[]v1alpha1.TemplateParameter{{Component: "BODY", Name: "1", Type: "TEXT"}}},
	} {
		if diff := cmp.Diff(c.want, Parameters(c.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
