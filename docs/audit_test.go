// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// auditLines returns the keys of the lines of a log that are about writes, by their message.
func auditLines(t *testing.T, log string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for line := range strings.SplitSeq(log, "\n") {
		if !strings.Contains(line, `"logger":"audit"`) || !strings.HasPrefix(line, "{") {
			continue
		}
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		message, _ := fields["msg"].(string)
		out[message] = slices.Sorted(maps.Keys(fields))
		if kind, _ := fields["kind"].(string); kind == "" {
			t.Errorf("no kind in %s", line)
		}
	}
	return out
}

// failedSteps returns the keys of the lines of a log about failed steps.
func failedSteps(t *testing.T, log string) (keys []string) {
	t.Helper()
	for line := range strings.SplitSeq(log, "\n") {
		if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"msg":"Step failed"`) {
			continue
		}
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		keys = slices.Sorted(maps.Keys(fields))
	}
	return keys
}

// TestFailedStepIsAsShown: what the page about operations shows of an error is what the operator writes.
func TestFailedStepIsAsShown(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Sim.Fail(graphsim.Fault{Cut: graphsim.BeforeCommit, Times: -1})
	w.Start().Settle()
	written := failedSteps(t, w.Logs())
	shown := failedSteps(t, pages(t)[filepath.Join("..", "docs", "operations.md")])
	if len(written) == 0 || !slices.Equal(written, shown) {
		t.Errorf("written %v, shown %v", written, shown)
	}
}

// TestAuditLogIsAsShown: what the page about operations shows of the audit log is what the operator writes.
func TestAuditLogIsAsShown(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.CreateTemplate("parcel_left")
	w.CreateTemplate("parcel_lost", func(m *v1alpha1.MessageTemplate) { m.Spec.Body.Text += " Ask us." })
	op := w.Start()
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Code: 100})
	op.Settle()
	written := auditLines(t, w.Logs())
	shown := auditLines(t, pages(t)[filepath.Join("..", "docs", "operations.md")])
	for _, message := range []string{"Wrote to Meta", "Write to Meta failed"} {
		if len(written[message]) == 0 || !slices.Equal(written[message], shown[message]) {
			t.Errorf("%s: written %v, shown %v", message, written[message], shown[message])
		}
	}
}
