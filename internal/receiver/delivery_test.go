// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

func TestSignatures(t *testing.T) {
	body := `[{"AccountID":"1001","Field":"security"}]`
	good := sign(body, theSecret)
	tests := []struct {
		name   string
		body   string
		header []string
		want   int
	}{
		{"good", body, []string{"X-Hub-Signature-256", good}, 200},
		{"digits in upper case", body, []string{"X-Hub-Signature-256", "sha256=" + strings.ToUpper(good[7:])}, 200},
		{"none", body, nil, 401},
		{"empty", body, []string{"X-Hub-Signature-256", ""}, 401},
		{"the old kind only", body, []string{"X-Hub-Signature", "sha1=0123456789012345678901234567890123456789"}, 401},
		{"another secret", body, []string{"X-Hub-Signature-256", sign(body, "invented")}, 401},
		{"no secret at all", body, []string{"X-Hub-Signature-256", sign(body, "")}, 401},
		{"truncated body", body[:len(body)-1], []string{"X-Hub-Signature-256", good}, 401},
		{"same JSON in other bytes", " " + body, []string{"X-Hub-Signature-256", good}, 401},
		{"without prefix", body, []string{"X-Hub-Signature-256", good[7:]}, 401},
		{"prefix in upper case", body, []string{"X-Hub-Signature-256", "SHA256=" + good[7:]}, 401},
		{"too short", body, []string{"X-Hub-Signature-256", good[:len(good)-2]}, 401},
		{"not hexadecimal", body, []string{"X-Hub-Signature-256", good[:len(good)-1] + "g"}, 401},
		{"twice", body, []string{"X-Hub-Signature-256", good, "X-Hub-Signature-256", good}, 401},
		{"twice in one", body, []string{"X-Hub-Signature-256", good + ", " + good}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil, oneAccount()...)
			resp := r.do(r.request(http.MethodPost, PathPrefix+theApp, tt.body, tt.header...))
			if resp.status != tt.want || resp.body != "" {
				t.Errorf("got %d %q, want %d and no body", resp.status, resp.body, tt.want)
			}
			if got := r.recorder.count() == 1; got != (tt.want == 200) {
				t.Errorf("recorded: %v", got)
			}
		})
	}
}

func TestRecorderGetsAllChanges(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	body := `[{"AccountID":"1001","Field":"security","UnknownProperties":["mood"]},{"BusinessID":"77","Field":"partner_solutions"},{"AccountID":"9","Field":"x"}]`
	if got := r.post(body, theSecret); got != 200 {
		t.Fatalf("got %d", got)
	}
	d := r.recorder.deliveries[0]
	if d.AppID != theApp || !d.Received.Equal(r.clock.Now()) || len(d.Changes) != 3 || d.Changes[1].BusinessID != "77" {
		t.Errorf("got %+v", d)
	}
	if len(d.Accounts) != 1 || d.Accounts[0].UID != "shop-acme" || d.Accounts[0].ID != theAccount {
		t.Errorf("accounts %+v", d.Accounts)
	}
	if want := map[string]int{"security": 1, "partner_solutions": 1, "other": 1, "webhook.security mood": 1}; !cmp.Equal(r.metrics.events, want) {
		t.Errorf("events %v", r.metrics.events)
	}
	if want := []string{"security"}; !cmp.Equal(r.relay.fields, want) { // the others are about accounts for which the secret isn't trusted
		t.Errorf("relayed as %v", r.relay.fields)
	}
}

// TestForgedDeliveryTouchesOnlyItsOwnAccount: the ids of another tenant's account and app don't suffice to forge its events.
func TestForgedDeliveryTouchesOnlyItsOwnAccount(t *testing.T) {
	r := newRig(t, nil, accounts(
		[4]string{"shop", "acme", theAccount, theSecret},
		[4]string{"shop", "acme-two", "1002", theSecret},
		[4]string{"tenant", "fake", theAccount, "invented"})...)
	r.post(changesOf(t, theAccount), "invented")
	if got, want := r.recorder.touched(), []string{"tenant/fake"}; !cmp.Equal(got, want) {
		t.Errorf("a forged delivery touches %v", got)
	}
	// Meta's own deliveries are still accepted.
	if got := r.post(changesOf(t, theAccount), theSecret); got != 200 {
		t.Errorf("a genuine delivery got %d", got)
	}
	if got, want := r.recorder.touched(), []string{"shop/acme", "shop/acme-two"}; !cmp.Equal(got, want) {
		t.Errorf("a genuine delivery touches %v", got)
	}
}

func TestUntrustedAccounts(t *testing.T) {
	tests := map[string]func(objects []client.Object){
		"another app":       func(o []client.Object) { o[0].(*v1alpha1.WABA).Status.Credentials.AppID = "502" },
		"no app known":      func(o []client.Object) { o[0].(*v1alpha1.WABA).Status.Credentials = nil },
		"another account":   func(o []client.Object) { o[0].(*v1alpha1.WABA).Status.AccountID = "5" },
		"Secret not opened": func(o []client.Object) { o[1].SetLabels(nil) },
		"Secret elsewhere":  func(o []client.Object) { o[1].SetNamespace("other") },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			second := accounts([4]string{"shop", "second", "1002", theSecret})
			spoil(second)
			r := newRig(t, nil, append(oneAccount(), second...)...)
			if got := r.post(changesOf(t, "1002"), theSecret); got != 200 {
				t.Errorf("got %d", got)
			}
			if got, want := r.recorder.touched(), []string{"shop/acme"}; !cmp.Equal(got, want) {
				t.Errorf("touches %v", got)
			}
		})
	}
}

func TestOutcomesOfRecording(t *testing.T) {
	t.Run("an error makes Meta try again", func(t *testing.T) {
		r := newRig(t, nil, oneAccount()...)
		r.recorder.err = errors.New("conflict")
		resp := r.do(r.request(http.MethodPost, PathPrefix+theApp, "[]", "X-Hub-Signature-256", sign("[]", theSecret)))
		if resp.status != http.StatusServiceUnavailable || resp.header.Get("Retry-After") == "" {
			t.Errorf("got %d %v", resp.status, resp.header)
		}
	})
	t.Run("a body that can't be parsed isn't sent again", func(t *testing.T) {
		r := newRig(t, nil, oneAccount()...)
		if got := r.post("no JSON", theSecret); got != 200 || r.recorder.count() != 0 || r.metrics.delivered(OutcomeUnparsable) != 1 {
			t.Errorf("got %d", got)
		}
	})
	t.Run("caches not filled", func(t *testing.T) {
		asked := 0
		r := newRig(t, func(o *Options) { o.Ready = func(context.Context) bool { asked++; return asked > 1 } }, oneAccount()...)
		if got := r.post("[]", theSecret); got != 503 {
			t.Errorf("at first: got %d", got)
		}
		if got := r.post("[]", theSecret); got != 200 {
			t.Errorf("then: got %d", got)
		}
		r.post("[]", theSecret)
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestMessagesOfUntrustedAccounts: messages are not recorded. Meta has to send them again only if they are relayed and the account's
// Secret may contain the secret soon.
func TestMessagesOfUntrustedAccounts(t *testing.T) {
	for relayed, want := range map[bool]int{false: http.StatusOK, true: http.StatusServiceUnavailable} {
		r := newRig(t, func(o *Options) {
			o.Clock = clock.RealClock{}
			o.Parse = func([]byte) ([]webhook.Change, error) {
				return []webhook.Change{{AccountID: "1002", Field: "messages", Value: webhook.Message{}}}, nil
			}
		}, accounts([4]string{"shop", "acme", theAccount, theSecret}, [4]string{"shop", "late", "1002", "other"})...)
		r.relay.unwanted = !relayed
		if got := r.post("[]", theSecret); got != want {
			t.Errorf("relayed %v: got %d, want %d", relayed, got, want)
		}
	}
}

// TestNewAccounts: an account counts even if it was created just after the last read of the Secrets.
func TestNewAccounts(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	r.post("[]", theSecret)
	for _, obj := range accounts([4]string{"shop", "second", "1002", theSecret}) {
		obj.SetResourceVersion("")
		if err := r.client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	r.clock.Step(time.Second)
	if got := r.post(changesOf(t, "1002"), theSecret); got != 200 || !slices.Contains(r.recorder.touched(), "shop/second") {
		t.Errorf("got %d %v", got, r.recorder.touched())
	}
}

func TestOutageOfTheAPIServer(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	r.secrets.fail(errOutage)
	if got := r.post("[]", theSecret); got != 503 {
		t.Errorf("nothing known: got %d", got)
	}
	r.secrets.fail(nil)
	r.clock.Step(time.Second)
	if got := r.post("[]", theSecret); got != 200 {
		t.Errorf("after it: got %d", got)
	}
	r.secrets.fail(errOutage)
	r.clock.Step(2 * time.Minute)
	if got := r.post(changesOf(t, theAccount), theSecret); got != 200 || len(r.recorder.touched()) != 1 {
		t.Errorf("cached secrets stay valid: got %d", got)
	}
	r.clock.Step(time.Second)
	if got := r.post("[]", "perhaps new"); got != 503 {
		t.Errorf("a signature that can't be verified: got %d", got)
	}
}

func TestResponsesToStrangers(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	tests := []struct {
		method, path string
		want         int
	}{
		{"GET", "/", 404}, {"POST", "/", 404}, {"GET", "/healthz", 404}, {"GET", "/webhooks", 404}, {"GET", "/webhooks/", 404},
		{"POST", "/webhooks/502", 404}, {"GET", "/webhooks/502?hub.mode=subscribe", 404},
		{"POST", "/webhooks/501/", 404}, {"POST", "/webhooks/%35%30%31", 404}, {"POST", "/webhooks/../webhooks/501", 404},
		{"POST", "/webhooks/5o1", 404}, {"POST", "/webhooks/" + strings.Repeat("1", 33), 404},
		{"PUT", "/webhooks/501", 405}, {"DELETE", "/webhooks/501", 405}, {"HEAD", "/webhooks/501", 405}, {"OPTIONS", "/webhooks/501", 405},
	}
	for _, tt := range tests {
		resp := r.do(r.request(tt.method, tt.path, ""))
		if resp.status != tt.want || resp.body != "" {
			t.Errorf("%s %s: got %d %q, want %d and no body", tt.method, tt.path, resp.status, resp.body, tt.want)
		}
	}
	if got := r.secrets.count(); got != 0 {
		t.Errorf("%d Secrets were read", got)
	}
	if got := r.metrics.delivered(OutcomeUnknownApp); got != 1 {
		t.Errorf("%d deliveries for unknown apps", got)
	}
}

func TestShutdownFinishesRequests(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	r.recorder.block, r.recorder.started = make(chan struct{}), make(chan struct{}, 1)
	answer := later(func() int { return r.post("[]", theSecret) })
	<-r.recorder.started
	stopped := later(r.stop)
	r.until("no new connection is accepted", func() bool {
		conn, err := dial(t, r.address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(r.recorder.block)
	if got := answer(); got != 200 {
		t.Errorf("got %d", got)
	}
	if err := stopped(); err != nil {
		t.Error(err)
	}
}
