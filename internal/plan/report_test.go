// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/plan"
)

var update = flag.Bool("update", false, "write the files that outputs are compared with")

// example has one resource for everything that a plan can say.
func example() *plan.Plan {
	soon := metav1.NewTime(time.Date(2026, 7, 29, 10, 0, 0, 0, time.UTC))
	template := func(name string, action plan.Action) plan.Resource {
		return plan.Resource{Kind: "MessageTemplate", Namespace: "shop", Name: name, Action: action}
	}
	created := template("parcel-left", plan.Create)
	created.Writes = []plan.Write{{Call: "upload file", Changes: []plan.Change{{Field: "spec.header.media"}}}, {Call: "create template", Changes: []plan.Change{
		{Field: "body.text", New: new("Hello {{1}},\nyour parcel is at the shop around the corner, and waits there for you until Friday evening.")},
		{Field: "buttons[0].text", ButtonType: "URL", New: new("Track 📦")}, {Field: "category", New: new("UTILITY")},
	}}}
	edited := template("order", plan.Edit)
	edited.Writes = []plan.Write{{Call: "edit template", Changes: []plan.Change{
		{Field: "body.text", Old: new("Hello {{1}},\n\nyour order left us.\n\nACME"), New: new("Hello {{1}},\n\nyour *order* has left us\x1b[2J.\n\nACME")},
		{Field: "buttons[1].url", ButtonType: "URL", Old: new("https://acme.example/track"), New: new("https://acme.example/orders/{{1}}")},
		{Field: "footer.text", Old: new("say \"```\" | <b>@here</b>")}, {Field: "buttons[2].flow.json", ButtonType: "FLOW"},
	}}}
	overwritten := template("welcome", plan.Edit)
	overwritten.Writes, overwritten.Adopts = []plan.Write{{Call: "edit template", Changes: []plan.Change{
		{Field: "body.text", Old: new("Welcome to our shop around the corner."), New: new("Welcome to our shop in the middle of the town, which opens at nine o'clock in the morning.")},
	}}}, true
	adopted := template("thanks", plan.Adopt)
	adopted.Adopts = true
	spent := template("sale", plan.Blocked)
	spent.Reason, spent.Message, spent.NotBefore = "EditBudgetExhausted", "waits to edit body.text: Meta allows one edit a day", &soon
	spent.Differs = []plan.Change{{Field: "body.text", Old: new("Sale!"), New: new("セール！")}}
	drifted := template("reminder", plan.Nothing)
	drifted.Reason, drifted.Message = "DriftDetected", "changed at Meta in body.text; change the spec to accept it"
	drifted.Differs = []plan.Change{{Field: "body.text", Old: new("Don't forget."), New: new("Remember.")}}
	drifted.UnknownProperties = []string{"components[0].label_color"}
	hooks := plan.Resource{Kind: "WebhookSubscription", Namespace: "platform", Name: "acme", Action: plan.Create}
	hooks.Writes = []plan.Write{{Call: "subscribe the app to the account"}}
	hooks.Reason, hooks.Message = "ActionRequired", "set the callback by hand | App Dashboard <Configuration>"
	number := plan.Resource{Kind: "PhoneNumber", Namespace: "platform", Name: "support", Action: plan.Edit}
	number.Writes = []plan.Write{{Call: "update profile", Changes: []plan.Change{
		{Field: "profile.about", New: new("Open from nine to five")},
		{Field: "profile.websites", Old: new("https://acme.example\nhttps://old.example"), New: new("https://acme.example\nhttps://shop.example")},
	}}, {Call: "set PIN", Changes: []plan.Change{{Field: "registration.pinSecretRef"}}}}
	return &plan.Plan{
		TypeMeta: output.TypeOf(plan.DocumentKind),
		Accounts: []plan.Account{
			{WABA: "platform/acme", ID: "102290129340398", Resources: []plan.Resource{
				{Kind: "WABA", Namespace: "platform", Name: "acme", Action: plan.Nothing}, number, created, edited, overwritten, adopted, spent, drifted, hooks,
			}},
			{WABA: "platform/gone", Resources: []plan.Resource{
				{Kind: "MessageTemplate", Namespace: "shop", Name: "lost", Action: plan.Blocked, Reason: "AccountNotReady", Message: "WABA platform/gone doesn't exist"},
				{Kind: "MessageTemplate", Namespace: "shop", Name: "unread", Action: plan.Failed, Message: "the account's templates can't be read"},
			}},
		},
		Invalid: []plan.Resource{{
			Kind: "MessageTemplate", Name: "typo", Action: plan.Invalid, Reason: "InvalidSpec", Message: "typo.yaml:7: spec.categori: there is no such field",
		}},
		Summary: plan.Summary{Create: 2, Edit: 3, Adopt: 1, Blocked: 2, Unchanged: 2, Invalid: 1, Failed: 1},
		Notes:   []string{"Secret shop/pin is taken to be there and unchanged"},
	}
}

// TestReports compares what is written with testdata/plan.*.
func TestReports(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		style  plan.Style
	}{
		"text": {"text", plan.Style{}}, "all": {"text", plan.Style{All: true}}, "colour": {"text", plan.Style{Colour: true}},
		"json": {"json", plan.Style{}}, "markdown": {"markdown", plan.Style{}},
		"narrow": {"text", plan.Style{Width: 80}}, "yaml": {"yaml", plan.Style{}},
	} {
		var out bytes.Buffer
		if err := plan.Formats[c.format](&out, example(), c.style); err != nil {
			t.Fatal(err)
		}
		file := "testdata/plan." + name
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, out.String(), want)
		}
	}
}
