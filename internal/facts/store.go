// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// conflicts is how a write is repeated when somebody else changed the resource meanwhile: by chance, or two replicas would
// go on refusing each other's work.
var conflicts = wait.Backoff{Duration: 5 * time.Millisecond, Factor: 1.5, Jitter: 1, Steps: 20, Cap: 500 * time.Millisecond}

// store reads and writes the facts of single resources.
type store struct {
	// client writes, and reads from the cache.
	client client.Client
	live   client.Reader
	log    logr.Logger
	// strangers remembers what was confirmed not to belong to a version of a resource.
	strangers *absences
}

// write merges events into the facts of a resource and persists them. It returns the resource as it is now, what became of each
// event, and whether all of that took no request to the API server.
//
// The first attempt builds on the newest version this process knows. Should it be outdated, the precondition on the version
// has the API server refuse, and the next attempt reads it live: without the precondition, two replicas would undo each
// other's facts.
func (s *store) write(ctx context.Context, on subject, events []event, last v1alpha1.Asset) (
	obj v1alpha1.Asset, outcomes []outcome, free bool, err error,
) {
	obj, err = s.newest(ctx, on, last)
	outcomes = make([]outcome, len(events))
	switch {
	case err != nil:
	case anyBelongs(obj, events):
		if obj, outcomes, err = s.merge(ctx, obj, events); err == nil {
			return obj, outcomes, !slices.Contains(outcomes, persisted), nil
		}
	case s.strange(on, obj, events):
		return obj, outcomes, true, nil
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return nil, s.hopeless(on, err, events), false, s.retryable(on, err)
	}
	// The cache is outdated, or shows nothing that the events belong to; ask the API server.
	err = wait.ExponentialBackoffWithContext(ctx, conflicts, func(ctx context.Context) (bool, error) {
		obj = newObject(on.kind)
		err := s.live.Get(ctx, on.key, obj)
		if err == nil {
			s.estrange(on, obj, events)
			obj, outcomes, err = s.merge(ctx, obj, events)
		}
		if apierrors.IsConflict(err) {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return nil, s.hopeless(on, err, events), false, s.retryable(on, err)
	}
	return obj, outcomes, false, nil
}

// retryable is the error if sending the events again can help, nil otherwise.
func (s *store) retryable(on subject, err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", on.kind, on.key, err)
}

// hopeless reports what is dropped because it can never be stored. It isn't the sender's fault, so the log has to tell.
func (s *store) hopeless(on subject, err error, events []event) []outcome {
	if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		// The error's text may repeat what the events say.
		s.log.Info("Facts can't be stored and are dropped", "kind", on.kind, "object", on.key, "reason", apierrors.ReasonForError(err))
	}
	return make([]outcome, len(events))
}

// newest is the newest version that this process knows: what the last write returned, or what the cache has.
func (s *store) newest(ctx context.Context, on subject, last v1alpha1.Asset) (v1alpha1.Asset, error) {
	cached := newObject(on.kind)
	err := s.client.Get(ctx, on.key, cached)
	if last == nil || err == nil && newer(cached, last) {
		return cached, err
	}
	return last, nil
}

func newer(a, b v1alpha1.Asset) bool {
	c, err := resourceversion.CompareResourceVersion(a.GetResourceVersion(), b.GetResourceVersion())
	return err != nil || c > 0
}

func anyBelongs(obj v1alpha1.Asset, events []event) bool {
	for _, e := range events {
		if belongs(obj, e) {
			return true
		}
	}
	return false
}

// strange reports that the events were confirmed not to belong to this very version of a resource. Otherwise whoever makes
// resources that name somebody else's account would have each of them read live with every event.
func (s *store) strange(on subject, obj v1alpha1.Asset, events []event) bool {
	for _, e := range events {
		if !s.strangers.has(strangeKey(on, obj, e)) {
			return false
		}
	}
	return true
}

// estrange remembers which events don't belong to a resource that was read live.
func (s *store) estrange(on subject, obj v1alpha1.Asset, events []event) {
	for _, e := range events {
		if !belongs(obj, e) {
			s.strangers.add(strangeKey(on, obj, e))
		}
	}
}

// strangeKey has everything that decides whether an event belongs to a resource.
func strangeKey(on subject, obj v1alpha1.Asset, e event) absence {
	return absence{e.account.Name, strings.Join([]string{
		on.kind, on.key.String(), obj.GetResourceVersion(), string(e.account.UID), e.account.ID, templateID(e.Value),
	}, "|")}
}

// merge takes events into the facts of obj, writes them if any is news, and returns the resource as it is then.
func (s *store) merge(ctx context.Context, obj v1alpha1.Asset, events []event) (v1alpha1.Asset, []outcome, error) {
	outcomes := make([]outcome, len(events))
	news := false
	for i, e := range events {
		switch {
		case !belongs(obj, e):
			continue
		case adapters[obj.KindName()].merge(obj, e):
			outcomes[i] = persisted
			news = true
		default:
			outcomes[i] = already
		}
	}
	if !news {
		return obj, outcomes, nil
	}
	obj, err := apply(ctx, s.client, obj)
	return obj, outcomes, err
}
