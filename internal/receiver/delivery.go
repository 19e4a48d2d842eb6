// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/receiver/admission"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// delivery is one POST in progress.
type delivery struct {
	*Server
	appID string
	app   *app
	// received is when it arrived, and mark the same moment for the cache of the app's secrets.
	received time.Time
	mark     int

	size      int
	secretSet *secretSet
	secret    string // the app secret of the signature
	changes   []webhook.Change
}

func (s *Server) serveDelivery(w http.ResponseWriter, r *http.Request, appID string) {
	d := &delivery{Server: s, appID: appID, received: s.options.Clock.Now()}
	o := d.process(w, r)
	answerOutcome(w, o)
	took := s.report("delivery", appID, o, d.received, "bytes", d.size, "changes", len(d.changes))
	s.options.Metrics.Delivery(o, d.size, took)
	for i := range d.changes {
		s.options.Metrics.Event(knownField(d.changes[i].Field), o)
		for _, path := range d.changes[i].UnknownProperties {
			s.options.Metrics.UnknownProperty("webhook."+d.changes[i].Field, path)
		}
	}
}

// process handles the request up to the response.
func (d *delivery) process(w http.ResponseWriter, r *http.Request) Outcome {
	var o Outcome
	if d.app, o = d.appFor(r.Context(), d.appID); o != "" {
		return o
	}
	signed, ok := signatureOf(r.Header)
	if !ok {
		return OutcomeUnsigned
	}
	d.mark = d.app.secrets.Mark()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	admitted := d.admitUnverified(w, cancel)
	defer admitted.Release()
	body, o := d.read(r, admitted)
	if o == "" {
		o = d.verify(ctx, body, signed)
	}
	if !admitted.MarkVerified() {
		return OutcomeBusy
	}
	if o != "" {
		return o
	}
	releaseRecord, ok := d.app.deliveries.AcquireRecord()
	if !ok {
		return OutcomeBusy
	}
	defer releaseRecord()
	releaseLarge, ok := d.app.deliveries.AcquireLarge(len(body))
	if !ok {
		return OutcomeBusy
	}
	defer releaseLarge()
	var err error
	if late := d.app.deliveries.Parse(ctx, len(body), func() { d.changes, err = d.options.Parse(body) }); late != nil {
		return OutcomeBusy
	}
	if err != nil {
		return OutcomeUnparsable
	}
	free := func() { admitted.Release(); releaseLarge() }
	return d.finish(r, body, free)
}

// finish forwards and records a verified delivery. free releases the memory of the body; it may be called more than once.
func (d *delivery) finish(r *http.Request, body []byte, free func()) Outcome {
	relayed := d.wantsRelay()
	if !relayed {
		free()
	}
	awaiting := d.awaitRotation(r.Context(), relayed)
	kept := !relayed || d.forward(r, body, awaiting)
	free() // only the body: the record needs its parsed changes
	o := d.record(r.Context(), awaiting)
	if o == OutcomeAccepted && !kept {
		return OutcomeUnrelayed
	}
	return o
}

// read reads the body. It reserves memory for bytes that have arrived, not for the announced length.
func (d *delivery) read(r *http.Request, a *admission.Admission) ([]byte, Outcome) {
	limit := d.options.Limits.BodyBytes
	if r.ContentLength > int64(limit) {
		return nil, OutcomeTooLarge
	}
	var body []byte
	for {
		// A large body that would be refused after its verification is refused now.
		if d.app.deliveries.LargeFull(max(int64(len(body)), r.ContentLength)) {
			return nil, OutcomeBusy
		}
		if len(body) == cap(body) {
			more := min(max(admission.SmallBody, 2*cap(body)), max(admission.SmallBody, limit+1)) // one more byte shows whether the body ends
			if !a.Reserve(int64(cap(body) + more)) {                                              // both buffers, during the copy
				return nil, OutcomeBusy
			}
			body = append(make([]byte, 0, more), body...)
			if !a.Reserve(int64(more)) {
				return nil, OutcomeBusy
			}
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		d.size = len(body)
		switch {
		case len(body) > limit:
			return nil, OutcomeTooLarge
		case errors.Is(err, io.EOF):
			return body, ""
		case err != nil:
			return nil, OutcomeAborted
		}
	}
}

// verify finds the app secret of the signature.
func (d *delivery) verify(ctx context.Context, body []byte, signed signature) Outcome {
	ctx, cancel := context.WithTimeout(ctx, d.options.Limits.WaitTimeout)
	defer cancel()
	var err error
	if d.secretSet, err = d.app.secrets.Recent(ctx); err != nil {
		return OutcomeUnverifiable
	}
	var ok bool
	if d.secret, ok = d.secretSet.signer(body, signed, d.options.Clock.Now()); ok {
		return ""
	}
	if d.secretSet, err = d.app.secrets.Since(ctx, d.mark); err != nil {
		return OutcomeUnverifiable
	}
	if d.secret, ok = d.secretSet.signer(body, signed, d.options.Clock.Now()); ok {
		return ""
	}
	if d.secretSet.unread() {
		return OutcomeUnverifiable
	}
	return OutcomeForged
}

// record records the changes for all accounts that trust the delivery's secret. awaiting means that the changes name an account that
// doesn't trust it yet.
func (d *delivery) record(ctx context.Context, awaiting bool) Outcome {
	// A verified delivery is recorded even if the client closes the connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.options.Limits.RecordTimeout)
	defer cancel()
	tally, err := d.options.Recorder.Record(ctx, facts.Delivery{
		AppID: d.appID, Accounts: d.secretSet.trustedAccounts(d.secret, d.options.Clock.Now()), Changes: d.changes, Received: d.received,
	})
	d.options.Metrics.Recorded(tally)
	switch {
	case err != nil:
		d.failures.Report("record a delivery", withoutValues(err), "app", d.appID)
		return OutcomeFailed
	case awaiting:
		return OutcomePartial
	}
	return OutcomeAccepted
}

// withoutValues returns the error for the log. The API server repeats an invalid value in its text, and the log must not contain
// values of events.
func withoutValues(err error) error {
	if reason := apierrors.ReasonForError(err); reason == metav1.StatusReasonInvalid || reason == metav1.StatusReasonBadRequest {
		return fmt.Errorf("the API server refuses what would be written: %s", reason)
	}
	return err
}

// awaitRotation reports whether the delivery names accounts that don't trust its secret yet, because their Secret still has another
// one. It reads the Secrets again before it returns true. Accounts that only messages name are ignored unless the delivery is relayed.
func (d *delivery) awaitRotation(ctx context.Context, relayed bool) bool {
	named := distinct(d.changes, func(c *webhook.Change) string {
		if _, message := c.Value.(webhook.Message); message && !relayed {
			return "" // messages are not recorded
		}
		return c.AccountID
	})
	if !d.apps.awaitingRotation(ctx, d.appID, named, d.secretSet, d.secret) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, d.options.Limits.WaitTimeout)
	defer cancel()
	newer, err := d.app.secrets.Since(ctx, d.mark)
	if err != nil {
		return true
	}
	d.secretSet = newer
	return d.apps.awaitingRotation(ctx, d.appID, named, d.secretSet, d.secret)
}

// distinct returns the different values in order, without "".
func distinct(changes []webhook.Change, value func(*webhook.Change) string) []string {
	var out []string
	for i := range changes {
		if v := value(&changes[i]); v != "" {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// knownField returns the field, or "other" for a field that this version doesn't know: it bounds the series of the metrics.
func knownField(field string) string {
	if webhook.Known(field) {
		return field
	}
	return "other"
}
