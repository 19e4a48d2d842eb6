// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package promote

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/manifest"
)

// parcel is a template at Meta, changed.
func parcel(change func(*graph.Template)) graph.Template {
	t := graph.Template{
		ID: "1", Name: "parcel", Language: "en_US", Category: "UTILITY", Status: "APPROVED", ParameterFormat: "POSITIONAL",
		Components: []graph.Component{{Type: "BODY", Text: "Your parcel is on its way."}},
	}
	if change != nil {
		change(&t)
	}
	return t
}

func buttons(b ...graph.Button) func(*graph.Template) {
	return func(t *graph.Template) {
		t.Components = append(t.Components, graph.Component{Type: "BUTTONS", Buttons: b})
	}
}

const head = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: mine
  labels: {team: shop}
  annotations:
    argocd.argoproj.io/sync-wave: "2"
    whatsapp.waba-operator.io/unpause: "1"
    kubectl.kubernetes.io/last-applied-configuration: "{}"
spec:
  wabaRef: {name: trial, namespace: platform}
  name: parcel
  language: en_US
  category: UTILITY
`

const body = "  body: {text: Your parcel is on its way.}\n"

// copied copies what Meta has and manifests, and returns the manifests and the report.
func copied(t *testing.T, o Options, live []graph.Template, manifests string) ([]*export.Resource, *Report) {
	t.Helper()
	o.WABAName = "acme"
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	all := map[account.TemplateKey]account.PackedTemplate{}
	for _, l := range live {
		all[account.TemplateKey{Name: l.Name, Language: l.Language}] = account.Pack(&l)
	}
	c.AddAccount(all)
	documents, failed := manifest.Read([]string{manifest.Stdin}, strings.NewReader(manifests))
	if len(failed) > 0 {
		t.Fatal(failed[0])
	}
	c.AddManifests(documents)
	return slices.Collect(c.Resources(t.Context())), c.Report()
}

// TestComplete: what the other account can create is managed there, without what belongs to the source.
func TestComplete(t *testing.T) {
	image := "  header: {format: IMAGE, media: {configMapKeyRef: {name: samples, key: a.jpg}}}\n"
	for name, tc := range map[string]struct {
		options  Options
		live     []graph.Template
		manifest string
		// yaml is what the manifest contains, without what it doesn't; warning is part of the only warning.
		yaml, without []string
		warning       string
	}{
		"from Meta": {live: []graph.Template{parcel(nil)}, yaml: []string{"name: parcel.en-us\n", "wabaRef:\n    name: acme\n  name: parcel\n"}, without: []string{"managementPolicy", "namespace"}},
		"elsewhere": {
			options: Options{WABANamespace: "meta", Namespace: "shop", NamePrefix: "x_"}, live: []graph.Template{parcel(nil)},
			yaml: []string{"  name: x-parcel.en-us\n  namespace: shop\n", "    name: acme\n    namespace: meta\n", "  name: x_parcel\n"},
		},
		"from a manifest": {
			manifest: head + "  managementPolicy: Paused\n  contentValidation: Lenient\n  categoryPolicy: Require\n" + body + "status: {id: '7', accountID: '8', later: true}\n",
			yaml:     []string{"    team: shop\n", `sync-wave: "2"`, "categoryPolicy: Require"},
			without:  []string{"unpause", "last-applied", "Paused", "Lenient", "status", "trial", "platform", "mine"},
		},
		"policies that overwrite or delete": {
			manifest: head + "  adoptionPolicy: Always\n  deletionPolicy: Delete\n" + body,
			yaml:     []string{"# adoptionPolicy: Always isn't copied", "# deletionPolicy: Delete isn't copied"}, without: []string{"\n  adoptionPolicy", "\n  deletionPolicy"},
		},
		"policies that do not": {manifest: head + "  adoptionPolicy: Never\n  deletionPolicy: Retain\n" + body, yaml: []string{"adoptionPolicy: Never", "deletionPolicy: Retain"}},
		"a sample file": {
			manifest: head + image + body, yaml: []string{"# spec.header.media needs the ConfigMap samples with the key a.jpg", "key: a.jpg"},
			without: []string{"Observed"}, warning: "needs the ConfigMap samples",
		},
		"the manifest counts more": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.Category = "MARKETING" })}, manifest: head + body,
			yaml: []string{"category: UTILITY", "team: shop"}, warning: "requests UTILITY, but Meta classified the original as MARKETING",
		},
		"a manifest that only names the template": {
			live: []graph.Template{parcel(nil)}, manifest: head + "  managementPolicy: Observed\n", yaml: []string{"Your parcel is on its way."}, without: []string{"team"},
		},
		"reclassified": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.Category, t.PreviousCategory = "MARKETING", "UTILITY" })},
			yaml: []string{"# Meta changed the category of the original from UTILITY to MARKETING", "category: MARKETING"}, warning: "from UTILITY to MARKETING",
		},
		"to be reclassified": {live: []graph.Template{parcel(func(t *graph.Template) { t.CorrectCategory = "MARKETING" })}, yaml: []string{"# Meta plans"}, warning: "Meta plans"},
		"rejected": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.Status, t.RejectedReason = "REJECTED", "PROMOTIONAL" })},
			yaml: []string{"# Meta rejected the original: PROMOTIONAL (remove promotional content"}, warning: "PROMOTIONAL",
		},
		"rejected without a reason": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.Status, t.RejectedReason = "REJECTED", "NONE" })}, warning: "Meta rejected the original.",
		},
		"paused": {live: []graph.Template{parcel(func(t *graph.Template) { t.Status = "PAUSED" })}, warning: "has the status PAUSED"},
		"what Meta tends to reject": {
			live: []graph.Template{parcel(func(t *graph.Template) {
				t.Components = append(t.Components, graph.Component{Type: "FOOTER", Text: "🎉"})
			})},
			yaml: []string{"# Meta may reject it: spec.footer.text (footer-emoji): "}, warning: "footer-emoji",
		},
		"a Flow that is mapped": {
			options: Options{Flows: map[string]string{"11": "22"}}, live: []graph.Template{parcel(buttons(graph.Button{Type: "FLOW", Text: "Go", FlowID: "11"}))},
			yaml: []string{`id: "22"`}, without: []string{"Observed"},
		},
		"a Flow by name": {manifest: head + body + "  buttons: [{type: FLOW, text: Go, flow: {name: visit}}]\n", warning: `needs a Flow "visit" in the other account`},
		"a catalogue": {
			live: []graph.Template{parcel(func(t *graph.Template) {
				t.Category = "MARKETING"
				buttons(graph.Button{Type: "CATALOG", Text: "View catalog"})(t)
			})},
			warning: "needs a catalogue",
		},
		"a max price": {
			live: []graph.Template{parcel(func(t *graph.Template) {
				t.Category, t.MaxPrice = "MARKETING", &graph.MaxPrice{AmountPer1000: 5000, Strategy: "LOWEST_COST_WITH_BID_CAP"}
			})},
			yaml: []string{"amountPer1000: 5000"}, warning: "spec.maxPrice is in the currency of the account that is copied",
		},
		"an app": {
			manifest: head + body + "  buttons: [{type: URL, text: Go, url: 'https://a.example', appDeepLink: {metaAppID: '12', androidDeepLink: 'a://b'}}]\n",
			warning:  "opens the app 12",
		},
		"a passcode": {
			live: []graph.Template{parcel(func(t *graph.Template) {
				t.Category = "AUTHENTICATION"
				t.Components = []graph.Component{{Type: "BODY", Text: "*{{1}}* is your code."}, {Type: "BUTTONS", Buttons: []graph.Button{{Type: "OTP", OTPType: "COPY_CODE", Text: "Copy code"}}}}
			})},
			yaml: []string{"type: COPY_CODE", "# Meta doesn't show spec.authentication.addSecurityRecommendation"}, without: []string{"Observed"}, warning: "addSecurityRecommendation",
		},
		"from Meta's library": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.LibraryTemplateName = "delivery_1" })},
			yaml: []string{"templateName: delivery_1"}, without: []string{"Observed"}, warning: "spec.library.bodyInputs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			resources, report := copied(t, tc.options, tc.live, tc.manifest)
			if len(resources) != 1 || report.Complete != 1 || report.Drafts+len(report.Missing) > 0 {
				t.Fatalf("%d resources, %+v", len(resources), report)
			}
			expect(t, resources[0], tc.yaml, tc.without)
			warnings := strings.Join(report.Warnings, "\n")
			if !strings.Contains(warnings, tc.warning) || (tc.warning == "") != (warnings == "") {
				t.Errorf("warnings: %s", warnings)
			}
		})
	}
}

func expect(t *testing.T, r *export.Resource, with, without []string) {
	t.Helper()
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range with {
		if !strings.Contains(string(text), part) {
			t.Errorf("%q isn't in\n%s", part, text)
		}
	}
	for _, part := range without {
		if strings.Contains(string(text), part) {
			t.Errorf("%q is in\n%s", part, text)
		}
	}
}

// TestDrafts: what the other account can't create as it is creates nothing, and says what to correct.
func TestDrafts(t *testing.T) {
	for name, tc := range map[string]struct {
		live     []graph.Template
		manifest string
		lenient  bool
		need     string
	}{
		"a sample file": {
			live: []graph.Template{parcel(func(t *graph.Template) {
				t.Components = append([]graph.Component{{Type: "HEADER", Format: "IMAGE"}}, t.Components...)
			})},
			need: "spec.header.media (sample-file): a header with format IMAGE, VIDEO, DOCUMENT or GIF needs media, the sample file for review; Meta doesn't give it back",
		},
		"an old rule": {
			live:    []graph.Template{parcel(func(t *graph.Template) { t.Components[0].Text = "Hello {{1}}" })},
			lenient: true, need: "spec.body.text (variable-example): ",
		},
		"an old rule in a manifest": {manifest: head + "  contentValidation: Lenient\n  body: {text: 'Hello {{1}}'}\n", lenient: true, need: "spec.body.text (variable-example): "},
		"a Flow": {
			live: []graph.Template{parcel(buttons(graph.Button{Type: "FLOW", Text: "Go", FlowID: "11"}))},
			need: "spec.buttons[0].flow.id: Flow 11 is one of the account that is copied; write the id or the name of a Flow of the other account, or give --flow 11=ID",
		},
		"unknown properties": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.UnknownProperties = []string{"components[0].glow"} })},
			need: "this version doesn't know components[0].glow, which the copy lacks",
		},
	} {
		t.Run(name, func(t *testing.T) {
			resources, report := copied(t, Options{}, tc.live, tc.manifest)
			if len(resources) != 1 || report.Complete > 0 || report.Drafts != 1 || len(report.Missing) != 1 {
				t.Fatalf("%d resources, %+v", len(resources), report)
			}
			if want := `template "parcel" in "en_US" is only a draft, which creates nothing: ` + tc.need; !strings.HasPrefix(report.Missing[0], want) {
				t.Errorf("%s\nwant %s", report.Missing[0], want)
			}
			with, without := []string{"managementPolicy: Observed", "# - " + tc.need, "# A draft"}, []string{}
			if lenient := "contentValidation: Lenient"; tc.lenient {
				with = append(with, lenient, "remove managementPolicy and contentValidation, correct")
			} else {
				without = append(without, lenient)
			}
			expect(t, resources[0], with, without)
		})
	}
}

// TestNotCopied: what no manifest can create is named with the reason.
func TestNotCopied(t *testing.T) {
	for name, tc := range map[string]struct {
		options  Options
		live     []graph.Template
		manifest string
		reason   string
	}{
		"a component that can't be described": {
			live:   []graph.Template{parcel(func(t *graph.Template) { t.Components = append(t.Components, graph.Component{Type: "ALBUM"}) })},
			reason: `template "parcel" in "en_US" isn't copied: components[1]: a component of type "ALBUM" can't be described`,
		},
		"a language that Meta no longer has": {
			live: []graph.Template{parcel(func(t *graph.Template) { t.Language = "zh" })}, reason: `template "parcel" in "zh" isn't copied: spec.language: Meta has no such language`,
		},
		"a reserved name":        {manifest: strings.ReplaceAll(head, "parcel", "hello_world") + body, reason: "only Meta can create templates of this name"},
		"a prefix that reserves": {options: Options{NamePrefix: "sample_"}, live: []graph.Template{parcel(nil)}, reason: "only Meta can create templates of this name"},
		"a name that gets too long": {
			options: Options{NamePrefix: strings.Repeat("x", 510)}, live: []graph.Template{parcel(nil)}, reason: "with --name-prefix its name has 516 characters, and Meta takes 512",
		},
		"no content":       {manifest: head + "  managementPolicy: Observed\n", reason: "its manifest doesn't say what it contains; name its account, too"},
		"twice":            {manifest: head + body + "---\n" + head + body, reason: "it is there twice, in -:1 and in -:17; name the templates of one account"},
		"an unknown field": {manifest: head + body + "  foter: {text: a}\n", reason: `-:1 isn't copied: strict decoding error: unknown field "spec.foter"`},
		"a wrong value":    {manifest: head + body + "  driftPolicy: Sometimes\n", reason: "isn't copied: spec.driftPolicy: "},
	} {
		t.Run(name, func(t *testing.T) {
			resources, report := copied(t, tc.options, tc.live, tc.manifest)
			if len(resources) > 0 || len(report.Missing) != 1 || !strings.Contains(report.Missing[0], tc.reason) {
				t.Errorf("%d resources, %+v", len(resources), report)
			}
		})
	}
}

// TestSelection: filters hold for both sources, and for manifests the status is that at Meta.
func TestSelection(t *testing.T) {
	live := []graph.Template{
		parcel(nil), parcel(func(t *graph.Template) { t.Language, t.Status = "de", "REJECTED" }), parcel(func(t *graph.Template) { t.Name = "hello_world" }),
		parcel(func(t *graph.Template) { t.Name, t.Source = "made", graph.SourceGenerated }),
	}
	manifests := head + body + "---\n" + strings.ReplaceAll(head, "en_US", "fr") + body
	for name, tc := range map[string]struct {
		options Options
		want    []string
		leftOut int
	}{
		"all":       {Options{}, []string{"parcel.de", "parcel.en-us", "parcel.fr"}, 2},
		"language":  {Options{Templates: export.Filter{Languages: []string{"de", "fr"}}}, []string{"parcel.de", "parcel.fr"}, 0},
		"status":    {Options{Templates: export.Filter{Statuses: []string{"approved"}}}, []string{"parcel.en-us"}, 2},
		"name":      {Options{Templates: export.Filter{Names: []string{"h*"}, Samples: true}, NamePrefix: "x_"}, []string{"x-hello-world.en-us"}, 0},
		"generated": {Options{Templates: export.Filter{Names: []string{"made"}, Generated: true}}, []string{"made.en-us"}, 0},
	} {
		resources, report := copied(t, tc.options, live, manifests)
		var got []string
		for _, r := range resources {
			got = append(got, r.Name)
		}
		left := 0
		for _, n := range report.LeftOut {
			left += n
		}
		if !slices.Equal(got, tc.want) || left != tc.leftOut {
			raw, _ := json.Marshal(report)
			t.Errorf("%s: %v, want %v; %s", name, got, tc.want, raw)
		}
	}
}

// TestOthersAreIgnored: only templates are copied, whatever else stands in the manifests.
func TestOthersAreIgnored(t *testing.T) {
	resources, report := copied(t, Options{}, nil, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: "+v1alpha1.GroupVersion.String()+"\nkind: WABA\nmetadata: {name: a}\n")
	if len(resources)+len(report.Missing)+len(report.Warnings) > 0 {
		t.Errorf("%v %+v", resources, report)
	}
}
