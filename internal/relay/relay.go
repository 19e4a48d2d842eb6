// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package relay forwards verified deliveries to other services: Meta has one address for an app, and services want their messages straight.
// Whose deliveries are forwarded is decided before (internal/receiver).
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

// What becomes of a delivery to one target, as Metrics counts it. All but Retried, Postponed and Withheld are
// final.
const (
	// Delivered: the target answered with a 2xx status.
	Delivered = "delivered"
	// Retried: an attempt failed, and there will be another one.
	Retried = "retried"
	// Refused: the target's answer says that another attempt is useless.
	Refused = "refused"
	// Postponed: there is no room for a message, and Meta was asked to send it again.
	Postponed = "postponed"
	// Withheld: part of a delivery, or all of it, is about accounts that its secret doesn't vouch for.
	Withheld = "withheld"
	// DroppedFull: there is no room, and it is no message or larger than the room ever is.
	DroppedFull = "dropped_full"
	// DroppedExpired: no attempt succeeded within the time a delivery is kept.
	DroppedExpired = "dropped_expired"
	// DroppedShutdown: the process ended first.
	DroppedShutdown = "dropped_shutdown"
)

// Outcomes returns all outcomes of forwarding there are.
func Outcomes() []string {
	return []string{
		Delivered, Retried, Refused, Postponed, Withheld, DroppedFull, DroppedExpired, DroppedShutdown,
	}
}

// Metrics are told what the relay does. They are called with a lock held, so they must be quick and not call back.
type Metrics interface {
	// Relayed counts an outcome: one of the Relay constants.
	Relayed(outcome string)
	// RelayQueue says how many deliveries wait or are being sent, and their bytes. A body for two targets counts twice.
	RelayQueue(n int, bytes int64)
}

// Options have a default for each field.
type Options struct {
	// Transport makes the calls; the default is one of the relay's own, with the proxy of the environment.
	Transport http.RoundTripper
	// Clock decides when to try again, and what is too old.
	Clock clock.WithTicker
	// MaxBytes bounds the memory of all bodies that wait; the default is 64 MiB. Each target may use an equal share of it, and each
	// app as much of that as it leaves free: half, if it is the only one. Meta's largest delivery has 3 MB.
	MaxBytes int64
	// MaxAge is how long a delivery is tried, from when it was offered; the default is an hour.
	MaxAge time.Duration
	// Timeout bounds one attempt; the default is ten seconds.
	Timeout time.Duration
	// DrainTimeout is how long deliveries are still sent after the end was asked for; the default is five seconds.
	DrainTimeout time.Duration
	// Log hears of failing targets, without bodies, paths and queries.
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

// Relay forwards deliveries to further addresses, because an app has a single callback at Meta.
//
// Bytes are forwarded as they came, with Meta's signature, type of content and user agent and no other header, so that a
// target checks the signature as if Meta had called it. Where only part of a delivery may be forwarded the receiver signs that part
// with the same secret. Nobody looks into them here.
//
// It is best effort, in memory. Meta has had its answer by then, so a delivery is lost when the process ends, and when the target
// stays away for longer than MaxAge. What doesn't fit into the memory is dropped, but for messages, which Meta has to send again.
// Order isn't kept. A target may get a delivery twice (Meta repeats deliveries, and an answer can get lost) and, as the bytes are
// those that Meta signed, a target for some fields also gets the other events of a delivery that has one of them. A target that is
// slow or away costs the others nothing: each has its own queue, its own senders and its own share of the memory.
type Relay struct {
	options Options
	share   int64 // of one target, in bytes
	client  *http.Client
	targets []*targetQueue

	mu       sync.Mutex // guards what follows, and the queues
	queued   int
	bytes    int64
	stopping bool // nothing is tried again
	stopped  bool // nothing is sent any more
}

// New makes a relay that sends nothing before it is started, but takes deliveries at once.
func New(targets []Target, o Options) *Relay {
	o = o.withDefaults()
	r := &Relay{options: o, share: o.MaxBytes / int64(max(1, len(targets)))}
	r.client = &http.Client{
		Transport: o.Transport,
		// The target was chosen by an administrator, where it points to was not.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, target := range targets {
		r.targets = append(r.targets, newTargetQueue(r, target))
	}
	return r
}

// Delivery is a verified delivery.
type Delivery struct {
	// AppID is the Meta app that the delivery came for.
	AppID string
	// Body may be kept, so it must not be changed any more. It is nil where nothing may be forwarded.
	Body   []byte
	Header http.Header
	// Fields are the names of the fields that the body has, each once.
	Fields []string
	// Withheld says that the body isn't all of what was delivered.
	Withheld bool
	// Again says that Meta will send the delivery again anyway.
	Again bool
}

// Wants says whether a target takes deliveries of an app with one of the fields.
func (r *Relay) Wants(appID string, fields []string) bool {
	return slices.ContainsFunc(r.targets, func(target *targetQueue) bool { return target.wants(appID, fields) })
}

// Offer hands over a delivery, and never blocks. It says no where a target that takes messages has no room for one of them. The
// other targets have the delivery by then: they don't get it again when Meta sends it again.
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
	var took []*targetQueue
	kept := true
	for _, target := range r.targets {
		switch {
		case !target.wants(d.AppID, d.Fields) || target.repeats.has(p.id):
		case target.offer(p, target.messages(d.Fields)):
			took = append(took, target)
		default:
			kept = false
		}
	}
	if !kept || d.Again {
		for _, target := range took {
			target.repeats.add(p.id)
		}
	}
	return kept
}

// NeedLeaderElection says no: each replica forwards what it received.
func (*Relay) NeedLeaderElection() bool { return false }

// Start sends until the context ends, and then what is left, each delivery once, for at most DrainTimeout. Whoever offers
// should have ended before: what comes after that is lost, but for messages, which Meta has to send again.
func (r *Relay) Start(ctx context.Context) error {
	// What is under way when the context ends is to be finished.
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

// stop sets one of the flags and lets every queue look at it.
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

// account keeps the totals; the lock is held.
func (r *Relay) account(n int, bytes int64) {
	r.queued += n
	r.bytes += bytes
	r.options.Metrics.RelayQueue(r.queued, r.bytes)
}
