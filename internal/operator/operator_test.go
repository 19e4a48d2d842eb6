// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// manifest reads a file of config/rbac.
func manifest(t *testing.T, name string, into any) {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "config", "rbac", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatal(err)
	}
}

// TestRunsWithItsOwnRole runs everything the operator does with the permissions that config/rbac gives it, and no others:
// create, adopt foreign status fields, elect a leader, set up and receive webhooks, write events, and delete.
func TestRunsWithItsOwnRole(t *testing.T) {
	w := harness.New(t, env, graphsim.WithWebhooks())
	w.Config = env.UserConfig(t, "the-operator")
	grant(t, w, "the-operator")
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	w.Create(&v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{CommonSpec: ofAcme(), ID: harness.NumberID}})
	op := w.Start(func(o *operator.Options) {
		o.LeaderElection, o.LeaderElectionNamespace = true, w.Namespace
		o.WebhookAddress, o.WebhookURL = "127.0.0.1:0", "https://hooks.acme.example"
	})
	w.Sim.MapCallback("hooks.acme.example", op.Receiver())
	op.Settle()
	receiveWebhooks(t, w, op)
	op.Observe()
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("not ready: %+v", c)
	}
	tmpl.Status.Conditions = append(tmpl.Status.Conditions, metav1.Condition{
		Type: "Foreign", Status: metav1.ConditionTrue, Reason: "Left", LastTransitionTime: metav1.Now(),
	})
	if err := w.Client.Status().Update(t.Context(), tmpl, client.FieldOwner("backup")); err != nil {
		t.Fatal(err)
	}
	w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, "Foreign"); c.Type != "" {
		t.Error("foreign status fields weren't taken over")
	}
	var events eventsv1.EventList
	w.Wait("events", func() bool {
		return w.Client.List(t.Context(), &events, client.InNamespace(w.Namespace)) == nil && len(events.Items) > 0
	})
	w.Delete(tmpl)
	op.SettleRetries()
	if w.Reload(tmpl) {
		t.Errorf("not deleted: %+v", tmpl.Status.Conditions)
	}

	// A graceful stop gives the lease back, so that the next leader need not wait for it to expire.
	op.Stop()
	var leases coordinationv1.LeaseList
	if err := w.Client.List(context.Background(), &leases, client.InNamespace(w.Namespace)); err != nil || len(leases.Items) != 1 {
		t.Fatalf("leases: %v, %v", len(leases.Items), err)
	}
	if holder := leases.Items[0].Spec.HolderIdentity; holder != nil && *holder != "" {
		t.Errorf("the lease is still held by %s", *holder)
	}
	if strings.Contains(w.Logs(), "forbidden") {
		t.Error("the operator was refused something; see the log")
	}
}

// grant gives a user the operator's roles.
func grant(t *testing.T, w *harness.World, user string) {
	t.Helper()
	subject := rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: user}
	var role rbacv1.ClusterRole
	var election rbacv1.Role
	manifest(t, "role.yaml", &role)
	manifest(t, "leader_election_role.yaml", &election)
	role.Name, election.Namespace = role.Name+"-"+w.Namespace, w.Namespace
	for _, obj := range []client.Object{
		&role,
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: []rbacv1.Subject{subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name}},
		&election,
		&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: election.Name, Namespace: w.Namespace}, Subjects: []rbacv1.Subject{subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: election.Name}},
	} {
		if err := w.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
}

func ofAcme() v1alpha1.CommonSpec {
	return v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}
}

func verifyToken(w *harness.World) {
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "verify", Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken}},
		StringData: map[string]string{"token": "verify-token-of-the-operator"},
	})
}

// subscription sends the app's events to the operator, with the token of verifyToken.
func subscription() *v1alpha1.WebhookSubscription {
	return &v1alpha1.WebhookSubscription{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WebhookSubscriptionSpec{
		CommonSpec: ofAcme(), App: &v1alpha1.AppWebhook{
			Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &v1alpha1.SecretKeyReference{Name: "verify", Key: "token"},
		},
	}}
}

// receiveWebhooks has the operator set up webhooks and receive what makes it write to each kind.
func receiveWebhooks(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	verifyToken(w)
	hooks := subscription()
	w.Create(hooks)
	op.SettleRetries()
	w.Reload(hooks)
	if c := harness.Condition(hooks.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("webhooks aren't ready: %+v", c)
	}
	number, _ := w.Sim.NumberByID(harness.NumberID)
	w.Sim.Emit(harness.AccountID, graphsim.ReviewEvent("APPROVED"), graphsim.SecurityEvent(number, "PIN_CHANGED", "1"),
		graphsim.TemplateQualityEvent(w.Sim.Templates(harness.AccountID)[0], "UNKNOWN", "GREEN"))
	if _, err := w.Sim.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	var (
		accounts      v1alpha1.WABAList
		numbers       v1alpha1.PhoneNumberList
		templates     v1alpha1.MessageTemplateList
		subscriptions v1alpha1.WebhookSubscriptionList
	)
	w.Wait("facts about all kinds", func() bool { // nobody waits for those about the subscription
		for _, list := range []client.ObjectList{&accounts, &numbers, &templates, &subscriptions} {
			if err := w.Client.List(t.Context(), list, w.Shard()); err != nil {
				t.Fatal(err)
			}
		}
		s := subscriptions.Items[0].Status.Webhook
		return accounts.Items[0].Status.Webhook != nil && numbers.Items[0].Status.Webhook != nil &&
			templates.Items[0].Status.Webhook != nil && s != nil && len(s.Events) == 3 && s.HandshakeTime != nil
	})
}

// TestRoleIsLeast: Secrets may be got one by one, never listed or watched, and nothing but status and finalizers is written.
func TestRoleIsLeast(t *testing.T) {
	var role rbacv1.ClusterRole
	manifest(t, "role.yaml", &role)
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			if resource == "secrets" && !slices.Equal(rule.Verbs, []string{"get"}) {
				t.Errorf("secrets: %v", rule.Verbs)
			}
			for _, verb := range []string{"*", "delete", "deletecollection", "update", "escalate", "bind", "impersonate"} {
				if slices.Contains(rule.Verbs, verb) {
					t.Errorf("%s: %s", resource, verb)
				}
			}
			if slices.Contains(rule.Verbs, "create") && resource != "events" {
				t.Errorf("%s: create", resource)
			}
		}
	}
}
