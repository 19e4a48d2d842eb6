// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// Result is how a run ended, or what keeps it from going on. A nil Result means that nothing does. Results are made by the
// constructors of this file and by Failed (errors.go) only, and never change: each method returns a copy. Reconcilers say
// with a Result what happened; Base.requeue turns it into a requeue, Conditions.Summarize into conditions.
type Result struct {
	synced  metav1.ConditionStatus
	reason  string
	message string

	// after is the time until the next run, 0 where only an event can change anything.
	after time.Duration
	// shown means that the user sees the wait in status.nextAttemptTime.
	shown bool
	// backoff counts the run as a failed attempt: the wait doubles with each.
	backoff bool
	// first is the pause after the first failed attempt, 0 for the shortest. The more calls an attempt costs, the longer.
	first time.Duration
	// unaffected means that the result concerns the account or the operator: whether the asset is ready is what was known before.
	unaffected bool
	// unchanged leaves the status as it is, but for what webhooks reported.
	unchanged bool
	// failed are the errors that led to the result, with what was being done: the condition's message is stable and for users,
	// the log has the rest.
	failed []FailedStep
	// unfinished means that the run ended before its work was done, to come back when something is there that it needs: neither a
	// success nor a failure.
	unfinished bool
	// replayed means that this is the result of an earlier run, and that no spec was compared.
	replayed bool
}

// Done is the result where Meta has what the spec says.
func Done(message string) *Result {
	return &Result{synced: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: message}
}

// Unchanged leaves the status as it is until the next run, after a time or (0) at the next event.
func Unchanged(after time.Duration) *Result { return &Result{unchanged: true, after: after} }

// NotSynced is the result where Meta doesn't have what the spec says. The reason decides whether that is waited for or needs a
// person (kstatusOf).
func NotSynced(reason, message string) *Result {
	return &Result{synced: metav1.ConditionFalse, reason: reason, message: message}
}

// Waiting is notSynced with another run after a time.
func Waiting(reason, message string, after time.Duration) *Result {
	return NotSynced(reason, message).RetryAfter(after)
}

// replayedResult is the result that an earlier run recorded.
func replayedResult(synced *metav1.Condition, unaffected bool) *Result {
	return &Result{
		synced: synced.Status, reason: synced.Reason, message: synced.Message, unaffected: unaffected, replayed: true,
	}
}

// with returns a copy with a change; nil stays nil.
func (r *Result) with(change func(*Result)) *Result {
	if r == nil {
		return nil
	}
	out := *r
	change(&out)
	return &out
}

// RetryAfter has the next run come after a time, 0 where only an event can change anything. It ends a backoff.
func (r *Result) RetryAfter(after time.Duration) *Result {
	return r.with(func(r *Result) { r.after, r.backoff, r.first = after, false, 0 })
}

// Sooner has the next run come after a time at the latest; 0 changes nothing.
func (r *Result) Sooner(after time.Duration) *Result {
	return r.with(func(r *Result) { r.after = deadline.Sooner(r.after, after) })
}

// WithBackoff counts the run as a failed attempt. first is the pause after the first one.
func (r *Result) WithBackoff(first time.Duration) *Result {
	return r.with(func(r *Result) { r.backoff, r.first, r.after = true, first, 0 })
}

// Pausing sets the pause after the first failed attempt of a result that backs off.
func (r *Result) Pausing(first time.Duration) *Result {
	return r.with(func(r *Result) { r.first = first })
}

// Showing has the wait shown in status.nextAttemptTime, or not.
func (r *Result) Showing(shown bool) *Result { return r.with(func(r *Result) { r.shown = shown }) }

// AssetUnaffected leaves the condition Ready as it was: the result says nothing about the asset.
func (r *Result) AssetUnaffected() *Result { return r.AssetUnaffectedIf(true) }

// AssetUnaffectedIf says whether the result leaves the condition Ready as it was.
func (r *Result) AssetUnaffectedIf(unaffected bool) *Result {
	return r.with(func(r *Result) { r.unaffected = unaffected })
}

// Saying replaces the message.
func (r *Result) Saying(message string) *Result {
	return r.with(func(r *Result) { r.message = message })
}

// Because replaces the reason and the message.
func (r *Result) Because(reason, message string) *Result {
	return r.with(func(r *Result) { r.reason, r.message = reason, message })
}

// Like takes over what a condition says.
func (r *Result) Like(c *metav1.Condition) *Result {
	return r.with(func(r *Result) { r.synced, r.reason, r.message = c.Status, c.Reason, c.Message })
}

// EndingEarly means that the run ended before its work was done.
func (r *Result) EndingEarly() *Result { return r.with(func(r *Result) { r.unfinished = true }) }

// keepingGeneration means that the spec wasn't compared: its generation isn't handled yet.
func (r *Result) keepingGeneration() *Result { return r.with(func(r *Result) { r.replayed = true }) }

// Join appends failed steps that don't decide about the result, but have to be in the log.
func (r *Result) Join(more ...FailedStep) *Result {
	return r.with(func(r *Result) { r.failed = slices.Concat(r.failed, more) })
}

// Synced is the status of the condition Synced; empty for nil, and where the status stays as it is.
func (r *Result) Synced() metav1.ConditionStatus { return r.value().synced }

// Reason is that of the condition Synced.
func (r *Result) Reason() string { return r.value().reason }

// Message is that of the condition Synced.
func (r *Result) Message() string { return r.value().message }

// After is the time until the next run, 0 where only an event can change anything.
func (r *Result) After() time.Duration { return r.value().after }

// Shown reports that the wait is shown in status.nextAttemptTime.
func (r *Result) Shown() bool { return r.value().shown }

// Backoff reports that the run counts as a failed attempt.
func (r *Result) Backoff() bool { return r.value().backoff }

// FirstPause is the pause after the first failed attempt, 0 for the shortest.
func (r *Result) FirstPause() time.Duration { return r.value().first }

// Unaffected reports that the condition Ready stays as it was.
func (r *Result) Unaffected() bool { return r.value().unaffected }

// Unchanged reports that the status stays as it is.
func (r *Result) Unchanged() bool { return r.value().unchanged }

// Unfinished reports that the run ended before its work was done.
func (r *Result) Unfinished() bool { return r.value().unfinished }

// value is the result, or an empty one for nil.
func (r *Result) value() Result {
	if r == nil {
		return Result{}
	}
	return *r
}

// Steps are the failed steps.
func (r *Result) Steps() []FailedStep {
	if r == nil {
		return nil
	}
	return r.failed
}

// Err is the error that led to the result, nil where nothing failed.
func (r *Result) Err() error {
	failed := r.Steps()
	errs := make([]error, len(failed))
	for i, step := range failed {
		errs[i] = step.Err
	}
	return errors.Join(errs...)
}
