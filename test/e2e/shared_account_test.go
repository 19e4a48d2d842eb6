// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// The numbers of the platform, of the neighbour and of the tenant who tries everything, on one account.
const (
	neighboursNumber, neighboursDigits = "206540352242922", "+15550783999"
	tenantsNumber, tenantsDigits       = "306540352242922", "+15550784777"
	platformDigits                     = "+15550783881"
	messagesHost, evilHost             = "messages.acme.example", "tenant.example"
)

// sharedAccount is one account on which a platform and two tenants work, all with resources that are in order.
type sharedAccount struct {
	*harness.World
	op *harness.Operator
	// tenant and neighbour are the namespaces of the two tenants.
	tenant, neighbour string
}

func newSharedAccount(t *testing.T) *sharedAccount {
	t.Helper()
	w := &sharedAccount{World: harness.New(t, env, graphsim.WithWebhooks()), tenant: env.Namespace(t), neighbour: env.Namespace(t)}
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: neighboursNumber, DisplayPhoneNumber: "+1 555-078-3999"})
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: tenantsNumber, DisplayPhoneNumber: "+1 555-078-4777"})
	for _, id := range []string{harness.NumberID, neighboursNumber, tenantsNumber} {
		w.Sim.SetPINInManager(id, "271828")
	}
	service := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = rw.Write([]byte(r.URL.Query().Get("hub.challenge"))) // agrees with whatever token
	}))
	t.Cleanup(service.Close)
	for _, name := range []string{host, messagesHost, evilHost} {
		w.Sim.MapCallback(name, service.URL)
	}
	w.Secret()
	w.WABA(func(a *v1alpha1.WABA) {
		everyone := v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}
		a.Spec.AllowedReferences = []v1alpha1.AllowedReference{
			{Namespaces: v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromSame}},
			{Kinds: []string{"MessageTemplate", "PhoneNumber", "WebhookSubscription"}, Namespaces: everyone},
		}
	})
	for _, namespace := range []string{w.Namespace, w.tenant, w.neighbour} {
		for name, purpose := range map[string]string{
			"pin": v1alpha1.SecretPurposePIN, "code": v1alpha1.SecretPurposeCode, "verify": v1alpha1.SecretPurposeVerifyToken,
		} {
			secret := opaque(name, purpose, map[string]string{name: "271828"})
			secret.Namespace = namespace
			w.Create(secret)
		}
	}
	w.own(w.Namespace, "platform", harness.NumberID, true)
	w.own(w.neighbour, "neighbour", neighboursNumber, false)
	w.own(w.tenant, "tenant", tenantsNumber, false)
	w.op = w.Start(func(o *operator.Options) { o.WebhookURL = "https://" + host })
	w.quiet()
	return w
}

// quiet lets everything happen that will.
func (w *sharedAccount) quiet() {
	for range 2 {
		w.op.Observe()
		w.op.Advance(2 * time.Minute)
	}
}

func (w *sharedAccount) common() v1alpha1.CommonSpec {
	return v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme", Namespace: w.Namespace}}
}

func verifyWith() v1alpha1.SecretKeyReference {
	return v1alpha1.SecretKeyReference{Name: "verify", Key: "verify"}
}

func override(at string) v1alpha1.WebhookOverride {
	return v1alpha1.WebhookOverride{CallbackURL: "https://" + at + "/wa", VerifyTokenSecretRef: verifyWith()}
}

// own creates what somebody has on the account: a template, a number and a subscription.
func (w *sharedAccount) own(namespace, name, number string, account bool) {
	w.CreateTemplate(name+"_order", func(m *v1alpha1.MessageTemplate) {
		m.Namespace, m.Spec.CommonSpec, m.Spec.DeletionPolicy = namespace, w.common(), v1alpha1.DeletionPolicyDelete
	})
	w.Create(&v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PhoneNumberSpec{
			CommonSpec: w.common(), ID: number, DeletionPolicy: v1alpha1.DeletionPolicyDeregister,
			Profile:      &v1alpha1.PhoneNumberProfile{About: ptr.To("Number of the " + name)},
			Registration: &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}},
		},
	})
	subscription := &v1alpha1.WebhookSubscription{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.WebhookSubscriptionSpec{
			CommonSpec: w.common(), DeletionPolicy: v1alpha1.DeletionPolicyDelete,
			PhoneNumbers: []v1alpha1.PhoneNumberWebhookOverride{{
				PhoneNumberRef: v1alpha1.PhoneNumberReference{Name: name}, WebhookOverride: override(messagesHost),
			}},
		},
	}
	if account {
		ref := verifyWith()
		subscription.Spec.Messages = ptr.To(override(messagesHost))
		subscription.Spec.App = &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &ref}
	}
	w.Create(subscription)
}

// writes are the writes to Meta since a request.
func (w *sharedAccount) writes(since int) []string {
	var out []string
	for _, r := range w.Sim.Requests()[since:] {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			out = append(out, fmt.Sprintf("%s: %s %s", r.Op, r.Method, r.Path))
		}
	}
	return out
}

// TestTenantsWritesReachNobodyElse: whatever a tenant writes into any field, policy or annotation of any kind, about any asset that
// isn't the tenant's, makes no write at Meta: neither when it is applied, nor when it is annotated, nor when it is deleted.
func TestTenantsWritesReachNobodyElse(t *testing.T) {
	t.Parallel()
	for kind, attacks := range map[string]func(*sharedAccount) []client.Object{
		"MessageTemplate": templateAttacks, "PhoneNumber": numberAttacks, "WebhookSubscription": subscriptionAttacks,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newSharedAccount(t)
			if problems := w.unready(); len(problems) > 0 {
				t.Fatalf("before anybody does anything: %v", problems)
			}
			all := attacks(w)
			expectAllFields(t, all)
			n := len(w.Sim.Requests())
			step := func(what string) {
				w.quiet()
				for _, write := range w.writes(n) {
					t.Errorf("%s: %s", what, write)
				}
				n = len(w.Sim.Requests())
			}
			for i, obj := range all {
				obj.SetName(fmt.Sprintf("attack-%d", i))
				obj.SetNamespace(w.tenant)
				w.Create(obj)
			}
			step("applied")
			for _, obj := range all {
				w.Reload(obj)
				if len(obj.GetFinalizers()) > 0 {
					t.Errorf("%s has the finalizers %v", describe(obj), obj.GetFinalizers())
				}
				w.Edit(obj, func() { obj.SetAnnotations(annotations()) })
			}
			step("annotated")
			for _, obj := range all {
				w.Delete(obj)
			}
			step("deleted")
			for _, obj := range all {
				if w.Reload(obj) {
					t.Errorf("%s can't be deleted", describe(obj))
				}
			}
			if problems := w.unready(); len(problems) > 0 {
				t.Errorf("afterwards: %v", problems)
			}
			w.CheckInvariants()
		})
	}
}

func describe(obj client.Object) string { return fmt.Sprintf("%T %s: %+v", obj, obj.GetName(), obj) }

// annotations are all that the operator reacts to.
func annotations() map[string]string {
	return map[string]string{
		v1alpha1.AnnotationRequestedAt: "now", v1alpha1.AnnotationAcceptAccount: harness.AccountID, v1alpha1.AnnotationReleaseHeld: "now",
		v1alpha1.AnnotationUnpause: "now", v1alpha1.AnnotationUnarchive: "now", v1alpha1.AnnotationRequestCode: "now", v1alpha1.AnnotationWaitForApproval: "true",
		v1alpha1.AnnotationPolicyBeforePause: "Managed", v1alpha1.AnnotationRequestOBA: "now", v1alpha1.AnnotationAcceptBadgeReview: "Hijacked",
	}
}

// unready names the resources of platform, neighbour and tenant that aren't as their specs say, but for those that want something of
// the others.
func (w *sharedAccount) unready() []string {
	var out []string
	see := func(obj client.Object, s *v1alpha1.CommonStatus) {
		if c := harness.Condition(s.Conditions, v1alpha1.ConditionSynced); c.Status != "True" && !strings.HasPrefix(obj.GetName(), "steals-") {
			out = append(out, fmt.Sprintf("%T %s/%s: %s %s", obj, obj.GetNamespace(), obj.GetName(), c.Reason, c.Message))
		}
	}
	var templates v1alpha1.MessageTemplateList
	var numbers v1alpha1.PhoneNumberList
	var subscriptions v1alpha1.WebhookSubscriptionList
	for _, list := range []client.ObjectList{&templates, &numbers, &subscriptions} {
		if err := w.Client.List(context.Background(), list, w.Shard()); err != nil {
			w.T.Fatal(err)
		}
	}
	for i := range templates.Items {
		see(&templates.Items[i], &templates.Items[i].Status.CommonStatus)
	}
	for i := range numbers.Items {
		see(&numbers.Items[i], &numbers.Items[i].Status.CommonStatus)
	}
	for i := range subscriptions.Items {
		see(&subscriptions.Items[i], &subscriptions.Items[i].Status.CommonStatus)
	}
	return out
}

// expectAllFields fails if a field of the spec is set by none of the attacks, as one that was added later is.
func expectAllFields(t *testing.T, attacks []client.Object) {
	t.Helper()
	set := map[string]bool{}
	var known reflect.Type
	for _, obj := range attacks {
		spec := reflect.ValueOf(obj).Elem().FieldByName("Spec")
		known = spec.Type()
		for i := range spec.NumField() {
			if !spec.Field(i).IsZero() {
				set[known.Field(i).Name] = true
			}
		}
	}
	for i := range known.NumField() {
		if name := known.Field(i).Name; !set[name] {
			t.Errorf("no attack sets spec.%s: add one", name)
		}
	}
}

// policies are the combinations that an attack is tried with.
func policies(destroys v1alpha1.DeletionPolicy, f func(v1alpha1.PolicySpec, v1alpha1.DeletionPolicy)) {
	f(v1alpha1.PolicySpec{}, "")
	f(v1alpha1.PolicySpec{ManagementPolicy: v1alpha1.ManagementPolicyManaged, DriftPolicy: v1alpha1.DriftPolicyRepair}, destroys)
	f(v1alpha1.PolicySpec{ManagementPolicy: v1alpha1.ManagementPolicyObserved, DriftPolicy: v1alpha1.DriftPolicyReport}, destroys)
}
