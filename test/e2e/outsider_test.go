// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
)

// receives starts the receiver at the public address that the simulator calls.
func receives(o *operator.Options) { o.WebhookAddress, o.WebhookURL = "127.0.0.1:0", "https://"+host }

// outsider is whoever can reach the public address.
type outsider struct {
	t  *testing.T
	w  *harness.World
	op *harness.Operator
}

// ask sends a request and returns the status of the answer.
func (o *outsider) ask(method, path, signature string, body []byte) int {
	o.t.Helper()
	o.w.Clock.Step(2 * time.Second) // readings of Secrets for the sake of strangers keep their distance
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.op.Receiver()+path, bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if signature != "" {
		req.Header.Set("X-Hub-Signature-256", signature)
	}
	resp, err := (&http.Client{Timeout: patience.Limit}).Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if raw, err := io.ReadAll(resp.Body); err != nil || len(raw) > 0 && method == http.MethodPost {
		o.t.Errorf("%s %s: answered with %q, %v", method, path, raw, err)
	}
	return resp.StatusCode
}

func (o *outsider) deliver(appID string, body []byte, signature string) int {
	o.t.Helper()
	return o.ask(http.MethodPost, "/webhooks/"+appID, signature, body)
}

// shake is a handshake with a token.
func (o *outsider) shake(appID, token string) int {
	o.t.Helper()
	query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1158201444"}, "hub.verify_token": {token}}
	return o.ask(http.MethodGet, "/webhooks/"+appID+"?"+query.Encode(), "", nil)
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// record returns what Meta would send about events, and has it delivered to nobody.
func record(t *testing.T, w *harness.World, changes ...graphsim.WebhookChange) [][]byte {
	t.Helper()
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer sink.Close()
	w.Sim.MapCallback(host, sink.URL)
	w.Sim.DropDeliveries() // what else happened on the way here
	w.Sim.ResetDeliveries()
	w.Sim.Emit(harness.AccountID, changes...)
	if _, err := w.Sim.DeliverAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	var bodies [][]byte
	for _, d := range w.Sim.Deliveries() {
		bodies = append(bodies, d.Body)
	}
	if len(bodies) == 0 {
		t.Fatal("Meta sends nothing")
	}
	return bodies
}

// opaque is a Secret for one purpose.
func opaque(name, purpose string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: purpose}}, StringData: data,
	}
}

func ofAcme() v1alpha1.CommonSpec {
	return v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}
}

// subscription sends the app's events to the operator. Its verify token is in the Secret "verify", under "operator".
func subscription() *v1alpha1.WebhookSubscription {
	return &v1alpha1.WebhookSubscription{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WebhookSubscriptionSpec{
		CommonSpec: ofAcme(), App: &v1alpha1.AppWebhook{
			Delivery:             v1alpha1.WebhookDeliveryOperator,
			VerifyTokenSecretRef: &v1alpha1.SecretKeyReference{Name: "verify", Key: "operator"},
		},
	}}
}

// isReady fails the test unless the subscription is ready.
func isReady(t *testing.T, w *harness.World, hooks *v1alpha1.WebhookSubscription) {
	t.Helper()
	w.Reload(hooks)
	if c := harness.Condition(hooks.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("webhooks aren't ready: %+v", hooks.Status.Conditions)
	}
}
