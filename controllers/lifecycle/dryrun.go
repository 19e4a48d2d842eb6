// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
)

// CallUploadFile names the upload of a sample or a picture, in the audit log, in events and in plans.
const CallUploadFile = "upload file"

// Withheld is how the message of a condition begins that says only what isn't written because the operator only reads.
const Withheld = "the operator runs with --read-only"

// Intent is a write to Meta that isn't made because the operator only reads.
type Intent struct {
	// Object is the resource on whose behalf the write would be made.
	Object v1alpha1.Asset
	// Call names the write as the audit log does.
	Call string
	// Fields are the parts of the spec that it is about; none: all of it.
	Fields []string
}

// String is how events and conditions name the write.
func (i Intent) String() string {
	if len(i.Fields) == 0 {
		return i.Call
	}
	return i.Call + ": " + strings.Join(i.Fields, ", ")
}

// DryRun reports a write that isn't made because the operator only reads.
func (b *Base) DryRun(obj v1alpha1.Asset, call string, fields ...string) Intent {
	i := Intent{Object: obj, Call: call, Fields: fields}
	b.Event(obj, corev1.EventTypeNormal, v1alpha1.ReasonDryRun, "ReadOnly", "would "+i.String()+" ("+Withheld+")")
	if b.intended != nil {
		b.intended(i)
	}
	return i
}

// Comparison is what a resource should be at Meta and what it is there, by fields of the spec, for people: the elements of a list are
// lines. It has no secrets, and no values that Meta doesn't return.
type Comparison struct {
	Object     v1alpha1.Asset
	Want, Live map[string]string
	// Differing are fields that differ, where the status doesn't name them as drift.
	Differing []string
}

// Compare reports a comparison to those who want to know values. It is made only for them.
func (b *Base) Compare(compare func() Comparison) {
	if b.compared != nil {
		b.compared(compare())
	}
}

// DryRunOnly is the result of a run of which nothing but a write is missing.
func DryRunOnly(reason string, first Intent, more ...Intent) *Result {
	what := first.String()
	for _, i := range more {
		what += "; " + i.String()
	}
	return NotSynced(reason, Withheld+" and would "+what)
}

// DryRunDiffers is the result where the asset is there and only a write is missing.
func DryRunDiffers(first Intent, more ...Intent) *Result {
	return DryRunOnly(v1alpha1.ReasonDriftDetected, first, more...).AssetUnaffected()
}

// dryRunLog remembers for whom an operator that only reads has asked the breaker, so that looking again doesn't trip it.
type dryRunLog struct {
	mu sync.Mutex
	// seen is when the observation began in which it did.
	seen map[types.UID]time.Time
}

func newDryRunLog() *dryRunLog { return &dryRunLog{seen: map[types.UID]time.Time{}} }

func (a *dryRunLog) has(uid types.UID, observed *account.Snapshot) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.seen[uid]
	return ok && observed != nil && at.Equal(observed.Begun)
}

func (a *dryRunLog) note(uid types.UID, observed *account.Snapshot) {
	if observed == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[uid] = observed.Begun
}

func (a *dryRunLog) Forget(gone Gone) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.seen, gone.UID)
	return 0
}
