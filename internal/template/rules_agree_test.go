// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/schema"
	"github.com/waba-operator/waba-operator/internal/template"
)

// TestRulesAgree: the API server and the operator have the same rules about new content. Random specs, most of them wrong, get the same
// messages from both, and none from the API server with contentValidation: Lenient.
func TestRulesAgree(t *testing.T) {
	judge, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	creating := map[string]int{}
	for _, rule := range template.Rules() {
		if rule.Tier == template.Creating {
			creating[rule.Message] = 0
		}
	}
	right := 0
	for seed := range uint64(1500) {
		spec := randomSpec(rand.New(rand.NewPCG(seed, 7)))
		var want []string
		for _, b := range template.Creatable(spec) {
			want = append(want, b.Rule.Message)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		strict, shape := refusals(t, judge, spec, creating)
		if shape {
			continue // rules are asked only where the shape is right
		}
		if !slices.Equal(want, strict) {
			t.Fatalf("seed %d: the operator says\n  %s\nthe API server says\n  %s\nof\n%s", seed, strings.Join(want, "\n  "), strings.Join(strict, "\n  "), text(t, spec))
		}
		for _, message := range want {
			creating[message]++
		}
		if len(want) == 0 {
			right++
		}
		spec.ContentValidation = v1alpha1.ContentValidationLenient
		if lenient, _ := refusals(t, judge, spec, creating); len(lenient) > 0 {
			t.Fatalf("seed %d: lenient, and yet %s", seed, strings.Join(lenient, "; "))
		}
	}
	for message, n := range creating {
		if n == 0 {
			t.Errorf("no spec breaks the rule %q", message)
		}
	}
	if right < 50 {
		t.Errorf("only %d specs break no rule", right)
	}
}

// TestEveryRuleIsDescribed: the table is documentation, too.
func TestEveryRuleIsDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, rule := range template.Rules() {
		if rule.Where == "" || rule.Message == "" || names[rule.Name] {
			t.Errorf("%+v", rule)
		}
		names[rule.Name] = true
	}
}

// refusals returns the messages of the rules about new content, and whether the API server refuses the shape before it asks any rule.
func refusals(t *testing.T, judge *schema.Validator, spec *v1alpha1.MessageTemplateSpec, creating map[string]int) (messages []string, shape bool) {
	t.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.MessageTemplate{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindMessageTemplate},
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b"}, Spec: *spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(object, "status")
	rules := false
	found := judge.Validate(t.Context(), &unstructured.Unstructured{Object: object})
	for _, e := range found {
		for message := range creating { // one error has all messages about one part
			if strings.Contains(e.Detail, message+".") {
				messages, rules = append(messages, message), true
			}
		}
	}
	slices.Sort(messages)
	return slices.Compact(messages), len(found) > 0 && !rules
}

func text(t *testing.T, spec *v1alpha1.MessageTemplateSpec) string {
	t.Helper()
	out, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// random makes parts of a spec.
type random struct{ *rand.Rand }

func one[T any](r random, of ...T) T { return of[r.IntN(len(of))] }

// often is true in n of 100 cases.
func (r random) often(n int) bool { return r.IntN(100) < n }

func randomSpec(source *rand.Rand) *v1alpha1.MessageTemplateSpec {
	r := random{source}
	s := &v1alpha1.MessageTemplateSpec{Name: "a", Language: "en_US"}
	s.WABARef.Name = "acme"
	s.Category = one(r, v1alpha1.TemplateCategoryMarketing, v1alpha1.TemplateCategoryMarketing, v1alpha1.TemplateCategoryUtility)
	if r.often(20) {
		s.ParameterFormat = v1alpha1.ParameterFormatNamed
	}
	if r.often(10) {
		s.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	}
	if r.often(15) {
		s.MessageSendTTLSeconds = ptr.To(one[int64](r, -1, 29, 30, 900, 901, 43199, 43200, 43201, 2592000, 2592001))
	}
	if r.often(10) {
		s.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: one[int64](r, 1, 87000)}
	}
	if r.often(10) {
		s.SubCategory = one[v1alpha1.TemplateSubCategory](r, "ORDER_STATUS", "FORM")
	}
	if r.often(10) {
		s.Category, s.Authentication = v1alpha1.TemplateCategoryAuthentication, r.authentication()
		return s
	}
	if r.often(5) {
		s.Category = v1alpha1.TemplateCategoryAuthentication
	}
	s.Body = &v1alpha1.TemplateBody{Text: r.text(one(r, 20, 20, 20, 161, 601))}
	s.Body.Examples = r.examples(s.Body.Text, 50)
	r.parts(s)
	return s
}

// parts adds what may stand beside a body.
func (r random) parts(s *v1alpha1.MessageTemplateSpec) {
	if r.often(40) {
		s.Header = r.header()
	}
	if r.often(20) {
		s.Footer = &v1alpha1.TemplateFooter{Text: one(r, "Acme", "Bye {{1}}", "Two\nlines")}
	}
	if r.often(50) {
		for range 1 + r.IntN(5) {
			s.Buttons = append(s.Buttons, r.button())
		}
	}
	if r.often(15) {
		s.LimitedTimeOffer = &v1alpha1.TemplateLimitedTimeOffer{Text: "Ends soon"}
	}
	if r.often(10) {
		s.CallPermissionRequest = &v1alpha1.CallPermissionRequest{}
	}
	if r.often(30) {
		s.Carousel = r.carousel()
	}
}

func (r random) authentication() *v1alpha1.TemplateAuthentication {
	otp := v1alpha1.OTPButton{Type: one[v1alpha1.OTPType](r, "COPY_CODE", "ONE_TAP", "ZERO_TAP")}
	if otp.Type == "ZERO_TAP" {
		otp.ZeroTapTermsAccepted = ptr.To(true)
	}
	if otp.Type != "COPY_CODE" && r.often(50) {
		otp.SupportedApps = []v1alpha1.SupportedApp{{PackageName: "com.acme.shop", SignatureHash: "K8a/AINcGX7"}}
	}
	return &v1alpha1.TemplateAuthentication{OTP: otp}
}

// text is words and variables, about as long as it says.
func (r random) text(length int) string {
	var b strings.Builder
	pieces := []string{"word ", "und ä ", "{{1}} ", "{{2}}"}
	if r.often(40) {
		pieces = append(pieces, "{{3}}", "{{name}} ", "{{ 1 }}", "{{1", "}}", "{a} ", "{{{1}}", "\n", "\n\n\n", "{{order_id}}", " ")
	}
	for b.Len() < length {
		b.WriteString(one(r, pieces...))
	}
	return b.String()
}

// examples has most of the variables, and now and then one that isn't there.
func (r random) examples(text string, limit int) []v1alpha1.ParameterExample {
	var out []v1alpha1.ParameterExample
	for _, name := range []string{"1", "2", "3", "name", "order_id"} {
		if len(out) < limit && strings.Contains(text, "{{"+name+"}}") && r.often(90) {
			out = append(out, v1alpha1.ParameterExample{Name: name, Value: "x"})
		}
	}
	return out
}

func (r random) media() *v1alpha1.MediaSource {
	if r.often(20) {
		return nil
	}
	return &v1alpha1.MediaSource{ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "m", Key: "a.jpg"}}
}

func (r random) header() *v1alpha1.TemplateHeader {
	h := &v1alpha1.TemplateHeader{Format: one[v1alpha1.HeaderFormat](r, "TEXT", "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT")}
	switch h.Format {
	case "TEXT":
		h.Text = one(r, "Hello", "Hi {{1}}", "Hi {{2}}", "Hi {{name}}", "{{1}} and {{2}}", "Hi 1}}", "Two\nlines", "Hi {{ 1 }}")
		h.Examples = r.examples(h.Text, 1)
	case "IMAGE", "VIDEO", "DOCUMENT":
		h.Media = r.media()
	}
	return h
}

func (r random) url() (address, example string) {
	address = one(r, "https://a.example", "https://a.example/{{1}}", "https://a.example/{{1}}", "https://a.example/{{name}}", "https://a.example/{{1}}/b", "a.example",
		"https://wa.me/1", "https://x.WhatsApp.com/{{1}}")
	if strings.Contains(address, "{{") && r.often(80) {
		example = "p1"
	}
	return address, example
}

func (r random) button() v1alpha1.TemplateButton {
	b := v1alpha1.TemplateButton{Type: one[v1alpha1.ButtonType](r, "QUICK_REPLY", "QUICK_REPLY", "URL", "URL", "PHONE_NUMBER", "COPY_CODE", "COPY_CODE", "VOICE_CALL", "CATALOG", "MPM", "SPM")}
	b.Text = one(r, "Yes please", "Yes {{1}}", "Two\nlines", strings.Repeat("ä", 20), strings.Repeat("ä", 21))
	switch b.Type {
	case "URL":
		b.URL, b.Example = r.url()
	case "PHONE_NUMBER":
		b.PhoneNumber = "+15550051310"
	case "COPY_CODE":
		b.Text, b.Example = "", one(r, "", "CAMP25", strings.Repeat("Ä", 16), strings.Repeat("Ä", 21))
	case "CATALOG", "MPM", "SPM":
		b.Text = one(r, "View", "View items", "View catalog")
	}
	return b
}

func (r random) carousel() *v1alpha1.TemplateCarousel {
	c := &v1alpha1.TemplateCarousel{}
	alike := r.card()
	for range 2 + r.IntN(3) {
		card := *alike.DeepCopy()
		if r.often(30) {
			card = r.card()
		}
		c.Cards = append(c.Cards, card)
	}
	return c
}

func (r random) card() v1alpha1.CarouselCard {
	card := v1alpha1.CarouselCard{Header: v1alpha1.CardHeader{Format: one[v1alpha1.HeaderFormat](r, "IMAGE", "VIDEO", "PRODUCT")}}
	if card.Header.Format != "PRODUCT" {
		card.Header.Media = r.media()
	}
	if r.often(50) {
		card.Body = &v1alpha1.CardBody{Text: r.text(20)}
		card.Body.Examples = r.examples(card.Body.Text, 10)
	}
	for range 1 + r.IntN(2) {
		b := v1alpha1.CardButton{Type: one[v1alpha1.ButtonType](r, "QUICK_REPLY", "URL", "SPM"), Text: one(r, "More", "View", "{{1}}")}
		if b.Type == "URL" {
			b.URL, b.Example = r.url()
		}
		card.Buttons = append(card.Buttons, b)
	}
	return card
}
