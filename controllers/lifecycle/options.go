// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/media"
)

// Options configure the controllers.
type Options struct {
	Accounts *account.Manager
	// GraphAPIVersion is used where an account names none.
	GraphAPIVersion string
	// ObservationInterval is used where an account names none.
	ObservationInterval time.Duration
	// MinObservationInterval is the shortest one, while a review is pending; MaxObservationInterval the longest one, of quiet accounts
	// whose webhooks work.
	MinObservationInterval, MaxObservationInterval time.Duration
	// Concurrency is how many resources of each kind are reconciled at once.
	Concurrency int
	// ReadOnly turns every write to Meta into an event.
	ReadOnly bool
	// Intended receives the writes that ReadOnly withholds; nil: only events show them.
	Intended func(Intent)
	// Failed receives the errors of failed steps; nil: only conditions and the log show them.
	Failed func(error)
	// Compared receives what is compared with Meta's state; nil: nothing is.
	Compared func(Comparison)
	// Once is for who runs the reconcilers once: nothing is put off that an operator spreads over its first hour.
	Once bool
	// CreatesPerHour is Meta's limit of new templates per account and hour, 0 for none.
	CreatesPerHour int
	// Media fetches the files that specs refer to by address. Only who writes needs it.
	Media *media.Downloads
	// WebhookURL is the public address of the operator's webhook receiver, such as https://hooks.acme.example/webhooks/; the
	// id of an app is added to it. Empty where there is no receiver.
	WebhookURL string
	// WatchNamespaceLabels lets accounts select namespaces by label; it needs permission to watch Namespaces.
	WatchNamespaceLabels bool
	// Cached is how many resources of a kind there are, for the progress after a start; nil: none is reported.
	Cached  func(kind string) int
	Clock   clock.PassiveClock
	Metrics Metrics
	// Log is for what happens outside of a run; runs log to the logger of their context.
	Log   logr.Logger
	Audit logr.Logger
	// NewQueue replaces the controllers' queues; nil means the priority queue.
	NewQueue func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// Metrics counts and measures what only the controllers know.
type Metrics interface {
	// UnknownNormalisation counts a field that Meta returned in another form than the operator sent, by a rule that the operator
	// doesn't know.
	UnknownNormalisation(kind, field string)
	// Drift counts a field that another client changed at Meta.
	Drift(kind, field string)
	// FirstReady records how long a resource took from its creation until it was ready.
	FirstReady(kind string, took time.Duration)
	// InternalError counts a step that failed for a reason that a resource's conditions can't explain.
	InternalError(kind string)
	// Deleted records how long a resource took from its deletion until its finalizer was removed.
	Deleted(kind string, took time.Duration)
}

// Parts are what reconcilers read from and write to in Kubernetes.
type Parts struct {
	// Client answers Get and List from a cache that has the indexes of internal/index, and writes status and finalizers.
	Client client.Client
	// Live reads past the cache: Secrets, ConfigMaps, and what the cache may not show yet.
	Live     client.Reader
	Recorder events.EventRecorder
}
