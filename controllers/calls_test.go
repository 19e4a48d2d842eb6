// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// large returns a world whose account has n approved templates, all managed, and 20 numbers, observed once.
func large(t *testing.T, n int) (*harness.World, *harness.Operator) {
	t.Helper()
	w := harness.New(t, env, graphsim.WithMaxPageSize(100))
	for i := 1; i < 20; i++ {
		w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: fmt.Sprintf("2065403522429%02d", i), DisplayPhoneNumber: fmt.Sprintf("+1 555-078-38%02d", i)})
	}
	for i := range n {
		obj := harness.Template(fmt.Sprintf("parcel_%04d", i))
		seed(w, obj.Spec.Name, obj.Spec.Language, obj.Spec.Body.Text)
		w.Create(obj)
	}
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	op.Observe()
	return w, op
}

// versions returns the resourceVersion of every template.
func versions(t *testing.T, w *harness.World) map[string]string {
	t.Helper()
	var list v1alpha1.MessageTemplateList
	if err := w.Client.List(context.Background(), &list, w.Shard()); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for i := range list.Items {
		out[list.Items[i].Name] = list.Items[i].ResourceVersion
		expectReady(t, &list.Items[i])
	}
	return out
}

// TestObservationOfALargeAccount counts what an observation costs at Meta and in the API server.
func TestObservationOfALargeAccount(t *testing.T) {
	const templates = 1000
	w, op := large(t, templates)
	before := versions(t, w)
	if len(before) != templates {
		t.Fatalf("%d templates, want %d", len(before), templates)
	}

	// An hour later the token and the optional fields are due too: the dearest observation there is.
	w.Clock.Step(time.Hour)
	w.Sim.ResetStats()
	w.ResetAPIWrites()
	op.Settle()
	s := w.Sim.Stats()
	t.Logf("observation of %d templates and 20 numbers: %d calls %v", templates, s.Calls, s.ByOp)
	if s.ByOp[graphsim.OpDebugToken] != 1 || s.Calls > 13 || s.Writes != 0 {
		t.Errorf("%d calls, %d of them writes: %v; want at most 13, with one debug_token", s.Calls, s.Writes, s.ByOp)
	}
	after := versions(t, w)
	for name, version := range before {
		if after[name] != version {
			t.Errorf("MessageTemplate %s was written", name)
		}
	}
	if n := w.APIWrites("PATCH messagetemplates"); n != 0 {
		t.Errorf("%d writes of templates", n)
	}

	// A restart within the period costs nothing at all.
	op.Stop()
	w.Sim.ResetStats()
	w.ResetAPIWrites()
	op = w.Start()
	op.Settle()
	if s := w.Sim.Stats(); s.Calls != 0 {
		t.Errorf("%d calls after a restart: %v", s.Calls, s.ByOp)
	}
	if n := w.APIWrites(""); n != 0 {
		t.Errorf("%d writes to the API server after a restart", n)
	}

	// A new template doesn't wait for a listing, not even right after a restart.
	op.Stop()
	w.Sim.ResetStats()
	w.RealQueues = true
	w.Start()
	begin := time.Now()
	w.CreateTemplate("brand_new")
	w.Wait("the create", func() bool { return posts(w) > 0 })
	t.Logf("%s from apply to POST right after a restart with %d templates", time.Since(begin).Round(time.Millisecond), templates)
	if s := w.Sim.Stats(); s.Calls > 2 {
		t.Errorf("%d calls for one new template: %v", s.Calls, s.ByOp)
	}
}

// TestRestartWithWaits restarts while resources wait for something: none of them may cost a call.
func TestRestartWithWaits(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithReviewDelay(48*time.Hour))
	seed(w, "taken", "en_US", changedBody)
	w.Secret()
	w.WABA()
	w.CreateTemplate("in_review")
	w.CreateTemplate("taken")
	w.CreateTemplate("observed_only", func(m *v1alpha1.MessageTemplate) { m.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved })
	// Meta wants one category for all languages of a name.
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "refused", Language: "de", Category: "MARKETING", Status: "APPROVED",
		Components: json.RawMessage(`[{"type":"BODY","text":"Willkommen bei uns, es gibt Neues zu entdecken!"}]`)})
	refused := w.CreateTemplate("refused")
	op := w.Start()
	op.Settle()
	w.Reload(refused)
	expect(t, refused.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
	op.Stop()
	w.Sim.ResetStats()
	op = w.Start()
	op.Settle()
	if s := w.Sim.Stats(); s.Calls != 0 {
		t.Errorf("%d calls after a restart: %v", s.Calls, s.ByOp)
	}
	w.CheckInvariants()
}

// TestCreateLimit applies more templates than Meta takes in an hour: the rest waits with a reason and a time, and costs
// nothing meanwhile.
func TestCreateLimit(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithCreateLimit(5))
	w.Secret()
	w.WABA()
	op := w.Start(func(o *operator.Options) { o.CreatesPerHour = 5 })
	op.Settle()
	for i := range 12 {
		w.CreateTemplate(fmt.Sprintf("parcel_%02d", i))
	}
	w.Wait("seven templates that wait with reason and time", func() bool {
		waiting := 0
		var list v1alpha1.MessageTemplateList
		if err := w.Client.List(context.Background(), &list, w.Shard()); err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			c := harness.Condition(list.Items[i].Status.Conditions, v1alpha1.ConditionSynced)
			if c.Reason == v1alpha1.ReasonQuotaExceeded && c.Status == metav1.ConditionFalse && list.Items[i].Status.NextAttemptTime != nil {
				waiting++
			}
		}
		return waiting == 7
	})
	if n := posts(w); n != 5 {
		t.Fatalf("%d creates, want 5", n)
	}
	op.Advance(3 * time.Hour)
	if n := len(w.Sim.Stats().CommittedCreates); n != 12 {
		t.Errorf("%d templates at Meta, want 12", n)
	}
	if n := posts(w); n != 12 {
		t.Errorf("%d creates tried, want 12: waiting must not cost calls", n)
	}
	w.CheckInvariants()
}

// TestUnmanagedTemplates are counted and never touched.
func TestUnmanagedTemplates(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "hello_world", Language: "en_US", Category: "UTILITY", Status: "APPROVED",
		Components: json.RawMessage(`[{"type":"BODY","text":"Welcome and congratulations!"}]`)})
	w.Secret()
	waba := w.WABA()
	w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Observe()
	w.Reload(waba)
	c := waba.Status.Templates
	if c == nil || c.Total != 2 || c.Approved != 2 || c.Unmanaged != 1 || c.Limit == 0 {
		t.Errorf("counts: %+v", c)
	}
	if n := waba.Status.PhoneNumbers; n == nil || n.Total != 1 || n.Unmanaged != 1 {
		t.Errorf("numbers: %+v", n)
	}
	if len(w.Sim.Stats().EditsByID) != 0 || posts(w) != 1 {
		t.Error("touched something")
	}
}

// TestPartUnreadable: a token that may read the account but not its templates shows the rest, and says so.
func TestPartUnreadable(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	denied := graphsim.Fault{Times: -1, Status: 403, Code: 200, Message: "Permissions error"}
	composite, listing := denied, denied
	composite.Path, composite.Times = "/"+harness.AccountID, 0
	listing.Path = "/*/message_templates"
	w.Sim.Fail(composite)
	heal := w.Sim.Fail(listing)
	w.Secret()
	waba := w.WABA()
	op := w.Start()
	op.Settle()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	message := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced).Message
	if message != "observed; templates can't be read: Permissions error" {
		t.Errorf("message: %s", message)
	}
	if n := waba.Status.PhoneNumbers; n == nil || n.Total != 1 || waba.Status.Templates != nil {
		t.Errorf("numbers %+v, templates %+v", n, waba.Status.Templates)
	}
	heal()
	op.Observe()
	w.Reload(waba)
	if message := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced).Message; message != "observed" || waba.Status.Templates == nil {
		t.Errorf("not healed: %s", message)
	}
	w.CheckInvariants()
}
