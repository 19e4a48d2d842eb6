// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// Kinds of scarce calls. Meta counts each of them, whatever its result
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration and
// …/display-names).
const (
	callRegister    = "Register"
	callDeregister  = "Deregister"
	callRequestCode = "RequestCode"
	callVerifyCode  = "VerifyCode"
	callDisplayName = "DisplayName"
	callOBA         = "OfficialBusinessAccount"

	// registrationWindow is the rolling window of Meta's limit of ten registrations, and of ten deregistrations, of a number.
	registrationWindow = 72 * time.Hour
	// nameWindow is that of ten display names and of one request for the badge, and how long every call is remembered: a refused PIN stays wrong.
	nameWindow = 30 * 24 * time.Hour
	// callsPerWindow is one less than Meta allows: a person may have made a call that the operator doesn't know of.
	callsPerWindow = 9
	// callLogSize is how many calls the log of an account has at most, and callLogBytes how many bytes as JSON. A status must
	// stay far below etcd's limit of 1.5 MiB for an object.
	callLogSize  = 300
	callLogBytes = 96 << 10

	resultDone = "Done"
)

// callLog keeps the scarce calls for the numbers of an account in the account's status, so that they survive a restart and the
// number's resource. An entry is written before its call, on condition that no other client has changed the log. So two leaders
// that overlap for a moment can't both make the call.
type callLog struct {
	status *lifecycle.StatusWriter
}

// attemptsOf returns the calls for one number, the oldest first.
func attemptsOf(waba *v1alpha1.WABA, number string) []v1alpha1.RegistrationAttempt {
	var out []v1alpha1.RegistrationAttempt
	for _, a := range waba.Status.Operator.CallLog {
		if a.Number == number {
			out = append(out, a)
		}
	}
	return out
}

// begin writes an attempt if permit, asked with what the API server has now, sees nothing against it.
func (l *callLog) begin(
	ctx context.Context, waba *v1alpha1.WABA, a v1alpha1.RegistrationAttempt, permit func([]v1alpha1.RegistrationAttempt) *lifecycle.Result,
) *lifecycle.Result {
	var stop *lifecycle.Result
	err := l.change(ctx, waba, func(w *v1alpha1.WABA) bool {
		if stop = permit(attemptsOf(w, a.Number)); stop != nil {
			return false
		}
		w.Status.Operator.CallLog = bounded(append(attemptsToKeep(w.Status.Operator.CallLog, a.Time.Time), a))
		return true
	})
	if err != nil {
		return lifecycle.WriteFailed("record the attempt in the account's status", err)
	}
	return stop
}

// attemptsToKeep are the calls that aren't older than nameWindow, and the last of each kind for each number whatever their age.
// So a refused PIN stays in the log where a clock is months ahead for a moment.
func attemptsToKeep(all []v1alpha1.RegistrationAttempt, now time.Time) []v1alpha1.RegistrationAttempt {
	type kindOfNumber struct{ number, kind string }
	newer := map[kindOfNumber]int{}
	var out []v1alpha1.RegistrationAttempt
	for _, a := range slices.Backward(all) {
		k := kindOfNumber{a.Number, a.Kind}
		if newer[k]++; newer[k] <= callsPerWindow || now.Sub(a.Time.Time) <= nameWindow {
			out = append(out, a)
		}
	}
	slices.Reverse(out)
	return out
}

// bounded drops the oldest calls where there are too many.
func bounded(calls []v1alpha1.RegistrationAttempt) []v1alpha1.RegistrationAttempt {
	calls = calls[max(0, len(calls)-callLogSize):]
	size := 0
	for i, a := range slices.Backward(calls) {
		raw, err := json.Marshal(a)
		if size += len(raw) + 1; err != nil || size > callLogBytes {
			return calls[i+1:]
		}
	}
	return calls
}

// end records the result of an attempt. Where that can't be written, the attempt counts as one whose result isn't known.
func (l *callLog) end(ctx context.Context, waba *v1alpha1.WABA, a v1alpha1.RegistrationAttempt) error {
	return l.change(ctx, waba, func(w *v1alpha1.WABA) bool {
		for i := range w.Status.Operator.CallLog {
			if old := &w.Status.Operator.CallLog[i]; old.Number == a.Number && old.Kind == a.Kind && old.Time.Equal(&a.Time) {
				*old = a
				return true
			}
		}
		return false
	})
}

// change applies a change of the log to the newest version of the account.
func (l *callLog) change(ctx context.Context, waba *v1alpha1.WABA, change func(*v1alpha1.WABA) bool) error {
	for try := 0; ; try++ {
		var fresh v1alpha1.WABA
		if err := l.status.Live.Get(ctx, client.ObjectKeyFromObject(waba), &fresh); err != nil {
			return err
		}
		if fresh.UID != waba.UID {
			return apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("wabas").GroupResource(), waba.Name, nil)
		}
		if !change(&fresh) {
			return nil
		}
		err := l.status.Write(ctx, &fresh, fresh.OwnedStatus(), &acv1alpha1.WABAApplyConfiguration{}, true)
		if err == nil {
			waba.Status.Operator.CallLog = fresh.Status.Operator.CallLog
			return nil
		}
		if !apierrors.IsConflict(err) || try == lifecycle.WriteTries {
			return err
		}
	}
}

// windowOf is the rolling window in which Meta counts a kind of call.
func windowOf(kind string) time.Duration {
	if kind == callDisplayName || kind == callOBA {
		return nameWindow
	}
	return registrationWindow
}

// resultOf names the result of a call, as in the log: empty where it isn't known whether the call had an effect.
func resultOf(err error) string {
	if err == nil {
		return resultDone
	}
	e, ok := graph.AsError(err)
	switch {
	case !ok, e.Class == graph.ClassTransient && e.Cause != graph.CauseRecentlyDeleted:
		return ""
	case e.Cause != "":
		return string(e.Cause)
	}
	return string(e.Class)
}

// locks are how long to wait where Meta doesn't say
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes). Those of PINs and codes aren't
// documented.
var locks = map[graph.Cause]time.Duration{
	graph.CauseRegistrationLimit: registrationWindow,
	graph.CausePINLocked:         12 * time.Hour,
	graph.CauseCodeLimit:         time.Hour,
	graph.CauseRecentlyDeleted:   5 * time.Minute,
}

// retryTimeOf is the earliest time at which Meta accepts another attempt, nil where Meta gave none.
func retryTimeOf(err error, now time.Time) *metav1.Time {
	e, ok := graph.AsError(err)
	if !ok {
		return nil
	}
	wait := e.RetryAfter
	if wait <= 0 {
		wait = locks[e.Cause]
	}
	if wait <= 0 {
		return nil
	}
	return deadline.Pointer(now.Add(wait).Truncate(time.Second).Add(time.Second))
}

// retryLeft is how long Meta takes no further call of this kind, as it said to the last one.
func retryLeft(a *v1alpha1.RegistrationAttempt, now time.Time) time.Duration {
	return deadline.Left(deadline.Value(a.RetryTime), now, registrationWindow)
}

// last returns the newest call of a kind.
func last(attempts []v1alpha1.RegistrationAttempt, kind string) *v1alpha1.RegistrationAttempt {
	for i := len(attempts) - 1; i >= 0; i-- {
		if attempts[i].Kind == kind {
			return &attempts[i]
		}
	}
	return nil
}

// windowWait is how long a kind of call has to wait for room in its window.
func windowWait(attempts []v1alpha1.RegistrationAttempt, kind string, now time.Time) time.Duration {
	var times []time.Time
	for _, a := range attempts {
		if a.Kind == kind && deadline.Within(a.Time.Time, now, windowOf(kind)) {
			times = append(times, a.Time.Time)
		}
	}
	if len(times) < callsPerWindow {
		return 0
	}
	return times[len(times)-callsPerWindow].Add(windowOf(kind)).Sub(now)
}
