// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const theToken = "a verify token"

// subscription returns a WebhookSubscription for the account shop/acme, with its Secret.
func subscription(namespace, name, token string) []client.Object {
	s := &v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	s.Spec.WABARef = v1alpha1.WABAReference{Namespace: "shop", Name: "acme"}
	s.Spec.App = &v1alpha1.AppWebhook{
		Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &v1alpha1.SecretKeyReference{Name: name, Key: "token"},
	}
	return []client.Object{s, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken},
		},
		Data: map[string][]byte{"token": []byte(token)},
	}}
}

func query(mode, token, challenge string) string {
	return url.Values{"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {challenge}}.Encode()
}

// handshake sends Meta's request, and returns the status.
func (r *rig) handshake(token string) int {
	r.t.Helper()
	resp := r.do(r.request(http.MethodGet, PathPrefix+theApp+"?"+query("subscribe", token, "1158201444"), ""))
	return resp.status
}

func TestHandshake(t *testing.T) {
	tests := []struct {
		name, query, want string
	}{
		{"good", query("subscribe", theToken, "1158201444"), "1158201444"},
		{"wrong token", query("subscribe", "wrong", "1158201444"), ""},
		{"token in another case", query("subscribe", strings.ToUpper(theToken), "1158201444"), ""},
		{"no token", query("subscribe", "", "1158201444"), ""},
		{"other mode", query("unsubscribe", theToken, "1158201444"), ""},
		{"no challenge", query("subscribe", theToken, ""), ""},
		{"challenge that isn't text", query("subscribe", theToken, "<script>"), ""},
		{"long challenge", query("subscribe", theToken, strings.Repeat("1", 257)), ""},
		{"token twice", query("subscribe", theToken, "1") + "&hub.verify_token=x", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil, append(oneAccount(), subscription("shop", "hooks", theToken)...)...)
			resp := r.do(r.request(http.MethodGet, PathPrefix+theApp+"?"+tt.query, ""))
			status := http.StatusForbidden
			if tt.want != "" {
				status = http.StatusOK
			}
			if resp.status != status || resp.body != tt.want {
				t.Errorf("got %d %q, want %d %q", resp.status, resp.body, status, tt.want)
			}
			if resp.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("a browser may interpret it as something else than text")
			}
			if tt.want == "" {
				return
			}
			if got := resp.header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
				t.Errorf("type %s", got)
			}
			r.until("the handshake is recorded", func() bool {
				r.recorder.mu.Lock()
				defer r.recorder.mu.Unlock()
				return slices.Equal(r.recorder.handshakes, []types.NamespacedName{{Namespace: "shop", Name: "hooks"}})
			})
		})
	}
}

func TestHandshakeMatchesAnySubscriptionOfTheApp(t *testing.T) {
	custom := subscription("shop", "custom", "custom")
	custom[0].(*v1alpha1.WebhookSubscription).Spec.App.Delivery = v1alpha1.WebhookDeliveryCustom
	unlabelled := subscription("shop", "unlabelled", "unlabelled")
	unlabelled[1].SetLabels(map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount})
	absent := subscription("shop", "absent", "absent")
	absent[0].(*v1alpha1.WebhookSubscription).Spec.App = nil
	objects := slices.Concat(oneAccount(), custom, unlabelled, absent,
		subscription("shop", "first", "first"), subscription("shop", "second", "second"),
		subscription("stranger", "stranger", "stranger"), subscription("friend", "friend", "friend"))
	objects[0].(*v1alpha1.WABA).Spec.AllowedReferences = []v1alpha1.AllowedReference{{
		Kinds: []string{"WebhookSubscription"}, Namespaces: v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromSelector},
	}}
	// The stranger's namespace isn't selected: its status has no account, or the reason ReferenceNotPermitted.
	permit := func(o client.Object) *v1alpha1.WebhookSubscription {
		s := o.(*v1alpha1.WebhookSubscription)
		s.Status.AccountID = theAccount
		return s
	}
	refused := subscription("formerly", "refused", "refused")
	permit(refused[0]).Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionSynced, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonReferenceNotPermitted,
	}}
	objects = append(objects, refused...)
	permit(objects[slices.IndexFunc(objects, func(o client.Object) bool { return o.GetNamespace() == "friend" })])
	for token, want := range map[string]int{
		"first": 200, "second": 200, "friend": 200, "custom": 403, "unlabelled": 403, "absent": 403, "stranger": 403, "refused": 403,
	} {
		r := newRig(t, nil, objects...)
		if got := r.handshake(token); got != want {
			t.Errorf("%s: got %d, want %d", token, got, want)
		}
	}
	objects[0].(*v1alpha1.WABA).Spec.AllowedReferences = nil
	r := newRig(t, nil, objects...)
	if got := r.handshake("stranger"); got != 403 {
		t.Errorf("stranger: got %d", got)
	}
}

// TestHandshakeAfterAChange: the Secret changes just after a read, and Meta sends the handshake at once.
func TestHandshakeAfterAChange(t *testing.T) {
	r := newRig(t, nil, append(oneAccount(), subscription("shop", "hooks", "old")...)...)
	if got := r.handshake("wrong"); got != 403 {
		t.Fatalf("got %d", got)
	}
	r.change("hooks", "token", theToken)
	genuine := later(func() int { return r.handshake(theToken) })
	wrong := later(func() int { return r.handshake("wrong") })
	r.until("both requests wait", func() bool { return unverified(r) == 2 })
	if got := r.secrets.count(); got != 1 {
		t.Fatalf("read %d times within a second", got)
	}
	r.stepWhenWaited(time.Second)
	if got := genuine(); got != 200 {
		t.Errorf("the new token got %d", got)
	}
	if got := wrong(); got != 403 {
		t.Errorf("a wrong one got %d", got)
	}
	if got := r.secrets.count(); got != 2 {
		t.Errorf("read %d times", got)
	}
	r.clock.Step(2 * time.Second)
	if got := r.handshake("old"); got != 403 {
		t.Errorf("the old token got %d", got)
	}
}

func TestHandshakeDuringAnOutage(t *testing.T) {
	r := newRig(t, nil, append(oneAccount(), subscription("shop", "hooks", theToken)...)...)
	r.secrets.fail(errOutage)
	if got := r.handshake(theToken); got != 503 {
		t.Errorf("got %d", got)
	}
	r.secrets.fail(nil)
	r.clock.Step(time.Second)
	if got := r.handshake(theToken); got != 200 {
		t.Errorf("after it: got %d", got)
	}
}

// TestWaitTimeout: a request that would have to wait too long gets a 503.
func TestWaitTimeout(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.WaitTimeout = 20 * time.Millisecond },
		append(oneAccount(), subscription("shop", "hooks", theToken)...)...)
	r.handshake("wrong")
	if got := r.handshake("wrong"); got != 503 {
		t.Errorf("got %d", got)
	}
}
