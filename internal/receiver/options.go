// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package receiver is the HTTP server for Meta's webhooks, in every replica. It answers handshakes, verifies the signatures of
// deliveries, and responds with 200 only after all events of a delivery are recorded.
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

// MetaClientCommonName is the common name in Meta's client certificate. Meta uses it for apps with mTLS.
//
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
const MetaClientCommonName = "client.webhooks.fbclientcerts.com"

// Recorder persists the content of verified requests.
type Recorder interface {
	// Record returns when all events are persisted. After an error Meta sends the delivery again.
	Record(ctx context.Context, d facts.Delivery) (facts.Tally, error)
	// Handshake records that Meta verified the receiver with the verify token of these subscriptions.
	Handshake(ctx context.Context, subscriptions []types.NamespacedName, at time.Time)
}

// Forwarder forwards deliveries to other services.
type Forwarder interface {
	// Wants reports whether it forwards deliveries of an app that have one of the fields.
	Wants(appID string, fields []string) bool
	// Offer queues a delivery. It returns false where a message in it would be lost, so that Meta has to send it again. It must not
	// block, nor change the delivery.
	Offer(d relay.Delivery) bool
}

// Metrics counts requests and events. All strings are from small fixed sets.
type Metrics interface {
	// Delivery counts a POST: its outcome, the bytes of its body that were read, and the time from its arrival to the response.
	Delivery(o Outcome, bytes int, took time.Duration)
	// Event counts events of verified deliveries by field; "other" stands for fields that this version doesn't know.
	Event(field string, o Outcome)
	// UnknownProperty counts a property that this version doesn't know: object is webhook. and the field, path is within the value.
	UnknownProperty(object, path string)
	// Recorded counts events by the result of their record.
	Recorded(t facts.Tally)
	// Handshake counts a GET.
	Handshake(o Outcome)
}

// Options configure a Server. Client, Secrets, Parse and Recorder are required.
type Options struct {
	// Address is where the server listens, such as :9443.
	Address string
	// CertFile and KeyFile are the certificate for TLS; the server reloads them when they change. Without them there is no TLS: a
	// proxy must terminate it, because Meta requires https with a public certificate.
	CertFile, KeyFile string
	// ClientCAFile contains the certificate authorities for client certificates, which clients then need (mTLS). The server reloads
	// it when it changes.
	ClientCAFile string
	// ClientCommonName is the required common name of client certificates; the default is MetaClientCommonName.
	ClientCommonName string

	// Client reads WABA and WebhookSubscription resources from a cache that has the indexes of index.Setup.
	Client client.Reader
	// Secrets reads single Secrets from the API server, not from a cache.
	Secrets client.Reader
	// Parse is webhook.Parse.
	Parse    func(body []byte) ([]webhook.Change, error)
	Recorder Recorder
	// Relay is optional.
	Relay Forwarder
	// Ready reports whether the caches are filled; until then all responses are 503. The default returns true.
	Ready func(ctx context.Context) bool

	// Clock is the real clock by default.
	Clock clock.Clock
	// Log contains neither secrets nor the content of deliveries.
	Log logr.Logger
	// Metrics is optional.
	Metrics Metrics
	Limits  Limits
}

// Limits protect the process and the API server. Zero values mean the defaults, which are for a public address.
type Limits struct {
	// BodyBytes is the size of the largest body; 3 MiB by default, because Meta sends at most 3 MB.
	BodyBytes int
	// MemoryBytes is the memory for the bodies of all requests together; 64 MiB by default.
	MemoryBytes int64
	// Connections is the number of open connections; 1,024 by default.
	Connections int
	// Unverified is the number of requests whose signature or token isn't verified yet; 512 by default.
	Unverified int
	// Deliveries is the number of deliveries that are recorded at a time; 256 by default. AppDeliveries are those of one Meta app; half
	// of Deliveries by default, so that one tenant's app can't use all of them.
	Deliveries, AppDeliveries int
	// Parsing is the number of large bodies that are parsed at a time, one per app; 4 by default. Parsing takes many times the bytes of a
	// body. LargeBytes is the size from which a body is large; 64 KiB by default.
	Parsing, LargeBytes int
	// HeaderTimeout, ReadTimeout and WriteTimeout are for the headers, the whole request, and the request with its response; 5 s,
	// 10 s and 30 s by default. IdleTimeout is for the next request on a connection; 60 s by default.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// WaitTimeout is how long a request waits for a read of Secrets, and a large body for a slot to be parsed; 5 s by default.
	WaitTimeout time.Duration
	// RecordTimeout is for the record of one delivery, which may have 1,000 events about as many resources; 25 s by default.
	RecordTimeout time.Duration
	// DrainTimeout is how long requests in progress may take when the server stops; 20 s by default.
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
	setDefault(&l.Unverified, 512)
	setDefault(&l.Deliveries, 256)
	setDefault(&l.AppDeliveries, max(1, l.Deliveries/2))
	setDefault(&l.Parsing, 4)
	setDefault(&l.LargeBytes, 64<<10)
	setDefault(&l.HeaderTimeout, 5*time.Second)
	setDefault(&l.ReadTimeout, 10*time.Second)
	setDefault(&l.WriteTimeout, 30*time.Second)
	setDefault(&l.IdleTimeout, time.Minute)
	setDefault(&l.WaitTimeout, 5*time.Second)
	setDefault(&l.RecordTimeout, 25*time.Second)
	setDefault(&l.DrainTimeout, 20*time.Second)
}

// ofDeliveries returns the limits of verified deliveries.
func (l *Limits) ofDeliveries() admission.DeliveryLimits {
	return admission.DeliveryLimits{
		Recording: l.Deliveries, RecordingPerApp: l.AppDeliveries, LargeBytes: l.LargeBytes, Parsing: l.Parsing, ParseTimeout: l.WaitTimeout,
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
func (noMetrics) UnknownProperty(string, string)       {}
func (noMetrics) Handshake(Outcome)                    {}
