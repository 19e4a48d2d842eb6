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
	created.Writes = []plan.Write{{Call: "upload file", Fields: []string{"spec.header.media"}}, {Call: "create template"}}
	edited := template("order", plan.Edit)
	edited.Writes = []plan.Write{{Call: "edit template", Fields: []string{"body.text", "footer.text"}}}
	overwritten := template("welcome", plan.Edit)
	overwritten.Writes, overwritten.Adopts = []plan.Write{{Call: "edit template", Fields: []string{"body.text"}}}, true
	adopted := template("thanks", plan.Adopt)
	adopted.Adopts = true
	spent := template("sale", plan.Blocked)
	spent.Reason, spent.Message, spent.NotBefore = "EditBudgetExhausted", "waits to edit body.text: Meta allows one edit a day", &soon
	drifted := template("reminder", plan.Nothing)
	drifted.Reason, drifted.Message, drifted.Drift = "DriftDetected", "changed at Meta in body.text; change the spec to accept it", []string{"body.text"}
	drifted.UnknownProperties = []string{"components[0].label_color"}
	hooks := plan.Resource{Kind: "WebhookSubscription", Namespace: "platform", Name: "acme", Action: plan.Create}
	hooks.Writes = []plan.Write{{Call: "subscribe the app to the account"}}
	hooks.Reason, hooks.Message = "ActionRequired", "set the callback by hand | App Dashboard <Configuration>"
	return &plan.Plan{
		Accounts: []plan.Account{
			{WABA: "platform/acme", ID: "102290129340398", Resources: []plan.Resource{
				{Kind: "WABA", Namespace: "platform", Name: "acme", Action: plan.Nothing}, created, edited, overwritten, adopted, spent, drifted, hooks,
			}},
			{WABA: "platform/gone", Resources: []plan.Resource{
				{Kind: "MessageTemplate", Namespace: "shop", Name: "lost", Action: plan.Blocked, Reason: "AccountNotReady", Message: "WABA platform/gone doesn't exist"},
				{Kind: "MessageTemplate", Namespace: "shop", Name: "unread", Action: plan.Failed, Message: "the account's templates can't be read"},
			}},
		},
		Invalid: []plan.Resource{{
			Kind: "MessageTemplate", Name: "typo", Action: plan.Invalid, Reason: "InvalidSpec", Message: "typo.yaml:7: spec.categori: there is no such field",
		}},
		Summary: plan.Summary{Create: 2, Edit: 2, Adopt: 1, Blocked: 2, Unchanged: 2, Invalid: 1, Failed: 1},
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
