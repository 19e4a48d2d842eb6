// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/template"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// secondAccount is another account of the same business, which the token may use, too.
const secondAccount = "104996122399160"

// addSecondAccount adds it to Meta, with the numbers given.
func addSecondAccount(w *harness.World, numbers ...graphsim.Number) {
	w.Sim.AddAccount(graphsim.Account{ID: secondAccount, Name: "Acme INR"})
	w.Sim.UpdateToken(harness.AccessToken, func(token *graphsim.Token) { token.Accounts = append(token.Accounts, secondAccount) })
	for _, n := range numbers {
		w.Sim.AddNumber(secondAccount, n)
	}
}

// kubectlWABA runs kubectl waba against the world, and returns its exit code and what it printed.
func kubectlWABA(t *testing.T, w *harness.World, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(t.Context(), "test", cli.Streams{In: strings.NewReader(harness.AccessToken), Out: &stdout, Err: &stderr},
		append(args, "--access-token-file", "-", "--graph-base-url", w.URL))
	if strings.Contains(stdout.String()+stderr.String(), harness.AccessToken) {
		t.Error("the token got out")
	}
	return code, stdout.String(), stderr.String()
}

// TestCopyIsCreated: an account with templates of every kind is copied, from Meta or with manifests, and the operator creates them in
// another account, where Meta approves them. Nothing is created from drafts.
func TestCopyIsCreated(t *testing.T) {
	t.Parallel()
	for name, paths := range map[string][]string{"from Meta": nil, "with manifests": {filepath.Join(root, "api", "v1alpha1", "testdata", "examples")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, graphsim.WithCreateLimit(0))
			fill(t, w)
			addSecondAccount(w, graphsim.Number{DisplayPhoneNumber: "+1 555-078-3999", VerifiedName: "Acme", NameStatus: "APPROVED"})
			code, out, errs := kubectlWABA(t, w, append([]string{"copy", harness.AccountID, "--waba", "acme", "--flow", "1310563913109124=99"}, paths...)...)
			t.Log(errs)
			if code != cli.ExitFound {
				t.Fatalf("exit code %d: %s", code, errs) // some of the oddities can't be copied
			}
			w.Secret()
			w.WABA(func(obj *v1alpha1.WABA) { obj.Spec.ID = secondAccount })
			w.Create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "template-media"}, BinaryData: map[string][]byte{
				"sample.jpg": harness.JPEG, "sample.pdf": harness.PDF, "sample.mp4": harness.MP4,
			}})
			objects := wanted(w, documents(t, out))
			for _, u := range objects {
				w.Create(u)
			}
			op := w.Start()
			op.Settle()
			op.Advance(30 * time.Minute)
			created, drafts := inSecondAccount(t, w, objects)
			if created < 35 || len(paths) > 0 && (created < 42 || drafts > 4) {
				t.Errorf("%d were created, and %d are drafts", created, drafts)
			}
			w.CheckInvariants()
		})
	}
}

// TestCopyOfEverything: of 500 random templates, valid ones and ones from before today's rules, Meta takes each that is copied without a
// reservation: nothing that the other account can't create passes for complete.
func TestCopyOfEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := harness.New(t, env, graphsim.WithCreateLimit(0))
	d := dice{rand.New(rand.NewPCG(7, 11))}
	for i := range 500 {
		w.Sim.AddTemplate(harness.AccountID, d.template(fmt.Sprintf("random_%d", i)))
	}
	addSecondAccount(w, graphsim.Number{DisplayPhoneNumber: "+1 555-078-3999", VerifiedName: "Acme", NameStatus: "APPROVED"})
	code, out, errs := kubectlWABA(t, w, "copy", harness.AccountID, "--waba", "acme")
	if code != cli.ExitFound {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	w.Secret()
	w.WABA(func(obj *v1alpha1.WABA) { obj.Spec.ID = secondAccount })
	objects := wanted(w, documents(t, out))
	for _, u := range objects {
		w.Create(u)
	}
	op := w.Start(func(o *operator.Options) { o.CreatesPerHour = 1000 })
	op.Settle()
	created, drafts := 0, 0
	for _, u := range objects {
		if policy, _, _ := unstructured.NestedString(u.Object, "spec", "managementPolicy"); policy != "" {
			drafts++
			continue
		}
		created++
		if spec := specOf(t, u); len(template.Warnings(&spec)) == 0 { // the others say that Meta may reject them
			condition(t, w, v1alpha1.KindMessageTemplate, u.GetName(), v1alpha1.ConditionSynced, metav1.ConditionTrue, "")
		}
	}
	t.Logf("%d were created, %d are drafts, and %d aren't copied", created, drafts, 500-created-drafts)
	if created < 50 || drafts < 300 {
		t.Errorf("%d were created, and %d are drafts", created, drafts)
	}
}

// inSecondAccount checks what became of the manifests, and counts those that created their template, and drafts. Meta approves what is
// documented; the oddities say the same, which Meta rejects.
func inSecondAccount(t *testing.T, w *harness.World, objects []*unstructured.Unstructured) (created, drafts int) {
	t.Helper()
	odd := map[string]bool{}
	for _, o := range oddities() {
		odd[o.Name] = true
	}
	for _, u := range objects {
		spec := specOf(t, u)
		live, there := w.Sim.TemplateByName(secondAccount, spec.Name, spec.Language)
		elsewhere := slices.ContainsFunc(template.MediaOf(&spec), func(m template.Media) bool { return m.Source.URL != "" })
		switch {
		case spec.ManagementPolicy == v1alpha1.ManagementPolicyObserved:
			if drafts++; there {
				t.Errorf("%s was created from a draft", spec.Name)
			}
		case elsewhere: // there is no such file
		case !there, live.Status != "APPROVED" && !odd[spec.Name]:
			t.Errorf("%s: there %t, %s %s", spec.Name, there, live.Status, live.RejectedReason)
		default:
			created++
		}
	}
	return created, drafts
}

func specOf(t *testing.T, u *unstructured.Unstructured) (spec v1alpha1.MessageTemplateSpec) {
	t.Helper()
	raw, err := json.Marshal(u.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}
