// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

const fullError = `{"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_subcode":"2388024",
 "is_transient":false,"error_user_title":"Content in This Language Already Exists",
 "error_user_msg":"There is already English content for this template.",
 "error_data":{"messaging_product":"whatsapp","details":"Detail","blame_field_specs":[["name"],["components",0,"text"],"language",{},[]]},
 "fbtrace_id":"A1b2","novelty":{}}}`

func TestErrorDecoding(t *testing.T) {
	server := newFakeGraph(t, fakeAnswer{status: 400, body: fullError, header: http.Header{"X-Fb-Trace-Id": {"Header"}}})
	_, err := server.client(t).CreateTemplate(t.Context(), testWABA, TemplateContent{Name: "n"})
	e := mustError(t, fmt.Errorf("wrapped: %w", err))
	equal(t, "error", *e, Error{
		Op: OpCreateTemplate, Class: ClassRefused, Cause: CauseDuplicate, HTTPStatus: 400, Code: 100, Subcode: 2388024,
		Type: "OAuthException", Message: "Invalid parameter", UserTitle: "Content in This Language Already Exists",
		UserMessage: "There is already English content for this template.", Details: "Detail", TraceID: "A1b2",
		BlameFields: []string{"name", "components.0.text", "language"},
	})
	equal(t, "text", err.Error(), "graph CreateTemplate: Refused (Duplicate): code 100/2388024, HTTP 400: "+
		"Content in This Language Already Exists: There is already English content for this template.: Detail: Invalid parameter"+
		", fields name components.0.text language, trace A1b2")
	equal(t, "explanation", e.Explain(), "Content in This Language Already Exists: There is already English content for this template.")
}

func TestErrorData(t *testing.T) {
	for _, tc := range []struct {
		name, data, details string
		blame               []string
	}{
		{"text", `"plain text"`, "plain text", nil},
		{"object in text", `"{\"details\":\"inside\",\"blame_field_specs\":[[\"name\"]]}"`, "inside", []string{"name"}},
		{"list in text", `"[1]"`, "[1]", nil},
		{"list", `[]`, "", nil},
		{"null", `null`, "", nil},
		{"number", `7`, "", nil},
	} {
		server := newFakeGraph(t, refused(`{"error":{"code":100,"error_data":`+tc.data+`}}`))
		e := mustError(t, server.client(t).EditTemplate(t.Context(), "77", TemplateContent{Category: "UTILITY"}))
		if e.Details != tc.details {
			t.Errorf("%s: got %q", tc.name, e.Details)
		}
		equal(t, tc.name, e.BlameFields, tc.blame)
	}
}

func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  Error
		want string
	}{
		{"title only", Error{UserTitle: "T", Details: "D", Message: "M"}, "T"},
		{"message only", Error{UserMessage: "U", Details: "D", Message: "M"}, "U"},
		{"both alike", Error{UserTitle: "T", UserMessage: "T"}, "T"},
		{"details", Error{Details: "D", Message: "M"}, "D"},
		{"message", Error{Message: "M"}, "M"},
		{"trace id at the end", Error{Message: "Sorry (Abc)", TraceID: "Abc"}, "Sorry (…)"},
		{"throttled without text", Error{Class: ClassThrottled, Code: 4}, "The rate limit is reached."},
		{"nothing", Error{Code: 5, Subcode: 6}, "Meta answered with code 5, subcode 6 and no text."},
		{"timeout", Error{Cause: CauseTimeout, Err: errors.New("dial tcp 10.0.0.1:443: i/o timeout")}, "Meta did not answer in time."},
		{"network", Error{Cause: CauseNetwork, Err: errors.New("x")}, "Meta could not be reached, or the connection was cut."},
		{"body", Error{Cause: CauseBadBody, Message: "x"}, "What answered is not the Graph API, or its answer has an unknown form."},
	} {
		equal(t, tc.name, tc.err.Explain(), tc.want)
	}
}

// Conditions must not change between two failures that differ only in what Meta makes up anew for each.
func TestExplainIsStable(t *testing.T) {
	var first string
	for i := range 3 {
		trace := fmt.Sprintf("Atrace%d", i)
		server := newFakeGraph(t, refused(fmt.Sprintf(
			`{"error":{"code":190,"message":"Session has expired on Sunday, 22-Nov-26 01:00:00 PST. `+
				`The current time is Sunday, 22-Nov-26 0%d:00:00 PST. See https://fb.me/%d, trace %s","fbtrace_id":%q}}`, i, i, trace, trace)))
		_, err := server.client(t).ReadTemplate(t.Context(), "77")
		got := mustError(t, err).Explain()
		if i == 0 {
			first = got
		}
		if got != first || strings.Contains(got, "fb.me") || !strings.HasPrefix(got, "Session has expired on Sunday") {
			t.Errorf("got %q, before %q", got, first)
		}
	}
}

func TestClassOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want Class
	}{
		{"nil", nil, ""},
		{"ours", &Error{Class: ClassQuota}, ClassQuota},
		{"ours, wrapped", fmt.Errorf("x: %w", &Error{Class: ClassGone}), ClassGone},
		{"canceled", fmt.Errorf("x: %w", context.Canceled), ClassTransient},
		{"deadline", context.DeadlineExceeded, ClassTransient},
		{"network", &net.DNSError{Err: "no such host"}, ClassTransient},
		{"foreign", errors.New("x"), ClassUnknown},
	} {
		if got := ClassOf(tc.err); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	if _, ok := AsError(errors.New("x")); ok {
		t.Error("an error of another package was accepted as *Error")
	}
}
