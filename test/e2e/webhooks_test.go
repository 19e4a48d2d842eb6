// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e runs several replicas of the operator against the API server and the simulated Meta, and makes things go wrong.
package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// host is the public name of the receiver; the load balancer is behind it.
const host = "hooks.acme.example"

// story is what happened at Meta, as the test made it up: the truth that the resources have to show in the end.
type story struct {
	at        time.Time
	random    *rand.Rand
	templates []graphsim.Template

	status, quality map[string]string
	reason          map[string]string
	violations      []string
	restrictions    map[string]time.Time
	ban             string
	alerts          map[string]string
	name, pin       string
}

func (s *story) pick(from ...string) string { return from[s.random.IntN(len(from))] }

// next makes something happen, a second after what happened before.
func (s *story) next(n graphsim.Number) graphsim.WebhookChange {
	s.at = s.at.Add(time.Second)
	var change graphsim.WebhookChange
	switch t := s.templates[s.random.IntN(len(s.templates))]; s.random.IntN(12) {
	case 0:
		v := fmt.Sprintf("VIOLATION_%02d", len(s.violations))
		if len(s.violations) == 20 { // more are not kept
			return s.next(n)
		}
		s.violations = append(s.violations, v)
		change = graphsim.ViolationEvent(v, "")
	case 1:
		kind := s.pick("RESTRICTED_UTILITY_TEMPLATES", "RESTRICTED_BIZ_INITIATED_MESSAGING", "RESTRICTED_ADD_PHONE_NUMBER_ACTION")
		s.restrictions[kind] = s.at.Add(72 * time.Hour)
		change = graphsim.RestrictionEvent(graphsim.RestrictedUntil{Type: kind, End: s.restrictions[kind]})
	case 2:
		s.ban = s.pick("SCHEDULE_FOR_DISABLE", "REINSTATE")
		change = graphsim.BanEvent(s.ban, s.at.Add(48*time.Hour))
	case 3:
		entity := s.pick("11", "12", "13")
		s.alerts[entity] = s.pick("ACTIVE", "NONE")
		change = graphsim.AlertEvent("BUSINESS", entity, "WARNING", s.alerts[entity], "OBA_REJECTED", "an alert")
	case 4:
		s.name = s.pick("NAME_NOT_CONSISTENT", "NAME_FORMAT_UNACCEPTABLE")
		change = graphsim.NameEvent(n, "REJECTED", "Acme", s.name)
	case 5:
		s.pin = s.pick("PIN_CHANGED", "PIN_RESET_REQUEST")
		change = graphsim.SecurityEvent(n, s.pin, "61555822107539")
	case 6, 7:
		s.quality[t.Name] = s.pick("GREEN", "YELLOW", "RED")
		change = graphsim.TemplateQualityEvent(t, "UNKNOWN", s.quality[t.Name])
	default:
		s.status[t.Name] = s.pick("APPROVED", "PAUSED", "REJECTED", "DISABLED")
		s.reason[t.Name] = ""
		if s.status[t.Name] == "REJECTED" {
			t.RejectedReason, s.reason[t.Name] = "INVALID_FORMAT", "INVALID_FORMAT"
		}
		change = graphsim.TemplateStatusEvent(t, s.status[t.Name])
	}
	change.Time = s.at
	return change
}

// TestWebhookChaos sends many events to two replicas while Meta repeats, reorders and replays them. Meanwhile the API server is away
// for ten seconds, a replica dies in the middle of a batch, and the leader dies. In the end all facts are there, each once, and what
// follows from them, whatever became of each delivery.
func TestWebhookChaos(t *testing.T) {
	habits := graphsim.NastyHabits()
	habits.Timeless, habits.Batch = 0, 25 // without a time nothing says which of two events was first
	w := harness.New(t, env, graphsim.WithWebhooks(), graphsim.WithWebhookHabits(habits), graphsim.WithDeliveryConcurrency(8),
		graphsim.WithCreateLimit(0), graphsim.WithCallBudget(0, 0), graphsim.WithAppCallBudget(0))
	w.Secret()
	w.WABA()
	w.Create(&v1alpha1.PhoneNumber{
		ObjectMeta: harness.Named("support"),
		Spec:       v1alpha1.PhoneNumberSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}, ID: harness.NumberID},
	})
	setup := w.Start()
	setup.Settle()
	for i := range 20 {
		w.CreateTemplate(fmt.Sprintf("parcel_%02d", i))
	}
	setup.Settle()
	setup.Observe()
	setup.Stop()
	w.Clock.Step(3 * time.Hour) // the events below happened after the templates were created

	defer w.Clock.Run()() // an object is written five times at once, and then once a second
	replica := func() *harness.Operator {
		return w.Start(func(o *operator.Options) {
			o.WebhookAddress, o.LeaderElection, o.LeaderElectionNamespace = "127.0.0.1:0", true, w.Namespace
		})
	}
	balancer := harness.NewBalancer(t)
	a, b := replica(), replica()
	balancer.Use(a, b)
	w.Sim.DropDeliveries()
	w.Sim.MapCallback(host, balancer.URL)
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	w.Sim.SetAppCallback(harness.AppID, "https://"+host+"/webhooks/"+harness.AppID, v1Fields...)

	s := &story{
		at: w.Clock.Now().Add(-2 * time.Hour), random: rand.New(rand.NewPCG(3, 4)), templates: w.Sim.Templates(harness.AccountID),
		status: map[string]string{}, quality: map[string]string{}, reason: map[string]string{},
		restrictions: map[string]time.Time{}, alerts: map[string]string{},
	}
	number, _ := w.Sim.NumberByID(harness.NumberID)
	emit := func(n int) {
		changes := make([]graphsim.WebhookChange, n)
		for i := range changes {
			changes[i] = s.next(number)
		}
		w.Sim.Emit(harness.AccountID, changes...)
	}
	deliver := func() { _, _ = w.Sim.DeliverAll(t.Context()) } // whatever fails is sent again later

	emit(200)
	deliver()

	away := time.NewTimer(10 * time.Second)
	a.Cut(true)
	b.Cut(true)
	for waiting := true; waiting; {
		emit(5)
		deliver()
		select {
		case <-away.C:
			waiting = false
		case <-clock.RealClock{}.After(500 * time.Millisecond):
		}
	}
	a.Cut(false)
	b.Cut(false)
	deliver()
	a, b = alive(a, replica), alive(b, replica) // who lost its lease has ended, as it should
	balancer.Use(a, b)

	leader, other := leaderOf(w, a, b)
	emit(100)
	kill := make(chan struct{})
	go func() {
		defer close(kill)
		w.Wait("a delivery to be under way", func() bool { return len(w.Sim.Deliveries()) > 0 })
		other.Kill()
	}()
	deliver()
	<-kill
	other.StopKilled()
	balancer.Use(leader)
	emit(50)
	deliver()
	other = replica()
	balancer.Use(leader, other)
	emit(50)
	deliver()

	leader.Kill()
	balancer.Use(other)
	emit(100)
	deliver()
	leader.StopKilled()
	w.Wait("everything to be accepted", func() bool {
		deliver()
		n, _ := w.Sim.PendingDeliveries()
		return n == 0
	})
	w.Wait("the new leader to show everything", func() bool { return s.mistakes(w) == "" || t.Failed() })
	if m := s.mistakes(w); m != "" {
		t.Error(m)
	}
	if n := balancer.Refused(); n == 0 {
		t.Error("no delivery ever failed: nothing was tested")
	}
}

var v1Fields = []string{
	"account_alerts", "account_update", "message_template_quality_update", "message_template_status_update",
	"phone_number_name_update", "security",
}

func alive(o *harness.Operator, replace func() *harness.Operator) *harness.Operator {
	if o.Ended() {
		return replace()
	}
	return o
}

// leaderOf waits until one of two replicas leads, and returns it first.
func leaderOf(w *harness.World, a, b *harness.Operator) (leader, other *harness.Operator) {
	w.Wait("a leader", func() bool { return a.Leads() || b.Leads() })
	if a.Leads() {
		return a, b
	}
	return b, a
}

// mistakes compares what the resources show with what happened.
func (s *story) mistakes(w *harness.World) string {
	var out []string
	check := func(what, got, want string) {
		if got != want {
			out = append(out, fmt.Sprintf("%s: got %q, want %q", what, got, want))
		}
	}
	var list v1alpha1.MessageTemplateList
	if err := w.Client.List(context.Background(), &list, w.Shard()); err != nil {
		return err.Error()
	}
	for i := range list.Items {
		o := &list.Items[i]
		name := o.Spec.Name
		if want := s.status[name]; want != "" {
			check(name+" status", o.Status.Status, want)
			ready := harness.Condition(o.Status.Conditions, v1alpha1.ConditionReady).Status
			check(name+" Ready", string(ready), map[bool]string{true: "True", false: "False"}[want == "APPROVED"])
			check(name+" reason", o.Status.Webhook.Reason, s.reason[name])
		}
		if want := s.quality[name]; want != "" {
			check(name+" quality", o.Status.QualityScore, want)
		}
	}
	waba, number := &v1alpha1.WABA{ObjectMeta: harness.Named("acme")}, &v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support")}
	waba.Namespace, number.Namespace = w.Namespace, w.Namespace
	w.Reload(waba)
	w.Reload(number)
	if waba.Status.Webhook == nil || number.Status.Webhook == nil {
		return "no facts about the account or the number"
	}
	facts := waba.Status.Webhook
	var violations, restrictions, alerts, wantRestrictions, wantAlerts []string
	for _, v := range facts.Violations {
		violations = append(violations, v.Type)
	}
	for _, r := range facts.Restrictions {
		restrictions = append(restrictions, r.Type+r.ExpirationTime.UTC().Format(time.RFC3339))
	}
	for kind, until := range s.restrictions {
		wantRestrictions = append(wantRestrictions, kind+until.UTC().Format(time.RFC3339))
	}
	for _, a := range facts.Alerts {
		alerts = append(alerts, a.EntityID+a.Status)
	}
	for entity, status := range s.alerts {
		wantAlerts = append(wantAlerts, entity+status)
	}
	for _, list := range [][]string{restrictions, wantRestrictions, alerts, wantAlerts} {
		slices.Sort(list)
	}
	check("violations", strings.Join(violations, " "), strings.Join(s.violations, " "))
	check("restrictions", strings.Join(restrictions, " "), strings.Join(wantRestrictions, " "))
	check("alerts", strings.Join(alerts, " "), strings.Join(wantAlerts, " "))
	if s.ban != "" {
		check("ban", facts.Ban.State, s.ban)
	}
	check("name", number.Status.Webhook.NameRejectionReason, s.name)
	check("PIN", number.Status.Webhook.SecurityEvent, s.pin)
	return strings.Join(out, "\n")
}
