// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// TestReceiverOfShards: where the controllers of an account don't receive, a process without controllers and without a
// selector does, and writes no more than facts.
func TestReceiverOfShards(t *testing.T) {
	w := harness.New(t, env, graphsim.WithWebhooks())
	w.Secret()
	waba := w.WABA()
	verifyToken(w)
	receiver := w.Start(func(o *operator.Options) {
		o.Controllers, o.WebhookAddress, o.LabelSelector, o.Namespaces = false, "127.0.0.1:0", "", []string{w.Namespace}
	})
	w.Sim.MapCallback("hooks.acme.example", receiver.Receiver())
	hooks := subscription()
	w.Create(hooks)
	shard := w.Start(func(o *operator.Options) { o.WebhookURL = "https://hooks.acme.example" })
	shard.SettleRetries()
	w.Reload(hooks)
	if c := harness.Condition(hooks.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("webhooks aren't ready: %+v", c)
	}
	w.Sim.Emit(harness.AccountID, graphsim.ReviewEvent("APPROVED"))
	if _, err := w.Sim.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Wait("the fact about the account", func() bool { return w.Reload(waba) && waba.Status.Webhook != nil })
	if n := calls(t, receiver); n != 0 {
		t.Errorf("the receiver made %d kinds of calls to Meta", n)
	}
	if n := calls(t, shard); n == 0 {
		t.Error("the shard made no call to Meta, or they aren't counted")
	}
}

// calls is how many kinds of calls to Meta a process made.
func calls(t *testing.T, op *harness.Operator) int {
	t.Helper()
	families, err := op.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "waba_operator_graph_requests_total" {
			return len(f.GetMetric())
		}
	}
	return 0
}

// TestCheck: it says what an administrator has to do, and passes for an operator that can start.
func TestCheck(t *testing.T) {
	ns := env.Namespace(t)
	bare, err := testenv.New(testenv.Options{WithoutCRDs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := bare.Stop(); err != nil {
			t.Error(err)
		}
	}()
	check := func(e *testenv.Env, user string, change func(*operator.Options)) (string, error) {
		cfg := e.Config
		if user != "" {
			cfg = e.Impersonate(user)
		}
		o := operator.DefaultOptions()
		change(&o)
		var out bytes.Buffer
		err := operator.Check(t.Context(), cfg, o, &out)
		return out.String(), err
	}
	if out, err := check(env, "", func(*operator.Options) {}); err != nil || !strings.Contains(out, "can be read in all namespaces") {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err := check(env, "", func(o *operator.Options) { o.Namespaces = []string{"default", ns} }); err != nil || !strings.Contains(out, "default, "+ns) {
		t.Errorf("got %q, %v", out, err)
	}
	for name, tc := range map[string]struct {
		env    *testenv.Env
		user   string
		change func(*operator.Options)
		want   string
	}{
		"a wrong flag":   {env, "", func(o *operator.Options) { o.PageSize = 0 }, "--graph-page-size"},
		"no permissions": {env, "nobody", func(*operator.Options) {}, "cannot list resource \"webhooksubscriptions\""},
		"no CRDs":        {bare, "", func(*operator.Options) {}, "the CRDs aren't installed"},
	} {
		out, err := check(tc.env, tc.user, tc.change)
		if err == nil {
			err = errors.New("none")
		}
		if out != "" || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
	}
}
