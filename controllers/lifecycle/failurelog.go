// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/media"
)

// FailedStep is an error with what was being done.
type FailedStep struct {
	Operation string
	Err       error
}

// internal reports that a condition can't explain the error: it comes from the API server or from the operator itself.
func (f FailedStep) internal() bool {
	var secret *credentials.Error
	var file *media.Error
	_, meta := graph.AsError(f.Err)
	return !meta && !errors.As(f.Err, &secret) && !errors.As(f.Err, &file)
}

// expected reports an error that ends without action by a person: Meta's limits end by themselves.
func (f FailedStep) expected() bool {
	e, ok := graph.AsError(f.Err)
	return ok && (e.Class == graph.ClassThrottled || e.Class == graph.ClassQuota)
}

// conflictsInARow is how many conflicts of one step in a row are an error. Fewer are part of normal life: another writer was
// a moment faster, and the next run sees its change.
const conflictsInARow = 3

// failureLog logs failed steps: each once, and again when its error changes or after it was over. A step that fails in every
// run would otherwise fill the log with the same line.
type failureLog struct {
	clock   clock.PassiveClock
	metrics Metrics

	mu sync.Mutex
	// known are the failures that aren't over, by object and operation.
	known map[types.UID]map[string]openFailure
}

// openFailure is a step that failed when it was last tried.
type openFailure struct {
	text   string
	since  time.Time
	times  int
	logged bool
}

func newFailureLog(c clock.PassiveClock, m Metrics) *failureLog {
	return &failureLog{clock: c, metrics: m, known: map[types.UID]map[string]openFailure{}}
}

// subject is the object of a run, as logs and metrics name it.
type subject struct {
	uid  types.UID
	kind string
}

// note logs what failed in a run. A run that came to an end decides about all steps; one that only waited (unchanged, unfinished)
// says nothing of those that it didn't come to. It reports whether a conflict persists, so that its retries need a backoff.
func (l *failureLog) note(ctx context.Context, s subject, o *Result) (persists bool) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return false // the process stops: that says nothing about the steps
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.known[s.uid]
	now := map[string]openFailure{}
	for _, step := range o.failed {
		f := l.again(ctx, s, o.reason, step, before[step.Operation])
		now[step.Operation] = f
		persists = persists || apierrors.IsConflict(step.Err) && f.times >= conflictsInARow
	}
	for operation, f := range before {
		if _, still := now[operation]; still {
			continue
		}
		if o.unchanged || o.unfinished {
			now[operation] = f
		} else if f.logged {
			ctrl.LoggerFrom(ctx).V(1).Info("Step works again", "operation", operation, "failed", l.clock.Since(f.since).String())
		}
	}
	if len(now) == 0 {
		delete(l.known, s.uid)
		return false
	}
	l.known[s.uid] = now
	return persists
}

// again returns a failure with what was known of the step before, and logs it if it is new.
func (l *failureLog) again(ctx context.Context, s subject, reason string, step FailedStep, before openFailure) openFailure {
	log := ctrl.LoggerFrom(ctx)
	f, text := before, identity(step.Err)
	if f.text != text {
		f = openFailure{text: text, since: l.clock.Now()}
	}
	f.times++
	values := []any{"operation", step.Operation, "reason", reason}
	if apierrors.IsConflict(step.Err) && f.times < conflictsInARow {
		log.V(1).Info("The object changed meanwhile; reconciled again", append(values, "error", step.Err.Error())...)
		return f
	}
	if step.internal() {
		l.metrics.InternalError(s.kind)
	}
	if f.logged {
		return f
	}
	f.logged = true
	values = append(values, traceIDOf(step.Err)...)
	if step.expected() {
		log.Info("Step must wait", append(values, "error", step.Err.Error())...)
	} else {
		log.Error(step.Err, "Step failed", values...)
	}
	return f
}

func (l *failureLog) Forget(gone Gone) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, gone.UID)
	return 0
}

// passing are the parts of an error's text that differ between two equal failures: local ports, times, versions, and ids of
// objects and requests.
var passing = regexp.MustCompile(
	`\S+:\d+->|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|` +
		`(?i:resource ?version|request id|uid)["']?[:= ]+["']?[\w-]+`)

// identity is the same for two failures that are equal for a person.
func identity(err error) string {
	text := err.Error()
	if e, ok := graph.AsError(err); ok {
		parts := []string{string(e.Class), string(e.Cause), strconv.Itoa(e.Code), strconv.Itoa(e.Subcode), e.Explain()}
		if e.Err != nil {
			parts = append(parts, e.Err.Error())
		}
		text = strings.Join(parts, "|")
	}
	return passing.ReplaceAllString(text, "…")
}
