// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/internal/number"
)

const (
	// sectionPeriod is how often a section is read: it isn't part of the account's observation and costs a call.
	sectionPeriod = time.Hour
	// sectionGap is the time between two reads of a section that webhooks say was changed.
	sectionGap = time.Minute
	// unknownSectionPause is how long a section rests after an unknown error, so that many sections together stay within the
	// calls that a fault may cost.
	unknownSectionPause = 20 * time.Minute
)

// sectionRun is the work on one section of one number in one run.
type sectionRun struct {
	*numberRun
	section number.Section
	// live is the number at Meta.
	live *graph.PhoneNumber
	want number.Fields
	// picture is the file of the profile picture, nil where there is none or it isn't known.
	picture *lifecycle.MediaFile
	// memory is what the status remembers of the section.
	memory *v1alpha1.SectionMemory
}

func (s *sectionRun) baseline() *number.Baseline { return (*number.Baseline)(s.memory) }

func (s *sectionRun) key() sectionKey { return sectionKey{object: s.Object.UID, section: s.section} }

// path of the section, with which its messages begin.
func (s *sectionRun) path() string { return "spec." + string(s.section) + ": " }

// fingerprint changes with what makes a call that failed worth another try. Some sections work only while the number is
// registered.
func (s *sectionRun) fingerprint() string {
	return s.Fingerprint() + "|" + s.live.PlatformType + "|" + s.want.Hash()
}

// sectionResult is what a section came to.
type sectionResult struct {
	// drift are the fields that differ.
	drift []string
	// problem is nil where nothing is wrong, differences aside.
	problem *lifecycle.Result
	// after is when to look at the section again.
	after time.Duration
	// stop means that a call for another section would fail alike.
	stop bool
}

// settings brings the sections that the spec names in line with Meta. It makes no call while nothing was changed and the last
// read is younger than sectionPeriod.
func (n *numbers) settings(ctx context.Context, p *numberRun, live *graph.PhoneNumber) *lifecycle.Result {
	named := number.Sections(&p.Object.Spec)
	n.restoreSections(p, named)
	var results []sectionResult
	for i, section := range named {
		result := n.settleSection(ctx, &sectionRun{numberRun: p, section: section, live: live, memory: &p.Object.Status.Operator.Sections[i]})
		results = append(results, result)
		if result.stop {
			for _, left := range named[i+1:] {
				results = append(results, sectionResult{drift: sectionDrift(p.Before.Status.Drift, left)})
			}
			break
		}
	}
	n.OverlayWebhook(p) // over what was read of the user name
	return n.concludeSections(p, results)
}

// restoreSections prepares what the status remembers of the sections: nothing of those that the spec no longer names.
func (n *numbers) restoreSections(p *numberRun, named []number.Section) {
	memory := &p.Object.Status.Operator
	var sections []v1alpha1.SectionMemory
	for _, section := range named {
		kept := v1alpha1.SectionMemory{Name: string(section), Version: number.CanonicalVersion}
		if i := slices.IndexFunc(memory.Sections, func(m v1alpha1.SectionMemory) bool { return m.Name == string(section) }); i >= 0 {
			kept = memory.Sections[i]
		}
		baseline := (*number.Baseline)(&kept)
		baseline.Renew(p.Writable())
		if p.ChangedByUser() {
			baseline.Changed()
		}
		baseline.Prune(number.Wanted(&p.Object.Spec, section, "any"))
		sections = append(sections, kept)
	}
	memory.Sections = sections
	dropSections(&p.Object.Status, &p.Object.Spec)
	lifecycle.RepairsOf(p.Object, p.Now).Keep(func(name string) bool { return slices.Contains(named, number.Section(name)) })
}

// dropSections drops what the status has of sections that the spec doesn't name.
func dropSections(s *v1alpha1.PhoneNumberStatus, spec *v1alpha1.PhoneNumberSpec) {
	if spec.Profile == nil {
		s.Profile = nil
	}
	if spec.Profile == nil || spec.Profile.Picture == nil {
		s.Operator.PictureSHA256 = ""
	}
	if spec.Commerce == nil {
		s.Commerce = nil
	}
	if spec.Username == nil {
		s.Username, s.UsernameStatus = "", ""
	}
}

// settleSection looks at one section if there is a reason to, and acts on what it finds.
func (n *numbers) settleSection(ctx context.Context, s *sectionRun) sectionResult {
	missing := n.desiredSection(ctx, s)
	result := n.refreshSection(ctx, s)
	if missing != nil {
		result.after = deadline.Sooner(result.after, missing.After())
		if result.problem == nil {
			result.problem = missing
		}
	} else if s.picture != nil && s.picture.Inline != nil {
		result.after = deadline.Sooner(result.after, lifecycle.MediaRecheck)
	}
	return result
}

// desiredSection translates the section of the spec. The result says why the profile picture is left out.
func (n *numbers) desiredSection(ctx context.Context, s *sectionRun) *lifecycle.Result {
	spec := &s.Object.Spec
	s.want = number.Wanted(spec, s.section, "")
	if s.section != number.Profile || spec.Profile.Picture == nil || !s.Writable() {
		return nil
	}
	file, o := n.Media.Identify(ctx, s.Object.Namespace, "spec."+number.PictureField, media.ProfilePicture, spec.Profile.Picture)
	if o != nil {
		return o
	}
	s.want = number.Wanted(spec, s.section, file.SHA256)
	if o := n.Retries.Held(s.key().picture().retry(), s.fingerprint()); o != nil && file.SHA256 != sentPicture(s.Object) {
		s.want = s.want.WithoutPicture() // it was tried in vain a moment ago
		return o
	}
	s.picture = &file
	return nil
}

func sentPicture(obj *v1alpha1.PhoneNumber) string { return obj.Status.Operator.PictureSHA256 }

// refreshSection reads the section if there is a reason to, and otherwise repeats what is known.
func (n *numbers) refreshSection(ctx context.Context, s *sectionRun) sectionResult {
	known := sectionDrift(s.Before.Status.Drift, s.section)
	if o := n.Retries.Held(s.key().retry(), s.fingerprint()); o != nil {
		return sectionResult{drift: known, problem: o, after: o.After()}
	}
	if o := sectionRefused(s); o != nil {
		return sectionResult{drift: known, problem: o, after: o.After()}
	}
	left := n.schedule.left(s.key(), s.webhookTime(), s.Now)
	if n.reasonsFor(s, known, left).due() {
		if o := s.Lookups(1); o != nil {
			return sectionResult{drift: known, problem: o, after: o.After()}
		}
		return n.compareSection(ctx, s)
	}
	result := sectionResult{drift: known, after: left}
	if n.ReadOnly {
		return result // what differs may be what would be changed
	}
	if result.problem = n.repairHeld(s, known); result.problem != nil {
		result.after = deadline.Sooner(left, result.problem.After())
	}
	return result
}

// reasonsFor gathers the reasons to read the section.
func (n *numbers) reasonsFor(s *sectionRun, known []string, left time.Duration) sectionReasons {
	writes := s.Writable() && !n.ReadOnly
	return sectionReasons{
		requested: s.Requested(), seen: s.baseline().WasRead(s.want), left: left,
		pending: writes && s.baseline().Pending(s.want),
		repair:  writes && len(known) > 0 && s.repairs() && n.repairHeld(s, known) == nil,
		changed: n.schedule.before(s.key(), s.eventTime()),
	}
}

// repairs reports whether changes by others are undone.
func (s *sectionRun) repairs() bool { return s.Object.Spec.DriftPolicy != v1alpha1.DriftPolicyReport }

// sectionReasons are the reasons to read a section.
type sectionReasons struct {
	// requested: a person requested it.
	requested bool
	// seen: it was read since the same is wanted.
	seen bool
	// pending: something is to be written, or to be read back.
	pending bool
	// repair: something is to be repaired, and may be.
	repair bool
	// changed: a webhook reported a change since the last read.
	changed bool
	// left is the time until the next read.
	left time.Duration
}

func (r sectionReasons) due() bool {
	return r.requested || !r.seen || r.pending || r.repair || r.changed || r.left <= 0
}

// eventTime is when something last happened to the section, as far as the status shows. It may be a registration, after which the
// key of flows must be signed anew, or Meta's report of a lost picture.
func (s *sectionRun) eventTime() time.Time {
	status := &s.Object.Status
	var last time.Time
	switch {
	case s.section == number.Encryption && status.Operator.Registration != nil:
		for _, a := range status.Operator.Registration.Attempts {
			if a.Time.After(last) {
				last = a.Time.Time
			}
		}
	case s.section == number.Profile && status.Webhook != nil && s.Object.Spec.Profile.Picture != nil:
		last = deadline.Value(status.Webhook.PictureLostTime)
	}
	return last
}

// concludeSections makes one result of those of the sections: the first problem, else the differences.
func (n *numbers) concludeSections(p *numberRun, results []sectionResult) *lifecycle.Result {
	var found []string
	var problem *lifecycle.Result
	var after time.Duration
	for _, r := range results {
		if r.problem != nil {
			p.AlsoFailed = append(p.AlsoFailed, r.problem.Steps()...)
		}
		found = append(found, r.drift...)
		after = deadline.Sooner(after, r.after)
		// What is repeated with growing pauses decides when to come back, so it goes before what only waits.
		if r.problem != nil && (problem == nil || r.stop || r.problem.Backoff() && !problem.Backoff()) {
			problem = r.problem
		}
	}
	slices.Sort(found)
	p.Status.Drift = found
	o := n.sectionsDiffer(p, found)
	switch {
	case problem != nil && (problem.Backoff() || problem.Shown()):
		return problem
	case problem != nil:
		o = problem
	}
	return o.RetryAfter(after)
}

// sectionsDiffer is the result where no section has a problem.
func (n *numbers) sectionsDiffer(p *numberRun, fields []string) *lifecycle.Result {
	what := strings.Join(fields, ", ")
	switch {
	case len(fields) == 0 && !p.Writable():
		return lifecycle.Done("observed only, and equal to the spec")
	case len(fields) == 0:
		return lifecycle.Done("equal to the spec")
	case !p.Writable():
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected, "observed only; differs from the spec in "+what, 0).AssetUnaffected()
	case n.ReadOnly:
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected, lifecycle.Withheld+"; differs from the spec in "+what, 0).AssetUnaffected()
	default:
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected,
			"changed at Meta in "+what+"; change the spec to accept it, or set driftPolicy: Repair to undo it", 0).AssetUnaffected()
	}
}

// sectionDrift are the fields of a section among those known to differ.
func sectionDrift(drift []string, section number.Section) []string {
	var out []string
	for _, field := range drift {
		if section.Has(field) {
			out = append(out, field)
		}
	}
	return out
}
