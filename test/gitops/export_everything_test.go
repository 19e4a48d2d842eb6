// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestExportOfEverything: an account with all examples, all oddities and 500 random templates, valid ones and ones from before today's rules, is
// exported and applied. Nothing is written, every template is described with its content or its manifest names what can't be described, and a
// change made at Meta by hand is found on each that is described.
func TestExportOfEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Setenv("WABA_APP_SECRET", harness.AppSecret)
	w := harness.New(t, env, graphsim.WithCreateLimit(0))
	fill(t, w)
	d := dice{rand.New(rand.NewPCG(7, 11))}
	for i := range 500 {
		w.Sim.AddTemplate(harness.AccountID, d.template(fmt.Sprintf("random_%d", i)))
	}
	objects := exported(t, w)
	before := len(w.Sim.Requests())
	w.Secret()
	for _, u := range wanted(w, objects) {
		w.Create(u)
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	for _, r := range w.Sim.Requests()[before:] {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			t.Errorf("a write: %s %s %s", r.Method, r.Path, r.Body)
		}
	}
	described := map[string]bool{} // by name of the resource
	lenient := 0
	for _, u := range objects {
		asMetaHasIt(t, w, u)
		if u.GetKind() != v1alpha1.KindMessageTemplate {
			continue
		}
		if content(u) {
			described[u.GetName()] = true
		}
		if mode, _, _ := unstructured.NestedString(u.Object, "spec", "contentValidation"); mode == "Lenient" {
			lenient++
		}
	}
	if len(described) < 450 || lenient < 50 {
		t.Errorf("%d of %d resources have content, and %d are lenient", len(described), len(objects), lenient)
	}
	found := driftByHand(t, w, op, described)
	t.Logf("%d templates are described, %d of them leniently; drift was found on %d", len(described), lenient, found)
}

// content reports whether a manifest describes what a template says.
func content(u *unstructured.Unstructured) bool {
	return slices.ContainsFunc([]string{"body", "authentication", "library"}, func(part string) bool {
		_, there, _ := unstructured.NestedMap(u.Object, "spec", part)
		return there
	})
}

// driftByHand changes the templates at Meta and returns on how many of the described ones the resource says so.
func driftByHand(t *testing.T, w *harness.World, op *harness.Operator, described map[string]bool) (found int) {
	t.Helper()
	for _, live := range w.Sim.Templates(harness.AccountID) {
		if live.Status == "APPROVED" && !strings.Contains(string(live.Components), "/otp/code") && live.LibraryTemplateName == "" {
			w.Sim.EditInManager(live.ID, func(x *graphsim.Template) {
				x.Components = json.RawMessage(`[{"type":"BODY","text":"Another hand has written this text here."}]`)
			})
		}
	}
	op.Observe()
	op.Observe()
	var list v1alpha1.MessageTemplateList
	if err := w.Client.List(t.Context(), &list, w.Shard()); err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		m := &list.Items[i]
		if m.Status.Status != "APPROVED" || !described[m.Name] || m.Spec.Body == nil || m.Spec.Body.Text == "" {
			continue
		}
		if found++; len(m.Status.Drift) == 0 {
			t.Errorf("%s: no drift", m.Name)
		}
	}
	if found < 300 {
		t.Errorf("drift was looked for on %d templates only", found)
	}
	return found
}

// dice makes up templates, most of which couldn't be created today.
type dice struct{ *rand.Rand }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d dice) template(name string) graphsim.Template {
	x := graphsim.Template{
		Name: name, Language: d.pick("en_US", "de", "pt_BR"), Category: d.pick("UTILITY", "UTILITY", "MARKETING"), Status: d.pick("APPROVED", "APPROVED", "APPROVED", "REJECTED", "PAUSED"),
	}
	components := []map[string]any{d.body()}
	if d.IntN(3) == 0 {
		components = append(components, map[string]any{"type": "HEADER", "format": "TEXT", "text": d.pick("Your order", "Two\nlines", "About {{1}}")})
	}
	if d.IntN(3) == 0 {
		components = append(components, map[string]any{"type": "FOOTER", "text": d.pick("Acme", "Reply STOP to opt out")})
	}
	if d.IntN(2) == 0 {
		var buttons []any
		for range 1 + d.IntN(3) {
			buttons = append(buttons, d.button())
		}
		components = append(components, map[string]any{"type": "BUTTONS", "buttons": buttons})
	}
	if x.Category == "MARKETING" && d.IntN(3) == 0 {
		ttl := []int64{60, 3600, 86400}[d.IntN(3)]
		x.MessageSendTTLSeconds = &ttl
	}
	if x.Category == "MARKETING" && d.IntN(3) == 0 {
		price := 1 + d.Int64N(100000)
		x.MaxPrice = &price
	}
	x.Components, _ = json.Marshal(components) // texts and lists only
	return x
}

func (d dice) body() map[string]any {
	text := d.pick(
		"Your order was received and is on its way to you.", "Dear {{1}}, your order {{2}} is done, have a look.", "{{1}}, we are packing your order.", "Your code is {{1}}",
		"Dear {{1}}{{2}}, hello.", "One\n\n\nTwo", "The run {{3}} of {{1}} waits for {{2}} since a day, look at it please.", "Dear {{ 1 }}, hello.")
	body := map[string]any{"type": "BODY", "text": text}
	if n := strings.Count(text, "{{"); n > 0 && d.IntN(2) == 0 {
		body["example"] = map[string]any{"body_text": []any{[]any{"Ana", "A-1", "r-1"}[:n]}}
	}
	return body
}

func (d dice) button() map[string]any {
	switch d.IntN(4) {
	case 0:
		return map[string]any{"type": "URL", "text": "Track", "url": d.pick("https://a.example/x", "https://a.example/{{1}}", "https://wa.me/15550051310", "https://a.example/{{1}}/b")}
	case 1:
		return map[string]any{"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+15550051310"}
	case 2:
		return map[string]any{"type": "CATALOG", "text": d.pick("View catalog", "Ver catálogo")}
	}
	return map[string]any{"type": "QUICK_REPLY", "text": d.pick("Yes", "No, thanks", "*Stop*")}
}
