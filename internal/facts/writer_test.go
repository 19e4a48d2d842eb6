// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

const (
	accountID = "102290129340398"
	numberID  = "106540352242922"
)

// fixture is a namespace with an account in it.
type fixture struct {
	t       *testing.T
	ns      string
	account Account
	clock   *clocktesting.FakeClock
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := &fixture{t: t, ns: env.Namespace(t), clock: clocktesting.NewFakeClock(start.Add(time.Hour))}
	waba := &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: p.ns},
		Spec:       v1alpha1.WABASpec{ID: accountID, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"}},
	}
	p.create(waba)
	p.account = Account{Name: client.ObjectKeyFromObject(waba), UID: waba.UID, ID: accountID}
	return p
}

func (p *fixture) create(obj v1alpha1.Asset) {
	p.t.Helper()
	if err := env.Client.Create(p.t.Context(), obj); err != nil {
		p.t.Fatal(err)
	}
}

// template creates a template that the account's controller has created at Meta.
func (p *fixture) template(name, id string) *v1alpha1.MessageTemplate {
	p.t.Helper()
	o := &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: p.ns},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Name:       name, Language: "en_US", Category: v1alpha1.TemplateCategoryUtility, Body: &v1alpha1.TemplateBody{Text: "Your parcel is on its way."},
		},
	}
	p.create(o)
	p.patchStatus(o, func() { o.Status.ID, o.Status.AccountID = id, accountID })
	return o
}

func (p *fixture) number() *v1alpha1.PhoneNumber {
	p.t.Helper()
	o := &v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Name: "support", Namespace: p.ns},
		Spec:       v1alpha1.PhoneNumberSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}, ID: numberID},
	}
	p.create(o)
	p.patchStatus(o, func() {
		o.Status.ID, o.Status.AccountID, o.Status.DisplayPhoneNumber = numberID, accountID, "+1 555-078-3881"
	})
	return o
}

func (p *fixture) patchStatus(o v1alpha1.Asset, change func()) {
	p.t.Helper()
	before, _ := o.DeepCopyObject().(client.Object)
	change()
	if err := env.Client.Status().Patch(p.t.Context(), o, client.MergeFrom(before), client.FieldOwner(v1alpha1.FieldOwner)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *fixture) get(o v1alpha1.Asset) {
	p.t.Helper()
	if err := env.Client.Get(p.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		p.t.Fatal(err)
	}
}

// replica is one replica of the operator with a cache of its own.
type replica struct {
	*Writer
	// writes counts the writes that the API server accepted. A first attempt may build on a cache that doesn't show the last
	// write yet: it is refused and changes nothing.
	writes atomic.Int32
	// reads counts live reads, lists those of them that list resources.
	reads, lists atomic.Int32
	// failWith, when set, is the error of every request to the API server.
	failWith atomic.Pointer[error]
}

func (p *replica) RoundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if err := p.failWith.Load(); err != nil {
		return nil, *err
	}
	answer, err := next.RoundTrip(r)
	switch {
	case r.Method == http.MethodGet:
		p.reads.Add(1)
	case r.Method == http.MethodPatch && err == nil && answer.StatusCode == http.StatusOK:
		p.writes.Add(1)
	}
	return answer, err
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (w roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// start starts a replica. Its cache contains all resources, or none with blind.
func (p *fixture) start(blind ...bool) *replica {
	p.t.Helper()
	c := &replica{}
	cfg := rest.CopyConfig(env.Config)
	cfg.QPS = -1
	scope := cache.Options{Scheme: env.Scheme, DefaultNamespaces: map[string]cache.Config{p.ns: {}}}
	if len(blind) > 0 {
		scope.DefaultLabelSelector = labels.SelectorFromSet(labels.Set{"label": "that-nothing-has"})
	}
	informers, err := cache.New(cfg, scope)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := index.Setup(p.t.Context(), informers); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- informers.Start(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
	if !informers.WaitForCacheSync(ctx) {
		p.t.Fatal("the cache didn't fill")
	}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripFunc(func(r *http.Request) (*http.Response, error) { return c.RoundTrip(next, r) })
	})
	cached, err := client.New(cfg, client.Options{Scheme: env.Scheme, Cache: &client.CacheOptions{Reader: informers}})
	if err != nil {
		p.t.Fatal(err)
	}
	live, err := client.New(cfg, client.Options{Scheme: env.Scheme})
	if err != nil {
		p.t.Fatal(err)
	}
	c.Writer = NewWriter(Options{
		Client: cached, Live: counting{live, &c.lists}, Namespaces: []string{p.ns}, Clock: p.clock, Log: logr.Discard(),
	})
	return c
}

type counting struct {
	client.Reader
	lists *atomic.Int32
}

func (c counting) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	c.lists.Add(1)
	return c.Reader.List(ctx, list, opts...)
}

func change(seconds int, field string, v webhook.Value) webhook.Change {
	return webhook.Change{
		AccountID: accountID, Field: field, Time: start.Add(time.Duration(seconds) * time.Second), Hash: fmt.Sprintf("%v", v), Value: v,
	}
}

func statusChange(seconds int, name, id, event string) webhook.Change {
	return change(seconds, MarkTemplateStatus, webhook.TemplateStatus{Template: webhook.Template{ID: id, Name: name, Language: "en_US"}, Event: event})
}

func (p *fixture) delivery(changes ...webhook.Change) Delivery {
	return Delivery{AppID: "1", Accounts: []Account{p.account}, Changes: changes, Received: start.Add(time.Hour)}
}

func (p *fixture) record(w *replica, changes ...webhook.Change) Tally {
	p.t.Helper()
	tally, err := w.Record(p.t.Context(), p.delivery(changes...))
	if err != nil {
		p.t.Fatal(err)
	}
	return tally
}

func TestRecord(t *testing.T) {
	p := newFixture(t)
	template, number := p.template("parcel", "77"), p.number()
	w := p.start()
	changes := []webhook.Change{
		statusChange(1, "parcel", "77", "APPROVED"),
		change(2, MarkNumberName, webhook.NumberName{PhoneNumber: "15550783881", Decision: "REJECTED", RejectionReason: "NAME_NOT_CONSISTENT"}),
		change(3, MarkNumberSettings, webhook.NumberSettings{PhoneNumberID: numberID, CallingStatus: "ENABLED"}),
		change(4, MarkAccount, webhook.AccountUpdate{Event: "DISABLED_UPDATE", Ban: &webhook.Ban{State: "DISABLE"}}),
		change(5, MarkAlerts, webhook.Alert{Type: alertPictureLost, EntityType: "CURRENT_STATUS_ID", EntityID: "9", Severity: "WARNING", Status: "ACTIVE"}),
		statusChange(6, "unmanaged", "78", "APPROVED"),
		change(7, MarkNumberName, webhook.NumberName{PhoneNumber: "15550000000", Decision: "APPROVED"}),
		{AccountID: "999", Field: MarkAccountReview, Value: webhook.AccountReview{Decision: "APPROVED"}},
		change(8, "invented", nil),
		change(9, "messages", webhook.Message{}),
	}
	want := Tally{Persisted: 5, Unmanaged: 3, Unknown: 1, Messages: 1}
	if got := p.record(w, changes...); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want = Tally{AlreadyKnown: 5, Unmanaged: 3, Unknown: 1, Messages: 1}
	writes := w.writes.Load()
	if got := p.record(w, changes...); got != want || w.writes.Load() != writes {
		t.Errorf("again: got %+v and %d writes, want %+v and none", got, w.writes.Load()-writes, want)
	}
	p.get(template)
	p.get(number)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: p.ns}}
	p.get(waba)
	facts := fmt.Sprint(template.Status.Webhook.Status, number.Status.Webhook.NameRejectionReason, number.Status.Webhook.CallingStatus,
		number.Status.Webhook.PictureLostTime != nil, waba.Status.Webhook.Ban.State, len(waba.Status.Webhook.Alerts))
	if want := "APPROVEDNAME_NOT_CONSISTENTENABLEDtrueDISABLE1"; facts != want {
		t.Errorf("facts are %s, want %s", facts, want)
	}
	if template.Status.ID != "77" {
		t.Error("what reconcilers own was changed")
	}
}

// A resource that the cache doesn't show may be newer than the cache: one live list decides, and its result is remembered.
func TestMissingInCacheIsConfirmed(t *testing.T) {
	p := newFixture(t)
	w := p.start(true)
	template := p.template("parcel", "77")
	if tally := p.record(w, statusChange(1, "parcel", "77", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("got %+v, want it found", tally)
	}
	p.get(template)
	if template.Status.Webhook == nil {
		t.Error("nothing was persisted")
	}
	lists := w.lists.Load()
	for range 3 {
		p.record(w, statusChange(1, "unmanaged", "5", "APPROVED"), change(1, MarkNumberName, webhook.NumberName{PhoneNumber: "1", Decision: "APPROVED"}))
	}
	if got := w.lists.Load() - lists; got != 2 {
		t.Errorf("%d live lists for two unmanaged objects, want one each", got)
	}
	p.clock.Step(negativeTTL)
	p.record(w, statusChange(1, "unmanaged", "5", "APPROVED"))
	if got := w.lists.Load() - lists; got != 3 {
		t.Errorf("%d live lists, want another one after a while", got)
	}
}

// Two replicas receive events about one account at the same time, while its controller writes status too: no event may be lost,
// and events that arrive during a write go with the next one.
func TestManyWriters(t *testing.T) {
	p := newFixture(t)
	replicas := []*replica{p.start(), p.start()}
	const each = 60
	var wait sync.WaitGroup
	for r, w := range replicas {
		for i := range each {
			wait.Go(func() {
				violation := &webhook.Violation{Type: fmt.Sprintf("T%d-%d", r, i%maxListItems/2)}
				tally, err := w.Record(t.Context(), p.delivery(
					change(r, MarkAccount, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: violation})))
				if err != nil || tally.Persisted+tally.AlreadyKnown != 1 {
					t.Errorf("%+v %v", tally, err)
				}
			})
		}
	}
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: p.ns}}
	for i := range 20 {
		p.get(waba)
		p.patchStatus(waba, func() { waba.Status.Name = fmt.Sprint(i) })
	}
	wait.Wait()
	p.get(waba)
	if got := len(waba.Status.Webhook.Violations); got != maxListItems || waba.Status.Name != "19" {
		t.Errorf("%d violations of %d, name %s", got, maxListItems, waba.Status.Name)
	}
	if got := replicas[0].writes.Load() + replicas[1].writes.Load(); got > each {
		t.Errorf("%d writes for %d events: nothing was put together", got, 2*each)
	}
}

func TestAPIServerFailures(t *testing.T) {
	p := newFixture(t)
	template := p.template("parcel", "77")
	w := p.start()
	down := errors.New("connection refused")
	w.failWith.Store(&down)
	if _, err := w.Record(t.Context(), p.delivery(statusChange(1, "parcel", "77", "APPROVED"))); err == nil {
		t.Error("the sender got no error although the event is lost")
	}
	w.failWith.Store(nil)
	if tally := p.record(w, statusChange(1, "parcel", "77", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("delivered again: %+v", tally)
	}
	if err := env.Client.Delete(t.Context(), template); err != nil {
		t.Fatal(err)
	}
	if tally := p.record(w, statusChange(2, "parcel", "77", "PAUSED")); tally != (Tally{Unmanaged: 1}) {
		t.Errorf("a deleted resource: %+v", tally)
	}
}

// subscription creates a subscription that its controller hasn't reconciled yet.
func (p *fixture) subscription() *v1alpha1.WebhookSubscription {
	p.t.Helper()
	o := &v1alpha1.WebhookSubscription{
		ObjectMeta: metav1.ObjectMeta{Name: "events", Namespace: p.ns},
		Spec:       v1alpha1.WebhookSubscriptionSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}},
	}
	p.create(o)
	return o
}

// waitForQueue waits until async requests are written.
func (p *fixture) waitForQueue(w *replica, o *v1alpha1.WebhookSubscription) {
	s := subject{kind: v1alpha1.KindWebhookSubscription, key: client.ObjectKeyFromObject(o)}
	for range 2 {
		<-w.queue.submit(p.t.Context(), s, nil).done
	}
}

func TestSubscriptionShowsArrivals(t *testing.T) {
	p := newFixture(t)
	o := p.subscription()
	p.patchStatus(o, func() { o.Status.AccountID = accountID })
	w := p.start()
	w.Handshake(t.Context(), []types.NamespacedName{client.ObjectKeyFromObject(o)}, start.Add(time.Minute))
	p.get(o)
	if got := o.Status.Webhook.HandshakeTime; got == nil || !got.Time.Equal(start.Add(time.Minute)) {
		t.Errorf("handshake at %v", got)
	}
	p.record(w, change(1, MarkAccountReview, webhook.AccountReview{Decision: "APPROVED"}))
	p.waitForQueue(w, o)
	p.get(o)
	if len(o.Status.Webhook.Events) != 1 || o.Status.Webhook.Events[0].Field != MarkAccountReview {
		t.Errorf("events are %v", o.Status.Webhook.Events)
	}
	// The arrival of messages must show in the status, although the operator drops them.
	p.record(w, change(2, "messages", webhook.Message{}))
	p.waitForQueue(w, o)
	p.get(o)
	if len(o.Status.Webhook.Events) != 2 || o.Status.Webhook.Events[1].Field != "messages" {
		t.Errorf("events are %v", o.Status.Webhook.Events)
	}
}
