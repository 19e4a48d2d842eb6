// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	applyv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

func create(t *testing.T, obj client.Object) {
	t.Helper()
	if err := env.Client.Create(t.Context(), obj); err != nil {
		t.Fatalf("creating %s: %v", obj.GetName(), err)
	}
}

func get(t *testing.T, obj client.Object) {
	t.Helper()
	if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
		t.Fatalf("getting %s: %v", obj.GetName(), err)
	}
}

// kstatus calls an object without status finished, so every new object must have observedGeneration -1, also after
// something else was written to its status.
func TestObservedGenerationIsMinusOneBeforeTheFirstTime(t *testing.T) {
	namespace := env.Namespace(t)
	for kind, base := range map[string]string{"WABA": waba, "PhoneNumber": numberByID, "MessageTemplate": utility, "WebhookSubscription": subscription} {
		t.Run(kind, func(t *testing.T) {
			obj := withSpec(t, kind, base, "")
			obj.SetNamespace(namespace)
			create(t, obj)
			for _, status := range []string{"", `{webhook: {events: []}}`} {
				if status != "" {
					obj.Object["status"] = parse(t, status)
					if err := env.Client.Status().Update(t.Context(), obj); err != nil {
						t.Fatal(err)
					}
				}
				get(t, obj)
				if got, _, _ := unstructured.NestedInt64(obj.Object, "status", "observedGeneration"); got != -1 {
					t.Errorf("observedGeneration is %d, want -1", got)
				}
			}
		})
	}
}

// Nothing that Meta says, however long or new, may make a status write fail.
func TestStatusTakesWhateverMetaSays(t *testing.T) {
	namespace := env.Namespace(t)
	text := strings.Repeat("Ω\n", 5000)
	now := metav1.NewTime(time.Unix(1700000000, 0))
	template := &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: namespace},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Name:       "a", Language: "en", Category: v1alpha1.TemplateCategoryUtility,
			Body: &v1alpha1.TemplateBody{Text: "A text."},
		},
	}
	create(t, template)
	get(t, template)
	if got := template.Status.ObservedGeneration; got != -1 {
		t.Errorf("observedGeneration is %d after a create with Go types, want -1", got)
	}
	template.Status = v1alpha1.MessageTemplateStatus{
		CommonStatus: v1alpha1.CommonStatus{ID: text, AccountID: text, ObservedGeneration: 1, Drift: []string{text}},
		Status:       text, Category: "SHIPPING_UPDATE", QualityScore: text,
		Rejection:  &v1alpha1.TemplateRejection{Reason: text, Recommendation: text},
		Parameters: []v1alpha1.TemplateParameter{{Component: text}, {Component: text}},
		Operator:   v1alpha1.MessageTemplateOperatorStatus{Baseline: &v1alpha1.Baseline{Version: 1, Fields: map[string]string{"body": text}}},
		Webhook:    &v1alpha1.MessageTemplateWebhookStatus{Status: text, Events: []v1alpha1.WebhookEvent{{Field: text, Time: now}}},
	}
	if err := env.Client.Status().Update(t.Context(), template); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// statusApply turns a status into what the controllers apply: every field that is zero must vanish on the way.
func statusApply(t *testing.T, name, namespace string, status v1alpha1.WABAStatus) *applyv1alpha1.WABAApplyConfiguration {
	t.Helper()
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	applied := &applyv1alpha1.WABAStatusApplyConfiguration{}
	if err := json.Unmarshal(text, applied); err != nil {
		t.Fatal(err)
	}
	return applyv1alpha1.WABA(name, namespace).WithStatus(applied)
}

func TestStatusOwnersDoNotDisturbEachOther(t *testing.T) {
	namespace := env.Namespace(t)
	account := &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: namespace},
		Spec:       v1alpha1.WABASpec{ID: "1", CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "a"}},
	}
	create(t, account)
	now := metav1.NewTime(time.Unix(1700000000, 0))
	condition := func(kind string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, LastTransitionTime: now}
	}
	apply := func(owner string, status v1alpha1.WABAStatus) {
		t.Helper()
		err := env.Client.Status().Apply(t.Context(), statusApply(t, "acme", namespace, status), client.FieldOwner(owner), client.ForceOwnership)
		if err != nil {
			t.Fatalf("applying as %s: %v", owner, err)
		}
		get(t, account)
	}
	first := v1alpha1.WABAStatus{CommonStatus: v1alpha1.CommonStatus{ID: "1", ObservedGeneration: 1}, Name: "Acme", Operator: v1alpha1.WABAOperatorStatus{HeldTime: &now}}
	first.Conditions = []metav1.Condition{condition(v1alpha1.ConditionReady), condition(v1alpha1.ConditionStalled)}
	apply(v1alpha1.FieldOwner, first)
	webhook := &v1alpha1.WABAWebhookStatus{Events: []v1alpha1.WebhookEvent{{Field: "account_update", Time: now}}, Ban: &v1alpha1.Ban{State: "DISABLE"}}
	facts := applyv1alpha1.WABA("acme", namespace).WithStatus(applyv1alpha1.WABAStatus().WithWebhook(webhookApply(t, webhook)))
	if err := env.Client.Status().Apply(t.Context(), facts, client.FieldOwner(v1alpha1.FieldOwnerFacts), client.ForceOwnership); err != nil {
		t.Fatalf("applying facts: %v", err)
	}
	second := v1alpha1.WABAStatus{CommonStatus: v1alpha1.CommonStatus{ID: "1", ObservedGeneration: 2}}
	second.Conditions = []metav1.Condition{condition(v1alpha1.ConditionReady)}
	apply(v1alpha1.FieldOwner, second)

	if got := account.Status; got.ObservedGeneration != 2 || got.ID != "1" {
		t.Errorf("observedGeneration is %d and id %q, want 2 and 1", got.ObservedGeneration, got.ID)
	}
	if got := account.Status; got.Name != "" || got.Operator.HeldTime != nil {
		t.Errorf("name %q and heldSince %v are still there, want them gone as they were not applied again", got.Name, got.Operator.HeldTime)
	}
	if got := account.Status.Conditions; len(got) != 1 || got[0].Type != v1alpha1.ConditionReady {
		t.Errorf("conditions are %v, want Ready only", got)
	}
	if got := account.Status.Webhook; got == nil || got.Ban == nil || len(got.Events) != 1 {
		t.Errorf("webhook facts are %v, want those of the other owner", got)
	}
}

func webhookApply(t *testing.T, status *v1alpha1.WABAWebhookStatus) *applyv1alpha1.WABAWebhookStatusApplyConfiguration {
	t.Helper()
	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	applied := &applyv1alpha1.WABAWebhookStatusApplyConfiguration{}
	if err := json.Unmarshal(text, applied); err != nil {
		t.Fatal(err)
	}
	return applied
}

// A zero status must be nothing but observedGeneration, or server-side apply would own fields that say nothing.
func TestZeroStatusVanishes(t *testing.T) {
	for _, status := range []any{v1alpha1.WABAStatus{}, v1alpha1.PhoneNumberStatus{}, v1alpha1.MessageTemplateStatus{}, v1alpha1.WebhookSubscriptionStatus{}} {
		text, err := json.Marshal(status)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(text), `{"observedGeneration":0}`; got != want {
			t.Errorf("%T is %s, want %s", status, got, want)
		}
	}
}

func TestEmptyStructIsKeptByServerSideApply(t *testing.T) {
	namespace := env.Namespace(t)
	obj := withSpec(t, "MessageTemplate", utility, "callPermissionRequest: {}")
	obj.SetGenerateName("")
	obj.SetName("a")
	obj.SetNamespace(namespace)
	if err := env.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner("kubectl")); err != nil {
		t.Fatal(err)
	}
	template := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: namespace}}
	get(t, template)
	if template.Spec.CallPermissionRequest == nil {
		t.Error("callPermissionRequest is gone, want {}")
	}
}

// With a header as one piece, another owner who changes it from text to image need not know what the first one wrote.
func TestComponentsAreReplacedAsAWhole(t *testing.T) {
	namespace := env.Namespace(t)
	for owner, header := range map[string]string{
		"first":  "header: {format: TEXT, text: Hi}",
		"second": "header: {format: IMAGE, " + media + "}",
	} {
		obj := withSpec(t, "MessageTemplate", utility, header)
		obj.SetGenerateName("")
		obj.SetName("a")
		obj.SetNamespace(namespace)
		if err := env.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner(owner), client.ForceOwnership); err != nil {
			t.Errorf("applying as %s: %v", owner, err)
		}
	}
}

// An object from before a rule was tightened must stay usable: status and finalizers can be written. Its spec can be changed when
// the content is lenient; of the rules that hold then, those of a part are checked once that part is touched.
func TestOldObjectsSurviveTighterRules(t *testing.T) {
	testenv.Require(t)
	const group = "old.waba-operator.io"
	strict := crds(t)["MessageTemplate"].DeepCopy()
	strict.Name = "messagetemplates." + group
	strict.Spec.Group = group
	loose := strict.DeepCopy()
	walkInPlace(loose.Spec.Versions[0].Schema.OpenAPIV3Schema, func(s *apiextensionsv1.JSONSchemaProps) { s.XValidations = nil })
	create(t, loose)

	obj := withSpec(t, "MessageTemplate", utility, "name: Old-Name\nbody: {text: \"{{1}}\"}\nbuttons: [{type: URL, text: Go}]")
	obj.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1alpha1", Kind: "MessageTemplate"})
	obj.SetGenerateName("")
	obj.SetName("old")
	obj.SetNamespace(env.Namespace(t))
	obj.SetFinalizers([]string{v1alpha1.Finalizer})
	eventually(t, "creating the old object", func() error { return env.Client.Create(t.Context(), obj.DeepCopy()) })

	eventually(t, "tightening the rules", func() error {
		get(t, loose)
		strict.ResourceVersion = loose.ResourceVersion
		return env.Client.Update(t.Context(), strict)
	})
	touched := validationCase{at: "spec.body", want: "must not begin or end with a variable"}
	eventually(t, "refusing a change of the body", func() error {
		get(t, obj)
		patch(t, obj, `body: {text: "{{1}} and"}`)
		err := env.Client.Update(t.Context(), obj, client.DryRunAll)
		switch {
		case err == nil:
			return errors.New("the change was accepted")
		case !touched.in(err):
			return fmt.Errorf("the error isn't about %s: %w", touched.at, err)
		}
		return nil
	})

	get(t, obj)
	obj.Object["status"] = parse(t, "{observedGeneration: 1, status: APPROVED}")
	if err := env.Client.Status().Update(t.Context(), obj); err != nil {
		t.Errorf("writing the status: %v", err)
	}
	patch(t, obj, "footer: {text: Acme}")
	if err := env.Client.Update(t.Context(), obj, client.DryRunAll); !touched.in(err) {
		t.Errorf("changing another part of the spec: %v", err)
	}
	patch(t, obj, "contentValidation: Lenient")
	if err := env.Client.Update(t.Context(), obj, client.DryRunAll); err != nil {
		t.Errorf("changing another part of the spec, with content that is lenient: %v", err)
	}
	get(t, obj)
	obj.SetFinalizers(nil)
	if err := env.Client.Update(t.Context(), obj); err != nil {
		t.Errorf("removing the finalizer: %v", err)
	}
}

// eventually repeats attempt until it gives no error: the API server takes a moment to serve a changed CRD.
func eventually(t *testing.T, what string, attempt func() error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, func(context.Context) (bool, error) {
		last = attempt()
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, last)
	}
}
