// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"net/http"
	"testing"

	"github.com/waba-operator/waba-operator/internal/properties"
)

// TestEveryReadIsLookedInto: a new call that reads has its answer listed, and what the client requests is known.
func TestEveryReadIsLookedInto(t *testing.T) {
	for op := range operations {
		if _, ok := AnswerProperties(op); !ok && !op.Write() {
			t.Errorf("answers.go has nothing about %s", op)
		}
	}
	for op, fields := range map[Operation][]string{
		OpReadAccount: accountFields, OpReadAccountOptional: accountOptionalFields, OpReadTemplate: templateFields, OpReadPhoneNumber: numberFields,
		OpReadProfile: profileFields,
	} {
		known, _ := AnswerProperties(op)
		for _, field := range fields {
			if _, ok := known.In(field); !ok {
				t.Errorf("%s requests %s, which its answer doesn't have", op, field)
			}
		}
	}
	known, _ := AnswerProperties(OpListTemplates)
	if got := properties.Deviations(map[string]any{"data": []any{map[string]any{"status": "NEW"}}}, known); len(got) != 1 || got[0].Path != "data[0].status" {
		t.Errorf("%v", got)
	}
}

func TestErrorIn(t *testing.T) {
	for body, want := range map[string]Class{
		`{"id":"1"}`: "", `{"error":{"code":190,"error_subcode":463}}`: ClassCredentials, `{"error":{"code":987654}}`: ClassUnknown, `<html>`: ClassTransient,
	} {
		e := ErrorIn(OpReadAccount, []byte(body))
		if (e == nil) != (want == "") || e != nil && e.Class != want {
			t.Errorf("%s: %v, want %q", body, e, want)
		}
	}
}

// TestOperationFrom: a transport gets to know which call it carries.
func TestOperationFrom(t *testing.T) {
	var got Operation
	c, err := NewClient(Config{Version: "v25.0", AccessToken: "token", Transport: roundTrip(func(r *http.Request) { got = OperationFrom(r.Context()) })})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.ReadTemplate(t.Context(), "1") // the transport refuses it
	if got != OpReadTemplate || OperationFrom(context.Background()) != "" {
		t.Errorf("%q", got)
	}
}

type roundTrip func(*http.Request)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return nil, context.Canceled
}
