// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// catalogWorld has two catalogues, a token with these scopes besides the usual ones, and an account whose spec names the first.
func catalogWorld(t *testing.T, linked string, scopes []string, change ...func(*v1alpha1.WABA)) (*harness.World, *v1alpha1.WABA) {
	t.Helper()
	w := harness.New(t, env)
	w.Sim.AddCatalog(graphsim.Catalog{ID: "701", Name: "Shop"})
	w.Sim.AddCatalog(graphsim.Catalog{ID: "702", Name: "Outlet"})
	w.Sim.AddToken(graphsim.Token{
		Name: "good", Value: harness.AccessToken, AppID: harness.AppID, Accounts: []string{harness.AccountID},
		Scopes: append([]string{"whatsapp_business_management", "whatsapp_business_messaging"}, scopes...),
	})
	linkCatalog(w, linked)
	w.Secret()
	return w, w.WABA(append(change, func(a *v1alpha1.WABA) { a.Spec.CatalogID = "701" })...)
}

func linkCatalog(w *harness.World, id string) {
	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.CatalogID = id })
}

func linkedCatalog(w *harness.World) (id string) {
	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { id = a.CatalogID })
	return id
}

var mayManageCatalogs = []string{"catalog_management"}

func expectCatalog(t *testing.T, w *harness.World, waba *v1alpha1.WABA, reason, shown string, links int) {
	t.Helper()
	w.Reload(waba)
	status := metav1.ConditionFalse
	if reason == v1alpha1.ReasonSynced {
		status = metav1.ConditionTrue
	}
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, status, reason)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if n := w.Sim.Stats().ByOp[graphsim.OpLinkCatalog]; waba.Status.CatalogID != shown || n != links {
		t.Errorf("status %q after %d links, want %q after %d", waba.Status.CatalogID, n, shown, links)
	}
	if n := w.Sim.Stats().ByOp[graphsim.OpUnlinkCatalog]; n != 0 {
		t.Errorf("unlinked %d times", n)
	}
}

// TestCatalogLinked: where none is linked the catalogue of the spec is, and again after it was unlinked by hand. It is read once an hour,
// and not at all without the field, whose removal unlinks nothing.
func TestCatalogLinked(t *testing.T) {
	t.Parallel()
	w, waba := catalogWorld(t, "", mayManageCatalogs)
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	expectCatalog(t, w, waba, v1alpha1.ReasonSynced, "701", 1)
	w.Sim.ResetStats()
	op.Advance(3 * time.Hour)
	if n := w.Sim.Stats().ByOp[graphsim.OpListCatalogs]; n > 3 {
		t.Errorf("read %d times in three hours", n)
	}
	linkCatalog(w, "")
	op.Advance(70 * time.Minute)
	expectCatalog(t, w, waba, v1alpha1.ReasonSynced, "701", 1)
	w.Edit(waba, func() { waba.Spec.CatalogID = "" })
	op.Settle()
	w.Sim.ResetStats()
	op.Advance(3 * time.Hour)
	expectCatalog(t, w, waba, v1alpha1.ReasonSynced, "", 0)
	if n := w.Sim.Stats().ByOp[graphsim.OpListCatalogs]; n != 0 || linkedCatalog(w) != "701" {
		t.Errorf("read %d times; %q is linked", n, linkedCatalog(w))
	}
	w.CheckInvariants()
}

// TestCatalogOfAnotherID: it is never replaced, and the condition says what a person can do.
func TestCatalogOfAnotherID(t *testing.T) {
	t.Parallel()
	w, waba := catalogWorld(t, "702", mayManageCatalogs)
	op := w.Start()
	op.Settle()
	op.Advance(3 * time.Hour)
	expectCatalog(t, w, waba, v1alpha1.ReasonActionRequired, "702", 0)
	c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced)
	if !strings.Contains(c.Message, "catalogue 702") || !slices.Equal(waba.Status.Drift, []string{"catalogID"}) || linkedCatalog(w) != "702" {
		t.Errorf("%s; drift %v; %s is linked", c.Message, waba.Status.Drift, linkedCatalog(w))
	}
	linkCatalog(w, "")
	op.Advance(70 * time.Minute)
	op.Observe()
	op.Advance(70 * time.Minute)
	expectCatalog(t, w, waba, v1alpha1.ReasonSynced, "701", 1)
	w.CheckInvariants()
}

// TestCatalogLinkedMeanwhile: what was read is looked at again before the write, which could replace a catalogue.
func TestCatalogLinkedMeanwhile(t *testing.T) {
	t.Parallel()
	w, waba := catalogWorld(t, "701", mayManageCatalogs)
	op := w.Start()
	op.Settle()
	linkCatalog(w, "")
	reads := 0
	w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/product_catalogs", Times: -1, Hook: func(*http.Request) {
		if reads++; reads == 2 { // the first finds none, the second is before the write
			linkCatalog(w, "702")
		}
	}})
	op.Advance(70 * time.Minute)
	if reads < 2 {
		t.Errorf("read %d times", reads)
	}
	op.Advance(70 * time.Minute)
	expectCatalog(t, w, waba, v1alpha1.ReasonActionRequired, "702", 0)
}

// TestCatalogNotWritten: without the scopes, and where the operator only observes, nothing is written, and the condition says why.
func TestCatalogNotWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scopes  []string
		policy  v1alpha1.ManagementPolicy
		catalog string
		reason  string
		says    string
		links   int
	}{
		"without the scope": {nil, "", "701", v1alpha1.ReasonActionRequired, "catalog_management", 0},
		"observed":          {mayManageCatalogs, v1alpha1.ManagementPolicyObserved, "701", v1alpha1.ReasonDriftDetected, "catalogID", 0},
		"unknown to Meta":   {mayManageCatalogs, "", "709", v1alpha1.ReasonRefusedByMeta, "not a valid Product Catalog ID", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, waba := catalogWorld(t, "", c.scopes, func(a *v1alpha1.WABA) { a.Spec.ManagementPolicy = c.policy })
			w.Edit(waba, func() { waba.Spec.CatalogID = c.catalog })
			op := w.Start()
			op.Settle()
			op.Advance(6 * time.Hour)
			expectCatalog(t, w, waba, c.reason, "", c.links)
			if message := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced).Message; !strings.Contains(message, c.says) {
				t.Errorf("%s", message)
			}
			if n := w.Sim.Stats().ByOp[graphsim.OpListCatalogs]; n > 9 {
				t.Errorf("read %d times in six hours", n)
			}
			w.CheckInvariants()
		})
	}
}
