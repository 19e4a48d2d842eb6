// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"strings"
	"testing"
	"time"
)

const askSMS = "/request_code?code_method=SMS&language=en_US"

func TestVerification(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	f.refused(f.post(id+"/verify_code?code=123456", nil), 136025, 0)
	f.must(f.post(id+askSMS, nil))
	first, found := f.sim.SentCode(id)
	if !found || len(first.Code) != 6 || first.Method != "SMS" || first.Language != "en_US" || !strings.HasSuffix(first.Message, first.Code[:3]+"-"+first.Code[3:]) {
		t.Fatalf("%+v", first)
	}
	f.refused(f.post(id+"/verify_code?code="+first.Code[:3]+"-"+first.Code[3:], nil), 136025, 0) // no hyphen
	f.must(f.post(id+"/request_code", map[string]any{"code_method": "VOICE", "language": "de"}))
	f.refused(f.post(id+"/verify_code?code="+first.Code, nil), 136025, 0) // a newer one is on its way
	second, _ := f.sim.SentCode(id)
	f.same(f.fields(id, "code_verification_status"), map[string]any{"code_verification_status": "NOT_VERIFIED"})
	f.must(f.post(id+"/verify_code", map[string]any{"code": second.Code}))
	f.same(f.fields(id, "code_verification_status,status"), map[string]any{"code_verification_status": "VERIFIED", "status": "PENDING"})
	f.refused(f.post(id+"/verify_code", map[string]any{"code": second.Code}), 136025, 0)
	got := f.refused(f.post(id+askSMS, nil), 136024, 2388091)
	if got.failure()["is_transient"] != false || got.failure()["message"] != "Request code error" {
		t.Errorf("%s", got.raw)
	}
	n := f.sim.Stats()
	if n.ByNumber[id][OpRequestCode] != 3 || n.CommittedByNumber[id][OpRequestCode] != 2 || n.ByNumber[id][OpVerifyCode] != 5 || n.CommittedByNumber[id][OpVerifyCode] != 1 {
		t.Errorf("%v %v", n.ByNumber[id], n.CommittedByNumber[id])
	}
}

func TestCodeParameters(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	for _, query := range []string{
		"request_code", "request_code?code_method=SMS", "request_code?code_method=sms&language=en", "request_code?code_method=MAIL&language=en",
		"request_code?code_method=SMS&language=english", "request_code?code_method=SMS&language=en-US", "verify_code",
	} {
		f.refused(f.post(id+"/"+query, nil), 100, 0)
	}
	if len(f.sim.SentCodes(id)) != 0 {
		t.Error("a code was sent")
	}
}

func TestCodesExpire(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	f.must(f.post(id+askSMS, nil))
	code, _ := f.sim.SentCode(id)
	f.clock.Step(codeLife)
	f.refused(f.post(id+"/verify_code?code="+code.Code, nil), 136025, 0)
}

func TestGuessedCodes(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	f.must(f.post(id+askSMS, nil))
	code, _ := f.sim.SentCode(id)
	for range codeGuesses - 1 {
		f.refused(f.post(id+"/verify_code?code=x", nil), 136025, 0)
	}
	f.refused(f.post(id+"/verify_code?code=x", nil), 136025, 2388364)
	f.refused(f.post(id+"/verify_code?code="+code.Code, nil), 136025, 2388364)
	f.clock.Step(codeGuessLock)
	f.refused(f.post(id+"/verify_code?code="+code.Code, nil), 136025, 0) // worthless by now
}

func TestCodeRequestLimits(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	ask := func() answer { return f.post(id+askSMS, nil) }
	f.must(ask())
	f.must(ask())
	f.refused(ask(), 136024, 2388091)
	f.clock.Step(59 * time.Minute)
	f.refused(ask(), 136024, 2388091) // starts the hour anew
	f.clock.Step(59 * time.Minute)
	f.refused(ask(), 136024, 2388091)
	f.clock.Step(time.Hour)
	f.must(ask())
	f.clock.Step(time.Hour)
	f.must(ask())
	f.must(ask())
	f.clock.Step(time.Hour)
	f.refused(ask(), 136024, 2388367)
	f.clock.Step(codeWindow)
	f.must(ask())
}

func TestLostCodes(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	f.sim.UpdateNumber(id, func(n *Number) { n.Unreachable = true })
	f.must(f.post(id+askSMS, nil))
	if _, found := f.sim.SentCode(id); found {
		t.Error("a code arrived")
	}
	if _, found := f.sim.SentCode("1"); found {
		t.Error("a code of an unknown number")
	}
}

func TestVerificationExpires(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.clock.Step(certificateAge)
	f.same(f.fields(id, "code_verification_status"), map[string]any{"code_verification_status": "EXPIRED"})
	f.refused(f.register(id, testPIN), 133006, 0)
	f.must(f.post(id+askSMS, nil))
}
