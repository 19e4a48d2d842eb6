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

// delivery is one POST on its way.
type delivery struct {
	*Server
	appID string
	app   *app
	// received is when it arrived, and mark what its app's keys looked like then.
	received time.Time
	mark     int

	size    int
	ring    *ring
	secret  string
	changes []webhook.Change
}

func (s *Server) serveDelivery(w http.ResponseWriter, r *http.Request, appID string) {
	d := &delivery{Server: s, appID: appID, received: s.options.Clock.Now()}
	o := d.take(w, r)
	conclude(w, o)
	took := s.report("delivery", appID, o, d.received, "bytes", d.size, "changes", len(d.changes))
	s.options.Metrics.Delivery(o, d.size, took)
	for i := range d.changes {
		s.options.Metrics.Event(knownField(d.changes[i].Field), o)
	}
}

func (d *delivery) take(w http.ResponseWriter, r *http.Request) Outcome {
	var o Outcome
	if d.app, o = d.admit(r.Context(), d.appID); o != "" {
		return o
	}
	signed, ok := signatureOf(r.Header)
	if !ok {
		return OutcomeUnsigned
	}
	d.mark = d.app.keys.Mark()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	admitted := d.enter(w, cancel)
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
	recorded, ok := d.app.deliveries.AcquireRecord()
	if !ok {
		return OutcomeBusy
	}
	defer recorded()
	done, ok := d.app.deliveries.AcquireLarge(len(body))
	if !ok {
		return OutcomeBusy
	}
	defer done()
	var err error
	if late := d.app.deliveries.Parse(ctx, len(body), func() { d.changes, err = d.options.Parse(body) }); late != nil {
		return OutcomeBusy
	}
	if err != nil {
		return OutcomeUnparsable
	}
	free := func() { admitted.Release(); done() }
	return d.finish(r, body, free)
}

// finish relays what is to be relayed, and writes down the rest. free gives back the room of the body; it may be called more than
// once.
func (d *delivery) finish(r *http.Request, body []byte, free func()) Outcome {
	relayed := d.relays()
	if !relayed {
		free()
	}
	unsettled := d.settle(r.Context(), relayed)
	kept := !relayed || d.relay(r, body, unsettled)
	free() // the body isn't needed any more
	o := d.record(r.Context(), unsettled)
	if o == OutcomeAccepted && !kept {
		return OutcomeUnrelayed
	}
	return o
}

// read reads the body. Room is asked for as the bytes arrive: what a caller only announces takes none.
func (d *delivery) read(r *http.Request, a *admission.Admission) ([]byte, Outcome) {
	limit := d.options.Limits.BodyBytes
	if r.ContentLength > int64(limit) {
		return nil, OutcomeTooLarge
	}
	var body []byte
	for {
		// What would find no room in the end isn't read and verified first.
		if d.app.deliveries.LargeFull(max(int64(len(body)), r.ContentLength)) {
			return nil, OutcomeBusy
		}
		if len(body) == cap(body) {
			more := min(max(admission.SmallBody, 2*cap(body)), max(admission.SmallBody, limit+1)) // one more, to see the end, or that there is none
			if !a.Reserve(int64(cap(body) + more)) {                                              // both at a time, for a moment
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

// verify finds the secret that signed the body.
func (d *delivery) verify(ctx context.Context, body []byte, signed signature) Outcome {
	ctx, cancel := context.WithTimeout(ctx, d.options.Limits.Patience)
	defer cancel()
	var err error
	if d.ring, err = d.app.keys.Recent(ctx); err != nil {
		return OutcomeUnverifiable
	}
	var ok bool
	if d.secret, ok = d.ring.signer(body, signed, d.options.Clock.Now()); ok {
		return ""
	}
	if d.ring, err = d.app.keys.Since(ctx, d.mark); err != nil {
		return OutcomeUnverifiable
	}
	if d.secret, ok = d.ring.signer(body, signed, d.options.Clock.Now()); ok {
		return ""
	}
	if d.ring.unread() {
		return OutcomeUnverifiable
	}
	return OutcomeForged
}

// record writes down what the delivery says, for all accounts that its secret vouches for.
// unsettled says that there are others that it should touch.
func (d *delivery) record(ctx context.Context, unsettled bool) Outcome {
	// What is verified is written down even if the caller has no patience.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.options.Limits.RecordTimeout)
	defer cancel()
	tally, err := d.options.Recorder.Record(ctx, facts.Delivery{
		AppID: d.appID, Accounts: d.ring.vouched(d.secret, d.options.Clock.Now()), Changes: d.changes, Received: d.received,
	})
	d.options.Metrics.Recorded(tally)
	switch {
	case err != nil:
		d.failures.Report("record a delivery", withoutValues(err), "app", d.appID)
		return OutcomeFailed
	case unsettled:
		return OutcomePartial
	}
	return OutcomeAccepted
}

// withoutValues is the error for the log. Where the API server calls a value invalid, its text repeats it, and values of events
// are nobody else's business.
func withoutValues(err error) error {
	if reason := apierrors.ReasonForError(err); reason == metav1.StatusReasonInvalid || reason == metav1.StatusReasonBadRequest {
		return fmt.Errorf("the API server refuses what would be written: %s", reason)
	}
	return err
}

// settle reads the Secrets again if the delivery names accounts that its secret doesn't vouch for, and says whether there are
// such accounts still. Messages count where they are relayed.
func (d *delivery) settle(ctx context.Context, relayed bool) bool {
	named := distinct(d.changes, func(c *webhook.Change) string {
		if _, message := c.Value.(webhook.Message); message && !relayed {
			return "" // nothing is written down of those
		}
		return c.AccountID
	})
	unsettled := d.apps.unsettled(ctx, d.appID, named, d.ring, d.secret)
	if !unsettled {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, d.options.Limits.Patience)
	defer cancel()
	newer, err := d.app.keys.Since(ctx, d.mark)
	if err != nil {
		return true
	}
	d.ring = newer
	return d.apps.unsettled(ctx, d.appID, named, d.ring, d.secret)
}

// distinct returns the different values, in order; "" is none.
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

// knownField keeps metrics from having a series for whatever somebody sends.
func knownField(field string) string {
	if slices.Contains(webhook.ManagementFields, field) || slices.Contains(webhook.MessageFields, field) {
		return field
	}
	return "other"
}
