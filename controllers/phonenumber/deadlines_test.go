// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// TestUnitWrongClockNumbers: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClockNumbers(t *testing.T) {
	now := lifecycletest.Start
	wrong := now.Add(90 * 24 * time.Hour)
	clk := func() *clocktesting.FakePassiveClock { return clocktesting.NewFakePassiveClock(wrong) }
	for name, held := range map[string]func() bool{
		"registrations": func() bool { return windowWait(wrongCalls(callRegister, wrong, 9), callRegister, now) > 0 },
		"names":         func() bool { return windowWait(wrongCalls(callDisplayName, wrong, 9), callDisplayName, now) > 0 },
		"a registration": func() bool {
			calls, pin := wrongCalls(callRegister, wrong, 1), &v1alpha1.SecretVersion{UID: "a"}
			calls[0].Secret = pin
			return registering(calls, now, false).mayRegister(&lifecycle.Content{Version: *pin}) != nil
		},
		"a lock of registrations": func() bool {
			return registering(locked(callRegister, wrong), now, true).mayRegister(nil) != nil
		},
		"a deregistration":          func() bool { return mayDeregister(wrongCalls(callDeregister, wrong, 1), now, false) != nil },
		"a lock of deregistrations": func() bool { return mayDeregister(locked(callDeregister, wrong), now, true) != nil },
		"a lock of codes": func() bool {
			s := &situation{spec: &v1alpha1.PhoneNumberSpec{}, status: &v1alpha1.PhoneNumberStatus{}, now: now, codeAsked: true}
			action, _ := s.codeRequest(&locked(callRequestCode, wrong)[0])
			return action != verifyRequestCode
		},
		"a code that wasn't sent": func() bool {
			s := &situation{spec: &v1alpha1.PhoneNumberSpec{}, status: &v1alpha1.PhoneNumberStatus{}, now: now}
			action, _ := s.codeAgain(&wrongCalls(callRequestCode, wrong, 1)[0])
			return action != verifyRequestCode
		},
		"a display name": func() bool {
			s := &situation{
				spec: &v1alpha1.PhoneNumberSpec{DisplayName: "Acme"}, status: &v1alpha1.PhoneNumberStatus{}, now: now, live: &graph.PhoneNumber{},
				attempts: []v1alpha1.RegistrationAttempt{{Kind: callDisplayName, DisplayName: "Acme", Time: metav1.NewTime(wrong)}},
			}
			ask, _ := s.nameStep()
			return !ask
		},
		"a request for the badge": func() bool {
			p := &numberRun{Now: now, Object: &v1alpha1.PhoneNumber{}, Policy: v1alpha1.ManagementPolicyManaged}
			p.Object.Annotations = map[string]string{v1alpha1.AnnotationRequestOBA: "again"}
			p.Object.Spec.OfficialBusinessAccount = &v1alpha1.OfficialBusinessAccountRequest{}
			return badgeNotSent(p, &graph.PhoneNumber{}, wrongCalls(callOBA, wrong, 1)) != ""
		},
		"the last read of a section": func() bool {
			c := clk()
			r := newSectionSchedule(c)
			r.done(sectionKey{object: "a"})
			c.SetTime(now)
			return r.left(sectionKey{object: "a"}, now, now) > 0 || r.left(sectionKey{object: "b"}, now, now) > sectionPeriod
		},
		"repairs of a section": func() bool { return wrongSection(wrong, now).contested() > 0 },
		"a refusal of a section": func() bool {
			return sectionRefused(wrongSection(wrong, now)) != nil
		},
		"a number that connects": func() bool {
			p := &numberRun{Now: now, WABA: &v1alpha1.WABA{}}
			p.WABA.Status.Operator.CallLog = wrongCalls(callRegister, wrong, 1)
			p.WABA.Status.Operator.CallLog[0].Result = resultDone
			return (&numbers{}).connects(p, &graph.PhoneNumber{ID: "1", Status: metavalues.NumberPending})
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}

// TestUnitRightClockNumbers: the same holds up what it should, noted by a clock that is right.
func TestUnitRightClockNumbers(t *testing.T) {
	now := lifecycletest.Start
	if registering(locked(callRegister, now.Add(72*time.Hour)), now, true).mayRegister(nil) == nil {
		t.Error("Meta's lock of registrations doesn't hold")
	}
	if wrongSection(now.Add(-time.Hour), now).contested() == 0 {
		t.Error("three repairs in a day")
	}
}

// registering is the situation of a number after some calls.
func registering(calls []v1alpha1.RegistrationAttempt, now time.Time, pushed bool) *situation {
	return &situation{
		spec: &v1alpha1.PhoneNumberSpec{}, status: &v1alpha1.PhoneNumberStatus{}, live: &graph.PhoneNumber{},
		attempts: calls, now: now, pushed: pushed,
	}
}

// wrongCalls are failed calls at one time.
func wrongCalls(kind string, at time.Time, n int) []v1alpha1.RegistrationAttempt {
	var out []v1alpha1.RegistrationAttempt
	for range n {
		out = append(out, v1alpha1.RegistrationAttempt{Number: "1", Kind: kind, Time: metav1.NewTime(at), Result: string(graph.ClassRefused)})
	}
	return out
}

// locked is a call of a month ago that Meta doesn't take again until then.
func locked(kind string, until time.Time) []v1alpha1.RegistrationAttempt {
	out := wrongCalls(kind, lifecycletest.Start.Add(-30*24*time.Hour), 1)
	out[0].RetryTime = deadline.Pointer(until)
	return out
}

// wrongSection is a section with three repairs and a refusal.
func wrongSection(at, now time.Time) *sectionRun {
	obj := &v1alpha1.PhoneNumber{}
	s := &sectionRun{numberRun: &numberRun{Object: obj, Now: now, Policy: v1alpha1.ManagementPolicyManaged}, section: number.Profile}
	s.Status = &obj.Status.CommonStatus
	obj.Status.Operator.Repairs = []v1alpha1.RepairHistory{{
		Name: string(number.Profile), Times: []metav1.Time{metav1.NewTime(at), metav1.NewTime(at), metav1.NewTime(at)},
	}}
	s.memory = &v1alpha1.SectionMemory{Name: string(number.Profile), Refusal: &v1alpha1.SectionRefusal{
		SpecHash: s.want.Hash(), RetryTime: metav1.NewTime(at), Reason: v1alpha1.ReasonRefusedByMeta,
	}}
	return s
}
