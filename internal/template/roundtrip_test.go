// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	testWABA  = "102290129340398"
	testApp   = "634974688087057"
	testToken = "EAAGtesttoken0123456789abcdef" // made up, works only in the simulator
)

// examples are the manifests that users get to see.
func examples(t *testing.T) map[string]*v1alpha1.MessageTemplateSpec {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "api", "v1alpha1", "testdata", "examples", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*v1alpha1.MessageTemplateSpec{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var obj v1alpha1.MessageTemplate
		if err := yaml.UnmarshalStrict(raw, &obj); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = &obj.Spec
	}
	return out
}

// exampleCount is how many manifests there are: one for each of the shapes that Meta documents.
const exampleCount = 38

func newGraph(t *testing.T) (*graphsim.Simulator, *graph.Client) {
	t.Helper()
	sim := graphsim.New()
	sim.AddApp(graphsim.App{ID: testApp, Secret: "app-secret-made-up"})
	sim.AddAccount(graphsim.Account{ID: testWABA, Name: "Acme"})
	sim.AddNumber(testWABA, graphsim.Number{})
	sim.AddToken(graphsim.Token{
		Value: testToken, AppID: testApp, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"},
	})
	transport := &http.Transport{}
	client, err := graph.NewClient(graph.Config{
		BaseURL: sim.Start(t), Version: "v25.0", AccessToken: testToken, Transport: transport, Timeout: patience.Limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return sim, client
}

// submit creates a template, with samples for its media headers, and reads it back.
func submit(t *testing.T, c *graph.Client, spec *v1alpha1.MessageTemplateSpec, content graph.TemplateContent) *graph.Template {
	t.Helper()
	handles := map[string]string{}
	for _, m := range MediaOf(spec) {
		handle, err := c.Upload(context.Background(), testApp, sampleFile(m.Format))
		if err != nil {
			t.Fatalf("upload: %v", err)
		}
		handles[m.Path] = handle
	}
	content.Components = WithHandles(content.Components, handles)
	created, err := c.CreateTemplate(context.Background(), testWABA, content)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	live, err := c.ReadTemplate(context.Background(), created.ID)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return live
}

// sampleFile is a file that passes as one of this header format.
func sampleFile(format string) graph.File {
	kinds := map[string]string{"IMAGE": "image/jpeg", "VIDEO": "video/mp4", "GIF": "video/mp4", "DOCUMENT": "application/pdf"}
	content := "a small " + kinds[format]
	return graph.File{Name: "sample", Type: kinds[format], Size: int64(len(content)), Content: strings.NewReader(content)}
}

// translated is what would be sent for an example; all of them can be.
func translated(t *testing.T, spec *v1alpha1.MessageTemplateSpec) graph.TemplateContent {
	t.Helper()
	content, problems := Content(spec)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", spec.Name, problems)
	}
	return content
}

func TestExamplesComeBackAsTheyWereSent(t *testing.T) {
	_, client := newGraph(t)
	all := examples(t)
	if len(all) != exampleCount {
		t.Errorf("%d examples, want %d", len(all), exampleCount)
	}
	for name, spec := range all {
		t.Run(name, func(t *testing.T) {
			content := translated(t, spec)
			want := WantedFields(content)
			live := submit(t, client, spec, content)
			if got := Diff(want, LiveFields(live)); len(got) > 0 {
				t.Errorf("differs in %q: sent %v, got %v", got, want, LiveFields(live))
			}
			if tolerant := oneWayFields(want, LiveFields(live)); !tolerant && want.Hash() != LiveFields(live).Hash() {
				t.Error("the same content must have the same hash")
			}
			again, err := client.ReadTemplate(context.Background(), live.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := Changed(LiveFields(live).Hashes(), LiveFields(again)); len(got) > 0 {
				t.Errorf("changed by reading it twice: %q", got)
			}
		})
	}
}

// oneWayFields reports fields that are compared only in one direction, so that equal content has no equal hash.
func oneWayFields(want, live Fields) bool {
	_, library := want[fieldLibrary]
	for _, fields := range []Fields{want, live} {
		for name := range fields {
			if strings.HasPrefix(name, canonical.WriteOnly) || onlyIfWanted(name) && name != fieldTTL {
				return true
			}
		}
	}
	return library
}

// The listing is what the operator lives on; it must say the same as the single read.
func TestExamplesComeBackAlikeInTheListing(t *testing.T) {
	_, client := newGraph(t)
	want := map[string]Fields{}
	for _, spec := range examples(t) {
		content := translated(t, spec)
		submit(t, client, spec, content)
		want[spec.Name+"/"+spec.Language] = WantedFields(content)
	}
	page, err := client.ListTemplates(context.Background(), testWABA, graph.ListOptions{PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Items {
		live := &page.Items[i]
		if got := Diff(want[live.Name+"/"+live.Language], LiveFields(live)); len(got) > 0 {
			t.Errorf("%s: differs in %q", live.Name, got)
		}
	}
	if len(page.Items) != len(want) || len(want) != exampleCount {
		t.Errorf("sent %d templates, got %d", len(want), len(page.Items))
	}
}

// mutation is one meaningful change of a spec and the field that it must be reported as.
type mutation struct {
	field  string
	change func(*v1alpha1.MessageTemplateSpec)
}

// mutations are all single changes that a template of this shape can have.
func mutations(spec *v1alpha1.MessageTemplateSpec) []mutation {
	out := specialMutations(spec)
	if spec.Body == nil {
		return out
	}
	out = append(out, []mutation{
		{"body.text", func(s *v1alpha1.MessageTemplateSpec) { s.Body.Text = "Please note. " + s.Body.Text }},
		{"body.text", func(s *v1alpha1.MessageTemplateSpec) {
			s.Body.Text = strings.ToUpper(s.Body.Text[:1]) + s.Body.Text[1:] + "!"
		}},
		{"messageSendTTLSeconds", func(s *v1alpha1.MessageTemplateSpec) { s.MessageSendTTLSeconds = ptr.To[int64](901) }},
		{"parameterFormat", func(s *v1alpha1.MessageTemplateSpec) {
			s.ParameterFormat = map[bool]v1alpha1.ParameterFormat{true: "POSITIONAL", false: "NAMED"}[s.ParameterFormat == "NAMED"]
		}},
		{"footer.text", func(s *v1alpha1.MessageTemplateSpec) { s.Footer = &v1alpha1.TemplateFooter{Text: "Another footer"} }},
	}...)
	if spec.Footer != nil {
		out = append(out, mutation{"footer.text", func(s *v1alpha1.MessageTemplateSpec) { s.Footer = nil }})
	}
	if spec.Header != nil && spec.Header.Format == v1alpha1.HeaderFormatText {
		out = append(out, mutation{"header.text", func(s *v1alpha1.MessageTemplateSpec) { s.Header.Text = "New: " + s.Header.Text }})
	}
	if spec.Header != nil && spec.Header.Format == v1alpha1.HeaderFormatImage {
		out = append(out, mutation{"header.format", func(s *v1alpha1.MessageTemplateSpec) { s.Header.Format = v1alpha1.HeaderFormatVideo }})
	}
	for i := range spec.Buttons {
		out = append(out, buttonMutations(i, &spec.Buttons[i])...)
	}
	return out
}

// specialMutations are those of templates that have more, or other things, than header, body, footer and buttons.
func specialMutations(spec *v1alpha1.MessageTemplateSpec) []mutation {
	var out []mutation
	if spec.Authentication != nil {
		out = append(out, mutation{"authentication.addSecurityRecommendation", func(s *v1alpha1.MessageTemplateSpec) {
			old := s.Authentication.AddSecurityRecommendation
			s.Authentication.AddSecurityRecommendation = ptr.To(old == nil || !*old)
		}}, mutation{"authentication.codeExpirationMinutes", func(s *v1alpha1.MessageTemplateSpec) {
			s.Authentication.CodeExpirationMinutes = ptr.To[int32](77)
		}}, mutation{"authentication.otp.type", func(s *v1alpha1.MessageTemplateSpec) {
			s.Authentication.OTP.Type = map[bool]v1alpha1.OTPType{true: "ONE_TAP", false: "COPY_CODE"}[s.Authentication.OTP.Type == "COPY_CODE"]
		}})
	}
	if spec.LimitedTimeOffer != nil {
		out = append(out, mutation{"limitedTimeOffer.text", func(s *v1alpha1.MessageTemplateSpec) { s.LimitedTimeOffer.Text = "Ends now" }})
	}
	if spec.CallPermissionRequest != nil {
		out = append(out, mutation{"callPermissionRequest", func(s *v1alpha1.MessageTemplateSpec) { s.CallPermissionRequest = nil }})
	}
	if spec.Carousel != nil {
		out = append(out, mutation{"carousel.cards[0].buttons[0].text", func(s *v1alpha1.MessageTemplateSpec) {
			s.Carousel.Cards[0].Buttons[0].Text += " now"
		}})
	}
	if spec.SubCategory != "" {
		out = append(out, mutation{"subCategory", func(s *v1alpha1.MessageTemplateSpec) { s.SubCategory = "RICH_ORDER_STATUS" }})
	}
	for i := range spec.Buttons {
		if f := spec.Buttons[i].Flow; f != nil && f.ID != "" {
			out = append(out, mutation{fmt.Sprintf("buttons[%d].flow.id", i), func(s *v1alpha1.MessageTemplateSpec) { s.Buttons[i].Flow.ID = "99" }})
		}
	}
	return out
}

func buttonMutations(i int, b *v1alpha1.TemplateButton) []mutation {
	path := fmt.Sprintf("buttons[%d].", i)
	change := func(field string, f func(*v1alpha1.TemplateButton)) mutation {
		return mutation{path + field, func(s *v1alpha1.MessageTemplateSpec) { f(&s.Buttons[i]) }}
	}
	var out []mutation
	if b.Text != "" {
		out = append(out, change("text", func(b *v1alpha1.TemplateButton) { b.Text += " now" }))
	}
	switch b.Type {
	case v1alpha1.ButtonTypeURL:
		out = append(out, change("url", func(b *v1alpha1.TemplateButton) {
			b.URL = strings.Replace(b.URL, "example.com", "example.org", 1)
		}))
	case v1alpha1.ButtonTypePhoneNumber:
		out = append(out, change("phoneNumber", func(b *v1alpha1.TemplateButton) { b.PhoneNumber = b.PhoneNumber[:len(b.PhoneNumber)-1] + "9" }))
	case v1alpha1.ButtonTypeVoiceCall:
		out = append(out, change("ttlMinutes", func(b *v1alpha1.TemplateButton) { b.TTLMinutes = ptr.To[int32](2000) }))
	case v1alpha1.ButtonTypeCopyCode, v1alpha1.ButtonTypeRequestContactInfo: // their label isn't ours, so only the type can change
		out = append(out, change("type", func(b *v1alpha1.TemplateButton) {
			b.Type = map[bool]v1alpha1.ButtonType{true: "COPY_CODE", false: "REQUEST_CONTACT_INFO"}[b.Type == "REQUEST_CONTACT_INFO"]
		}))
	}
	return out
}

// bodyOf is the body, or one that doesn't matter.
func bodyOf(s *v1alpha1.MessageTemplateSpec) *v1alpha1.TemplateBody {
	if s.Body == nil {
		return &v1alpha1.TemplateBody{}
	}
	return s.Body
}

// harmless are changes after which Meta needs no edit.
var harmless = map[string]func(*v1alpha1.MessageTemplateSpec){
	"category": func(s *v1alpha1.MessageTemplateSpec) { s.Category = v1alpha1.TemplateCategoryAuthentication },
	"examples": func(s *v1alpha1.MessageTemplateSpec) {
		for i := range bodyOf(s).Examples {
			s.Body.Examples[i].Value += " or so"
		}
		for i := range s.Buttons {
			if s.Buttons[i].Example != "" {
				s.Buttons[i].Example += "9"
			}
		}
	},
	"a line break at the end": func(s *v1alpha1.MessageTemplateSpec) { bodyOf(s).Text += "\n" },
	"the written format": func(s *v1alpha1.MessageTemplateSpec) {
		s.ParameterFormat = v1alpha1.ParameterFormat(parameterFormat(s))
	},
	"no time to live": func(s *v1alpha1.MessageTemplateSpec) { s.MessageSendTTLSeconds = nil },
	"policies": func(s *v1alpha1.MessageTemplateSpec) {
		s.AdoptionPolicy, s.DeletionPolicy, s.DriftPolicy = "Always", "Delete", "Repair"
	},
	"the punctuation of phone numbers": func(s *v1alpha1.MessageTemplateSpec) {
		for i := range s.Buttons {
			if p := s.Buttons[i].PhoneNumber; p != "" {
				s.Buttons[i].PhoneNumber = p[:4] + " (" + p[4:7] + ") " + p[7:]
			}
		}
	},
}

func TestEveryChangeOfAnExampleIsFoundAndNothingElse(t *testing.T) {
	_, client := newGraph(t)
	for name, spec := range examples(t) {
		live := LiveFields(submit(t, client, spec, translated(t, spec)))
		for i, m := range mutations(spec) {
			got := diffAfter(t, spec, m.change, live)
			if !slices.Equal(got, []string{m.field}) {
				t.Errorf("%s, change %d: differs in %q, want exactly %q", name, i, got, m.field)
			}
		}
		for what, change := range harmless {
			if got := diffAfter(t, spec, change, live); len(got) > 0 {
				t.Errorf("%s, %s: differs in %q", name, what, got)
			}
		}
	}
}

func diffAfter(t *testing.T, spec *v1alpha1.MessageTemplateSpec, change func(*v1alpha1.MessageTemplateSpec), live Fields) []string {
	t.Helper()
	changed := spec.DeepCopy()
	change(changed)
	want := WantedFields(translated(t, changed))
	names := append(Diff(want, live), WriteOnlyChanged(WantedFields(translated(t, spec)).WriteOnly(), want)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// When Meta reclassifies a template it also clears the time to live; neither may be edited back.
func TestAReclassifiedTemplateIsNoDifference(t *testing.T) {
	sim, client := newGraph(t)
	spec := examples(t)["queue_number_called"]
	content := translated(t, spec)
	if content.MessageSendTTLSeconds == nil {
		t.Fatal("the example must have a time to live")
	}
	id := submit(t, client, spec, content).ID
	if err := sim.Decide(id, graphsim.Decision{Status: "APPROVED", Category: "MARKETING"}); err != nil {
		t.Fatal(err)
	}
	live, err := client.ReadTemplate(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if live.Category != "MARKETING" || live.MessageSendTTLSeconds != nil {
		t.Fatalf("the simulator must reclassify: %+v", live)
	}
	if got := Diff(WantedFields(content), LiveFields(live)); len(got) > 0 {
		t.Errorf("differs in %q", got)
	}
}

// A change made in WhatsApp Manager must be named after the field of the spec.
func TestAnEditInManagerIsNamed(t *testing.T) {
	sim, client := newGraph(t)
	spec := examples(t)["opt_in_confirmed"]
	live := submit(t, client, spec, translated(t, spec))
	recorded := LiveFields(live).Hashes()
	sim.EditInManager(live.ID, func(x *graphsim.Template) {
		x.Components = []byte(strings.ReplaceAll(string(x.Components), "Harbour Courier", "Harbour Couriers"))
	})
	live, err := client.ReadTemplate(context.Background(), live.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := Changed(recorded, LiveFields(live)); !slices.Equal(got, []string{"footer.text"}) {
		t.Errorf("got %q", got)
	}
}
