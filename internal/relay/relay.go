// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package relay forwards verified deliveries to other services, because Meta sends all deliveries of an app to one address. The caller
// (internal/receiver) decides which deliveries are forwarded.
package relay

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

// The outcomes of a delivery to one target, as Metrics counts them. All but Retried, Postponed and Withheld are final.
const (
	// Delivered: the target answered with a 2xx status.
	Delivered = "delivered"
	// Retried: an attempt failed, and another one follows.
	Retried = "retried"
	// Refused: the target's response means that another attempt would fail too.
	Refused = "refused"
	// Postponed: there is no memory for a message, and Meta has to send it again.
	Postponed = "postponed"
	// Withheld: a part of a delivery, or all of it, is about accounts for which its secret isn't trusted.
	Withheld = "withheld"
	// DroppedFull: there is no memory, and the delivery has no message or is too large for the memory of a target.
	DroppedFull = "dropped_full"
	// DroppedExpired: no attempt succeeded within MaxAge.
	DroppedExpired = "dropped_expired"
	// DroppedShutdown: the process ended before an attempt succeeded.
	DroppedShutdown = "dropped_shutdown"
)

// Outcomes returns all outcomes.
func Outcomes() []string {
	return []string{
		Delivered, Retried, Refused, Postponed, Withheld, DroppedFull, DroppedExpired, DroppedShutdown,
	}
}

// Metrics counts outcomes and queued deliveries. The relay calls it with its lock held, so implementations must neither block nor call
// the relay.
type Metrics interface {
	// Relayed counts an outcome: one of those that Outcomes returns.
	Relayed(outcome string)
	// RelayQueue sets the number of deliveries that wait or are being sent, and their bytes. A body for two targets counts twice.
	RelayQueue(n int, bytes int64)
}

// Options have a default for each field.
type Options struct {
	// Transport makes the HTTP calls; the default uses the proxy of the environment.
	Transport http.RoundTripper
	// Clock is the real clock by default.
	Clock clock.WithTicker
	// MaxBytes bounds the memory of all queued bodies; the default is 64 MiB. Each target has an equal share of it, and each app may use
	// as much of a share as it leaves free: half, if it is the only one. Meta's largest delivery has 3 MB.
	MaxBytes int64
	// MaxAge is how long a delivery is queued and retried; the default is an hour.
	MaxAge time.Duration
	// Timeout bounds one attempt; the default is ten seconds.
	Timeout time.Duration
	// DrainTimeout is how long queued deliveries are sent after the context of Start ends; the default is five seconds.
	DrainTimeout time.Duration
	// Log contains failures of targets, without bodies, paths and queries.
	Log logr.Logger
	// Metrics may be nil.
	Metrics Metrics
}

func (o Options) withDefaults() Options {
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MaxAge <= 0 {
		o.MaxAge = time.Hour
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 5 * time.Second
	}
	if o.Metrics == nil {
		o.Metrics = noMetrics{}
	}
	return o
}

type noMetrics struct{}

func (noMetrics) Relayed(string)        {}
func (noMetrics) RelayQueue(int, int64) {}

// Relay forwards deliveries to several targets.
//
// It forwards the body's bytes as they arrived, with Meta's signature, content type and user agent and no other header. A target verifies
// the signature as for a call of Meta's. Where only a part of a delivery may be forwarded, the receiver signs the part with the same
// secret. The relay doesn't parse bodies.
//
// Forwarding is best effort, from memory. Meta has its response by then, so a delivery is lost when the process ends, or when the
// target fails for longer than MaxAge. A delivery that doesn't fit into the memory is dropped, unless it has messages: Meta has to
// send those again. The order isn't kept. A target may get a delivery twice, because Meta repeats deliveries and a response can get
// lost. A target for some fields also gets the other events of a delivery that has one of them, because the signature covers all bytes.
// A slow target doesn't delay the others: each has its own queue, senders and share of the memory.
type Relay struct {
	options Options
	share   int64 // of one target, in bytes
	client  *http.Client
	targets []*targetQueue

	mu       sync.Mutex // guards the fields below, and the queues
	queued   int
	bytes    int64
	stopping bool // failed deliveries are dropped
	stopped  bool // deliveries are refused
}

// New returns a relay that accepts deliveries at once, and sends them after Start.
func New(targets []Target, o Options) *Relay {
	o = o.withDefaults()
	r := &Relay{options: o, share: o.MaxBytes / int64(max(1, len(targets)))}
	r.client = &http.Client{
		Transport: o.Transport,
		// An administrator chose the target, but not the address of a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, target := range targets {
		r.targets = append(r.targets, newTargetQueue(r, target))
	}
	return r
}

// Delivery is a verified delivery.
type Delivery struct {
	// AppID is the Meta app of the delivery.
	AppID string
	// Body must not be changed afterwards, because the relay may keep it. It is nil where no part may be forwarded.
	Body   []byte
	Header http.Header
	// Fields are the distinct fields in the body.
	Fields []string
	// Withheld means that the body is only a part of what Meta delivered.
	Withheld bool
	// WillRetry means that Meta sends the delivery again in any case.
	WillRetry bool
}

// Wants reports whether a target is for deliveries of an app with one of the fields.
func (r *Relay) Wants(appID string, fields []string) bool {
	return slices.ContainsFunc(r.targets, func(target *targetQueue) bool { return target.wants(appID, fields) })
}

// Offer queues a delivery for its targets without blocking. It returns false where a target has no memory for a message. The other
// targets don't get the delivery a second time when Meta sends it again.
func (r *Relay) Offer(d Delivery) bool {
	var p *payload
	if d.Body != nil && r.Wants(d.AppID, d.Fields) {
		p = newPayload(d, r.options.Clock.Now())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.Withheld {
		r.options.Metrics.Relayed(Withheld)
	}
	if p == nil {
		return true
	}
	var accepted []*targetQueue
	kept := true
	for _, target := range r.targets {
		switch {
		case !target.wants(d.AppID, d.Fields) || target.redeliveries.has(p.id):
		case target.offer(p, target.takesMessages(d.Fields)):
			accepted = append(accepted, target)
		default:
			kept = false
		}
	}
	if !kept || d.WillRetry {
		for _, target := range accepted {
			target.redeliveries.add(p.id)
		}
	}
	return kept
}

// NeedLeaderElection returns false: each replica forwards the deliveries that it received.
func (*Relay) NeedLeaderElection() bool { return false }

// Start sends deliveries until the context ends. Then it attempts each queued delivery once more, for at most DrainTimeout. Callers of
// Offer should end before it: later deliveries are lost, except for messages, which Meta has to send again.
func (r *Relay) Start(ctx context.Context) error {
	// Attempts in progress go on when the context ends.
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var targets sync.WaitGroup
	for _, target := range r.targets {
		targets.Go(func() { target.run(sending) })
	}
	drained := make(chan struct{})
	go func() {
		targets.Wait()
		close(drained)
	}()

	<-ctx.Done()
	r.stop(&r.stopping)
	timer := r.options.Clock.NewTimer(r.options.DrainTimeout)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C():
		cancel()
		<-drained
	}
	r.stop(&r.stopped)
	return nil
}

// stop sets one of the flags and wakes all senders.
func (r *Relay) stop(flag *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*flag = true
	for _, target := range r.targets {
		target.signal()
		if r.stopped {
			target.dropAll()
		}
	}
}

// addTotals adds to the totals. r.mu is held.
func (r *Relay) addTotals(n int, bytes int64) {
	r.queued += n
	r.bytes += bytes
	r.options.Metrics.RelayQueue(r.queued, r.bytes)
}
