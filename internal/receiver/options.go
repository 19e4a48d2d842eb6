// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver is the HTTP server that takes Meta's webhooks, in every replica. It answers the handshake, checks the
// signature of deliveries, and says 200 only when all that a delivery says is written down.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
package receiver

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/receiver/admission"
	"github.com/waba-operator/waba-operator/internal/relay"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// MetaClientCommonName is the common name in the client certificate with which Meta delivers, where mTLS is switched on for the
// app.
//
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
const MetaClientCommonName = "client.webhooks.fbclientcerts.com"

// Recorder persists what verified requests say.
type Recorder interface {
	// Record returns when everything is persisted. After an error Meta sends the delivery again: nothing is lost then.
	Record(ctx context.Context, d facts.Delivery) (facts.Tally, error)
	// Handshake notes that Meta verified the receiver with the verify token of these subscriptions.
	Handshake(ctx context.Context, subscriptions []types.NamespacedName, at time.Time)
}

// Forwarder hands deliveries on to others.
type Forwarder interface {
	// Wants says whether deliveries of an app that have one of the fields are handed on.
	Wants(appID string, fields []string) bool
	// Offer takes a delivery, and says no where a message in it would be lost: then Meta has to send it again. It must neither wait
	// nor change what it gets.
	Offer(d relay.Delivery) bool
}

// Metrics counts. All strings come from small fixed sets.
type Metrics interface {
	// Delivery counts a POST: its outcome, the bytes of its body that were read, and the time from its receipt to the answer.
	Delivery(o Outcome, bytes int, took time.Duration)
	// Event counts events of verified deliveries by field; "other" stands for those that this version doesn't know.
	Event(field string, o Outcome)
	// Recorded counts what became of the events.
	Recorded(t facts.Tally)
	// Handshake counts a GET.
	Handshake(o Outcome)
}

// Options say how to receive. Client, Secrets, Parse and Recorder are needed; what else is absent has a meaning of its own.
type Options struct {
	// Address to listen at, such as :9443.
	Address string
	// CertFile and KeyFile are the certificate for TLS; when they change the new ones are used. Absent: no TLS, for use behind
	// a proxy that ends it. Meta itself insists on https with a public certificate.
	CertFile, KeyFile string
	// ClientCAFile holds the certificates that may have issued the client's, which then needs one (mTLS). It is read
	// again when it changes.
	ClientCAFile string
	// ClientCommonName is the common name that the client's certificate must have; absent: MetaClientCommonName.
	ClientCommonName string

	// Client reads WABA and WebhookSubscription resources from a cache that has the indexes of index.Setup.
	Client client.Reader
	// Secrets gets Secrets live. It never lists.
	Secrets client.Reader
	// Parse is webhook.Parse.
	Parse    func(body []byte) ([]webhook.Change, error)
	Recorder Recorder
	// Relay is optional.
	Relay Forwarder
	// Ready says whether the caches are filled; until then everything is answered with 503. Absent: they are.
	Ready func(ctx context.Context) bool

	// Clock is the real one when absent.
	Clock clock.Clock
	// Log gets neither content nor secrets.
	Log logr.Logger
	// Metrics is optional.
	Metrics Metrics
	Limits  Limits
}

// Limits protect the process and the API server. Zero values mean the defaults, which suit a public address.
type Limits struct {
	// BodyBytes is the largest body; 3 MiB, as Meta sends at most 3 MB.
	BodyBytes int
	// MemoryBytes is what the bodies of all requests may take together; 64 MiB.
	MemoryBytes int64
	// Connections at a time; 1,024.
	Connections int
	// Unproven requests at a time, those not yet verified; 512.
	Unproven int
	// Deliveries being recorded at a time; 256. AppDeliveries are those of one Meta app; half of them, so that no tenant's
	// app keeps out the others'.
	Deliveries, AppDeliveries int
	// Parsing are bodies of LargeBytes and more being parsed at a time, when each takes many times its bytes; 4 of 64 KiB and more.
	// Of one app it is one at a time.
	Parsing, LargeBytes int
	// HeaderTimeout, ReadTimeout and WriteTimeout are for the headers, the whole request, and the request with its answer;
	// 5 s, 10 s and 30 s. IdleTimeout is for the next request on a connection; 60 s.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// Patience is how long a request may wait for Secrets to be read, and for its turn to be parsed; 5 s.
	Patience time.Duration
	// RecordTimeout is for writing down one delivery, which may be 1,000 events about as many resources; 25 s.
	RecordTimeout time.Duration
	// DrainTimeout is how long requests under way may take when the server stops; 20 s.
	DrainTimeout time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if o.Client == nil || o.Secrets == nil || o.Parse == nil || o.Recorder == nil {
		return o, errors.New("the receiver needs Client, Secrets, Parse and Recorder")
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return o, errors.New("the receiver needs both the certificate and its key, or neither")
	}
	if o.ClientCAFile != "" && o.CertFile == "" {
		return o, errors.New("client certificates need TLS: give the receiver a certificate and key")
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	if o.Metrics == nil {
		o.Metrics = noMetrics{}
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) bool { return true }
	}
	setDefault(&o.ClientCommonName, MetaClientCommonName)
	o.Limits.setDefaults()
	return o, nil
}

func (l *Limits) setDefaults() {
	setDefault(&l.BodyBytes, 3<<20)
	setDefault(&l.MemoryBytes, 64<<20)
	setDefault(&l.Connections, 1024)
	setDefault(&l.Unproven, 512)
	setDefault(&l.Deliveries, 256)
	setDefault(&l.AppDeliveries, max(1, l.Deliveries/2))
	setDefault(&l.Parsing, 4)
	setDefault(&l.LargeBytes, 64<<10)
	setDefault(&l.HeaderTimeout, 5*time.Second)
	setDefault(&l.ReadTimeout, 10*time.Second)
	setDefault(&l.WriteTimeout, 30*time.Second)
	setDefault(&l.IdleTimeout, time.Minute)
	setDefault(&l.Patience, 5*time.Second)
	setDefault(&l.RecordTimeout, 25*time.Second)
	setDefault(&l.DrainTimeout, 20*time.Second)
}

func (l *Limits) ofDeliveries() admission.DeliveryLimits {
	return admission.DeliveryLimits{
		Recorded: l.Deliveries, RecordedPerApp: l.AppDeliveries, LargeBytes: l.LargeBytes, Parsed: l.Parsing, ParseTimeout: l.Patience,
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

type noMetrics struct{}

func (noMetrics) Delivery(Outcome, int, time.Duration) {}
func (noMetrics) Event(string, Outcome)                {}
func (noMetrics) Recorded(facts.Tally)                 {}
func (noMetrics) Handshake(Outcome)                    {}
