// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// beforeMigration are the manifests of an account, as people write them.
const beforeMigration = `# The account of the shop.
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: WABA
metadata:
  name: acme
spec:
  id: "102290129340398" # USD
  credentialsSecretRef: {name: acme-meta}
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: PhoneNumber
metadata:
  name: support
spec:
  wabaRef: {name: acme}
  number: "+15550783881"
  creationPolicy: Add
  displayName: Acme
  deletionPolicy: Deregister
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: WebhookSubscription
metadata:
  name: acme
spec:
  wabaRef: {name: acme}
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: parcel
spec:
  wabaRef: {name: acme}

  # The name that the shop sends.
  name: parcel
  language: en_US
  category: UTILITY
  body:
    text: Hello {{1}}, your parcel has left our warehouse this morning.
    examples: [{name: "1", value: Ana}]
  deletionPolicy: Delete
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: login
spec:
  wabaRef: {name: acme}
  name: login
  language: en_US
  category: AUTHENTICATION
  authentication: {addSecurityRecommendation: true, otp: {type: COPY_CODE}}
`

// writes are the calls since before that changed something at Meta.
func writes(w *harness.World, before int) (out []string) {
	for _, r := range w.Sim.Requests()[before:] {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

// copyTemplates is what Meta's migration does: the new account gets the templates of the old one, with other ids.
func copyTemplates(w *harness.World) {
	for _, t := range w.Sim.Templates(harness.AccountID) {
		t.ID = ""
		w.Sim.AddTemplate(secondAccount, t)
	}
}

// condition checks a condition of the resource, and returns its status.
func condition(t *testing.T, w *harness.World, kind, name, typeOf string, want metav1.ConditionStatus, reason string) map[string]any {
	t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	if err := w.Client.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: name}, u); err != nil {
		t.Fatal(err)
	}
	status, _, _ := unstructured.NestedMap(u.Object, "status")
	conditions, _, _ := unstructured.NestedSlice(status, "conditions")
	for _, c := range conditions {
		c, _ := c.(map[string]any)
		if c["type"] != typeOf {
			continue
		}
		if c["status"] != string(want) || reason != "" && c["reason"] != reason {
			t.Errorf("%s %s: %s is %s, %s: %s", kind, name, typeOf, c["status"], c["reason"], c["message"])
		}
		return status
	}
	t.Errorf("%s %s has no condition %s", kind, name, typeOf)
	return status
}

// TestMigration goes through the steps that the command prints: the account's id changes, and no template is written.
func TestMigration(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	apply := func(text string) {
		for _, u := range wanted(w, documents(t, text)) {
			w.Create(u)
		}
	}
	apply(beforeMigration)
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	condition(t, w, "MessageTemplate", "parcel", v1alpha1.ConditionReady, metav1.ConditionTrue, "")
	addSecondAccount(w)
	copyTemplates(w)

	dir := t.TempDir()
	source, target := filepath.Join(dir, "acme.yaml"), filepath.Join(dir, "new")
	if err := os.WriteFile(source, []byte(beforeMigration), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(w.Sim.Requests())
	args := []string{"migrate", "--from", harness.AccountID, "--to", secondAccount, "--no-cluster", "--waba-name", "acme-inr", "--output-dir", target, source}
	code, report, errs := kubectlWABA(t, w, args...)
	if code != cli.ExitOK || !strings.Contains(report, "2 of 2 templates are in the new account with the same content") {
		t.Fatalf("exit code %d\n%s%s", code, report, errs)
	}
	if made := writes(w, before); len(made) > 0 {
		t.Fatalf("the command wrote: %v", made)
	}
	raw, err := os.ReadFile(filepath.Join(target, "acme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if after := string(raw); !strings.Contains(after, "\n\n  # The name that the shop sends.\n  name: parcel\n") || !strings.Contains(after, `id: "104996122399160" # USD`) {
		t.Error(after)
	}

	apply(string(raw))
	op.Settle()
	op.Observe()
	for _, call := range writes(w, before) {
		if call != "POST /"+secondAccount+"/subscribed_apps" {
			t.Errorf("a write: %s", call)
		}
	}
	for _, name := range []string{"parcel", "login"} {
		status := condition(t, w, "MessageTemplate", name+"-2", v1alpha1.ConditionReady, metav1.ConditionTrue, "")
		live, _ := w.Sim.TemplateByName(secondAccount, name, "en_US")
		if status["id"] != live.ID || status["accountID"] != secondAccount {
			t.Errorf("%s is %v of %v", name, status["id"], status["accountID"])
		}
		condition(t, w, "MessageTemplate", name, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
	}
	condition(t, w, "PhoneNumber", "support-2", v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonNotFound)

	moved, _ := w.Sim.NumberByID(harness.NumberID)
	w.Sim.DeleteNumberInManager(harness.NumberID)
	w.Sim.AddNumber(secondAccount, moved)
	op.Observe()
	op.Observe()
	if status := condition(t, w, "PhoneNumber", "support-2", v1alpha1.ConditionReady, metav1.ConditionTrue, ""); status["id"] != harness.NumberID {
		t.Errorf("the number is %v", status["id"])
	}
	retire(t, w, op, before)
}

// TestMigrationOfEverything: all manifests of an export are rewritten, with every kind of template, and the plan adopts each of them.
func TestMigrationOfEverything(t *testing.T) {
	t.Setenv("WABA_APP_SECRET", harness.AppSecret)
	w := harness.New(t, env, graphsim.WithCreateLimit(0))
	fill(t, w)
	d := dice{rand.New(rand.NewPCG(7, 11))}
	for i := range 200 {
		w.Sim.AddTemplate(harness.AccountID, d.template(fmt.Sprintf("random_%d", i)))
	}
	_, stream, errs := kubectlWABA(t, w, "export", harness.AccountID, "--number-settings", "--waba-name", "acme")
	addSecondAccount(w)
	copyTemplates(w)
	source, target := filepath.Join(t.TempDir(), "acme.yaml"), t.TempDir()
	if err := os.WriteFile(source, []byte(stream), 0o600); err != nil {
		t.Fatal(err, errs)
	}
	before := len(w.Sim.Requests())
	code, report, errs := kubectlWABA(t, w, "migrate", "--from", harness.AccountID, "--to", secondAccount, "--no-cluster", "--output-dir", target, source)
	if code != cli.ExitOK || len(writes(w, before)) > 0 {
		t.Errorf("exit code %d, %v\n%s%s", code, writes(w, before), report, errs)
	}
	raw, err := os.ReadFile(filepath.Join(target, "acme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	count := strings.Count(stream, "kind: MessageTemplate\n")
	if want := fmt.Sprintf("%d of %d templates", count, count); count < 230 || !strings.Contains(report, want) {
		t.Errorf("%d templates\n%s", count, report)
	}
	old, now := strings.Split(stream, "\n"), strings.Split(string(raw), "\n")
	if len(old) != len(now) {
		t.Fatalf("%d lines became %d", len(old), len(now))
	}
	for i := range old {
		same := old[i] == now[i] || old[i]+"-2" == now[i] || strings.ReplaceAll(old[i], harness.AccountID, secondAccount) == now[i]
		if !same {
			t.Errorf("line %d: %q became %q", i+1, old[i], now[i])
		}
	}
}

// TestMigrationKeepsNames: resources of the same names are created once the old ones are gone, and adopt their templates, too.
func TestMigrationKeepsNames(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	retained := strings.NewReplacer("  deletionPolicy: Delete\n", "", "  deletionPolicy: Deregister\n", "").Replace(beforeMigration)
	old := wanted(w, documents(t, retained))
	for _, u := range old {
		w.Create(u)
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	addSecondAccount(w)
	copyTemplates(w)
	for _, u := range old {
		w.Delete(u)
	}
	op.Settle()
	target, source := t.TempDir(), filepath.Join(t.TempDir(), "acme.yaml")
	if err := os.WriteFile(source, []byte(retained), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(w.Sim.Requests())
	code, report, errs := kubectlWABA(t, w, "migrate", "--from", harness.AccountID, "--to", secondAccount, "--no-cluster", "--keep-names", "--output-dir", target, source)
	if code != cli.ExitOK || strings.Index(report, "Delete the old resources") > strings.Index(report, "Apply the new manifests") {
		t.Fatalf("exit code %d\n%s%s", code, report, errs)
	}
	raw, err := os.ReadFile(filepath.Join(target, "acme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range wanted(w, documents(t, string(raw))) {
		w.Create(u)
	}
	op.Settle()
	op.Observe()
	if made := writes(w, before); len(made) > 1 {
		t.Errorf("more than the subscription was written: %v", made)
	}
	if status := condition(t, w, "MessageTemplate", "parcel", v1alpha1.ConditionReady, metav1.ConditionTrue, ""); status["accountID"] != secondAccount {
		t.Errorf("parcel is one of account %v", status["accountID"])
	}
	w.CheckInvariants()
}

// retire deletes the resources of the old account, as the last step says, and finds the new ones as they were.
func retire(t *testing.T, w *harness.World, op *harness.Operator, before int) {
	t.Helper()
	known := len(writes(w, before))
	for _, kind := range []string{"WebhookSubscription", "PhoneNumber", "MessageTemplate", "WABA"} {
		for _, u := range wanted(w, documents(t, beforeMigration)) {
			if u.GetKind() != kind {
				continue
			}
			u.SetNamespace(w.Namespace)
			w.Reload(u)
			w.Edit(u, func() { unstructured.RemoveNestedField(u.Object, "spec", "deletionPolicy") })
			op.Settle()
			w.Delete(u)
			op.Settle()
			if w.Reload(u) {
				t.Errorf("%s %s isn't deleted", kind, u.GetName())
			}
		}
	}
	op.Observe()
	if made := writes(w, before)[known:]; len(made) > 0 {
		t.Errorf("the deletion wrote: %v", made)
	}
	condition(t, w, "MessageTemplate", "parcel-2", v1alpha1.ConditionReady, metav1.ConditionTrue, "")
	condition(t, w, "PhoneNumber", "support-2", v1alpha1.ConditionReady, metav1.ConditionTrue, "")
	w.CheckInvariants()
}
