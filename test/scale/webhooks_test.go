// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// resources is how many templates the events are about.
const resources = 400

// BenchmarkWebhooks has the simulated Meta send signed events over HTTP and prints how long they take: until the answer, by
// when they are persisted, and until a watcher sees what follows from them in the status. A fifth of them is about one
// template.
func BenchmarkWebhooks(b *testing.B) {
	env := testenv.Start(b)
	m := newMail(b, env)
	b.Run("API server alone", m.floor)
	b.Run("25 per second", func(b *testing.B) { m.measure(b, 25, 20*time.Second) })
	b.Run("100 per second", func(b *testing.B) { m.measure(b, 100, 20*time.Second) })
	b.Run("200 per second", func(b *testing.B) { m.measure(b, 200, 60*time.Second) })
	b.Run("1000 in one POST", m.batch)
}

// mail sends events and watches what becomes of them.
type mail struct {
	*harness.World
	op        *harness.Operator
	templates []graphsim.Template
	// at is Meta's time of the next event: each is a second younger than the one before, or they couldn't be told apart.
	at   time.Time
	sent []letter

	mu   sync.Mutex
	seen map[string][]sighting
}

type letter struct {
	template, status string
	at, sent         time.Time
}

// sighting is when a watcher saw that status and conditions follow from all events up to one.
type sighting struct{ upTo, at time.Time }

func newMail(b *testing.B, env *testenv.Env) *mail {
	b.Helper()
	w := harness.New(b, env, graphsim.WithCreateLimit(0), graphsim.WithTemplateLimit(6000), graphsim.WithCallBudget(0, 0),
		graphsim.WithAppCallBudget(0), graphsim.WithWebhooks(), graphsim.WithPlainCallbacks(), graphsim.WithDeliveryConcurrency(32))
	w.Secret()
	w.WABA()
	op := w.Start(func(o *operator.Options) { o.CreatesPerHour, o.Concurrency = 0, workers })
	op.Settle()
	inParallelOrFail(b, resources, func(i int) error {
		obj := harness.Template(fmt.Sprintf("parcel_%04d", i))
		w.Label(obj)
		return w.Client.Create(context.Background(), obj)
	})
	op.Settle()
	op.Observe()
	op.Stop()
	w.Clock.Step(6 * time.Minute) // the next process looks at the account first
	w.RealQueues = true
	m := &mail{World: w, at: w.Clock.Now().Add(-6 * time.Hour), seen: map[string][]sighting{}}
	m.op = w.Start(func(o *operator.Options) { o.WebhookAddress = "127.0.0.1:0" })
	w.Sim.DropDeliveries()
	w.Sim.SetAppCallback(harness.AppID, m.op.Receiver()+"/webhooks/"+harness.AppID, "message_template_status_update")
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	m.templates = w.Sim.Templates(harness.AccountID)
	if len(m.templates) != resources {
		b.Fatalf("%d templates at Meta, want %d", len(m.templates), resources)
	}
	m.watch(b)
	b.Cleanup(w.Sim.StartDelivery(context.Background()))
	return m
}

// watch notes when the status of a template has followed its facts.
func (m *mail) watch(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	informers, err := cache.New(m.Env.Config, cache.Options{
		Scheme: m.Env.Scheme, DefaultNamespaces: map[string]cache.Config{m.Namespace: {}},
	})
	if err != nil {
		b.Fatal(err)
	}
	informer, err := informers.GetInformer(ctx, &v1alpha1.MessageTemplate{}, cache.BlockUntilSynced(false))
	if err != nil {
		b.Fatal(err)
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{UpdateFunc: func(_, obj any) {
		if o, ok := obj.(*v1alpha1.MessageTemplate); ok {
			m.see(o, time.Now())
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = informers.Start(ctx) }() // ends with the benchmark
	if !informers.WaitForCacheSync(ctx) {
		b.Fatal("the watcher doesn't start")
	}
}

func (m *mail) see(o *v1alpha1.MessageTemplate, at time.Time) {
	facts := o.Status.Webhook
	ready := harness.Condition(o.Status.Conditions, v1alpha1.ConditionReady)
	if facts == nil || o.Status.Status != facts.Status || (ready.Status == "True") != (facts.Status == "APPROVED") {
		return
	}
	for _, mark := range facts.Events {
		if mark.Field == "message_template_status_update" {
			m.mu.Lock()
			m.seen[o.Spec.Name] = append(m.seen[o.Spec.Name], sighting{upTo: mark.Time.Time, at: at})
			m.mu.Unlock()
		}
	}
}

// send sends one event about a template.
func (m *mail) send(i int) {
	t := m.templates[i%resources]
	if i%5 == 0 {
		t = m.templates[0]
	}
	status := []string{"PAUSED", "APPROVED", "DISABLED"}[(i/5+i/resources)%3]
	m.at = m.at.Add(time.Second)
	change := graphsim.TemplateStatusEvent(t, status)
	change.Time = m.at
	m.sent = append(m.sent, letter{template: t.Name, status: status, at: m.at, sent: time.Now()})
	m.Sim.Emit(harness.AccountID, change)
}

func (m *mail) measure(b *testing.B, perSecond int, duration time.Duration) {
	b.Helper()
	for b.Loop() {
		m.Sim.ResetDeliveries()
		m.ResetAPIWrites()
		m.sent = nil
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		for i := range perSecond * int(duration/time.Second) {
			<-tick.C
			m.send(i)
		}
		tick.Stop()
		m.arrived(b)
		var persisted []time.Duration
		for _, d := range m.Sim.Deliveries() {
			if d.Status != 200 {
				b.Errorf("answered with %d", d.Status)
			}
			persisted = append(persisted, d.Latency())
		}
		report(b, "persisted", persisted)
		report(b, "followed", m.followed(b))
		events := float64(len(m.sent))
		b.ReportMetric(float64(m.APIWrites("PATCH messagetemplates/status"))/events, "status-writes/event")
		b.ReportMetric(float64(m.APIWrites(""))/events, "api-writes/event")
	}
}

// floor prints what one write of this size takes when nothing else goes on: no event can be persisted faster.
func (m *mail) floor(b *testing.B) {
	name := "untouched"
	m.Create(harness.Template(name, func(o *v1alpha1.MessageTemplate) { o.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused }))
	for b.Loop() {
		var took []time.Duration
		for i := range 200 {
			facts := acv1alpha1.MessageTemplateWebhookStatus().WithStatus(fmt.Sprint(i)).WithEvents(
				acv1alpha1.WebhookEvent().WithField("message_template_status_update").WithTime(metav1.Now()).WithHash("0123456789abcdef"))
			begin := time.Now()
			err := m.Client.Status().Apply(context.Background(),
				acv1alpha1.MessageTemplate(name, m.Namespace).WithStatus(acv1alpha1.MessageTemplateStatus().WithWebhook(facts)),
				client.FieldOwner(v1alpha1.FieldOwnerFacts), client.ForceOwnership)
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin))
		}
		report(b, "write", took)
	}
}

// arrived waits until the last event about each template shows in its status.
func (m *mail) arrived(b *testing.B) {
	b.Helper()
	last := map[string]letter{}
	for _, l := range m.sent {
		last[l.template] = l
	}
	m.Wait("all events to show", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		for name, l := range last {
			if seen := m.seen[name]; len(seen) == 0 || seen[len(seen)-1].upTo.Before(l.at) {
				return false
			}
		}
		return true
	})
	var list v1alpha1.MessageTemplateList
	if err := m.Client.List(context.Background(), &list, m.Shard()); err != nil {
		b.Fatal(err)
	}
	for i := range list.Items {
		o := &list.Items[i]
		if l, ok := last[o.Spec.Name]; ok && o.Status.Status != l.status {
			b.Errorf("%s is %s, want %s", o.Name, o.Status.Status, l.status)
		}
	}
}

func (m *mail) followed(b *testing.B) []time.Duration {
	b.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []time.Duration
	for _, l := range m.sent {
		seen := m.seen[l.template]
		i := slices.IndexFunc(seen, func(s sighting) bool { return !s.upTo.Before(l.at) })
		if i < 0 {
			b.Fatalf("%s at %s was never seen", l.template, l.at)
		}
		out = append(out, seen[i].at.Sub(l.sent))
	}
	return out
}

// batch sends 1,000 events at once and waits for the answer.
func (m *mail) batch(b *testing.B) {
	m.Sim.SetWebhookHabits(graphsim.WebhookHabits{Batch: 1000})
	for b.Loop() {
		m.Sim.ResetDeliveries()
		m.sent = nil
		changes := make([]graphsim.WebhookChange, 1000)
		m.at = m.at.Add(time.Second)
		for i := range changes {
			t := m.templates[i%resources]
			status := []string{"PAUSED", "APPROVED", "DISABLED"}[i%3]
			m.at = m.at.Add(time.Second)
			changes[i] = graphsim.TemplateStatusEvent(t, status)
			changes[i].Time = m.at
			m.sent = append(m.sent, letter{template: t.Name, status: status, at: m.at, sent: time.Now()})
		}
		m.Sim.Emit(harness.AccountID, changes...)
		m.Wait("the answer", func() bool { n, _ := m.Sim.PendingDeliveries(); return n == 0 && len(m.Sim.Deliveries()) > 0 })
		m.arrived(b)
		var persisted []time.Duration
		for _, d := range m.Sim.Deliveries() {
			if d.Status != 200 {
				b.Errorf("answered with %d", d.Status)
			}
			persisted = append(persisted, d.Latency())
		}
		b.ReportMetric(float64(len(persisted)), "POSTs")
		report(b, "persisted", persisted)
	}
}

func report(b *testing.B, name string, d []time.Duration) {
	b.Helper()
	if len(d) == 0 {
		b.Fatalf("%s: nothing was measured", name)
	}
	slices.Sort(d)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(d[(len(d)-1)*p/100].Microseconds())/1000, fmt.Sprintf("ms-%s-p%d", name, p))
	}
}
