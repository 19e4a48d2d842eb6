// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
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

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	wrongToken     = "EAAGwrongTokenOfNoAccount0123456"
	rotatedToken   = "rotated+token/with=odd|characters&77"
	wrongAppSecret = "the-secret-of-quite-another-app-88"
)

// needles are all forms of all secrets of the test, the proofs included.
func needles() []harness.Needle {
	tokens := map[string]string{
		"token": harness.AccessToken, "wrong token": wrongToken, "rotated token": rotatedToken,
	}
	secrets := map[string]string{"app secret": harness.AppSecret, "wrong app secret": wrongAppSecret}
	var out []harness.Needle
	for _, group := range []map[string]string{tokens, secrets} {
		for name, secret := range group {
			out = append(out, harness.FormsOf(name, secret)...)
		}
	}
	for token, value := range tokens {
		for secret, key := range secrets {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(value))
			out = append(out, harness.Needle{What: "proof of " + token + " with " + secret, Text: hex.EncodeToString(mac.Sum(nil))})
		}
	}
	return out
}

// leaks names the secrets that a text contains.
func leaks(text string) []string { return harness.Leaks(needles(), text) }

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
		found("before "+n.Text+" after", n.What)
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
		{Code: 80008, Message: echo(), RegainMinutes: 2},
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
	for _, line := range []string{
		`"msg":"Step failed"`, `"msg":"Step must wait"`, `"msg":"Condition changed"`, `"msg":"Backing off"`, `"msg":"The run ends"`, `"result":"Transient"`, `"result":"Credentials"`,
	} {
		if !strings.Contains(w.Logs(), line) {
			t.Errorf("%s isn't in the log: the test doesn't provoke it", line)
		}
	}
	expectNoLeak(t, w, op)
}

func expectNoLeak(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	for place, text := range map[string]string{
		"log": w.Logs(), "events": w.Dump(&eventsv1.EventList{}), "accounts": w.Dump(&v1alpha1.WABAList{}),
		"templates": w.Dump(&v1alpha1.MessageTemplateList{}), "metrics": op.Exported(),
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
