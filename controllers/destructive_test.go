// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestDestructiveCallsAreGuarded: whatever takes something away at Meta is called from the write of a DestructiveWrite, and from nowhere
// else, so that Base.Destroy has decided about it.
func TestDestructiveCallsAreGuarded(t *testing.T) {
	calls := []string{"DeleteTemplate", "DeregisterPhoneNumber", "UnsubscribeApp", "DeleteAppSubscription"}
	var files []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := gotoken.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		guarded := map[ast.Node]bool{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if literal, ok := n.(*ast.CompositeLit); ok && named(literal.Type) == "DestructiveWrite" {
				guarded[n] = true
			} else if isCall && strings.HasSuffix(named(call.Fun), "change") {
				guarded[n] = true // removal.change fills in the write of a DestructiveWrite
			}
			return true
		})
		var within []ast.Node
		ast.Inspect(parsed, func(n ast.Node) bool {
			if n == nil {
				within = within[:len(within)-1]
				return true
			}
			within = append(within, n)
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(calls, selector.Sel.Name) {
				return true
			}
			found[selector.Sel.Name] = true
			if !slices.ContainsFunc(within, func(outer ast.Node) bool { return guarded[outer] }) {
				t.Errorf("%s: %s isn't within a DestructiveWrite", set.Position(n.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
	for _, call := range calls {
		if !found[call] {
			t.Errorf("no code calls %s: does it have another name?", call)
		}
	}
}

func named(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// restoreStatus puts a status back as a restore from a backup would.
func restoreStatus(w *harness.World, obj client.Object, change func()) {
	w.T.Helper()
	w.Reload(obj)
	change()
	if err := w.Client.Status().Update(context.Background(), obj); err != nil {
		w.T.Fatal(err)
	}
}

// TestRestoredStatusMovesNoData: a status that is older than the last registration takes no number off the Cloud API: Meta is asked
// where the data rests.
func TestRestoredStatusMovesNoData(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		region string // at Meta, "" where Meta doesn't show it
		reason string
		status string
	}{
		"Meta says what the spec says": {"DE", v1alpha1.ReasonSynced, "DE"},
		"Meta doesn't show it":         {"", v1alpha1.ReasonActionRequired, "SG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op, number := connected(t, withPIN)
			w.Edit(number, func() { number.Spec.Registration.DataLocalizationRegion = "DE" })
			op.Settle()
			op.Advance(5 * time.Minute)
			op.Observe()
			op.Stop()
			if tc.region == "" {
				w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Storage = graphsim.Storage{} })
			}
			restoreStatus(w, number, func() { number.Status.Operator.Registration.DataLocalizationRegion = "SG" })
			n := len(w.Sim.Requests())
			w.Clock.Step(4 * 24 * time.Hour) // the registrations of before are forgotten
			op = w.Start()
			for range 3 {
				op.Observe()
			}
			op.Advance(20 * time.Minute)
			for _, r := range w.Sim.Requests()[n:] {
				if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
					t.Errorf("a write: %s %s", r.Method, r.Path)
				}
			}
			w.Reload(number)
			if got := number.Status.Operator.Registration.DataLocalizationRegion; got != tc.status {
				t.Errorf("the status says %s", got)
			}
			expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
			if c := harness.Condition(number.Status.Conditions, v1alpha1.ConditionSynced); c.Reason != tc.reason {
				t.Errorf("Synced is %s/%s: %s", c.Status, c.Reason, c.Message)
			}
			w.CheckInvariants()
		})
	}
}

// TestRestoredCallLogDeregistersNothing: that a deregistration is incomplete, an account's restored status may say long after it was
// completed. A number that Meta shows as connected stays connected.
func TestRestoredCallLogDeregistersNothing(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	op.Stop()
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme"}}
	restoreStatus(w, waba, func() {
		waba.Status.Operator.CallLog = []v1alpha1.RegistrationAttempt{{
			Number: harness.NumberID, Kind: "Register", Result: "DeregisterIncomplete", Time: metav1.NewTime(w.Clock.Now().Add(-48 * time.Hour)),
		}}
	})
	w.Edit(number, func() { number.Spec.DisplayName = "Acme Helps" })
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.NewDisplayName, n.NewNameStatus = "Acme Helps", "APPROVED" })
	op = w.Start()
	op.Observe()
	op.Advance(30 * time.Minute)
	if n := scarce(w, harness.NumberID, graphsim.OpDeregister); n != 0 {
		t.Errorf("%d deregistrations", n)
	}
	w.CheckInvariants()
}

// TestReadOnlyDeletes: an operator that only reads loses no deletion: the finalizer stays, what would be taken away is said, and the
// next operator that writes does it.
func TestReadOnlyDeletes(t *testing.T) {
	t.Parallel()
	reading := func(o *operator.Options) { o.ReadOnly = true }
	for kind, r := range renamings() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w, op, obj := r.begin(t, r.policies[2])
			op.Stop()
			op = w.start(reading)
			r.quiet(op)
			w.Reload(obj)
			if len(obj.GetFinalizers()) == 0 {
				t.Fatal("the finalizer is gone before the deletion of the resource")
			}
			n := len(w.Sim.Requests())
			w.Delete(obj)
			r.quiet(op)
			if !w.Reload(obj) {
				t.Fatal("the resource is gone, and what it managed is still at Meta")
			}
			if writes := writesSince(w, n); len(writes) > 0 {
				t.Errorf("writes: %v", writes)
			}
			expectRefused(t, r.conditions(obj), v1alpha1.ReasonDriftDetected, "deleting: ", "--read-only and would ", "deletionPolicy: Retain")
			op.Stop()
			op = w.start()
			r.quiet(op)
			if w.Reload(obj) {
				t.Errorf("the resource is still there: %v", r.conditions(obj))
			}
			for call, times := range r.taken {
				if got := writesSince(w, n)[call]; got != times {
					t.Errorf("%d times %s, want %d", got, call, times)
				}
			}
		})
	}
}

// TestRestoredStatusLosesNoDeregistration: a status says that a number is off the Cloud API, while Meta says that it is on it.
// Such a status ends no deletion, neither while the operator only reads, nor while Meta can't be read.
func TestRestoredStatusLosesNoDeregistration(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*harness.World) *harness.Operator{
		"only reading": func(w *harness.World) *harness.Operator {
			return w.Start(func(o *operator.Options) { o.ReadOnly = true })
		},
		"without an answer": func(w *harness.World) *harness.Operator {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/" + harness.NumberID, Status: http.StatusServiceUnavailable, Code: 2, Times: -1})
			return w.Start()
		},
		"without a list": func(w *harness.World) *harness.Operator {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/phone_numbers", Status: http.StatusServiceUnavailable, Code: 2, Times: -1})
			return w.Start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op, number := connected(t, withPIN, deregister)
			op.Stop()
			restoreStatus(w, number, func() { number.Status.PlatformType = "NOT_APPLICABLE" })
			w.Delete(number)
			op = start(w)
			op.SettleRetries()
			if !w.Reload(number) {
				t.Error("the resource is gone, and the number is still registered")
			}
			op.Stop()
			w.Sim.ClearFaults()
			op = w.Start()
			op.Advance(10 * time.Minute)
			if n := scarce(w, harness.NumberID, graphsim.OpDeregister); n != 1 || w.Reload(number) {
				t.Errorf("%d deregistrations, want 1, and the resource gone: %v", n, number.Status.Conditions)
			}
		})
	}
}

// TestDeletedBeforeItShows: a template whose create was answered by nothing, and which a lookup doesn't show yet, doesn't stay at
// Meta when its resource is deleted.
func TestDeletedBeforeItShows(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Observe()
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Cut: graphsim.AfterCommit})
	lagging := w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/message_templates", Status: http.StatusOK, Body: `{"data":[]}`, Times: -1})
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	op.Settle()
	w.Delete(tmpl)
	op.Advance(40 * time.Second)
	if !w.Reload(tmpl) {
		t.Error("the resource is gone while its create may be under way")
	}
	lagging()
	op.Advance(3 * time.Minute)
	if w.Reload(tmpl) {
		t.Errorf("the resource is still there: %v", tmpl.Status.Conditions)
	}
	if n := w.Sim.Stats().ByOp[graphsim.OpDeleteTemplate]; n != 1 {
		t.Errorf("%d deletions", n)
	}
}
