// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// helpful does what the messages of a number ask a person for, and nothing else.
type helpful struct {
	w      *harness.World
	number *v1alpha1.PhoneNumber
	asked  int
	code   string
	secret *corev1.Secret
}

func (h *helpful) act() {
	w := h.w
	if !w.Reload(h.number) {
		return
	}
	c := harness.Condition(h.number.Status.Conditions, v1alpha1.ConditionSynced)
	if c.Reason != v1alpha1.ReasonActionRequired {
		return
	}
	sent, ok := w.Sim.SentCode(h.number.Status.ID)
	if ok && sent.Code != h.code {
		h.code = sent.Code
		if h.secret == nil {
			h.secret = keySecret(w, "code", v1alpha1.SecretPurposeCode, sent.Code)
		} else {
			w.Edit(h.secret, func() { h.secret.Data["code"] = []byte(sent.Code) })
		}
		return
	}
	if strings.Contains(c.Message, "annotate "+v1alpha1.AnnotationRequestCode) {
		h.asked++
		w.Annotate(h.number, v1alpha1.AnnotationRequestCode, fmt.Sprint(h.asked))
	}
}

// live runs the operator and the person for a while.
func (h *helpful) live(op *harness.Operator, total, step time.Duration) {
	for passed := time.Duration(0); passed < total; passed += step {
		h.act()
		op.AdvanceRoughly(step, step)
	}
}

// TestNumberSurvivesCrashes kills the process before and after each call of a number's way. Nothing is lost, and no attempt
// is made twice.
func TestNumberSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, step := range []struct{ name, path, op string }{
		{"add", "/*/phone_numbers", ""},
		{"request code", "/*/request_code", graphsim.OpRequestCode},
		{"verify code", "/*/verify_code", graphsim.OpVerifyCode},
		{"register", "/*/register", graphsim.OpRegister},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after the call: %t", step.name, after), func(t *testing.T) {
				t.Parallel()
				w := harness.New(t, env)
				w.Secret()
				w.WABA()
				keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
				first := w.Start()
				first.Settle()
				died := make(chan struct{})
				fault := graphsim.Fault{Method: http.MethodPost, Path: step.path}
				if after {
					fault.Commit, fault.Cut = true, graphsim.AfterCommit
					fault.AfterHook = func(*http.Request) { first.Kill(); close(died) }
				} else {
					fault.Cut, fault.Hook = graphsim.BeforeCommit, func(*http.Request) { first.Kill(); close(died) }
				}
				w.Sim.Fail(fault)
				number := phoneNumber(w)
				person := &helpful{w: w, number: number}
				for range 60 {
					select {
					case <-died:
					default:
						person.act()
						first.Advance(10 * time.Second)
						continue
					}
					break
				}
				first.StopKilled()
				second := w.Start()
				second.Settle()
				person.live(second, 3*time.Minute, 30*time.Second)
				person.live(second, 28*time.Hour, 7*time.Hour)
				person.live(second, 2*time.Minute, 30*time.Second)
				second.Observe()
				w.Reload(number)
				expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
				expectSpentOnce(t, w, number, step.op, person.asked)
				w.CheckInvariants()
			})
		}
	}
}

// expectSpentOnce checks Meta's own count. Only calls that a person requested again, or that Meta never saw, come twice.
func expectSpentOnce(t *testing.T, w *harness.World, number *v1alpha1.PhoneNumber, crashed string, asked int) {
	t.Helper()
	s := w.Sim.Stats()
	id := number.Status.ID
	for op, most := range map[string]int{graphsim.OpRegister: 1, graphsim.OpVerifyCode: 1, graphsim.OpRequestCode: 1} {
		if op == crashed {
			most++ // the call that was cut off counts as an attempt in the simulator too
		}
		if op != graphsim.OpRegister {
			most += asked
		}
		if got := s.ByNumber[id][op]; got > most {
			t.Errorf("%s: %d attempts, want at most %d", op, got, most)
		}
		if got := s.CommittedByNumber[id][op]; op == graphsim.OpRegister && got != 1 {
			t.Errorf("%s took effect %d times", op, got)
		}
	}
	if got := s.CommittedByNumber[newNumber][graphsim.OpAddNumber]; got != 1 {
		t.Errorf("added %d times", got)
	}
}

// TestRegistrationBudget plays 72 hours in which every registration fails, with the resource deleted and created again, and
// with two leaders at once. Meta must never count more than ten.
func TestRegistrationBudget(t *testing.T) {
	t.Parallel()
	const id = "106540352249999"
	for name, fault := range map[string]graphsim.Fault{
		"flapping":   {Code: 131000, Status: 500},
		"too early":  {Code: 100, Subcode: 2388001, Message: "Cannot create certificate"},
		"blocked":    {Code: 133016, Message: "Registration or deregistration limit"},
		"pin locked": {Code: 133008, Message: "Too many two step verification PIN guesses", Details: "Please try again after 1 hour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			w.Sim.AddNumber(harness.AccountID, graphsim.Number{
				ID: id, DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "VERIFIED", PlatformType: "NOT_APPLICABLE",
				Status: "DISCONNECTED", NameStatus: "APPROVED", VerifiedName: "Acme Support",
			})
			keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
			fault.Method, fault.Path, fault.Times = http.MethodPost, "/*/register", -1
			w.Sim.Fail(fault)
			number := phoneNumber(w)
			one, two := w.Start(), w.Start()
			for day := range 3 {
				one.Settle()
				two.Settle()
				for range 4 {
					one.AdvanceRoughly(6*time.Hour, 6*time.Hour)
					two.Settle()
				}
				w.Delete(number)
				one.Settle()
				number = phoneNumber(w, func(o *v1alpha1.PhoneNumber) {
					o.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: fmt.Sprint(day)} // kept in Git by mistake
				})
			}
			n := scarce(w, id, graphsim.OpRegister)
			t.Logf("%d registrations in 72 hours", n)
			if n < 1 || n > 10 {
				t.Errorf("%d registrations in 72 hours", n)
			}
			if name == "blocked" && n > 1 {
				t.Errorf("%d registrations although Meta has blocked them for 72 hours", n)
			}
			w.CheckInvariants()
		})
	}
}
