// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	wrongToken     = "EAAGwrongTokenThatNobodyKnows0123"
	rotatedToken   = "rotated+token/with=odd|characters&77"
	wrongAppSecret = "the-secret-of-quite-another-app-88"
)

// needle is one form in which a secret could be written somewhere.
type needle struct{ what, text string }

// needles are all forms of all secrets of the test, the proofs included.
func needles() []needle {
	tokens := map[string]string{
		"token": harness.AccessToken, "wrong token": wrongToken, "rotated token": rotatedToken,
	}
	secrets := map[string]string{"app secret": harness.AppSecret, "wrong app secret": wrongAppSecret}
	var out []needle
	for _, group := range []map[string]string{tokens, secrets} {
		for name, secret := range group {
			out = append(out, formsOf(name, secret)...)
		}
	}
	for token, value := range tokens {
		for secret, key := range secrets {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(value))
			out = append(out, needle{"proof of " + token + " with " + secret, hex.EncodeToString(mac.Sum(nil))})
		}
	}
	return out
}

// formsOf writes a secret in every form that a grep has to know. Inside a longer text in base64 it has one of three
// alignments; characters that its neighbours influence are left out.
func formsOf(name, secret string) []needle {
	out := []needle{
		{name, secret}, {name + " in a URL", url.QueryEscape(secret)}, {name + " in a path", url.PathEscape(secret)},
		{name + " in hex", hex.EncodeToString([]byte(secret))},
	}
	for shift := range 3 {
		for kind, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
			out = append(out, needle{
				fmt.Sprintf("%s in %s, shifted by %d", name, kind, shift), text[(shift*8+5)/6 : (shift+len(secret))*8/6],
			})
		}
	}
	return out
}

// leaks names the secrets that a text contains.
func leaks(text string) []string {
	var out []string
	for _, n := range needles() {
		if strings.Contains(text, n.text) {
			out = append(out, n.what)
		}
	}
	return out
}

// TestGrepFindsEveryForm proves that the next test could fail.
func TestGrepFindsEveryForm(t *testing.T) {
	t.Parallel()
	found := func(text, what string) {
		t.Helper()
		for _, leak := range leaks(text) {
			if strings.HasPrefix(leak, what) {
				return
			}
		}
		t.Errorf("%s isn't found in %q", what, text)
	}
	for _, n := range needles() {
		found("before "+n.text+" after", n.what)
	}
	for name, secret := range map[string]string{"token": harness.AccessToken, "rotated token": rotatedToken, "app secret": harness.AppSecret} {
		for _, around := range []string{"", "a", "ab", "abc", `{"Authorization":"Bearer `} {
			text := []byte(around + secret + around)
			found(base64.StdEncoding.EncodeToString(text), name)
			found(base64.URLEncoding.EncodeToString(text), name)
			found(hex.EncodeToString(text), name)
			found(url.Values{"q": {string(text)}}.Encode(), name)
		}
	}
	if got := leaks("nothing of the kind"); len(got) > 0 {
		t.Errorf("found %v in nothing", got)
	}
}

// gossip is a transport whose errors repeat everything that was sent.
type gossip struct {
	next http.RoundTripper
	on   *atomic.Bool
}

func (g *gossip) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.on.Load() {
		return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: errors.New("proxy refused " + r.URL.String() + " " + r.Header.Get("Authorization"))}
	}
	return g.next.RoundTrip(r)
}

// echo is what Meta, or something on the way, could repeat of a call.
func echo() string {
	const token = harness.AccessToken
	mac := hmac.New(sha256.New, []byte(harness.AppSecret))
	mac.Write([]byte(token))
	return fmt.Sprintf("Malformed access token %s (%s, %s) in /v25.0/1?access_token=%s&appsecret_proof=%s",
		token, url.QueryEscape(token), base64.StdEncoding.EncodeToString([]byte(token)), url.QueryEscape(token), hex.EncodeToString(mac.Sum(nil)))
}

// TestSecretsStaySecret runs an account through all kinds of trouble and looks for its secrets wherever others can read.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.AddToken(graphsim.Token{
		Name: "rotated", Value: rotatedToken, AppID: harness.AppID,
		Scopes: []string{"whatsapp_business_management"}, Accounts: []string{harness.AccountID},
	})
	broken := &atomic.Bool{}
	w.Transport = func(next http.RoundTripper) http.RoundTripper { return &gossip{next: next, on: broken} }
	secret := w.Secret(func(s *corev1.Secret) { s.StringData[v1alpha1.SecretKeyAccessToken] = wrongToken })
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	op := w.Start()
	op.Observe()
	put := func(key, value string) {
		w.Edit(secret, func() { secret.Data[key] = []byte(value) })
		op.Observe()
	}
	put(v1alpha1.SecretKeyAppSecret, wrongAppSecret) // the token is wrong as well
	put(v1alpha1.SecretKeyAccessToken, harness.AccessToken)
	put(v1alpha1.SecretKeyAppSecret, harness.AppSecret)
	w.Reload(tmpl)
	expectReady(t, tmpl)

	for i, fault := range []graphsim.Fault{
		{Method: http.MethodPost, Code: 100, Message: echo()},
		{Method: http.MethodPost, Code: 987654, UserTitle: "Token " + harness.AccessToken, UserMessage: echo()},
		{Code: 190, Message: echo()},
		{Code: 987654, Message: echo()},
		{Code: 200, Message: echo()},
		{Status: 502, Body: "<html>" + echo() + "</html>"},
		{Status: 200, Body: `{"id":"` + harness.AccessToken + `","name":"` + harness.AccessToken + `"}`},
		{Cut: graphsim.BeforeCommit},
	} {
		fault.Times = -1
		w.Sim.Fail(fault)
		w.CreateTemplate(fmt.Sprintf("trouble_%d", i))
		op.Observe()
		w.Sim.ClearFaults()
		op.Observe()
	}
	broken.Store(true)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Observe()
	broken.Store(false)
	put(v1alpha1.SecretKeyAccessToken, rotatedToken)
	op.Observe()
	w.Delete(tmpl)
	broken.Store(true)
	op.Observe()
	broken.Store(false)
	op.Observe()
	if w.Reload(tmpl) {
		t.Errorf("not deleted: %+v", tmpl.Status.Conditions)
	}
	if !strings.Contains(w.Logs(), "[redacted]") {
		t.Error("nothing was redacted: the test provoked nothing")
	}
	expectNoLeak(t, w, op)
}

func expectNoLeak(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	for place, text := range map[string]string{
		"log": w.Logs(), "events": dump(w, &eventsv1.EventList{}), "accounts": dump(w, &v1alpha1.WABAList{}),
		"templates": dump(w, &v1alpha1.MessageTemplateList{}), "metrics": exported(t, op),
	} {
		if len(text) < 500 {
			t.Errorf("%s: nothing to search in: %q", place, text)
		}
		for _, leak := range leaks(text) {
			t.Errorf("%s: the %s is in there", place, leak)
		}
	}
	if got := w.Sim.SecretsInURLs(); len(got) > 0 {
		t.Errorf("URLs: %v", got)
	}
}

// dump returns everything in a list of the world's namespace, managed fields included.
func dump(w *harness.World, list client.ObjectList) string {
	w.T.Helper()
	if err := w.Client.List(context.Background(), list, client.InNamespace(w.Namespace)); err != nil {
		w.T.Fatal(err)
	}
	raw, err := yaml.Marshal(list)
	if err != nil {
		w.T.Fatal(err)
	}
	return string(raw)
}

// exported returns the metrics as text.
func exported(t *testing.T, op *harness.Operator) string {
	t.Helper()
	families, err := op.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, family := range families {
		b.WriteString(family.String())
	}
	return b.String()
}
