// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
)

// compareSection reads the section and writes what the spec wants otherwise.
func (n *numbers) compareSection(ctx context.Context, s *sectionRun) sectionResult {
	live, err := n.readSection(ctx, s)
	if err != nil {
		return n.sectionFailed(s, "read spec."+string(s.section), err, false)
	}
	fields := live.Fields(s.section, sentPicture(s.Object))
	d := s.baseline().Compare(s.want, fields)
	n.Compare(func() lifecycle.Comparison {
		return lifecycle.Comparison{Object: s.Object, Want: s.want.Values(), Live: fields.Values()}
	})
	result := sectionResult{after: sectionPeriod}
	s.baseline().MarkRead(s.want)
	differing := slices.Concat(d.Changed, d.Drift)
	slices.Sort(differing)
	if !s.Writable() {
		result.drift = differing
		return result
	}
	if !n.ReadOnly {
		s.baseline().AcceptLive(s.want, fields, differing...)
		n.CountDrift(s.Object, d.Drift, s.Before.Status.Drift)
	}
	result.drift = d.Drift
	write := d.Changed
	if len(d.Drift) > 0 && s.repairs() {
		if result.problem = n.repairRefused(ctx, s); result.problem == nil {
			write = differing
		} else {
			result.after = deadline.Sooner(result.after, result.problem.After())
		}
	}
	switch {
	case n.ReadOnly:
		result.drift = differing
		return n.wouldWriteSection(s, write, result)
	case len(write) == 0:
		s.accepted()
		return result
	}
	return n.writeSection(ctx, s, live, write, result)
}

// wouldWriteSection says what would be changed if the operator didn't only read.
func (n *numbers) wouldWriteSection(s *sectionRun, fields []string, result sectionResult) sectionResult {
	if len(fields) == 0 {
		return result
	}
	if s.picture != nil && slices.Contains(fields, number.PictureField) {
		if _, result.problem = s.Uploads().App(*s.picture); result.problem == nil {
			n.DryRun(s.Object, lifecycle.CallUploadFile, s.picture.Field)
		} else if fields = withoutPicture(fields); len(fields) == 0 {
			return result
		}
	}
	if o := s.invalid(); o != nil {
		result.problem, result.after = o, o.After()
		return result
	}
	n.DryRun(s.Object, updateCall(s.section), fields...)
	return result
}

func withoutPicture(fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return f == number.PictureField })
}

// writeSection changes fields of the section in one call and reads them back.
func (n *numbers) writeSection(
	ctx context.Context, s *sectionRun, live number.Live, fields []string, result sectionResult,
) sectionResult {
	handle, reused, problem := n.uploadPicture(ctx, s, fields)
	if problem != nil {
		result.problem = problem
		result.after = deadline.Sooner(result.after, problem.After())
		if fields = withoutPicture(fields); len(fields) == 0 {
			return result
		}
	}
	if o := s.invalid(); o != nil {
		s.refuse(o)
		result.problem, result.after = o, o.After()
		return result
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", updateCall(s.section), "fields", fields)
	err := n.updateSection(ctx, s, live, fields, handle)
	s.AuditWrite(n.Base, updateCall(s.section), fields, err)
	if again := n.pictureSent(s, handle, reused, err); again != nil {
		result.problem = again
		return result
	}
	if err != nil {
		failed := n.sectionFailed(s, updateCall(s.section), err, true)
		failed.drift = result.drift
		return failed
	}
	s.accepted()
	s.baseline().MarkWritten(s.want, fields)
	if slices.ContainsFunc(result.drift, func(f string) bool { return slices.Contains(fields, f) }) {
		lifecycle.RepairsOf(s.Object, s.Now).Note(string(s.section))
	}
	result.drift = slices.DeleteFunc(slices.Clone(result.drift), func(f string) bool { return slices.Contains(fields, f) })
	return n.readSectionBack(ctx, s, fields, result)
}

// pictureSent drops a handle that was used, or that belongs to a refused write. It returns the result of a write that probably
// failed because of a handle from an earlier attempt: Meta doesn't document how it refuses those.
func (n *numbers) pictureSent(s *sectionRun, handle string, reused bool, err error) *lifecycle.Result {
	class := graph.ClassOf(err)
	if handle == "" || err != nil && class != graph.ClassInvalidSpec && class != graph.ClassRefused {
		return nil
	}
	n.Media.Handles.Drop(s.Object.UID)
	if err == nil {
		s.Object.Status.Operator.PictureSHA256 = s.picture.SHA256
		return nil
	}
	if !reused || class != graph.ClassInvalidSpec {
		return nil
	}
	return lifecycle.NotSynced(v1alpha1.ReasonTransientError, s.path()+"Meta refuses what was uploaded for an earlier attempt; uploaded again").AssetUnaffected().
		WithBackoff(lifecycle.SamplePause).Join(lifecycle.FailedStep{Operation: updateCall(s.section), Err: err})
}

// readSectionBack records what Meta made of what was written.
func (n *numbers) readSectionBack(ctx context.Context, s *sectionRun, fields []string, result sectionResult) sectionResult {
	live, err := n.readSection(ctx, s)
	if err != nil {
		failed := n.sectionFailed(s, "read spec."+string(s.section)+" back", err, false)
		failed.drift = result.drift
		return failed
	}
	shown := live.Fields(s.section, sentPicture(s.Object))
	d := s.baseline().Compare(s.want, shown)
	for _, field := range d.Normalised {
		if slices.Contains(fields, field) {
			n.Metrics.UnknownNormalisation(v1alpha1.KindPhoneNumber, field)
		}
	}
	s.baseline().AcceptLive(s.want, shown, slices.Concat(d.Changed, d.Drift)...)
	s.baseline().MarkTaken(s.want, slices.DeleteFunc(d.Drift, func(f string) bool { return !slices.Contains(fields, f) }))
	return result
}

// repairHeld says why a repair that is wanted can't be made, without making a call; nil where it can, or none is wanted.
func (n *numbers) repairHeld(s *sectionRun, drift []string) *lifecycle.Result {
	if len(drift) == 0 || !s.Writable() || !s.repairs() {
		return nil
	}
	contested := s.contested()
	if s.Requested() {
		contested = 0
	}
	return n.RepairHeld(s.Session, contested,
		s.path()+"another client keeps reverting the operator's changes; agree who manages this, or set driftPolicy: Report")
}

// repairRefused guards writes that no change of the spec requested.
func (n *numbers) repairRefused(ctx context.Context, s *sectionRun) *lifecycle.Result {
	if o := n.repairHeld(s, []string{string(s.section)}); o != nil {
		return o
	}
	return n.AllowUnrequested(ctx, s.Object, s.WABA, s.Session)
}

// uploadPicture gives the profile picture to Meta if it is to be changed.
func (n *numbers) uploadPicture(ctx context.Context, s *sectionRun, fields []string) (handle string, reused bool, problem *lifecycle.Result) {
	if s.picture == nil || !slices.Contains(fields, number.PictureField) {
		return "", false, nil
	}
	files, o := n.Fetch(ctx, s.Uploads(), *s.picture)
	defer files.Close()
	if o == nil {
		handle, reused, o = n.Upload(ctx, s.Uploads(), *s.picture, files)
	}
	switch {
	case o == nil:
		return handle, reused, nil
	case o.Unfinished():
		if known := s.Synced(); known != nil && known.Status == metav1.ConditionFalse && !s.ChangedByUser() {
			o = o.Because(known.Reason, known.Message) // a repeated attempt isn't a change
		}
		return "", false, o
	}
	switch o.Reason() {
	case v1alpha1.ReasonTransientError, v1alpha1.ReasonRateLimited, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonAccountBlocked:
	default:
		// The other fields go on meanwhile; looking at them costs a call each time.
		pause := max(o.After(), sectionPeriod)
		if o.Reason() == v1alpha1.ReasonAccountNotReady {
			pause = lifecycle.MediaRecheck
		}
		o = o.RetryAfter(pause).Showing(false)
		n.Retries.Hold(s.key().picture().retry(), s.fingerprint(), o)
	}
	return "", false, o
}

// invalid finds what neither CEL nor a call to Meta should have to find.
func (s *sectionRun) invalid() *lifecycle.Result {
	if s.section != number.Encryption {
		return nil
	}
	if err := number.CheckKey(s.Object.Spec.FlowsEncryption.PublicKey); err != nil {
		return lifecycle.Waiting(v1alpha1.ReasonInvalidSpec, err.Error(), lifecycle.RefusedRecheck).AssetUnaffected()
	}
	return nil
}

// sectionFailed turns an error into the result of the section. What concerns only this section doesn't stop the others.
func (n *numbers) sectionFailed(s *sectionRun, operation string, err error, wrote bool) sectionResult {
	o := lifecycle.Failed(operation, err).AssetUnaffected()
	result := sectionResult{drift: sectionDrift(s.Before.Status.Drift, s.section), problem: o}
	e, ok := graph.AsError(err)
	if !ok {
		result.stop = true
		return result
	}
	pause := sectionPeriod
	switch e.Class {
	case graph.ClassTransient, graph.ClassThrottled, graph.ClassCredentials, graph.ClassBlocked:
		result.stop = true
		if wrote && o.Backoff() {
			result.problem = o.Pausing(lifecycle.SlowPause) // an attempt costs more than one call
			if s.picture != nil {
				result.problem = o.Pausing(lifecycle.SamplePause)
			}
		}
		return result
	case graph.ClassUnknown:
		pause = unknownSectionPause
	case graph.ClassInvalidSpec, graph.ClassRefused, graph.ClassQuota:
		pause = max(o.After(), sectionPeriod)
	}
	o = o.Saying(s.path() + o.Message()).RetryAfter(pause).Showing(false)
	if e.Cause == graph.CauseNotRegistered {
		o = lifecycle.Waiting(v1alpha1.ReasonNotRegistered, s.path()+"follows when the number is registered", sectionPeriod).AssetUnaffected().Join(o.Steps()...)
		pause = sectionPeriod
	} else if wrote && (e.Class == graph.ClassInvalidSpec || e.Class == graph.ClassRefused) {
		s.refuse(o)
	}
	result.problem = o
	n.Retries.Hold(s.key().retry(), s.fingerprint(), o.RetryAfter(pause))
	result.after = pause
	return result
}

// updateCall names the write to a section of a number.
func updateCall(s number.Section) string { return "update " + string(s) }
