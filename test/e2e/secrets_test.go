// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	botHost       = "bot.acme.example"
	operatorToken = "verify-token/of=the+operator&31"
	botToken      = "verify-token/of=the+bot&4159"
	guessedToken  = "a-token-that-somebody-guesses-26"
	forgersSecret = "secret-that-somebody-invents-5358"
)

// hidden is everything that may turn up nowhere.
func hidden() []harness.Needle {
	var out []harness.Needle
	for name, secret := range map[string]string{
		"access token": harness.AccessToken, "app secret": harness.AppSecret, "operator's verify token": operatorToken,
		"bot's verify token": botToken, "guessed verify token": guessedToken, "forger's secret": forgersSecret,
	} {
		out = append(out, harness.FormsOf(name, secret)...)
	}
	for i, mark := range graphsim.MessageMarks {
		out = append(out, harness.FormsOf(fmt.Sprintf("mark %d of customers", i), mark)...)
	}
	return out
}

// places are where others can read, each with something that must be found there.
func places(w *harness.World, op *harness.Operator) map[string][2]string {
	return map[string][2]string{
		"log":           {w.Logs(), `"outcome":"forged"`},
		"events":        {w.Dump(&eventsv1.EventList{}), v1alpha1.ReasonSubscribed},
		"accounts":      {w.Dump(&v1alpha1.WABAList{}), "VIOLATION_LOUD"},
		"templates":     {w.Dump(&v1alpha1.MessageTemplateList{}), "message_template_quality_update"},
		"numbers":       {w.Dump(&v1alpha1.PhoneNumberList{}), "PIN_CHANGED"},
		"subscriptions": {w.Dump(&v1alpha1.WebhookSubscriptionList{}), "smb_message_echoes"},
		"metrics":       {op.Exported(), "waba_operator_webhook_deliveries_total"},
	}
}

// TestWebhookSecrets looks for secrets and personal data wherever others can read. Before that, webhooks are set up while Meta repeats
// the verify tokens, and events of every kind are received, messages, forgeries and guesses among them.
func TestWebhookSecrets(t *testing.T) {
	w := harness.New(t, env, graphsim.WithWebhooks(), graphsim.WithWebhookHabits(graphsim.WebhookHabits{Batch: 100}))
	hooks := secretWorld(t, w)
	meta := &parrot{}
	w.Transport = func(next http.RoundTripper) http.RoundTripper {
		meta.next = next
		return meta
	}
	op := w.Start(receives)
	w.Sim.MapCallback(host, op.Receiver())

	op.SettleRetries()
	for range 4 { // a refusal of each write
		w.Annotate(hooks, v1alpha1.AnnotationRequestedAt, w.Clock.Now().Format(time.RFC3339))
		op.Observe()
	}
	isReady(t, w, hooks)
	if n := len(meta.heard); n < 3 {
		t.Fatalf("Meta repeated %d requests only", n)
	}

	everything := slices.Concat(webhook.ManagementFields, webhook.MessageFields)
	w.Sim.SetAppCallback(harness.AppID, "https://"+host+"/webhooks/"+harness.AppID, everything...)
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "") // messages come to the operator, by mistake
	number, _ := w.Sim.NumberByID(harness.NumberID)
	changes := []graphsim.WebhookChange{
		graphsim.ViolationEvent("VIOLATION_LOUD", ""), graphsim.SecurityEvent(number, "PIN_CHANGED", "1"),
		graphsim.TemplateQualityEvent(w.Sim.Templates(harness.AccountID)[0], "UNKNOWN", "GREEN"),
	}
	for _, field := range graphsim.MessageFields() {
		changes = append(changes, graphsim.MessageEvent(field, number))
	}
	bodies := record(t, w, changes...)
	if got, want := leaked(string(slices.Concat(bodies...))), len(graphsim.MessageMarks); got != want {
		t.Fatalf("%d marks are in the deliveries, want %d", got, want)
	}

	knock(&outsider{t, w, op}, bodies)
	op.Settle()
	w.Wait("the arrivals", func() bool {
		w.Reload(hooks)
		return hooks.Status.Webhook != nil && len(hooks.Status.Webhook.Events) == len(changes)
	})
	expectHidden(t, w, op)
}

// knock delivers genuinely and otherwise, and guesses verify tokens.
func knock(stranger *outsider, bodies [][]byte) {
	stranger.t.Helper()
	for _, body := range bodies {
		if got := stranger.deliver(harness.AppID, body, sign(forgersSecret, body)); got != http.StatusUnauthorized {
			stranger.t.Fatalf("forged: %d", got)
		}
		if got := stranger.deliver(harness.AppID, body, sign(harness.AppSecret, body)); got != http.StatusOK {
			stranger.t.Fatalf("genuine: %d", got)
		}
	}
	broken := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"` + strings.Join(graphsim.MessageMarks, `","`))
	if got := stranger.deliver(harness.AppID, broken, sign(harness.AppSecret, broken)); got != http.StatusOK {
		stranger.t.Errorf("unparsable: %d", got)
	}
	for token, want := range map[string]int{
		guessedToken: http.StatusForbidden, botToken: http.StatusForbidden, harness.AppSecret: http.StatusForbidden, operatorToken: http.StatusOK,
	} {
		if got := stranger.shake(harness.AppID, token); got != want {
			stranger.t.Errorf("handshake: %d, want %d", got, want)
		}
	}
}

// secretWorld has an account with a template and a number, and a subscription with two verify tokens.
func secretWorld(t *testing.T, w *harness.World) *v1alpha1.WebhookSubscription {
	t.Helper()
	bot := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("hub.verify_token") == botToken {
			_, _ = io.WriteString(rw, r.URL.Query().Get("hub.challenge"))
		}
	}))
	t.Cleanup(bot.Close)
	w.Sim.MapCallback(botHost, bot.URL)
	w.Secret()
	w.WABA()
	w.Create(opaque("verify", v1alpha1.SecretPurposeVerifyToken, map[string]string{"operator": operatorToken, "bot": botToken}))
	w.Create(&v1alpha1.PhoneNumber{
		ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{CommonSpec: ofAcme(), ID: harness.NumberID},
	})
	w.CreateTemplate("parcel_left")
	hooks := subscription()
	hooks.Spec.Messages = &v1alpha1.WebhookOverride{
		CallbackURL: "https://" + botHost + "/wa", VerifyTokenSecretRef: v1alpha1.SecretKeyReference{Name: "verify", Key: "bot"},
	}
	w.Create(hooks)
	return hooks
}

// parrot is Meta refusing each request about callbacks once, in words that repeat it.
type parrot struct {
	next  http.RoundTripper
	mu    sync.Mutex
	heard []string
}

func (p *parrot) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/subscribed_apps") && !strings.HasSuffix(r.URL.Path, "/subscriptions") {
		return p.next.RoundTrip(r)
	}
	var raw []byte
	if r.Body != nil {
		var err error
		if raw, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
	}
	if p.knows(r.URL.Path + string(raw)) {
		return p.next.RoundTrip(r)
	}
	plain, _ := url.QueryUnescape(string(raw)) // where it isn't a form it is there as it was sent
	answer, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": 2200, "message": fmt.Sprintf("Callback verification failed: %s, %s, %s, %s",
			raw, plain, strings.Join(tokensIn(plain), " "), r.Header.Get("Authorization")),
	}})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(answer)), Request: r,
	}, nil
}

func (p *parrot) knows(request string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.heard, request) {
		return true
	}
	p.heard = append(p.heard, request)
	return false
}

// tokensIn are the verify tokens in a text, without the words around them by which they could be recognised.
func tokensIn(text string) []string {
	return slices.DeleteFunc([]string{operatorToken, botToken}, func(token string) bool { return !strings.Contains(text, token) })
}

// leaked is how many marks of customers a text contains.
func leaked(text string) int {
	n := 0
	for _, mark := range graphsim.MessageMarks {
		if strings.Contains(text, mark) {
			n++
		}
	}
	return n
}

func expectHidden(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	needles := hidden()
	for name, place := range places(w, op) {
		text, known := place[0], place[1]
		if !strings.Contains(text, known) {
			t.Errorf("%s: %s isn't there, so nothing was searched: %s", name, known, text)
		}
		for _, leak := range harness.Leaks(needles, text) {
			t.Errorf("%s: the %s is in there", name, leak)
		}
		middle := len(text) / 2
		for _, n := range needles {
			if !slices.Contains(harness.Leaks(needles, text[:middle]+n.Text+text[middle:]), n.What) {
				t.Errorf("%s: the %s wouldn't be found", name, n.What)
			}
		}
	}
	if !strings.Contains(w.Logs()+w.Dump(&eventsv1.EventList{}), "[redacted]") {
		t.Error("nothing was redacted: Meta's answers repeated nothing")
	}
	if got := w.Sim.SecretsInURLs(); len(got) > 0 {
		t.Errorf("URLs: %v", got)
	}
}
