// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestRefusedCreates has a row for each answer to a create that Meta documents or users have reported
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes). What concerns the whole
// account (throttling, tokens, blocks) is in faults_test.go.
func TestRefusedCreates(t *testing.T) {
	t.Parallel()
	// Creates in the hour after the refusal: none, some with growing pauses, or a few with waits that double from 15 minutes.
	const never, slowly, doubling = 0, -1, -2
	w := harness.New(t, env, graphsim.WithCallBudget(0, 0))
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	for i, row := range []struct {
		code, subcode int
		title, text   string
		reason        string
		again         int
		timed         bool // status.nextAttemptTime says when
	}{
		{100, 2388019, "Message Template Limit Exceeded", "This account has too many templates.", v1alpha1.ReasonQuotaExceeded, never, true},
		{100, 2388023, "", "New English (US) content can't be added while the existing English (US) content is being deleted. Try again in 4 weeks or consider creating a new message template.", v1alpha1.ReasonNameLocked, doubling, true},
		{100, 0, "Template Category Doesn't Match", "The category UTILITY doesn't match the one that's already associated with this template, MARKETING.", v1alpha1.ReasonRefusedByMeta, never, true},
		{100, 2388040, "Character limit exceeded", "The text is too long.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388043, "Missing example", "A component lacks expected fields.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388046, "Name Format is Incorrect", "The message template name can only have lowercase letters and underscores.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388047, "Message header format is incorrect", "The header can't have emoji.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388049, "Language not supported", "Choose another language.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388060, "Button format is incorrect", "Buttons can't have any variables, newlines, emojis, or formatting characters.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388072, "Message body format is incorrect", "The message body can't have more than two consecutive newline characters, only have parameters, or have more than 10 emojis.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388073, "Message footer format is incorrect", "The footer can't have variables.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388081, "WhatsApp link", "Buttons can't link to WhatsApp.", v1alpha1.ReasonInvalidSpec, never, true},
		{200002, 2388109, "HSM Template creation failed", "The template cannot be submitted.", v1alpha1.ReasonRefusedByMeta, never, true},
		{100, 2388155, "Template name is already used as a sample template", "This template is named after a sample template created by default. Please use a different name.", v1alpha1.ReasonInvalidSpec, never, true},
		{10, 2388185, "", "This WhatsApp business account does not have permission to create message template", v1alpha1.ReasonRefusedByMeta, never, true},
		{100, 2388273, "", "Templates with IMAGE header type need an example/sample, but it was not provided", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388293, "Parameters words ratio exceeds limit", "This template has too many variables for its length. Reduce the number of variables or increase the message length.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 2388299, "Leading or trailing parameters not allowed", "Variables can't be at the start or end of the template.", v1alpha1.ReasonInvalidSpec, never, true},
		{192, 0, "", "Param components[0]['buttons'][0]['phone_number'] is not a valid phone number.", v1alpha1.ReasonInvalidSpec, never, true},
		{100, 33, "", "Object does not exist, cannot be loaded due to missing permissions, or does not support this operation", v1alpha1.ReasonPermissionDenied, slowly, false},
		{200, 0, "", "Permissions error", v1alpha1.ReasonPermissionDenied, slowly, false},
		{1, 0, "", "An unknown error occurred", v1alpha1.ReasonTransientError, slowly, false},
		{131016, 0, "", "Service unavailable", v1alpha1.ReasonTransientError, slowly, false},
		{424242, 0, "", "Something that no page lists", v1alpha1.ReasonUnknownError, slowly, false},
	} {
		name := fmt.Sprintf("refused_%02d", i)
		stop := w.Sim.Fail(graphsim.Fault{
			Method: http.MethodPost, Path: "/*/message_templates", Times: -1, Status: http.StatusBadRequest,
			Code: row.code, Subcode: row.subcode, Message: fallback(row.title, row.text), UserTitle: row.title, UserMessage: fallback("", row.text),
		})
		tmpl := w.CreateTemplate(name)
		op.Settle()
		w.Reload(tmpl)
		c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
		if c.Status != metav1.ConditionFalse || c.Reason != row.reason {
			t.Errorf("%d/%d: %s/%s, want %s", row.code, row.subcode, c.Status, c.Reason, row.reason)
		}
		// Transient errors are explained in our words: Meta's say nothing about what happens next.
		if row.reason != v1alpha1.ReasonTransientError && (!strings.Contains(c.Message, strings.TrimRight(row.text, ".")) || !strings.Contains(c.Message, row.title)) {
			t.Errorf("%d/%d: the message must repeat Meta's title and text: %s", row.code, row.subcode, c.Message)
		}
		if timed := tmpl.Status.NextAttemptTime != nil; timed != row.timed {
			t.Errorf("%d/%d: next attempt %v", row.code, row.subcode, tmpl.Status.NextAttemptTime)
		}
		before := posts(w)
		op.Advance(time.Hour)
		if again := posts(w) - before; row.again == never && again != 0 || row.again == slowly && (again < 3 || again > 20) || row.again == doubling && (again < 1 || again > 3) {
			t.Errorf("%d/%d: %d more creates in an hour", row.code, row.subcode, again)
		}
		stop()
		w.Delete(tmpl)
		op.Settle()
	}
	w.CheckInvariants()
}

// fallback is where Meta puts a text for which it has no title.
func fallback(title, text string) string {
	if title != "" {
		return "Invalid parameter"
	}
	return text
}

// TestRefusedEdits does the same for edits of an approved template, and waits until the edit is made after all.
func TestRefusedEdits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code, subcode int
		title, text   string
		reason        string
		wait          time.Duration // until it is tried again
	}{
		{100, 2388039, "Message template status can't be changed", "The status for this message template can't be changed. You can only delete or add templates.", v1alpha1.ReasonInReview, 12 * time.Minute},
		{100, 2388124, "Edit limit", "You can edit an approved template once in 24 hours.", v1alpha1.ReasonEditBudgetExhausted, 25 * time.Hour},
		{80012, 0, "", "There have been too many edits of this template.", v1alpha1.ReasonEditBudgetExhausted, 25 * time.Hour},
	} {
		t.Run(fmt.Sprintf("%d-%d", row.code, row.subcode), func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := ready(t)
			stop := w.Sim.Fail(graphsim.Fault{
				Method: http.MethodPost, Path: "/" + tmpl.Status.ID, Times: -1, Status: http.StatusBadRequest,
				Code: row.code, Subcode: row.subcode, Message: fallback(row.title, row.text), UserTitle: row.title, UserMessage: fallback("", row.text),
			})
			w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			op.Settle()
			w.Reload(tmpl)
			c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
			if c.Reason != row.reason || !strings.Contains(c.Message, row.title) || !strings.Contains(c.Message, strings.TrimRight(row.text, ".")) {
				t.Errorf("%s: %s", c.Reason, c.Message)
			}
			if n := len(tmpl.Status.Operator.Edits); n != 0 {
				t.Errorf("a refused edit was counted: %+v", tmpl.Status.Operator.Edits)
			}
			stop()
			op.AdvanceRoughly(row.wait, row.wait/60)
			w.Reload(tmpl)
			expectReady(t, tmpl)
			if n := w.Sim.Stats().CommittedEdits[tmpl.Status.ID]; n != 1 {
				t.Errorf("%d edits at Meta, want 1", n)
			}
			w.CheckInvariants()
		})
	}
}
