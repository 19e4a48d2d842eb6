// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/validation"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/template"
)

func TestTemplateName(t *testing.T) {
	for want, in := range map[string][2]string{
		"order-confirmation.en-us": {"order_confirmation", "en_US"},
		"order.es-es":              {"order", "es_ES"},
		"order-es.es":              {"order_es", "es"}, // and not the one above
		"a--b.de":                  {"a__b", "de"},
		"x-a01e47cb.de":            {"_x", "de"},
		"x-3e16f53f.de":            {"x_", "de"},
		"d2e2adf7.de":              {"_", "de"},
		strings.Repeat("a", 205) + "-471be655.en-us": {strings.Repeat("a", 512), "en_US"},
	} {
		got := TemplateName(in[0], in[1])
		if got != want {
			t.Errorf("%v is named %s, want %s", in, got, want)
		}
		if problems := validation.NameIsDNSSubdomain(got, false); len(problems) > 0 || len(got) > maxName {
			t.Errorf("%s: %v", got, problems)
		}
	}
}

func TestNames(t *testing.T) {
	for want, a := range map[string]graph.Account{
		"acme-garden": {ID: "1", Name: "Acme Garden!"}, "waba-1": {ID: "1", Name: "日本"}, strings.Repeat("a", 63): {ID: "1", Name: strings.Repeat("a", 100)},
	} {
		if got := wabaName(&a); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	names := numberNames([]graph.PhoneNumber{
		{ID: "1", DisplayPhoneNumber: "+1 555-1"}, {ID: "2", DisplayPhoneNumber: "15551"}, {ID: "3"}, {ID: "4", DisplayPhoneNumber: "+49 30 1"},
	})
	if want := map[string]string{"1": "number-id-1", "2": "number-id-2", "3": "number-id-3", "4": "number-49301"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v", names)
	}
}

// TestText: whatever a text looks like, readers of YAML get it back as it was.
func TestText(t *testing.T) {
	texts := []string{
		"", "plain", "no", "On", "~", "null", "12:30:45", "1_000", "0x1F", "1e3", ".5", "2026-01-01", "+49", "# no comment", "a: b", "- a", "'", `"`, "{{1}}",
		"*bold*", "&a", "!b", "%c", "@d", "`e`", "a\nb", "a\nb\n", "a \nb", "\na", " a", "a ", "a\tb", "a\r\nb", "\u0085", "\u2028", "\ufeff", "\x00\x7f", "🎉", "---", "...", "=", "<<",
	}
	text, err := encode(texts, []string{"a comment\nthat breaks out: yes"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := yaml.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, texts) {
		t.Errorf("%v\n%q\n%q\n%s", err, texts, got, text)
	}
}

func newExporter(tb testing.TB) *Exporter {
	tb.Helper()
	e, err := New(&Source{Snapshot: &account.Snapshot{Account: graph.Account{ID: "1", Name: "Acme"}}}, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// FuzzTemplate: whatever Meta shows becomes a resource that the API server takes and that asks Meta for no change, or a line
// that says why there can be none.
func FuzzTemplate(f *testing.F) {
	const text = `[{"type":"BODY","text":"Hi {{1}}, it ships.","example":{"body_text":[["Ana"]]}}]`
	f.Add("order", "en_US", "UTILITY", "POSITIONAL", "CUSTOM", "", int64(60), []byte(text))
	f.Add("order", "pt-BR", "MARKETING", "NAMED", "X", "order_1", int64(1), []byte(`[{"type":"HEADER","format":"VIDEO"},{"type":"BODY","text":"a"}]`))
	f.Add("_", "zh", "", "ODD", "", "", int64(0), []byte(`[{"type":"CAROUSEL","cards":[{"components":[{"type":"BODY"}]}]},{"type":"ALBUM"}]`))
	f.Add("code", "de", "AUTHENTICATION", "", "", "", int64(-1), []byte(`[{"type":"BUTTONS","buttons":[{"type":"URL","url":"https://x/otp/code/?otp_type=ONE_TAP&package_name=a.b&signature_hash=c"}]}]`))
	e := newExporter(f)
	f.Fuzz(func(t *testing.T, name, language, category, format, sub, library string, ttl int64, components []byte) {
		live := &graph.Template{
			ID: "1", Name: name, Language: language, Category: strings.ToUpper(category), ParameterFormat: format, SubCategory: sub,
			LibraryTemplateName: library, MessageSendTTLSeconds: &ttl,
		}
		_ = json.Unmarshal(components, &live.Components) // what can't be read is an empty template
		r := describedAsMetaHasIt(t, e, live)
		if r != nil {
			return
		}
		bare := template.Identity(&graph.Template{Name: name, Language: language, Category: "UTILITY"})
		bare.CommonSpec = e.common(true)
		if len(e.report.Missing) != 1 || len(e.faults(t.Context(), e.resource(v1alpha1.KindMessageTemplate, "a", bare))) == 0 {
			t.Errorf("nothing is said of %q in %q: %v", name, language, e.report.Missing)
		}
	})
}

// describedAsMetaHasIt describes a template as a resource that the API server takes and that asks Meta for no change, or
// returns nil.
func describedAsMetaHasIt(t *testing.T, e *Exporter, live *graph.Template) *Resource {
	t.Helper()
	e.report = newReport()
	r := e.template(t.Context(), live, map[string]bool{})
	if r == nil {
		return nil
	}
	if faults := e.faults(t.Context(), r); len(faults) > 0 {
		t.Errorf("the API server would refuse it: %v", faults)
	}
	asRead(t, r)
	spec, ok := r.Spec.(*v1alpha1.MessageTemplateSpec)
	if !ok {
		t.Fatalf("%T", r.Spec)
	}
	content, problems := template.Content(spec)
	if len(problems) > 0 {
		t.Errorf("can't be sent: %v", problems)
	}
	if len(content.Components) == 0 && spec.ManagementPolicy == v1alpha1.ManagementPolicyObserved {
		return r
	}
	if names := template.Diff(template.WantedFields(content), template.LiveFields(live)); len(names) > 0 {
		t.Errorf("%+v differs in %v", live, names)
	}
	return r
}

// asRead: kubectl reads the file as the resource that was meant.
func asRead(t *testing.T, r *Resource) {
	t.Helper()
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.object()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if w, g := asJSON(t, want.Object), asJSON(t, got); w != g {
		t.Errorf("written %s\nread %s\nfrom\n%s", w, g, text)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSameLanguageTwice: Meta writes a language in two ways, so two templates can want one name.
func TestSameLanguageTwice(t *testing.T) {
	e, names := newExporter(t), map[string]bool{}
	var got []string
	for i, language := range []string{"en_US", "en-US"} {
		live := &graph.Template{ID: fmt.Sprint(i), Name: "order", Language: language, Category: "UTILITY", Components: []graph.Component{{Type: "BODY", Text: "a"}}}
		got = append(got, e.template(t.Context(), live, names).Name)
	}
	if want := []string{"order.en-us", "order.en-us-1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestHiddenFlags: what Meta doesn't show of an authentication template is named in a comment, and what can be known is kept.
func TestHiddenFlags(t *testing.T) {
	live := &graph.Template{ID: "1", Name: "login_code", Language: "en_US", Status: "APPROVED", Category: "AUTHENTICATION", ParameterFormat: "POSITIONAL"}
	if err := json.Unmarshal([]byte(`[
		{"type":"BODY","text":"*{{1}}* is your verification code. For your security, do not share this code."},
		{"type":"FOOTER","text":"This code expires in 10 minutes."},
		{"type":"BUTTONS","buttons":[{"type":"URL","text":"Copy code",
			"url":"https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=10&code=otp{{1}}"}]}]`), &live.Components); err != nil {
		t.Fatal(err)
	}
	r := describedAsMetaHasIt(t, newExporter(t), live)
	spec, ok := r.Spec.(*v1alpha1.MessageTemplateSpec)
	if !ok || spec.ManagementPolicy != "" || spec.Authentication == nil || spec.Authentication.CodeExpirationMinutes == nil || *spec.Authentication.CodeExpirationMinutes != 10 {
		t.Fatalf("%+v", r.Spec)
	}
	if comments := strings.Join(r.Comments, " "); !strings.Contains(comments, "Meta doesn't show spec.authentication.addSecurityRecommendation: set it") {
		t.Errorf("comments: %q", comments)
	}
}
