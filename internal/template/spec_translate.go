// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// subCategories are those that may be requested. Meta shows others that it sets by itself, such as CUSTOM and FORM; they describe nothing
// that a spec could request
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
var subCategories = map[string]bool{
	"BOOKING_STATUS": true, "CALL_PERMISSIONS_REQUEST": true, "FLIGHT_DELAY_AND_GATE_CHANGE_ALERT": true, "FRAUD_ALERT": true,
	"ORDER_DETAILS": true, "ORDER_STATUS": true, "RICH_ORDER_STATUS": true,
}

// Spec describes a template as Meta gives it back; it is the inverse of Content. What a spec has no place for is a problem,
// whose path is that of Meta's answer. Whether the API server takes the spec isn't judged here. The account and the policies
// are left to the caller, and so is the sample file of a header: Meta never gives it back.
func Spec(live *graph.Template) (*v1alpha1.MessageTemplateSpec, []Problem) {
	d := &describer{}
	spec := describeSettings(live)
	spec.MaxPrice = d.maxPrice(live.MaxPrice)
	switch {
	case live.LibraryTemplateName != "":
		spec.Library = describeLibrary(live)
	case isAuthentication(live.Components):
		spec.Authentication = d.authentication(live)
	default:
		d.components(spec, live.Components)
	}
	return spec, d.problems
}

// describeSettings describes all of a template but its content. What absent fields mean is left out.
func describeSettings(live *graph.Template) *v1alpha1.MessageTemplateSpec {
	spec := Identity(live)
	if live.ParameterFormat != FormatPositional {
		spec.ParameterFormat = v1alpha1.ParameterFormat(live.ParameterFormat)
	}
	if subCategories[live.SubCategory] {
		spec.SubCategory = v1alpha1.TemplateSubCategory(live.SubCategory)
	}
	spec.MessageSendTTLSeconds = live.MessageSendTTLSeconds
	spec.DisplayFormat = v1alpha1.TemplateDisplayFormat(live.DisplayFormat)
	if ptr.Deref(live.LinkTrackingOptedOut, false) {
		spec.URLClickTracking = v1alpha1.URLClickTrackingDisabled
	}
	spec.PrimaryDeviceDeliveryOnly = onlyTrue(live.PrimaryDeviceDeliveryOnly)
	for _, f := range live.CreativeFeatures {
		spec.CreativeFeatures = append(spec.CreativeFeatures, v1alpha1.CreativeFeature{
			Feature: f.Feature, EnrollStatus: v1alpha1.CreativeEnrollStatus(f.EnrollStatus),
		})
	}
	return spec
}

// Identity says which template it is, and no more. Meta writes languages with an underscore, and here and there with a hyphen.
func Identity(live *graph.Template) *v1alpha1.MessageTemplateSpec {
	return &v1alpha1.MessageTemplateSpec{
		Name: live.Name, Language: strings.ReplaceAll(live.Language, "-", "_"), Category: v1alpha1.TemplateCategory(live.Category),
	}
}

// Unsampled lists the headers, as paths below spec, that can be managed only with a sample file and have none.
func Unsampled(spec *v1alpha1.MessageTemplateSpec) []string {
	var out []string
	if h := spec.Header; h != nil && needsMedia(string(h.Format)) && h.Media == nil {
		out = append(out, mediaSuffix)
	}
	if spec.Carousel == nil {
		return out
	}
	for i := range spec.Carousel.Cards {
		if h := &spec.Carousel.Cards[i].Header; needsMedia(string(h.Format)) && h.Media == nil {
			out = append(out, cardPath(i)+mediaSuffix)
		}
	}
	return out
}

type describer struct{ problems []Problem }

func (d *describer) problem(path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// once reports whether a component comes for the first time; a spec has room for one of each.
func (d *describer) once(seen map[string]bool, path, kind string) bool {
	if seen[kind] {
		d.problem(path, "a second %s can't be described", kind)
		return false
	}
	seen[kind] = true
	return true
}

func (d *describer) components(spec *v1alpha1.MessageTemplateSpec, components []graph.Component) {
	seen := map[string]bool{}
	for i := range components {
		c := &components[i]
		path := fmt.Sprintf("components[%d]", i)
		if !d.once(seen, path, c.Type) {
			continue
		}
		switch c.Type {
		case componentHeader:
			spec.Header = describeHeader(c)
		case componentBody:
			spec.Body = &v1alpha1.TemplateBody{Text: text(c.Text), Examples: describeExamples(c, maxBodyExamples)}
		case componentFooter:
			spec.Footer = &v1alpha1.TemplateFooter{Text: text(c.Text)}
		case componentButtons:
			for j := range c.Buttons {
				spec.Buttons = append(spec.Buttons, d.button(fmt.Sprintf("%s.buttons[%d]", path, j), &c.Buttons[j]))
			}
		case componentLimitedTimeOffer:
			spec.LimitedTimeOffer = describeOffer(c.LimitedTimeOffer)
		case componentCallPermission:
			spec.CallPermissionRequest = &v1alpha1.CallPermissionRequest{}
		case componentCarousel:
			spec.Carousel = d.carousel(path, c.Cards)
		default:
			d.problem(path, "a component of type %q can't be described", c.Type)
		}
	}
}

func describeHeader(c *graph.Component) *v1alpha1.TemplateHeader {
	h := &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormat(c.Format), Text: text(c.Text)}
	if c.Format == formatText {
		h.Examples = describeExamples(c, 1)
	}
	return h
}

// maxBodyExamples and maxCardExamples are how many examples the API takes.
const (
	maxBodyExamples = 50
	maxCardExamples = 10
)

// exampleName is what the API takes as the name of a variable.
var exampleName = regexp.MustCompile(`^([1-9][0-9]?|[a-z_][a-z0-9_]*)$`)

// describeExamples gives each variable the value that Meta shows for it, as far as the API has a name for it and there is room. A template
// whose variables lack examples breaks a rule for new content, and can be described all the same.
func describeExamples(c *graph.Component, limit int) []v1alpha1.ParameterExample {
	var out []v1alpha1.ParameterExample
	for _, p := range textParameters(c.Type, c.Text, c.Example) {
		if p.Example != "" && exampleName.MatchString(p.Name) && len(out) < limit {
			out = append(out, v1alpha1.ParameterExample{Name: p.Name, Value: p.Example})
		}
	}
	return out
}

func describeOffer(o *graph.LimitedTimeOffer) *v1alpha1.TemplateLimitedTimeOffer {
	if o == nil {
		return &v1alpha1.TemplateLimitedTimeOffer{}
	}
	return &v1alpha1.TemplateLimitedTimeOffer{Text: text(o.Text), HasExpiration: onlyTrue(&o.HasExpiration)}
}

func (d *describer) button(path string, b *graph.Button) v1alpha1.TemplateButton {
	out := v1alpha1.TemplateButton{
		Type: v1alpha1.ButtonType(b.Type), Text: text(b.Text), URL: b.URL, PhoneNumber: describePhone(b.PhoneNumber),
		TTLMinutes: d.narrow(path+".ttl_minutes", b.TTLMinutes), Example: buttonExample(b),
	}
	switch out.Type {
	case v1alpha1.ButtonTypeCopyCode, v1alpha1.ButtonTypeRequestContactInfo:
		out.Text = "" // Meta's own
	case v1alpha1.ButtonTypeFlow:
		out.Flow = describeFlow(b)
	}
	if l := b.AppDeepLink; l != nil {
		out.AppDeepLink = &v1alpha1.AppDeepLink{
			MetaAppID: l.MetaAppID, AndroidDeepLink: l.AndroidDeepLink, AndroidFallbackPlayStoreURL: l.AndroidFallbackPlaystoreURL,
		}
	}
	return out
}

// buttonExample is there where a sender fills something in; Meta also shows one for addresses without a variable.
func buttonExample(b *graph.Button) string {
	filledIn := b.Type == string(v1alpha1.ButtonTypeCopyCode) || variable.MatchString(b.URL)
	if !filledIn || len(b.Example) == 0 {
		return ""
	}
	return b.Example[0]
}

// describePhone drops what people put between digits.
func describePhone(s string) string {
	if s == "" {
		return ""
	}
	plus := ""
	if strings.HasPrefix(strings.TrimSpace(s), "+") {
		plus = "+"
	}
	return plus + metavalues.Digits(s)
}

func describeFlow(b *graph.Button) *v1alpha1.ButtonFlow {
	f := &v1alpha1.ButtonFlow{ID: b.FlowID, NavigateScreen: b.NavigateScreen, Icon: b.Icon}
	if f.ID == "" {
		f.Name, f.JSON = b.FlowName, b.FlowJSON
	}
	if action := v1alpha1.FlowAction(strings.ToUpper(b.FlowAction)); action != v1alpha1.FlowActionNavigate {
		f.Action = action
	}
	return f
}

func (d *describer) narrow(path string, n *int64) *int32 {
	switch {
	case n == nil:
		return nil
	case *n < math.MinInt32 || *n > math.MaxInt32:
		d.problem(path, "%d is too large", *n)
		return nil
	}
	return ptr.To(int32(*n))
}

// onlyTrue omits false, which is what absence means.
func onlyTrue(b *bool) *bool {
	if !ptr.Deref(b, false) {
		return nil
	}
	return ptr.To(true)
}

// ClearSettings removes everything from a spec but its identity, its content and how that is written.
func ClearSettings(spec *v1alpha1.MessageTemplateSpec) {
	spec.SubCategory, spec.DisplayFormat, spec.URLClickTracking = "", "", ""
	spec.MessageSendTTLSeconds, spec.PrimaryDeviceDeliveryOnly, spec.CreativeFeatures = nil, nil, nil
	spec.MaxPrice = nil
}
