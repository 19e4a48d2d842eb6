// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// templateFields are asked for wherever a template is read.
var templateFields = []string{
	"id", "name", "language", "status", "category", "previous_category", "correct_category", "sub_category",
	"rejected_reason", "quality_score", "parameter_format", "message_send_ttl_seconds", "last_updated_time",
	"library_template_name", "source", "display_format", "cta_url_link_tracking_opted_out", "is_primary_device_delivery_only",
	"degrees_of_freedom_spec", fieldMaxPrice, "components",
}

// fieldMaxPrice is Meta's name of the max price.
const fieldMaxPrice = "optimization_spec"

// templateSummary are the totals that a listing can carry.
const templateSummary = "total_count,message_template_count,message_template_limit"

func templateFrom(n lenient.Node) (Template, error) {
	t := Template{
		ID: n.Text("id"), Name: n.Text("name"), Language: n.Text("language"),
		Status: n.Upper("status"), Category: n.Upper("category"),
		PreviousCategory: n.Upper("previous_category"), CorrectCategory: n.Upper("correct_category"),
		SubCategory: n.Upper("sub_category"), RejectedReason: n.Upper("rejected_reason"),
		ParameterFormat: n.Upper("parameter_format"), LibraryTemplateName: n.Text("library_template_name"),
		Source:                    n.Upper("source"),
		DisplayFormat:             n.Upper("display_format"),
		MessageSendTTLSeconds:     n.Int64Ptr("message_send_ttl_seconds"),
		LinkTrackingOptedOut:      n.BoolPtr("cta_url_link_tracking_opted_out"),
		PrimaryDeviceDeliveryOnly: n.BoolPtr("is_primary_device_delivery_only"),
		CreativeFeatures:          creativeFeaturesFrom(n.Node("degrees_of_freedom_spec")),
		LastUpdatedTime:           n.Time("last_updated_time"),
		Components:                componentsFrom(n.Nodes("components")),
		UnknownProperties:         properties.Unknown(map[string]any{"components": n["components"], fieldMaxPrice: n[fieldMaxPrice]}, templateProperties),
	}
	t.MaxPrice, t.MaxPriceUnread = maxPriceFrom(n)
	if t.ID == "" || t.Name == "" || t.Language == "" {
		// A template left out would look deleted.
		return Template{}, shapeError("a template without id, name or language")
	}
	if quality := n.Node("quality_score"); quality != nil {
		t.QualityScore, t.QualityDate = quality.Upper("score"), quality.Time("date")
		t.QualityReasons = append(quality.Texts("reasons"), quality.Texts("reason")...)
	} else {
		t.QualityScore = n.Upper("quality_score")
	}
	return t, nil
}

func templatePageFrom(n lenient.Node) (*TemplatePage, error) {
	items, after, err := pageFrom(n, templateFrom)
	if err != nil {
		return nil, err
	}
	summary := n.Node("summary")
	return &TemplatePage{
		Items: items, After: after,
		Count: summary.Int("message_template_count", summary.Int("total_count", -1)),
		Limit: summary.Int("message_template_limit", -1),
	}, nil
}

// maxPriceFrom returns nil where there is none. unread reports that there is one in a form that isn't understood.
func maxPriceFrom(n lenient.Node) (price *MaxPrice, unread bool) {
	spec := n.Node(fieldMaxPrice)
	if list, isList := n[fieldMaxPrice].([]any); n[fieldMaxPrice] == nil || isList && len(list) == 0 { // Graph also writes an empty object as a list
		return nil, false
	}
	amount, strategy := spec.Int64Ptr("bid_amount"), spec.Upper("bid_strategy")
	if amount == nil || *amount < 1 || strategy == "" {
		return nil, true
	}
	return &MaxPrice{AmountPer1000: *amount, Strategy: strategy}, false
}

// noteUnread marks templates of an answer for which the max price wasn't requested.
func noteUnread(fields string, templates ...*Template) {
	if strings.Contains(fields, fieldMaxPrice) {
		return
	}
	for _, t := range templates {
		t.MaxPriceUnread = true
	}
}

func (p *TemplatePage) noteUnread(fields string) {
	if p == nil {
		return
	}
	for i := range p.Items {
		noteUnread(fields, &p.Items[i])
	}
}

// creativeFeaturesFrom understands the list of a template's answers, [{"key":"IMAGE_TOUCHUPS","value":{"enroll_status":"OPT_OUT"}}],
// the map of requests, {"image_touchups":{"enroll_status":"OPT_OUT"}}, and that of an account's answers, which are in a list named
// data: {"image_touchups":"OPT_OUT"}.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/send-marketing-messages
func creativeFeaturesFrom(freedom lenient.Node) []CreativeFeature {
	const key = "creative_features_spec"
	found := map[string]string{}
	add := func(feature string, value any) {
		status, isText := value.(string)
		if !isText {
			status = lenient.NodeOf(value).Text("enroll_status")
		}
		if feature != "" && status != "" {
			found[strings.ToLower(feature)] = strings.ToUpper(status)
		}
	}
	for _, part := range append(freedom.Nodes("data"), freedom) {
		_, isList := part[key].([]any)
		for _, item := range part.Nodes(key) {
			if name := item.Text("key"); name != "" {
				add(name, item["value"])
				continue
			}
			for _, feature := range slices.Sorted(maps.Keys(item)) {
				if _, isText := item[feature].(string); isText || !isList {
					add(feature, item[feature])
				}
			}
		}
	}
	var out []CreativeFeature
	for _, feature := range slices.Sorted(maps.Keys(found)) {
		out = append(out, CreativeFeature{Feature: feature, EnrollStatus: found[feature]})
	}
	return out
}

// wireTemplate fixes the order of the properties, so that one content always gives the same bytes.
type wireTemplate struct {
	Name                      string              `json:"name,omitempty"`
	Language                  string              `json:"language,omitempty"`
	Category                  string              `json:"category,omitempty"`
	ParameterFormat           string              `json:"parameter_format,omitempty"`
	SubCategory               string              `json:"sub_category,omitempty"`
	DisplayFormat             string              `json:"display_format,omitempty"`
	MessageSendTTLSeconds     *int64              `json:"message_send_ttl_seconds,omitempty"`
	LinkTrackingOptedOut      *bool               `json:"cta_url_link_tracking_opted_out,omitempty"`
	PrimaryDeviceDeliveryOnly *bool               `json:"is_primary_device_delivery_only,omitempty"`
	DegreesOfFreedom          *wireFreedom        `json:"degrees_of_freedom_spec,omitempty"`
	MaxPrice                  *wireMaxPrice       `json:"optimization_spec,omitempty"`
	LibraryTemplateName       string              `json:"library_template_name,omitempty"`
	LibraryBodyInputs         *LibraryBodyInputs  `json:"library_template_body_inputs,omitempty"`
	LibraryButtonInputs       []wireLibraryButton `json:"library_template_button_inputs,omitempty"`
	Components                []Component         `json:"components,omitempty"`
}

// wireFreedom is the form of requests; answers have a list of features. JSON writes maps in the order of their keys.
type wireFreedom struct {
	CreativeFeatures map[string]wireEnrollment `json:"creative_features_spec"`
}

type wireEnrollment struct {
	EnrollStatus string `json:"enroll_status"`
}

type wireMaxPrice struct {
	Amount   int64  `json:"bid_amount"`
	Strategy string `json:"bid_strategy"`
}

// wireLibraryButton has the URL in two parts.
type wireLibraryButton struct {
	Type                 string          `json:"type"`
	URL                  *wireLibraryURL `json:"url,omitempty"`
	PhoneNumber          string          `json:"phone_number,omitempty"`
	OTPType              string          `json:"otp_type,omitempty"`
	ZeroTapTermsAccepted *bool           `json:"zero_tap_terms_accepted,omitempty"`
	SupportedApps        []SupportedApp  `json:"supported_apps,omitempty"`
}

type wireLibraryURL struct {
	BaseURL string `json:"base_url"`
	Example string `json:"url_suffix_example,omitempty"`
}

// wireTemplateFrom returns the request body, or what is wrong with the content.
func wireTemplateFrom(t TemplateContent) (out wireTemplate, problem string) {
	out = wireTemplate{
		Name: t.Name, Language: t.Language, Category: t.Category, ParameterFormat: t.ParameterFormat,
		SubCategory: t.SubCategory, DisplayFormat: t.DisplayFormat, MessageSendTTLSeconds: t.MessageSendTTLSeconds,
		LinkTrackingOptedOut: t.LinkTrackingOptedOut, PrimaryDeviceDeliveryOnly: t.PrimaryDeviceDeliveryOnly,
	}
	if out.DegreesOfFreedom, problem = wireFreedomFrom(t.CreativeFeatures); problem != "" {
		return out, problem
	}
	if p := t.MaxPrice; p != nil {
		if p.AmountPer1000 < 1 || p.Strategy == "" {
			return out, "the max price has no amount or no strategy"
		}
		out.MaxPrice = &wireMaxPrice{Amount: p.AmountPer1000, Strategy: p.Strategy}
	}
	if t.Library == nil {
		out.Components = t.Components
		return out, ""
	}
	if t.Library.TemplateName == "" {
		return out, "the name of the library template is empty"
	}
	out.LibraryTemplateName = t.Library.TemplateName
	if inputs := t.Library.BodyInputs; inputs != nil && *inputs != (LibraryBodyInputs{}) {
		out.LibraryBodyInputs = inputs
	}
	for i := range t.Library.ButtonInputs {
		out.LibraryButtonInputs = append(out.LibraryButtonInputs, wireLibraryButtonFrom(&t.Library.ButtonInputs[i]))
	}
	return out, ""
}

func wireFreedomFrom(features []CreativeFeature) (out *wireFreedom, problem string) {
	if len(features) == 0 {
		return nil, ""
	}
	out = &wireFreedom{CreativeFeatures: map[string]wireEnrollment{}}
	for _, f := range features {
		name := strings.ToLower(f.Feature)
		if name == "" || f.EnrollStatus == "" {
			return nil, "a creative feature has no name or no enroll status"
		}
		if _, twice := out.CreativeFeatures[name]; twice {
			return nil, "a creative feature is named twice"
		}
		out.CreativeFeatures[name] = wireEnrollment{EnrollStatus: f.EnrollStatus}
	}
	return out, ""
}

func wireLibraryButtonFrom(b *LibraryButtonInput) wireLibraryButton {
	out := wireLibraryButton{
		Type: b.Type, PhoneNumber: b.PhoneNumber, OTPType: b.OTPType,
		ZeroTapTermsAccepted: b.ZeroTapTermsAccepted, SupportedApps: b.SupportedApps,
	}
	if b.URL != "" || b.URLExample != "" {
		out.URL = &wireLibraryURL{BaseURL: b.URL, Example: b.URLExample}
	}
	return out
}
