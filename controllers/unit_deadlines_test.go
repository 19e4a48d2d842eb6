// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// TestUnitWrongClock: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClock(t *testing.T) {
	now := unitStart
	wrong := now.Add(90 * 24 * time.Hour)
	clk := func() *clocktesting.FakePassiveClock { return clocktesting.NewFakePassiveClock(wrong) }
	for name, held := range map[string]func() bool{
		"a wait in the status": func() bool { return unitWait(v1alpha1.ReasonRateLimited, wrong).refusedFor() > 0 },
		"a locked name":        func() bool { return unitWait(v1alpha1.ReasonNameLocked, wrong).refusedFor() > 0 },
		"the end of a pass":    func() bool { return unitWait(v1alpha1.ReasonRefusedByMeta, wrong).settled() },
		"an edit": func() bool {
			return editWait(&v1alpha1.MessageTemplateStatus{Edits: []v1alpha1.EditAttempt{{Time: metav1.NewTime(wrong), Approved: true, Done: true}}}, "", now) > 0
		},
		"somebody's edit": func() bool {
			return editWait(&v1alpha1.MessageTemplateStatus{LastUpdatedTimes: []metav1.Time{metav1.NewTime(wrong)}}, "", now) > 0
		},
		"registrations": func() bool { return windowWait(wrongCalls(callRegister, wrong, 9), callRegister, now) > 0 },
		"names":         func() bool { return windowWait(wrongCalls(callDisplayName, wrong, 9), callDisplayName, now) > 0 },
		"a registration": func() bool {
			calls, pin := wrongCalls(callRegister, wrong, 1), &v1alpha1.SecretVersion{UID: "a"}
			calls[0].Secret = pin
			return registering(calls, now, false).mayRegister(&content{version: *pin}) != nil
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
		"creates in the status": func() bool {
			l := newCreateLedger(clocktesting.NewFakePassiveClock(now), 2)
			return l.reserve("1", []v1alpha1.CreateWindow{{Start: metav1.NewTime(wrong), Count: 2}}) > 0
		},
		"creates": func() bool {
			c := clk()
			l := newCreateLedger(c, 1)
			l.reserve("1", nil)
			l.announce("1", "a", nil)
			c.SetTime(now)
			return l.announce("1", "b", nil) > 0 || l.reserve("1", nil) > 0
		},
		"a backoff": func() bool {
			c := clk()
			a := newAttempts(c)
			a.failed("a", "", 0)
			c.SetTime(now)
			return a.pause("a", "") > 0
		},
		"the last look at a section": func() bool {
			c := clk()
			r := newSectionReads(c)
			r.done(sectionKey{object: "a"})
			c.SetTime(now)
			return r.left(sectionKey{object: "a"}, now, now) > 0 || r.left(sectionKey{object: "b"}, now, now) > sectionPeriod
		},
		"the result of a section": func() bool {
			c := clk()
			r := newSectionReads(c)
			r.hold(sectionKey{object: "a"}, "", unchanged(0), refusedRecheck)
			c.SetTime(now)
			return r.held(sectionKey{object: "a"}, "") != nil
		},
		"repairs of a section": func() bool { return wrongSection(wrong, now).contested() > 0 },
		"a refusal of a section": func() bool {
			return sectionRefused(wrongSection(wrong, now)) != nil
		},
		"a handle": func() bool {
			c := clk()
			h := newHandles(c)
			h.put(handleKey{object: "a"}, "handle")
			c.SetTime(now)
			return h.get(handleKey{object: "a"}) != ""
		},
		"events of webhooks": func() bool {
			c := clk()
			h := newHearing(c)
			h.listen("a", 1, false)
			h.listen("a", 2, false)
			c.SetTime(now)
			_, _, wait := h.listen("a", 3, false)
			return wait > 0
		},
		"a number that connects": func() bool {
			p := &numberPass{now: now, waba: &v1alpha1.WABA{}}
			p.waba.Status.Registrations = wrongCalls(callRegister, wrong, 1)
			p.waba.Status.Registrations[0].Result = resultDone
			return (&numbers{}).connects(p, &graph.PhoneNumber{ID: "1", Status: metavalues.NumberPending})
		},
		"repairs of a template": func() bool {
			p := &templatePass{obj: &v1alpha1.MessageTemplate{}, now: now}
			for range contestedAfter {
				p.obj.Status.Edits = append(p.obj.Status.Edits, v1alpha1.EditAttempt{Time: metav1.NewTime(wrong), Cause: causeDrift})
			}
			return contestedEdits(p)
		},
		"a refused write of a webhook": func() bool {
			c := clk()
			m := newHookMemory(c)
			m.hold(hookKey{}, "", unchanged(refusedRecheck))
			c.SetTime(now)
			return m.held(hookKey{}, "") != nil
		},
		"repairs of a webhook": func() bool {
			c := clk()
			m := newHookMemory(c)
			for range contestedAfter {
				m.repaired(hookKey{})
			}
			c.SetTime(now)
			return m.contested(hookKey{}) > 0
		},
		"an app without messages": func() bool {
			c := clk()
			m := newHookMemory(c)
			m.setLacking("a", true)
			c.SetTime(now)
			return m.lacks("a", false)
		},
		"writes of settings": func() bool {
			c := clk()
			w := newSettingWrites(c)
			w.known[settingKey{}] = settingHistory{times: []time.Time{wrong, wrong, wrong}}
			c.SetTime(now)
			return w.held(settingKey{}, 0) != nil
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}

// registering is the situation of a number after some calls.
func registering(calls []v1alpha1.RegistrationAttempt, now time.Time, pushed bool) *situation {
	return &situation{
		spec: &v1alpha1.PhoneNumberSpec{}, status: &v1alpha1.PhoneNumberStatus{}, live: &graph.PhoneNumber{},
		attempts: calls, now: now, pushed: pushed,
	}
}

// TestUnitRightClock: the same holds up what it should, noted by a clock that is right.
func TestUnitRightClock(t *testing.T) {
	now := unitStart
	if got := unitWait(v1alpha1.ReasonNameLocked, now.Add(29*24*time.Hour)).refusedFor(); got != 29*24*time.Hour {
		t.Errorf("a locked name: %s", got)
	}
	if got := unitWait(v1alpha1.ReasonRefusedByMeta, now.Add(23*time.Hour)).refusedFor(); got != 23*time.Hour {
		t.Errorf("a refusal: %s", got)
	}
	if registering(locked(callRegister, now.Add(72*time.Hour)), now, true).mayRegister(nil) == nil {
		t.Error("Meta's lock of registrations doesn't hold")
	}
	if wrongSection(now.Add(-time.Hour), now).contested() == 0 {
		t.Error("three repairs in a day")
	}
}

func unitWait(reason string, until time.Time) *pass[*v1alpha1.MessageTemplate] {
	p := &pass[*v1alpha1.MessageTemplate]{obj: &v1alpha1.MessageTemplate{}, now: unitStart}
	p.status = &p.obj.Status.CommonStatus
	p.status.NextAttemptTime = deadline.Pointer(until)
	p.status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSynced, Status: metav1.ConditionFalse, Reason: reason}}
	return p
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
	out := wrongCalls(kind, unitStart.Add(-30*24*time.Hour), 1)
	out[0].RetryTime = deadline.Pointer(until)
	return out
}

// wrongSection is a section with three repairs and a refusal.
func wrongSection(at, now time.Time) *sectionPass {
	obj := &v1alpha1.PhoneNumber{}
	s := &sectionPass{numberPass: &numberPass{obj: obj, now: now, policy: v1alpha1.ManagementPolicyManaged}, section: number.Profile}
	s.status = &obj.Status.CommonStatus
	obj.Status.Sections = []v1alpha1.PhoneNumberSectionStatus{{
		Name: string(number.Profile), Repairs: []metav1.Time{metav1.NewTime(at), metav1.NewTime(at), metav1.NewTime(at)},
		Refusal: &v1alpha1.SectionRefusal{SpecHash: s.want.Hash(), Until: metav1.NewTime(at), Reason: v1alpha1.ReasonRefusedByMeta},
	}}
	return s
}
