// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	theApp     = "501"
	theSecret  = "the-app-secret"
	theAccount = "1001"
)

// rig is a receiver with its cluster, clock, recorder, metrics and relay.
type rig struct {
	t        *testing.T
	clock    *clocktesting.FakeClock
	client   client.Client
	secrets  *liveSecrets
	recorder *recorder
	metrics  *counts
	relay    *forwarder
	server   *Server
	address  string
	// stop ends the server and returns the result of Start.
	stop func() error
}

// liveSecrets counts reads from the API server, and fails on demand.
type liveSecrets struct {
	client.Reader
	mu   sync.Mutex
	gets int
	// first is the number of the first read of each Secret, from 1.
	first map[client.ObjectKey]int
	err   error
	// block, where set, blocks reads: each value releases one of them, and closing it all of them.
	block chan struct{}
}

func (l *liveSecrets) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	l.mu.Lock()
	l.gets++
	if _, known := l.first[key]; !known {
		if l.first == nil {
			l.first = map[client.ObjectKey]int{}
		}
		l.first[key] = l.gets
	}
	err, block := l.err, l.block
	l.mu.Unlock()
	if block != nil {
		<-block
	}
	if err != nil {
		return err
	}
	return l.Reader.Get(ctx, key, obj, opts...)
}

func (l *liveSecrets) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gets
}

// place returns the number of the first read of a Secret, 0 without one.
func (l *liveSecrets) place(namespace, name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first[client.ObjectKey{Namespace: namespace, Name: name}]
}

func (l *liveSecrets) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

type recorder struct {
	mu         sync.Mutex
	deliveries []facts.Delivery
	handshakes []types.NamespacedName
	err        error
	// block, where set, blocks Record until it is closed; started gets a value then.
	block, started chan struct{}
}

func (r *recorder) Record(_ context.Context, d facts.Delivery) (facts.Tally, error) {
	if r.block != nil {
		r.started <- struct{}{}
		<-r.block
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deliveries = append(r.deliveries, d)
	return facts.Tally{Persisted: len(d.Changes)}, r.err
}

func (r *recorder) Handshake(_ context.Context, subscriptions []types.NamespacedName, _ time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handshakes = append(r.handshakes, subscriptions...)
}

// touched returns the names of the accounts in the last recorded delivery.
func (r *recorder) touched() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.deliveries) == 0 {
		return nil
	}
	out := []string{}
	for _, a := range r.deliveries[len(r.deliveries)-1].Accounts {
		out = append(out, a.Name.String())
	}
	slices.Sort(out)
	return out
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.deliveries)
}

type counts struct {
	mu                     sync.Mutex
	deliveries, handshakes map[Outcome]int
	events                 map[string]int
}

func (c *counts) Delivery(o Outcome, _ int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliveries[o]++
}

func (c *counts) Event(field string, _ Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events[field]++
}

func (*counts) Recorded(facts.Tally) {}

func (c *counts) UnknownProperty(object, path string) { c.Event(object+" "+path, "") }

func (c *counts) Handshake(o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handshakes[o]++
}

func (c *counts) delivered(o Outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deliveries[o]
}

// newRig starts a receiver in a cluster with these objects.
func newRig(t *testing.T, change func(*Options), objects ...client.Object) *rig {
	t.Helper()
	scheme := apiruntime.NewScheme() // not shared: a read of Secrets may outlast its test
	for _, add := range []func(*apiruntime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&v1alpha1.WABA{}, index.App, index.ByApp).WithIndex(&v1alpha1.WABA{}, index.AccountID, index.ByAccountID).
		WithIndex(&v1alpha1.PhoneNumber{}, index.NumberID, index.ByNumberID).Build()
	r := &rig{
		t: t, client: c, secrets: &liveSecrets{Reader: c}, recorder: &recorder{}, relay: &forwarder{},
		clock:   clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		metrics: &counts{deliveries: map[Outcome]int{}, handshakes: map[Outcome]int{}, events: map[string]int{}},
	}
	o := Options{
		Address: "127.0.0.1:0", Client: c, Secrets: r.secrets, Parse: parse, Recorder: r.recorder, Relay: r.relay,
		Clock: r.clock, Metrics: r.metrics,
	}
	if change != nil {
		change(&o)
	}
	var err error
	if r.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.server.Start(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	addr, err := r.server.Addr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.address = addr.String()
	return r
}

// parse parses the bodies of changesOf.
func parse(body []byte) ([]webhook.Change, error) {
	var out []webhook.Change
	return out, json.Unmarshal(body, &out)
}

func changesOf(t *testing.T, accounts ...string) string {
	t.Helper()
	var out []webhook.Change
	for _, id := range accounts {
		out = append(out, webhook.Change{AccountID: id, Field: "account_update"})
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// account returns a WABA resource and its Secret.
func account(namespace, name, id, secret string) (*v1alpha1.WABA, *corev1.Secret) {
	w := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + "-" + name)}}
	w.Spec.ID, w.Spec.CredentialsSecretRef.Name = id, name
	w.Status.AccountID, w.Status.Credentials = id, &v1alpha1.CredentialsStatus{AppID: theApp}
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount},
		},
		Data: map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte("token"), v1alpha1.SecretKeyAppSecret: []byte(secret)},
	}
	return w, s
}

func accounts(of ...[4]string) []client.Object {
	var out []client.Object
	for _, a := range of {
		w, s := account(a[0], a[1], a[2], a[3])
		out = append(out, w, s)
	}
	return out
}

// oneAccount returns the objects of the usual cluster.
func oneAccount() []client.Object { return accounts([4]string{"shop", "acme", theAccount, theSecret}) }

func sign(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// reply is a response.
type reply struct {
	status int
	header http.Header
	body   string
	// major is the version of HTTP, and peer the common name of the server's certificate.
	major int
	peer  string
}

func send(transport http.RoundTripper, req *http.Request) (reply, error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(body), major: resp.ProtoMajor}
	if resp.TLS != nil {
		out.peer = resp.TLS.PeerCertificates[0].Subject.CommonName
	}
	return out, err
}

// do sends a request that must get a response.
func (r *rig) do(req *http.Request) reply {
	r.t.Helper()
	out, err := send(http.DefaultTransport, req)
	if err != nil {
		r.t.Error(err)
	}
	return out
}

func (r *rig) request(method, path, body string, header ...string) *http.Request {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.address+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// post delivers a body signed with a secret.
func (r *rig) post(body, secret string) int {
	r.t.Helper()
	return r.do(r.request(http.MethodPost, PathPrefix+theApp, body, "X-Hub-Signature-256", sign(body, secret))).status
}

// later runs a function in the background, and returns a function that waits for its result.
func later[T any](f func() T) func() T {
	out := make(chan T, 1)
	go func() { out <- f() }()
	return func() T { return <-out }
}

// until waits for an event in another goroutine.
func (r *rig) until(what string, happened func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience.Limit)
	defer cancel()
	for !happened() {
		if ctx.Err() != nil {
			r.t.Fatalf("never happened: %s", what)
		}
		runtime.Gosched()
	}
}

// stepWhenWaited steps the clock once a goroutine waits for it.
func (r *rig) stepWhenWaited(d time.Duration) {
	r.t.Helper()
	r.until("a goroutine waits for the clock", r.clock.HasWaiters)
	r.clock.Step(d)
}

// rotate puts the app secret "new" into a Secret.
func (r *rig) rotate(name string) {
	r.t.Helper()
	r.change(name, v1alpha1.SecretKeyAppSecret, "new")
}

func (r *rig) change(name, key, value string) {
	r.t.Helper()
	var s corev1.Secret
	if err := r.client.Get(r.t.Context(), types.NamespacedName{Namespace: "shop", Name: name}, &s); err != nil {
		r.t.Fatal(err)
	}
	s.Data[key] = []byte(value)
	if err := r.client.Update(r.t.Context(), &s); err != nil {
		r.t.Fatal(err)
	}
}

var errOutage = errors.New("the API server doesn't answer")
