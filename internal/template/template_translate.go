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

	componentCarousel         = "CAROUSEL"
	componentLimitedTimeOffer = "LIMITED_TIME_OFFER"
	componentCallPermission   = "CALL_PERMISSION_REQUEST"

	formatText = "TEXT"

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
// dropped: a template without its carousel would be another template. Whether Meta would take the content as new is for Creatable to
// say.
func Content(spec *v1alpha1.MessageTemplateSpec) (graph.TemplateContent, []Problem) {
	t := translator{named: parameterFormat(spec) == FormatNamed}
	var problems []Problem
	content := graph.TemplateContent{
		Name: spec.Name, Language: spec.Language, Category: string(spec.Category),
		ParameterFormat: parameterFormat(spec), MessageSendTTLSeconds: spec.MessageSendTTLSeconds,
		SubCategory: string(spec.SubCategory), DisplayFormat: string(spec.DisplayFormat),
		PrimaryDeviceDeliveryOnly: spec.PrimaryDeviceDeliveryOnly, LinkTrackingOptedOut: optedOut(spec.URLClickTracking),
		CreativeFeatures: creativeFeatures(spec.CreativeFeatures), MaxPrice: maxPrice(spec.MaxPrice), Library: library(spec.Library),
	}
	switch {
	case spec.Library != nil:
	case spec.Authentication != nil:
		content.Components = authentication(spec.Authentication)
	default:
		content.Components = t.components(spec)
		if len(content.Components) == 0 && spec.ManagementPolicy != v1alpha1.ManagementPolicyObserved {
			problems = []Problem{{"spec.body", "a managed template needs a body; write body.text or set managementPolicy: Observed"}}
		}
	}
	return content, problems
}

// optedOut inverts the switch: at Meta it is a negative one. An absent value stays absent.
func optedOut(tracking v1alpha1.URLClickTracking) *bool {
	if tracking == "" {
		return nil
	}
	out := tracking == v1alpha1.URLClickTrackingDisabled
	return &out
}

func creativeFeatures(features []v1alpha1.CreativeFeature) []graph.CreativeFeature {
	var out []graph.CreativeFeature
	for _, f := range features {
		out = append(out, graph.CreativeFeature{Feature: f.Feature, EnrollStatus: string(f.EnrollStatus)})
	}
	return out
}

func parameterFormat(spec *v1alpha1.MessageTemplateSpec) string {
	if spec.ParameterFormat == "" {
		return FormatPositional
	}
	return string(spec.ParameterFormat)
}

type translator struct{ named bool }

func (t translator) components(spec *v1alpha1.MessageTemplateSpec) []graph.Component {
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
			buttons.Buttons = append(buttons.Buttons, templateButton(&spec.Buttons[i]))
		}
		cs = append(cs, buttons)
	}
	if spec.LimitedTimeOffer != nil {
		cs = append(cs, limitedTimeOffer(spec.LimitedTimeOffer))
	}
	if spec.CallPermissionRequest != nil {
		cs = append(cs, graph.Component{Type: componentCallPermission})
	}
	if spec.Carousel != nil {
		cs = append(cs, t.carousel(spec.Carousel))
	}
	return cs
}

// text drops what YAML's `text: |` adds at the end; Meta trims it too.
func text(s string) string {
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

func (t translator) header(h *v1alpha1.TemplateHeader) graph.Component {
	c := graph.Component{Type: componentHeader, Format: string(h.Format)}
	if string(h.Format) != formatText {
		return c
	}
	c.Text = text(h.Text)
	if len(h.Examples) > 0 {
		c.Example = &graph.Example{}
		if t.named {
			c.Example.HeaderTextNamed = namedExamples(h.Examples)
		} else {
			c.Example.HeaderText = positionalExamples(h.Examples)
		}
	}
	return c
}

func (t translator) bodyExample(examples []v1alpha1.ParameterExample) *graph.Example {
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

// exampleList is how Meta takes the example of a button.
func exampleList(example string) []string {
	if example == "" {
		return nil
	}
	return []string{example}
}

func templateButton(b *v1alpha1.TemplateButton) graph.Button {
	out := graph.Button{
		Type: string(b.Type), Text: b.Text, URL: b.URL, PhoneNumber: b.PhoneNumber,
		Example: exampleList(b.Example), TTLMinutes: widen(b.TTLMinutes),
	}
	if f := b.Flow; f != nil {
		// Meta writes the action in lower case only
		// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components).
		out.FlowID, out.FlowName, out.FlowJSON = f.ID, f.Name, f.JSON
		out.FlowAction, out.NavigateScreen, out.Icon = strings.ToLower(string(f.Action)), f.NavigateScreen, f.Icon
	}
	if d := b.AppDeepLink; d != nil {
		out.AppDeepLink = &graph.AppDeepLink{
			MetaAppID: d.MetaAppID, AndroidDeepLink: d.AndroidDeepLink, AndroidFallbackPlaystoreURL: d.AndroidFallbackPlayStoreURL,
		}
	}
	return out
}

func widen(n *int32) *int64 {
	if n == nil {
		return nil
	}
	wide := int64(*n)
	return &wide
}
