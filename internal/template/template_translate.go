// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// Wire names of components and formats
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components).
const (
	componentHeader  = "HEADER"
	componentBody    = "BODY"
	componentFooter  = "FOOTER"
	componentButtons = "BUTTONS"

	formatText     = "TEXT"
	formatLocation = "LOCATION"

	// FormatPositional and FormatNamed are the ways to write variables: {{1}} or {{order_id}}.
	FormatPositional = "POSITIONAL"
	FormatNamed      = "NAMED"
)

// Problem is something in a spec that can't be sent to Meta.
type Problem struct {
	// Path of the field, starting with spec.
	Path string
	// Message says what to write instead.
	Message string
}

func (p Problem) String() string { return p.Path + ": " + p.Message }

// Content converts a spec to what Meta expects. Parts of the API that this version can't manage are problems, never
// dropped: a template without its carousel would be another template.
func Content(spec *v1alpha1.MessageTemplateSpec) (graph.TemplateContent, []Problem) {
	t := &translator{named: parameterFormat(spec) == FormatNamed}
	content := graph.TemplateContent{
		Name: spec.Name, Language: spec.Language, Category: string(spec.Category),
		ParameterFormat: parameterFormat(spec), MessageSendTTLSeconds: spec.MessageSendTTLSeconds,
		Components: t.components(spec),
	}
	t.unmanaged(spec)
	if len(content.Components) == 0 && len(t.problems) == 0 {
		t.problem("spec.body", "a managed template needs a body; write body.text or set managementPolicy: Observed")
	}
	return content, t.problems
}

func parameterFormat(spec *v1alpha1.MessageTemplateSpec) string {
	if spec.ParameterFormat == "" {
		return FormatPositional
	}
	return string(spec.ParameterFormat)
}

type translator struct {
	named    bool
	problems []Problem
}

func (t *translator) problem(path, message string) {
	t.problems = append(t.problems, Problem{Path: path, Message: message})
}

func (t *translator) components(spec *v1alpha1.MessageTemplateSpec) []graph.Component {
	var cs []graph.Component
	if h := spec.Header; h != nil {
		cs = append(cs, t.header(h))
	}
	if b := spec.Body; b != nil {
		cs = append(cs, graph.Component{Type: componentBody, Text: text(b.Text), Example: t.bodyExample(b.Examples)})
	}
	if f := spec.Footer; f != nil {
		cs = append(cs, graph.Component{Type: componentFooter, Text: text(f.Text)})
	}
	if len(spec.Buttons) > 0 {
		buttons := graph.Component{Type: componentButtons}
		for i := range spec.Buttons {
			buttons.Buttons = append(buttons.Buttons, t.button(i, &spec.Buttons[i]))
		}
		cs = append(cs, buttons)
	}
	return cs
}

// text drops what YAML's `text: |` adds at the end; Meta trims it too.
func text(s string) string {
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

func (t *translator) header(h *v1alpha1.TemplateHeader) graph.Component {
	c := graph.Component{Type: componentHeader, Format: string(h.Format)}
	switch string(h.Format) {
	case formatText:
		c.Text = text(h.Text)
		if len(h.Examples) > 0 {
			c.Example = &graph.Example{}
			if t.named {
				c.Example.HeaderTextNamed = namedExamples(h.Examples)
			} else {
				c.Example.HeaderText = positionalExamples(h.Examples)
			}
		}
	case formatLocation:
	default:
		t.problem("spec.header.format", string(h.Format)+
			" headers can't be managed by this version yet; use TEXT or LOCATION, or set managementPolicy: Observed")
	}
	return c
}

func (t *translator) bodyExample(examples []v1alpha1.ParameterExample) *graph.Example {
	switch {
	case len(examples) == 0:
		return nil // Meta refuses an example object where there is no variable (subcode 2388043)
	case t.named:
		return &graph.Example{BodyTextNamed: namedExamples(examples)}
	default:
		return &graph.Example{BodyText: [][]string{positionalExamples(examples)}}
	}
}

func namedExamples(examples []v1alpha1.ParameterExample) []graph.NamedExample {
	out := make([]graph.NamedExample, 0, len(examples))
	for _, e := range examples {
		out = append(out, graph.NamedExample{ParamName: e.Name, Example: e.Value})
	}
	return out
}

// positionalExamples puts the values in the order of their numbers; the schema guarantees 1..n without gaps.
func positionalExamples(examples []v1alpha1.ParameterExample) []string {
	out := make([]string, len(examples))
	for _, e := range examples {
		if n, err := strconv.Atoi(e.Name); err == nil && n >= 1 && n <= len(out) {
			out[n-1] = e.Value
		}
	}
	return out
}

func (t *translator) button(i int, b *v1alpha1.TemplateButton) graph.Button {
	out := graph.Button{Type: string(b.Type), Text: b.Text, URL: b.URL, PhoneNumber: b.PhoneNumber}
	if b.Example != "" {
		out.Example = []string{b.Example}
	}
	if b.TTLMinutes != nil {
		minutes := int64(*b.TTLMinutes)
		out.TTLMinutes = &minutes
	}
	path := "spec.buttons[" + strconv.Itoa(i) + "]"
	switch string(b.Type) {
	case "QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "CATALOG", "MPM", "VOICE_CALL", "REQUEST_CONTACT_INFO":
	default:
		t.problem(path+".type", string(b.Type)+
			" buttons can't be managed by this version yet; remove the button or set managementPolicy: Observed")
	}
	if b.AppDeepLink != nil {
		t.problem(path+".appDeepLink", "deep links can't be managed by this version yet; remove the field or set managementPolicy: Observed")
	}
	return out
}

// unmanaged names the components that are part of the API but not yet translated.
func (t *translator) unmanaged(spec *v1alpha1.MessageTemplateSpec) {
	const advice = " can't be managed by this version yet; remove it or set managementPolicy: Observed"
	for _, c := range []struct {
		set  bool
		path string
	}{
		{spec.Carousel != nil, "carousel"},
		{spec.LimitedTimeOffer != nil, "limitedTimeOffer"},
		{spec.CallPermissionRequest != nil, "callPermissionRequest"},
		{spec.Authentication != nil, "authentication"},
		{spec.Library != nil, "library"},
		{spec.SubCategory != "", "subCategory"},
		{spec.DisplayFormat != "", "displayFormat"},
		{spec.URLClickTracking != "", "urlClickTracking"},
		{spec.PrimaryDeviceDeliveryOnly != nil, "primaryDeviceDeliveryOnly"},
		{len(spec.CreativeFeatures) > 0, "creativeFeatures"},
	} {
		if c.set {
			t.problem("spec."+c.path, c.path+advice)
		}
	}
}
