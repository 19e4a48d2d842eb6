// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// TestRunsWithItsOwnRole runs everything the operator does with the permissions that config/rbac gives it and no others, and
// sees that it uses all of them: create, send files, adopt foreign status fields, elect a leader, set up and receive webhooks,
// write events, show metrics, and delete.
func TestRunsWithItsOwnRole(t *testing.T) {
	w := harness.New(t, env, graphsim.WithWebhooks())
	used := asOperator(t, w)
	w.Secret()
	w.WABA()
	w.Create(&corev1.ConfigMap{ObjectMeta: harness.Named("media"), BinaryData: map[string][]byte{"photo": harness.JPEG}})
	number := &v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{
		CommonSpec: ofAcme(), ID: harness.NumberID, DeletionPolicy: v1alpha1.DeletionPolicyDeregister,
		Profile:                  &v1alpha1.PhoneNumberProfile{About: ptr.To("Open every day")},
		ConversationalAutomation: &v1alpha1.ConversationalAutomation{Prompts: []string{"Where is my order?"}},
	}}
	w.Create(number)
	onlyRead(t, w, used)
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		m.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
			ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "media", Key: "photo"},
		}}
	})
	metrics := freeAddress(t)
	op := w.Start(func(o *operator.Options) {
		o.LeaderElection, o.LeaderElectionNamespace = true, w.Namespace
		o.WebhookAddress, o.WebhookURL = "127.0.0.1:0", "https://hooks.acme.example"
		o.MetricsAddress, o.MetricsSecure = metrics, operator.DefaultOptions().MetricsSecure
	})
	w.Sim.MapCallback("hooks.acme.example", op.Receiver())
	w.Wait("leadership", op.Leads)
	op.Observe() // not before the period that the other operator began is over
	hooks := receiveWebhooks(t, w, op)
	op.Observe()
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("not ready: %+v", c)
	}
	overwriteStatus(t, w, op, tmpl)
	scrape(t, w, metrics)
	for _, obj := range []client.Object{hooks, tmpl, number} {
		w.Delete(obj)
		op.SettleRetries()
		if w.Reload(obj) {
			t.Errorf("%T isn't deleted", obj)
		}
	}
	handBack(t, w, op)
	if strings.Contains(w.Logs(), "forbidden") {
		t.Error("the operator was refused something; see the log")
	}
	used.checkUse(t)
}

// overwriteStatus lets another client write to a status, and the operator take it back.
func overwriteStatus(t *testing.T, w *harness.World, op *harness.Operator, tmpl *v1alpha1.MessageTemplate) {
	t.Helper()
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
}

// handBack stops the operator: a graceful stop gives the lease back, so that the next leader need not wait for it to expire.
func handBack(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	op.Stop()
	var leases coordinationv1.LeaseList
	if err := w.Client.List(context.Background(), &leases, client.InNamespace(w.Namespace)); err != nil || len(leases.Items) != 1 {
		t.Fatalf("leases: %v, %v", len(leases.Items), err)
	}
	if holder := leases.Items[0].Spec.HolderIdentity; holder != nil && *holder != "" {
		t.Errorf("the lease is still held by %s", *holder)
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
		DeletionPolicy: v1alpha1.DeletionPolicyDelete,
	}}
}

// receiveWebhooks has the operator set up webhooks and receive what makes it write to each kind.
func receiveWebhooks(t *testing.T, w *harness.World, op *harness.Operator) *v1alpha1.WebhookSubscription {
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
	w.Wait("facts about all kinds", func() bool { // no sender waits for those about the subscription
		for _, list := range []client.ObjectList{&accounts, &numbers, &templates, &subscriptions} {
			if err := w.Client.List(t.Context(), list, w.Shard()); err != nil {
				t.Fatal(err)
			}
		}
		s := subscriptions.Items[0].Status.Webhook
		return accounts.Items[0].Status.Webhook != nil && numbers.Items[0].Status.Webhook != nil &&
			templates.Items[0].Status.Webhook != nil && s != nil && len(s.Events) >= 3 && s.HandshakeTime != nil
	})
	return hooks
}

// onlyRead runs an operator that may write nothing to Meta. Of two sections of a number it says that it would write them, which
// is one event that is counted.
func onlyRead(t *testing.T, w *harness.World, used *recorder) {
	t.Helper()
	op := w.Start(func(o *operator.Options) { o.ReadOnly = true })
	op.SettleRetries()
	w.Wait("an event that is counted", func() bool { return used.has(permission{eventsv1.GroupName, "events", "patch"}) })
	op.Stop()
}

// freeAddress is an unused one. The metrics server can't say which one it chose.
func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// scrape reads the metrics as Prometheus does: over https, with the token of a service account. One may, the other may
// not, and neither may nobody.
func scrape(t *testing.T, w *harness.World, address string) {
	t.Helper()
	bindClusterRole(t, w, role(t, metricsReaderRole), "system:serviceaccount:"+w.Namespace+":prometheus")
	if code := statusOf(t, "https://"+address+"/metrics", serviceAccountToken(t, w, "prometheus")); code != http.StatusOK {
		t.Errorf("a service account with the role for metrics got %d", code)
	}
	if code := statusOf(t, "https://"+address+"/metrics", serviceAccountToken(t, w, "other")); code != http.StatusForbidden {
		t.Errorf("a service account without the role for metrics got %d", code)
	}
	if code := statusOf(t, "https://"+address+"/metrics", ""); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", code)
	}
}

func serviceAccountToken(t *testing.T, w *harness.World, name string) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	create(t, w, account)
	token := &authenticationv1.TokenRequest{}
	if err := w.Client.SubResource("token").Create(t.Context(), account, token); err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

func statusOf(t *testing.T, url, token string) int {
	t.Helper()
	code, err := answer(t, url, token, &tls.Config{InsecureSkipVerify: true}) // the operator signs its certificate itself
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// answer sends a request over a new connection and returns the status of the answer.
func answer(t *testing.T, url, token string, config *tls.Config) (int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
