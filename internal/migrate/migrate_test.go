// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/plan"
)

const api = "apiVersion: whatsapp.waba-operator.io/v1alpha1\n"

const waba = api + `kind: WABA
metadata: {name: acme}
spec: {id: "1", credentialsSecretRef: {name: acme-meta}}
`

// of is a manifest of the account, with fields of its spec.
func of(kind, name, spec string) string {
	return "---\n" + api + "kind: " + kind + "\nmetadata:\n  name: " + name + "\nspec:\n  wabaRef: {name: acme}\n" + spec
}

func rewritten(t *testing.T, text string, change func(*Options)) (*Result, error) {
	t.Helper()
	documents, failed := manifest.Parse("a.yaml", []byte(text))
	if len(failed) > 0 {
		t.Fatal(failed[0])
	}
	o := Options{From: "1", To: "2", Suffix: "-2", Namespace: "default"}
	if change != nil {
		change(&o)
	}
	return Rewrite(documents, o)
}

// TestRewrite: only what depends on the account changes.
func TestRewrite(t *testing.T) {
	template := of("MessageTemplate", "parcel", "  # sent by the shop\n  name: parcel\n")
	for name, tc := range map[string]struct {
		text   string
		change func(*Options)
		// replaced are the parts of the text that change, each followed by what it becomes.
		replaced []string
		warning  string
	}{
		"account and template": {waba + template, nil, []string{
			"metadata: {name: acme}", "metadata: {name: acme-2}", `id: "1"`, `id: "2"`, "name: parcel\nspec", "name: parcel-2\nspec", "wabaRef: {name: acme}", "wabaRef: {name: acme-2}",
		}, ""},
		"another name for the account": {waba + template, func(o *Options) { o.WABAName = "acme-inr" }, []string{
			"metadata: {name: acme}", "metadata: {name: acme-inr}", `id: "1"`, `id: "2"`, "name: parcel\nspec", "name: parcel-2\nspec", "wabaRef: {name: acme}", "wabaRef: {name: acme-inr}",
		}, ""},
		"names are kept": {waba + template, func(o *Options) { o.Suffix = "" }, []string{`id: "1"`, `id: "2"`}, ""},
		"the account is elsewhere": {template, func(o *Options) { o.WABA.Name = "acme" }, []string{
			"name: parcel\nspec", "name: parcel-2\nspec", "wabaRef: {name: acme}", "wabaRef: {name: acme-2}",
		}, ""},
		"another account": {waba + strings.ReplaceAll(template, "{name: acme}", "{name: other}"), nil, []string{"metadata: {name: acme}", "metadata: {name: acme-2}", `id: "1"`, `id: "2"`}, ""},
		"another namespace": {
			waba + strings.ReplaceAll(template, "{name: acme}", "{name: acme, namespace: meta}"), nil, []string{"metadata: {name: acme}", "metadata: {name: acme-2}", `id: "1"`, `id: "2"`}, "",
		},
		"a number isn't added": {
			of("PhoneNumber", "support", "  number: '+15550783881'\n  creationPolicy: Add\n  displayName: Acme\n"), func(o *Options) { o.WABA.Name = "acme" },
			[]string{"name: support", "name: support-2", "{name: acme}", "{name: acme-2}", "creationPolicy: Add", "creationPolicy: Adopt"},
			"PhoneNumber support-2 gets creationPolicy: Adopt, so that the number isn't added before Meta moves it",
		},
		"overrides follow numbers": {
			of("PhoneNumber", "support", "  id: '7'\n") + of("WebhookSubscription", "hooks", "  phoneNumbers:\n  - phoneNumberRef: {name: support}\n  - phoneNumberRef: {name: sales}\n"),
			func(o *Options) { o.WABA.Name = "acme" },
			[]string{
				"name: support\nspec", "name: support-2\nspec", "wabaRef: {name: acme}", "wabaRef: {name: acme-2}", "name: hooks", "name: hooks-2",
				"{name: support}", "{name: support-2}",
			}, "PhoneNumber sales isn't in the manifests, so its name stays as it is",
		},
		"Flows": {
			of("MessageTemplate", "visit", "  buttons:\n  - flow: {id: '11'}\n  - flow: {id: '12'}\n"), func(o *Options) { o.WABA.Name, o.Flows = "acme", map[string]string{"11": "21"} },
			[]string{"name: visit", "name: visit-2", "{name: acme}", "{name: acme-2}", "'11'", "'21'"}, "Flow 12 may have another id in the new account; give --flow 12=ID then",
		},
		"a max price": {
			of("MessageTemplate", "sale", "  maxPrice: {amountPer1000: 5000}\n"), func(o *Options) { o.WABA.Name = "acme" },
			[]string{"name: sale", "name: sale-2", "{name: acme}", "{name: acme-2}"}, "the max price of sale is in the currency of account 1",
		},
		"what belongs to the old resource": {
			strings.Replace(template, "metadata:\n", "metadata:\n  uid: u\n  annotations:\n    whatsapp.waba-operator.io/unpause: '1'\n  labels:\n    team: shop\n    kustomize.toolkit.fluxcd.io/name: a\n", 1) +
				"status:\n  id: '9'\n", func(o *Options) { o.WABA.Name = "acme" },
			[]string{
				"name: parcel\nspec", "name: parcel-2\nspec", "{name: acme}", "{name: acme-2}", "  uid: u\n", "", "  annotations:\n    whatsapp.waba-operator.io/unpause: '1'\n", "",
				"    kustomize.toolkit.fluxcd.io/name: a\n", "", "status:\n  id: '9'\n", "",
			}, "",
		},
		"what kubectl get prints": {
			api + "kind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSuffix(waba, "\n"), "\n", "\n  ") + `
- apiVersion: whatsapp.waba-operator.io/v1alpha1
  kind: MessageTemplate
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        {"apiVersion":"whatsapp.waba-operator.io/v1alpha1"}
    creationTimestamp: "2026-11-30T10:00:00Z"
    generation: 1
    name: parcel
    namespace: default
    resourceVersion: "7"
    uid: a
  spec:
    name: parcel
    wabaRef:
      name: acme
  status:
    conditions:
    - status: "True"
      type: Ready
    observedGeneration: 1
`, nil, []string{
				"name: acme}\n", "name: acme-2}\n", `id: "1"`, `id: "2"`, "name: parcel\n    namespace", "name: parcel-2\n    namespace", "name: acme\n", "name: acme-2\n",
				"    annotations:\n      kubectl.kubernetes.io/last-applied-configuration: |\n        {\"apiVersion\":\"whatsapp.waba-operator.io/v1alpha1\"}\n" +
					"    creationTimestamp: \"2026-11-30T10:00:00Z\"\n    generation: 1\n", "", "    resourceVersion: \"7\"\n    uid: a\n", "",
				"  status:\n    conditions:\n    - status: \"True\"\n      type: Ready\n    observedGeneration: 1\n", "",
			}, "",
		},
		"a policy of the account": {
			strings.Replace(waba, "spec: {", "spec: {managementPolicy: Paused, ", 1), nil, []string{"name: acme}\n", "name: acme-2}\n", `id: "1"`, `id: "2"`},
			"WABA acme-2 has managementPolicy: Paused, which counts for all of its resources",
		},
		"a patch": {
			waba + "---\n" + api + "kind: MessageTemplate\nmetadata: {name: parcel}\nspec: {categoryPolicy: Require}\n", nil, []string{"name: acme}\n", "name: acme-2}\n", `id: "1"`, `id: "2"`},
			"a.yaml:6: MessageTemplate parcel has no spec.wabaRef and stays as it is",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := rewritten(t, tc.text, tc.change)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer(tc.replaced...).Replace(tc.text)
			if len(r.Files) != 1 || string(r.Files[0].Text) != want {
				t.Errorf("%s\nwant\n%s", r.Files[0].Text, want)
			}
			warnings := strings.Join(r.Warnings, "\n")
			if !strings.Contains(warnings, tc.warning) || (tc.warning == "") != (warnings == "") {
				t.Errorf("warnings: %s", warnings)
			}
		})
	}
}

// TestRefused: an error says what to do.
func TestRefused(t *testing.T) {
	for want, tc := range map[string]struct {
		text   string
		change func(*Options)
	}{
		`no WABA with spec.id "1" is in the manifests: name its file, too, or give --waba NAME`: {text: of("MessageTemplate", "a", "")},
		"no resource of WABA default/acme is in the manifests":                                  {text: "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", change: func(o *Options) { o.WABA.Name = "acme" }},
		"a.yaml:9: account 2 has a WABA resource already":                                       {text: waba + "---\n" + api + "kind: WABA\nmetadata: {name: b}\nspec: {id: '2'}\n", change: nil},
		"several resources stand for account 1":                                                 {text: waba + "---\n" + strings.ReplaceAll(waba, "name: acme}", "name: b}")},
		"a.yaml:12: MessageTemplate a is in the manifests twice":                                {text: of("MessageTemplate", "a", "") + of("MessageTemplate", "a", ""), change: func(o *Options) { o.WABA.Name = "acme" }},
		"a.yaml:5: a MessageTemplate a-2 is in the manifests already":                           {text: of("MessageTemplate", "a", "") + of("MessageTemplate", "a-2", ""), change: func(o *Options) { o.WABA.Name = "acme" }},
		"a.yaml:5: a_2 can't be the name of a resource; choose another --name-suffix":           {text: of("MessageTemplate", "a", ""), change: func(o *Options) { o.WABA.Name, o.Suffix = "acme", "_2" }},
		"metadata.name is missing":                                                              {text: strings.Replace(of("MessageTemplate", "a", ""), "name: a\n", "generateName: a\n", 1), change: func(o *Options) { o.WABA.Name = "acme" }},
	} {
		if _, err := rewritten(t, tc.text, tc.change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestVerdict: what the plan says of each resource.
func TestVerdict(t *testing.T) {
	template := func(change func(*plan.Resource)) plan.Resource {
		r := plan.Resource{Kind: "MessageTemplate", Namespace: "shop", Name: "a", Action: plan.Adopt, Adopts: true}
		change(&r)
		return r
	}
	for name, tc := range map[string]struct {
		resource plan.Resource
		want     string
		other    bool
	}{
		"adopted":  {template(func(*plan.Resource) {}), "", false},
		"observed": {template(func(r *plan.Resource) { r.Action = plan.Nothing }), "", false},
		"not there": {
			template(func(r *plan.Resource) { r.Action, r.Writes = plan.Create, []plan.Write{{Call: "create template"}} }), "the new account doesn't have it", false,
		},
		"would be edited": {
			template(func(r *plan.Resource) {
				r.Action, r.Writes = plan.Edit, []plan.Write{{Call: "edit template", Changes: []plan.Change{{Field: "body.text"}}}}
			}),
			"the operator would edit template (body.text)", false,
		},
		"differs":  {template(func(r *plan.Resource) { r.Action, r.Reason, r.Message = plan.Blocked, "AlreadyExists", "other content" }), "AlreadyExists: other content", false},
		"paused":   {template(func(r *plan.Resource) { r.Action, r.Reason, r.Message = plan.Nothing, "Paused", "no call" }), "Paused: no call", false},
		"drifts":   {template(func(r *plan.Resource) { r.Action, r.Differs = plan.Nothing, []plan.Change{{Field: "footer.text"}} }), "differs in footer.text", false},
		"invalid":  {template(func(r *plan.Resource) { r.Action, r.Reason, r.Message = plan.Invalid, "InvalidSpec", "a.yaml:1: no" }), "a.yaml:1: no", false},
		"unknown":  {template(func(r *plan.Resource) { r.Action = plan.Failed }), "failed", false},
		"a number": {plan.Resource{Kind: "PhoneNumber", Name: "n", Action: plan.Blocked, Reason: "NotFound", Message: "no such number"}, "not in the new account yet", true},
		"a subscription": {
			plan.Resource{Kind: "WebhookSubscription", Name: "n", Action: plan.Create, Writes: []plan.Write{{Call: "subscribe app"}}}, "the operator would subscribe app", true,
		},
		"an account that can't be read": {plan.Resource{Kind: "WABA", Name: "n", Action: plan.Failed, Message: "no token"}, "no token", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Verdict{}
			v.add(&tc.resource)
			found := slices.Concat(v.Differences, v.Others)
			switch {
			case tc.want == "":
				if len(found) > 0 || v.Identical != 1 {
					t.Errorf("%+v", v)
				}
			case len(found) != 1 || !strings.HasPrefix(found[0].What, tc.want) || v.Identical > 0 || tc.other != (len(v.Others) == 1):
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestReport: the steps name what is there, in the order that the names of the resources permit.
func TestReport(t *testing.T) {
	text := waba + of("PhoneNumber", "support", "  id: '7'\n  deletionPolicy: Deregister\n") + of("MessageTemplate", "a|b", "")
	text = strings.ReplaceAll(text, "a|b", "ab")
	r, err := rewritten(t, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	report := func(r *Result, v *Verdict, written string) string {
		var b strings.Builder
		if err := r.WriteReport(&b, v, written); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, want := range []string{
		"# Account 1 becomes 2\n", "1 WABA, 1 PhoneNumber, 1 MessageTemplate in 1 file. WABA `acme` becomes `acme-2`.", "get the suffix `-2`. They were written to x.",
		"1 of 1 templates are in the new account", "| Differences | What |\n|---|---|\n| MessageTemplate b | a \\| b |\n", "remove `deletionPolicy` from PhoneNumber `support` (Deregister)",
		"Apply the new manifests that were written to x.", "Each number is `CONNECTED` and ready: `kubectl get phonenumber -n default support-2`.",
	} {
		if got := report(r, &Verdict{Identical: 1, Differences: []Finding{{"MessageTemplate b", "a | b"}}}, "to x"); !strings.Contains(got, want) {
			t.Errorf("%q isn't in\n%s", want, got)
		}
	}
	order := func(text string) []int {
		return []int{strings.Index(text, "Delete the old"), strings.Index(text, "Resume the migration"), strings.Index(text, "Apply the new")}
	}
	beside := order(report(r, nil, ""))
	if kept, err := rewritten(t, text, func(o *Options) { o.Suffix = "" }); err != nil {
		t.Fatal(err)
	} else if same := order(report(kept, nil, "")); !slices.IsSorted([]int{beside[2], beside[1], beside[0]}) || !slices.IsSorted([]int{same[1], same[0], same[2]}) {
		t.Errorf("the order is %v and %v", beside, same)
	}
	if got := report(r, nil, ""); !strings.Contains(got, "Nothing was written.") || !strings.Contains(got, "Nothing was checked.") {
		t.Error(got)
	}
}

// TestReportOfMany: commands reach resources of all namespaces, and long lists are cut.
func TestReportOfMany(t *testing.T) {
	text := strings.Replace(waba, "{name: acme}", "{name: acme, namespace: meta}", 1)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		text += strings.Replace(of("PhoneNumber", name, "  deletionPolicy: Deregister\n"), "{name: acme}", "{name: acme, namespace: meta}", 1)
	}
	r, err := rewritten(t, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteReport(&b, nil, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"PhoneNumber `e` (Deregister), and 1 more, so that", "`kubectl waba status acme-2 -A`", "`kubectl get phonenumber -n default a-2 b-2 c-2 d-2 e-2 f-2`", "`kubectl get waba acme -n meta -o wide`",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q isn't in\n%s", want, b.String())
		}
	}
}

// TestWriteFails: an output that can't be written is an error.
func TestWriteFails(t *testing.T) {
	r, err := rewritten(t, waba, func(o *Options) { o.WABA = types.NamespacedName{Name: "acme"} })
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WriteReport(full{}, nil, ""); err == nil {
		t.Error("no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }
