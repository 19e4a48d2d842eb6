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

// conflictBackoff paces the retries after conflicts with other writers. It is random, or two replicas would conflict again and
// again.
var conflictBackoff = wait.Backoff{Duration: 5 * time.Millisecond, Factor: 1.5, Jitter: 1, Steps: 20, Cap: 500 * time.Millisecond}

// store reads and writes the facts of single resources.
type store struct {
	// client writes, and reads from the cache.
	client client.Client
	live   client.Reader
	log    logr.Logger
	// unrelated remembers which events were confirmed not to belong to a version of a resource.
	unrelated *negativeCache
}

// write merges events into the facts of a resource and persists them. It returns the resource as stored, the result for each
// event, and whether the write took no request to the API server.
//
// The first attempt builds on the newest version in this process. If that is outdated, the API server refuses because of the
// precondition on the version, and the next attempt reads the resource live. Without the precondition, two replicas would undo
// each other's facts.
func (s *store) write(ctx context.Context, on subject, events []event, last v1alpha1.Asset) (
	obj v1alpha1.Asset, results []eventResult, noRequest bool, err error,
) {
	obj, err = s.newest(ctx, on, last)
	results = make([]eventResult, len(events))
	switch {
	case err != nil:
	case anyBelongs(obj, events):
		if obj, results, err = s.merge(ctx, obj, events); err == nil {
			return obj, results, !slices.Contains(results, persisted), nil
		}
	case s.knownUnrelated(on, obj, events):
		return obj, results, true, nil
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return nil, s.reportUnstorable(on, err, events), false, s.retryable(on, err)
	}
	// The cache is outdated, or shows nothing that the events belong to: read from the API server.
	err = wait.ExponentialBackoffWithContext(ctx, conflictBackoff, func(ctx context.Context) (bool, error) {
		obj = newObject(on.kind)
		err := s.live.Get(ctx, on.key, obj)
		if err == nil {
			s.rememberUnrelated(on, obj, events)
			obj, results, err = s.merge(ctx, obj, events)
		}
		if apierrors.IsConflict(err) {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return nil, s.reportUnstorable(on, err, events), false, s.retryable(on, err)
	}
	return obj, results, false, nil
}

// retryable returns the error if sending the events again can help, nil otherwise.
func (s *store) retryable(on subject, err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		return nil
	}
	return fmt.Errorf("%s %s: %w", on.kind, on.key, err)
}

// reportUnstorable logs events that can never be stored and are dropped. The sender isn't at fault and gets no error.
func (s *store) reportUnstorable(on subject, err error, events []event) []eventResult {
	if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		// The error's text may repeat what the events say.
		s.log.Info("Facts can't be stored and are dropped", "kind", on.kind, "object", on.key, "reason", apierrors.ReasonForError(err))
	}
	return make([]eventResult, len(events))
}

// newest returns the newest version in this process: that of the last write, or that of the cache.
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

// knownUnrelated reports whether all events were confirmed not to belong to this very version of a resource. Otherwise a tenant
// whose resources name another tenant's account could cause a live read of each with every event.
func (s *store) knownUnrelated(on subject, obj v1alpha1.Asset, events []event) bool {
	for _, e := range events {
		if !s.unrelated.has(unrelatedKey(on, obj, e)) {
			return false
		}
	}
	return true
}

// rememberUnrelated remembers which events don't belong to a resource that was read live.
func (s *store) rememberUnrelated(on subject, obj v1alpha1.Asset, events []event) {
	for _, e := range events {
		if !belongs(obj, e) {
			s.unrelated.add(unrelatedKey(on, obj, e))
		}
	}
}

// unrelatedKey holds everything that decides whether an event belongs to a resource.
func unrelatedKey(on subject, obj v1alpha1.Asset, e event) negativeKey {
	return negativeKey{e.account.Name, strings.Join([]string{
		on.kind, on.key.String(), obj.GetResourceVersion(), string(e.account.UID), e.account.ID, templateID(e.Value),
	}, "|")}
}

// merge merges events into the facts of obj, writes them if they changed, and returns the resource as stored.
func (s *store) merge(ctx context.Context, obj v1alpha1.Asset, events []event) (v1alpha1.Asset, []eventResult, error) {
	results := make([]eventResult, len(events))
	changed := false
	for i, e := range events {
		switch {
		case !belongs(obj, e):
			continue
		case adapters[obj.KindName()].merge(obj, e):
			results[i] = persisted
			changed = true
		default:
			results[i] = alreadyKnown
		}
	}
	if !changed {
		return obj, results, nil
	}
	obj, err := apply(ctx, s.client, obj)
	return obj, results, err
}
