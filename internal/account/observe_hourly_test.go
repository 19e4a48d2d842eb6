// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// refuseFields answers requests for any of the fields as Meta does: with an error about the first unknown one. A field of another node,
// which may have the same name, is known.
func refuseFields(fields ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if isComposite(r) {
			return false
		}
		for _, f := range fields {
			for asked := range strings.SplitSeq(r.URL.Query().Get("fields"), ",") {
				if asked == f {
					respondError(rw, `{"error":{"message":"(#100) Tried accessing nonexisting field (`+f+
						`) on node type (WhatsAppBusinessAccount)","type":"OAuthException","code":100}}`)
					return true
				}
			}
		}
		return false
	}
}

func TestObserveLeavesOutOptionalFieldsOneByOne(t *testing.T) {
	for n := range len(optionalFields) + 1 {
		t.Run(fmt.Sprintf("%d refused", n), func(t *testing.T) {
			w := newWorld(t, 100)
			s := w.session(t)
			w.front.answerWith(refuseFields(optionalFields[:n]...))
			snap, _ := observe(t, s)
			if snap.Optional == nil {
				t.Fatal("the other fields must be read")
			}
			asked := w.front.fields()
			if want := 2 + n + 1; len(asked) != want {
				t.Errorf("%d calls, want %d: %q", len(asked), want, asked)
			}

			w.step(time.Hour) // remembered for a day
			observe(t, s)
			asked = w.front.fields()
			if len(asked) > 3 {
				t.Fatalf("refused fields must be remembered: %q", asked)
			}
			last := asked[len(asked)-1]
			for i, f := range optionalFields {
				if got := strings.Contains(last, f); got != (i >= n) {
					t.Errorf("asked for %s: %t in %q", f, got, last)
				}
			}

			w.front.answerWith(nil)
			w.step(25 * time.Hour)
			observe(t, s)
			asked = w.front.fields()
			if last = asked[len(asked)-1]; !strings.Contains(last, optionalFields[0]) {
				t.Errorf("after a day the fields must be asked for again: %q", last)
			}
		})
	}
}

func TestObserveSurvivesUnreadableHourlyParts(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	first, _ := observe(t, s)
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if isComposite(r) {
			return false
		}
		respondError(rw, `{"error":{"message":"Service temporarily unavailable","code":2}}`)
		return true
	})
	w.step(time.Hour)
	snap, _ := observe(t, s)
	assertComplete(t, snap)
	if snap.Token != first.Token || snap.Optional != first.Optional {
		t.Error("the earlier data must be carried over")
	}
	if snap.TokenErr == nil || snap.OptionalErr == nil {
		t.Errorf("the log must learn why: %v, %v", snap.TokenErr, snap.OptionalErr)
	}
	w.front.answerWith(nil)
	w.front.calls()
	w.step(time.Minute)
	snap, _ = observe(t, s)
	wantCalls(t, w.front.calls(), readWABA, debugToken, readWABA) // not only after another hour
	if snap.TokenErr != nil || snap.OptionalErr != nil {
		t.Errorf("it is over: %v, %v", snap.TokenErr, snap.OptionalErr)
	}
}

func TestObserveFailsWhenMetaCallsTheTokenInvalid(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		respond(rw, `[{"code":200,"body":"{\"data\":{\"app_id\":\"1\",\"is_valid\":false,\"error\":{\"code\":190,\"subcode\":463,\"message\":\"expired\"}}}"}]`)
		return true
	})
	_, _, err := s.Observe(context.Background())
	e, ok := graph.AsError(err)
	if !ok || e.Class != graph.ClassCredentials || e.Subcode != 463 || e.Message != "expired" {
		t.Errorf("got %v", err)
	}
	if s.Snapshot() != nil {
		t.Error("nothing may be published")
	}
}

func TestInspectToken(t *testing.T) {
	w := newWorld(t, 100)
	token, err := w.session(t).InspectToken(context.Background())
	if err != nil || token.AppID != testApp || !token.Valid {
		t.Errorf("got %+v, %v", token, err)
	}
}
