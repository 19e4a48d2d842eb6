// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
)

// unitSection is a run over the profile of a number whose generation was processed.
func unitSection(change ...func(*v1alpha1.PhoneNumber)) *sectionRun {
	obj := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "support", UID: "u", Generation: 2}}
	obj.Status.ObservedGeneration = 2
	obj.Spec.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To("Open")}
	for _, f := range change {
		f(obj)
	}
	p := lifecycle.NewRun(&numbers{}, obj, lifecycletest.Start)
	return &sectionRun{
		numberRun: p, section: number.Profile, live: &graph.PhoneNumber{ID: "1", PlatformType: "CLOUD_API"},
		want: number.Wanted(&obj.Spec, number.Profile, ""), memory: &v1alpha1.SectionMemory{Name: string(number.Profile), Version: number.CanonicalVersion},
	}
}

func unitNumbers() (*numbers, *clocktesting.FakePassiveClock) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	return &numbers{Base: &lifecycle.Base{Clock: clk, Retries: lifecycle.NewRetries(clk)}, schedule: newSectionSchedule(clk)}, clk
}

func TestUnitSectionReasons(t *testing.T) {
	quiet := sectionReasons{seen: true, left: time.Minute}
	if quiet.due() {
		t.Error("read although nothing changed")
	}
	for name, change := range map[string]func(*sectionReasons){
		"requested":           func(r *sectionReasons) { r.requested = true },
		"never read":          func(r *sectionReasons) { r.seen = false },
		"something to write":  func(r *sectionReasons) { r.pending = true },
		"something to repair": func(r *sectionReasons) { r.repair = true },
		"something happened":  func(r *sectionReasons) { r.changed = true },
		"the hour is over":    func(r *sectionReasons) { r.left = 0 },
	} {
		r := quiet
		change(&r)
		if !r.due() {
			t.Errorf("%s: not read", name)
		}
	}
}

func TestUnitSectionReadsTakeTurns(t *testing.T) {
	n, clk := unitNumbers()
	turns := map[time.Duration]int{}
	for i := range 50 {
		key := sectionKey{object: types.UID(fmt.Sprintf("0b9c3f6e-%d", i)), section: number.Profile}
		left := n.schedule.left(key, time.Time{}, clk.Now())
		if left < 0 || left >= sectionPeriod {
			t.Errorf("first read in %s", left)
		}
		turns[left]++
		if other := n.schedule.left(sectionKey{object: key.object, section: number.Commerce}, time.Time{}, clk.Now()); other != left {
			t.Errorf("the sections of a number are read in one run, not after %s and %s", left, other)
		}
	}
	for at, count := range turns {
		if count > 5 {
			t.Errorf("%d numbers at once, after %s", count, at)
		}
	}

	key := sectionKey{object: "u", section: number.Profile}
	n.schedule.done(key)
	clk.SetTime(lifecycletest.Start.Add(20 * time.Minute))
	if left := n.schedule.left(key, time.Time{}, clk.Now()); left != 40*time.Minute {
		t.Errorf("next read in %s", left)
	}
	if n.schedule.before(key, lifecycletest.Start) || !n.schedule.before(key, lifecycletest.Start.Add(time.Minute)) {
		t.Error("read before what?")
	}
	clk.SetTime(lifecycletest.Start.Add(3 * time.Hour))
	if left := n.schedule.left(key, time.Time{}, clk.Now()); left != 0 {
		t.Errorf("overdue, but read in %s", left)
	}
}

func TestUnitSectionReadsForgetWhatIsGone(t *testing.T) {
	n, _ := unitNumbers()
	for _, object := range []types.UID{"gone", "stays"} {
		n.schedule.done(sectionKey{object: object, section: number.Profile})
		n.schedule.done(sectionKey{object: object, section: number.Commerce})
	}
	n.schedule.Forget(lifecycle.Gone{UID: "gone"})
	if len(n.schedule.known) != 2 || n.schedule.readAt(sectionKey{object: "stays", section: number.Profile}).IsZero() {
		t.Errorf("remembered: %v", n.schedule.known)
	}
}

func TestUnitSectionContested(t *testing.T) {
	ago := func(ages ...time.Duration) func(*v1alpha1.PhoneNumber) {
		return func(o *v1alpha1.PhoneNumber) {
			m := v1alpha1.RepairHistory{Name: "profile"}
			for _, age := range ages {
				m.Times = append(m.Times, metav1.NewTime(lifecycletest.Start.Add(-age)))
			}
			o.Status.Operator.Repairs = []v1alpha1.RepairHistory{{Name: "commerce"}, m}
		}
	}
	for name, c := range map[string]struct {
		ages []time.Duration
		want time.Duration
	}{
		"never":                 {nil, 0},
		"twice":                 {[]time.Duration{3 * time.Hour, time.Hour}, 0},
		"three times":           {[]time.Duration{20 * time.Hour, 3 * time.Hour, time.Hour}, 4 * time.Hour},
		"three times, long ago": {[]time.Duration{24 * time.Hour, 3 * time.Hour, time.Hour}, 0},
		"four times":            {[]time.Duration{20 * time.Hour, 10 * time.Hour, 3 * time.Hour, time.Hour}, 14 * time.Hour},
	} {
		if got := unitSection(ago(c.ages...)).contested(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestUnitSectionRefused(t *testing.T) {
	no := lifecycle.Waiting(v1alpha1.ReasonRefusedByMeta, "spec.profile: no", lifecycle.RefusedRecheck).AssetUnaffected()
	s := unitSection()
	s.refuse(no)
	status, memory := s.Object.Status, *s.memory
	again := func(f func(*v1alpha1.PhoneNumber, *sectionRun)) *lifecycle.Result {
		s := unitSection(func(o *v1alpha1.PhoneNumber) { o.Status = *status.DeepCopy() })
		s.memory = memory.DeepCopy()
		f(s.Object, s)
		s.want = number.Wanted(&s.Object.Spec, number.Profile, "")
		return sectionRefused(s)
	}
	o := again(func(_ *v1alpha1.PhoneNumber, s *sectionRun) { s.Now = s.Now.Add(time.Hour) })
	if o == nil || o.After() != 23*time.Hour || o.Reason() != no.Reason() || o.Message() != no.Message() || !o.Unaffected() {
		t.Errorf("an hour later: %+v", o)
	}
	for name, f := range map[string]func(*v1alpha1.PhoneNumber, *sectionRun){
		"a day later":  func(_ *v1alpha1.PhoneNumber, s *sectionRun) { s.Now = s.Now.Add(24 * time.Hour) },
		"another spec": func(o *v1alpha1.PhoneNumber, _ *sectionRun) { o.Spec.Profile.About = ptr.To("Closed") },
		"requested": func(o *v1alpha1.PhoneNumber, _ *sectionRun) {
			o.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "x"}
		},
		"only observed":    func(_ *v1alpha1.PhoneNumber, s *sectionRun) { s.Policy = v1alpha1.ManagementPolicyObserved },
		"accepted at last": func(_ *v1alpha1.PhoneNumber, s *sectionRun) { s.accepted() },
	} {
		if o := again(f); o != nil {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestUnitSectionFailed(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		reason  string
		stop    bool
		refused bool
		after   time.Duration
	}{
		"the API server":      {errors.New("boom"), v1alpha1.ReasonTransientError, true, false, 0},
		"Meta is down":        {&graph.Error{Class: graph.ClassTransient}, v1alpha1.ReasonTransientError, true, false, 0},
		"too many calls":      {&graph.Error{Class: graph.ClassThrottled, RetryAfter: time.Minute}, v1alpha1.ReasonRateLimited, true, false, 0},
		"a bad token":         {&graph.Error{Class: graph.ClassCredentials}, v1alpha1.ReasonCredentialsInvalid, true, false, 0},
		"no permission":       {&graph.Error{Class: graph.ClassPermission}, v1alpha1.ReasonPermissionDenied, false, false, time.Hour},
		"unknown error":       {&graph.Error{Class: graph.ClassUnknown}, v1alpha1.ReasonUnknownError, false, false, unknownSectionPause},
		"malformed":           {&graph.Error{Class: graph.ClassInvalidSpec}, v1alpha1.ReasonInvalidSpec, false, true, lifecycle.RefusedRecheck},
		"refused":             {&graph.Error{Class: graph.ClassRefused}, v1alpha1.ReasonRefusedByMeta, false, true, lifecycle.RefusedRecheck},
		"not registered":      {&graph.Error{Class: graph.ClassRefused, Cause: graph.CauseNotRegistered}, v1alpha1.ReasonNotRegistered, false, false, time.Hour},
		"a quota is used up":  {&graph.Error{Class: graph.ClassQuota}, v1alpha1.ReasonQuotaExceeded, false, false, time.Hour},
		"gone, Meta believes": {&graph.Error{Class: graph.ClassGone}, v1alpha1.ReasonTransientError, false, false, time.Hour},
	} {
		n, _ := unitNumbers()
		s := unitSection(func(o *v1alpha1.PhoneNumber) { o.Status.Drift = []string{"commerce.cartEnabled", "profile.about"} })
		r := n.sectionFailed(s, "update profile", c.err, true)
		o := r.problem
		if o == nil || o.Reason() != c.reason || !o.Unaffected() || r.stop != c.stop || r.after != c.after {
			t.Errorf("%s: %+v, %+v", name, r, o)
			continue
		}
		if !slices.Equal(r.drift, []string{"profile.about"}) {
			t.Errorf("%s: drift %v", name, r.drift)
		}
		if c.stop {
			continue
		}
		if o.Backoff() || o.Shown() || !strings.HasPrefix(o.Message(), "spec.profile: ") {
			t.Errorf("%s: the other sections wait too: %+v", name, o)
		}
		if held := n.Retries.Held(s.key().retry(), s.fingerprint()); held == nil || held.After() != c.after {
			t.Errorf("%s: tried again at once: %+v", name, held)
		}
		if m := s.memory.Refusal; (m != nil) != c.refused {
			t.Errorf("%s: remembered %+v", name, m)
		}
		s.live.PlatformType = "NOT_APPLICABLE"
		if n.Retries.Held(s.key().retry(), s.fingerprint()) != nil {
			t.Errorf("%s: a registration doesn't end it", name)
		}
	}
}

func TestUnitConcludeSections(t *testing.T) {
	denied := lifecycle.Waiting(v1alpha1.ReasonPermissionDenied, "no", time.Hour).AssetUnaffected()
	transient := lifecycle.NotSynced(v1alpha1.ReasonTransientError, "no").AssetUnaffected().WithBackoff(0)
	for name, c := range map[string]struct {
		results  []sectionResult
		readOnly bool
		policy   v1alpha1.ManagementPolicy
		reason   string
		after    time.Duration
		backoff  bool
		drift    []string
	}{
		"no section":     {nil, false, "", v1alpha1.ReasonSynced, 0, false, nil},
		"all equal":      {[]sectionResult{{after: time.Hour}, {after: 20 * time.Minute}, {}}, false, "", v1alpha1.ReasonSynced, 20 * time.Minute, false, nil},
		"one differs":    {[]sectionResult{{drift: []string{"profile.about"}, after: time.Hour}}, false, "", v1alpha1.ReasonDriftDetected, time.Hour, false, []string{"profile.about"}},
		"only observed":  {[]sectionResult{{drift: []string{"profile.about"}}}, false, v1alpha1.ManagementPolicyObserved, v1alpha1.ReasonDriftDetected, 0, false, []string{"profile.about"}},
		"only reading":   {[]sectionResult{{drift: []string{"username"}}}, true, "", v1alpha1.ReasonDriftDetected, 0, false, []string{"username"}},
		"a problem":      {[]sectionResult{{problem: denied, after: time.Hour}, {after: time.Minute}}, false, "", v1alpha1.ReasonPermissionDenied, time.Minute, false, nil},
		"then a failure": {[]sectionResult{{problem: denied, after: time.Hour}, {problem: transient, stop: true}}, false, "", v1alpha1.ReasonTransientError, 0, true, nil},
	} {
		n, _ := unitNumbers()
		n.ReadOnly = c.readOnly
		s := unitSection(func(o *v1alpha1.PhoneNumber) {
			o.Status.Drift = []string{"commerce.cartEnabled", "displayName", "profile.email"}
		})
		if c.policy != "" {
			s.Policy = c.policy
		}
		o := n.concludeSections(s.numberRun, c.results)
		if o.Reason() != c.reason || o.After() != c.after || o.Backoff() != c.backoff || o.Reason() != v1alpha1.ReasonSynced && !o.Unaffected() {
			t.Errorf("%s: %+v", name, o)
		}
		if !slices.Equal(s.Status.Drift, c.drift) {
			t.Errorf("%s: drift %v, want %v", name, s.Status.Drift, c.drift)
		}
	}
}

func TestUnitRecallSections(t *testing.T) {
	n, _ := unitNumbers()
	s := unitSection(func(o *v1alpha1.PhoneNumber) {
		o.Status.Operator.Sections = []v1alpha1.SectionMemory{
			{Name: "commerce"},
			{
				Name: "profile", Version: number.CanonicalVersion + 1, Desired: map[string]string{"profile.about": "x"},
				Refusal: &v1alpha1.SectionRefusal{Reason: v1alpha1.ReasonRefusedByMeta},
			},
		}
		o.Status.Commerce = &v1alpha1.PhoneNumberCommerceStatus{}
		o.Status.Profile, o.Status.Operator.PictureSHA256 = &v1alpha1.PhoneNumberProfileStatus{}, "aa"
		o.Status.Username = "acme"
		o.Status.Operator.Repairs = []v1alpha1.RepairHistory{{Name: "commerce", Times: []metav1.Time{metav1.NewTime(lifecycletest.Start)}}}
	})
	status := &s.Object.Status
	restored := func() *number.Baseline {
		n.restoreSections(s.numberRun, number.Sections(&s.Object.Spec))
		if len(status.Operator.Sections) != 1 {
			t.Fatalf("remembers %+v", status.Operator.Sections)
		}
		return (*number.Baseline)(&status.Operator.Sections[0])
	}
	record := restored()
	if d := record.Compare(s.want, number.Fields{"profile.about": "Closed"}); len(d.Normalised) != 1 {
		t.Errorf("an upgrade must write nothing: %+v", d)
	}
	if status.Commerce != nil || status.Username != "" || status.Operator.PictureSHA256 != "" || record.Refusal == nil || len(status.Operator.Repairs) > 0 {
		t.Errorf("remembers sections that the spec doesn't name: %+v", status)
	}
	if record.Version != number.CanonicalVersion || len(record.Desired) > 0 {
		t.Errorf("hashes of another version are kept: %+v", record)
	}
	s.Object.Generation++
	record = restored()
	if d := record.Compare(s.want, number.Fields{"profile.about": "Closed"}); len(d.Changed) != 1 {
		t.Errorf("a change by the user counts: %+v", d)
	}
	record.Version++
	s.Policy = v1alpha1.ManagementPolicyObserved
	record = restored()
	if names := record.Diff(s.want, number.Fields{"profile.about": "Closed"}); len(names) != 1 {
		t.Errorf("where nothing is written, an upgrade must not hide a difference: %v", names)
	}
	s.Object.Spec.Profile = nil
	n.restoreSections(s.numberRun, nil)
	if len(status.Operator.Sections) > 0 || status.Profile != nil {
		t.Errorf("nothing is named, but this is remembered: %+v", status)
	}
}

func TestUnitSectionChanges(t *testing.T) {
	at := metav1.NewTime(lifecycletest.Start.Add(-time.Hour))
	later := metav1.NewTime(lifecycletest.Start.Add(-time.Minute))
	for name, c := range map[string]struct {
		section number.Section
		change  func(*v1alpha1.PhoneNumber)
		want    time.Time
	}{
		"nothing": {number.Profile, func(*v1alpha1.PhoneNumber) {}, time.Time{}},
		"registered": {number.Encryption, func(o *v1alpha1.PhoneNumber) {
			o.Status.Operator.Registration = &v1alpha1.PhoneNumberRegistrationStatus{
				Attempts: []v1alpha1.RegistrationAttempt{{Time: at}, {Time: later}},
			}
		}, later.Time},
		"picture lost": {number.Profile, func(o *v1alpha1.PhoneNumber) {
			o.Spec.Profile.Picture = &v1alpha1.MediaSource{}
			o.Status.Webhook = &v1alpha1.PhoneNumberWebhookStatus{PictureLostTime: &at}
		}, at.Time},
		"a picture that isn't ours": {number.Profile, func(o *v1alpha1.PhoneNumber) {
			o.Status.Webhook = &v1alpha1.PhoneNumberWebhookStatus{PictureLostTime: &at}
		}, time.Time{}},
		"another section": {number.Commerce, func(o *v1alpha1.PhoneNumber) {
			o.Status.Webhook = &v1alpha1.PhoneNumberWebhookStatus{PictureLostTime: &at}
		}, time.Time{}},
	} {
		s := unitSection(c.change)
		s.section = c.section
		if got := s.eventTime(); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
