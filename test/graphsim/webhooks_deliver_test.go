// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignedAndEscaped(t *testing.T) {
	h := newHooks(t)
	h.sim.Emit(testWABA, AlertEvent("BUSINESS", "1", "WARNING", "ACTIVE", "OBA_REJECTED", "Grüße 🙂 \"quoted\" a/b\n<&>"))
	got := h.deliver()[0]
	if got.signature != signatureOf(testSecret, got.raw) || !strings.HasPrefix(got.signature, "sha256=") {
		t.Errorf("signature %s", got.signature)
	}
	if !bytes.Contains(got.raw, []byte(`Gr\u00fc\u00dfe \ud83d\ude42 \"quoted\" a`)) || !bytes.Contains(got.raw, []byte(`\u000a<&>`)) {
		t.Errorf("%s", got.raw)
	}
	info := changes([]received{got})[0].value["alert_info"].(map[string]any)
	if info["alert_description"] != "Grüße 🙂 \"quoted\" a/b\n<&>" {
		t.Errorf("%q", info["alert_description"])
	}
	// the secret of the moment signs
	h.sim.AddApp(App{ID: testApp, Secret: "rotated"})
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	if got := h.deliver()[0]; got.signature != signatureOf("rotated", got.raw) {
		t.Errorf("signature %s", got.signature)
	}
}

// TestSlashes: Meta escapes slashes in some bodies and not in others.
func TestSlashes(t *testing.T) {
	h := newHooks(t)
	for range 20 {
		h.sim.Emit(testWABA, RawEvent("security", `{"event":"a/b"}`))
	}
	var escaped, plain int
	for _, got := range h.deliver() {
		switch {
		case bytes.Contains(got.raw, []byte(`a\/b`)):
			escaped++
		case bytes.Contains(got.raw, []byte(`a/b`)):
			plain++
		}
	}
	if escaped == 0 || plain == 0 || escaped+plain != 20 {
		t.Errorf("%d escaped, %d plain", escaped, plain)
	}
}

func TestEnvelope(t *testing.T) {
	h := newHooks(t)
	id := h.sim.AddTemplate(testWABA, Template{ID: "9007199254740993", Name: "one"})
	x := TemplateStatusEvent(Template{ID: id, Name: "one", Language: "en_US", Category: "UTILITY"}, "FLAGGED")
	x.Time = time.Unix(1739321024, 0)
	h.sim.Emit(testWABA, x)
	want := `{"entry":[{"changes":[{"field":"message_template_status_update","value":{"event":"FLAGGED","message_template_category":"UTILITY",` +
		`"message_template_id":9007199254740993,"message_template_language":"en_US","message_template_name":"one","reason":"NONE"}}],` +
		`"id":"102290129340398","time":1739321024}],"object":"whatsapp_business_account"}`
	if got := h.deliver(); string(got[0].raw) != want {
		t.Errorf("%s", got[0].raw)
	}
}

func TestRetries(t *testing.T) {
	h := newHooks(t)
	for _, status := range []int{500, 204, 302} { // only 200 is success
		h.say(status)
		h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
		if n, err := h.sim.Deliver(t.Context()); n != 0 || err == nil {
			t.Errorf("HTTP %d: accepted %d, %v", status, n, err)
		}
	}
	h.sim.DropDeliveries()
	h.sim.ResetDeliveries()
	h.say(503)
	h.sim.Emit(testWABA, ReviewEvent("PENDING"))
	var pauses []time.Duration
	for range 20 {
		_, _ = h.sim.Deliver(t.Context())
		_, next := h.sim.PendingDeliveries()
		pauses = append(pauses, next.Sub(h.clock.Now()))
		h.clock.SetTime(next)
	}
	if pauses[0] != 10*time.Second || pauses[1] != 20*time.Second || pauses[19] != 6*time.Hour || !slices.IsSorted(pauses) {
		t.Errorf("%v", pauses)
	}
	h.say(0)
	if n, err := h.sim.Deliver(t.Context()); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, _ := h.sim.PendingDeliveries(); n != 0 {
		t.Errorf("%d events wait although all were accepted", n)
	}
	all := h.sim.Deliveries()
	last := all[len(all)-1]
	if len(all) != 21 || last.Status != 200 || last.Attempt != 21 || last.AppID != testApp || last.URL != hookURL || last.Changes != 1 ||
		last.Latency() <= 0 || string(last.Body) == "" || last.Bytes != len(last.Body) || !slices.Equal(last.Fields, []string{"account_review_update"}) {
		t.Errorf("%d deliveries, the last one %+v", len(all), last)
	}
}

func TestMetaGivesUp(t *testing.T) {
	for patience, want := range map[time.Duration]time.Duration{0: 7 * 24 * time.Hour, 36 * time.Hour: 36 * time.Hour} {
		h := newHooks(t, WithWebhookHabits(WebhookHabits{Patience: patience}))
		h.sim.MapCallback(hookHost, "http://127.0.0.1:1")
		h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
		for n := 1; n > 0; n, _ = h.sim.PendingDeliveries() {
			_, next := h.sim.PendingDeliveries()
			h.clock.SetTime(next)
			_, _ = h.sim.Deliver(t.Context())
		}
		if got := h.clock.Since(testStart); got > want || got < want-7*time.Hour {
			t.Errorf("gave up after %v, want %v", got, want)
		}
	}
}

func TestDeliverAll(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(WebhookHabits{Delay: time.Hour}))
	for range 10 {
		h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	}
	if n, err := h.sim.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	h.clock.Step(30 * time.Minute)
	some, _ := h.sim.Deliver(t.Context())
	rest, err := h.sim.DeliverAll(t.Context())
	if some == 0 || some == 10 || some+rest != 10 || err != nil {
		t.Errorf("%d, then %d, %v", some, rest, err)
	}
}

func TestNoSubscriberAnyMore(t *testing.T) {
	h := newHooks(t)
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	h.sim.SetAppCallback(testApp, "")
	if n, err := h.sim.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	if n, _ := h.sim.PendingDeliveries(); n != 0 {
		t.Errorf("%d events wait without a subscriber", n)
	}
}

func TestBatches(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(WebhookHabits{Batch: 5000}))
	h.sim.AddAccount(Account{ID: "77"})
	h.sim.SubscribeApp("77", testApp, "")
	for i := range 1250 {
		h.sim.Emit([]string{testWABA, "77"}[i/2%2], ReviewEvent("APPROVED"))
	}
	posts := h.deliver()
	if len(posts) != 2 || len(changes(posts[:1])) != 1000 || len(changes(posts)) != 1250 {
		t.Errorf("%d posts", len(posts))
	}
	if entries := objects(posts[0].body["entry"]); len(entries) != 500 || len(objects(entries[0]["changes"])) != 2 {
		t.Errorf("%d entries", len(entries))
	}
	big := strings.Repeat("x", 1<<20)
	for range 4 {
		h.sim.Emit(testWABA, RawEvent("security", `{"event":"`+big+`"}`))
	}
	posts = h.deliver()
	for _, p := range posts {
		if len(p.raw) > maxWebhookBytes {
			t.Errorf("%d bytes", len(p.raw))
		}
	}
	if len(posts) != 2 {
		t.Errorf("%d posts", len(posts))
	}
}

func TestShuffle(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(WebhookHabits{Shuffle: true}))
	sent := func() (out []string) {
		for i := range 10 {
			h.sim.Emit(testWABA, ReviewEvent(itoa(i)))
		}
		return h.events()
	}
	got := sent()
	if slices.IsSorted(got) {
		t.Error("in order")
	}
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != 10 {
		t.Errorf("%v", got)
	}
}

// TestRepeats: a duplicate says the same with keys in another order, a replay is an old body byte by byte.
func TestRepeats(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(WebhookHabits{Duplicates: 100}))
	h.sim.Emit(testWABA, AccountEvent("VERIFIED_ACCOUNT"))
	posts := h.deliver()
	if len(posts) != 2 || bytes.Equal(posts[0].raw, posts[1].raw) || !sameJSON(t, posts[0].raw, posts[1].raw) || posts[1].signature != signatureOf(testSecret, posts[1].raw) {
		t.Fatalf("%d: %s", len(posts), posts[0].raw)
	}
	h.sim.SetWebhookHabits(WebhookHabits{Replays: 100})
	h.clock.Step(time.Hour)
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	again := h.deliver()
	if len(again) != 2 || !bytes.Equal(again[1].raw, posts[0].raw) {
		t.Fatalf("%d: %s", len(again), again[0].raw)
	}
	var kinds []Repeat
	for _, d := range h.sim.Deliveries() {
		kinds = append(kinds, d.Repeat)
	}
	if !slices.Equal(kinds, []Repeat{Original, Duplicate, Original, Replay}) {
		t.Errorf("%v", kinds)
	}
	// a repeat that fails is not sent again
	h.sim.SetWebhookHabits(WebhookHabits{Duplicates: 100})
	h.say(500)
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	_, _ = h.sim.Deliver(t.Context())
	if n, _ := h.sim.PendingDeliveries(); n != 1 {
		t.Errorf("%d wait", n)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	sorted := func(raw []byte) string {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		out, _ := json.Marshal(v)
		return string(out)
	}
	return sorted(a) == sorted(b)
}

func TestOddBodies(t *testing.T) {
	quality := TemplateQualityEvent(Template{ID: "806312974732579", Name: "w", Language: "en_US"}, "GREEN", "YELLOW")
	cases := []struct {
		name   string
		habits WebhookHabits
		change WebhookChange
		wants  []string // some bodies have each
		nots   []string // no body has
	}{
		{"hyphens", WebhookHabits{Hyphens: true}, quality, []string{`"message_template_language":"en-US"`}, []string{"en_US"}},
		{"no language", WebhookHabits{NoLanguage: 100}, TemplateStatusEvent(Template{ID: "806312974732579", Name: "w", Language: "en_US", Category: "UTILITY"}, "APPROVED"),
			[]string{`"message_template_id":806312974732579`}, []string{"message_template_language", "message_template_category"}},
		{"a list", WebhookHabits{Lists: 100}, BanEvent("DISABLE", testStart), []string{`"waba_ban_state":["DISABLE"]`}, []string{`"waba_ban_state":"`}},
		{"wrong field", WebhookHabits{WrongFields: 100}, quality, []string{`"field":"message_template_status_update"`, `"new_quality_score":"YELLOW"`}, []string{"quality_update"}},
		{"no time", WebhookHabits{Timeless: 100}, quality, nil, []string{`"time"`}},
		{"misplaced", WebhookHabits{Misplaced: 100}, ReviewEvent("APPROVED"), []string{
			`"value":{"decision":"APPROVED","field":"account_review_update","object":"whatsapp_business_account"}`,
			`"value":{"decision":"APPROVED"}}],"field":"account_review_update","id":"102290129340398","object":"whatsapp_business_account"`,
		}, []string{`{"field":"account_review_update","value"`, `],"object"`}},
		{"misplaced text", WebhookHabits{Misplaced: 100}, RawEvent("security", `"PIN"`), []string{`"field":"security","id"`}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHooks(t, WithWebhookHabits(c.habits))
			for range 12 {
				h.sim.Emit(testWABA, c.change)
			}
			var all [][]byte
			for _, p := range h.deliver() {
				all = append(all, p.raw)
			}
			text := string(bytes.Join(all, []byte("\n")))
			for _, want := range c.wants {
				if !strings.Contains(text, want) {
					t.Errorf("%s is missing:\n%s", want, text)
				}
			}
			for _, not := range c.nots {
				if strings.Contains(text, not) {
					t.Errorf("%s is there:\n%s", not, text)
				}
			}
		})
	}
}

// TestUnknownPropertiesOfEvents: in unknown mode about every third event has a property that no document lists.
func TestUnknownPropertiesOfEvents(t *testing.T) {
	h := newHooks(t, WithUnknownMode(3))
	for range 30 {
		h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	}
	odd, all := 0, h.deliver()
	for _, p := range all {
		odd += bytes.Count(p.raw, []byte(`"signal_v2"`))
	}
	if len(all) == 0 || odd < 3 || odd > 20 {
		t.Errorf("%d of 30 events have the property", odd)
	}
}

// TestNastyHabits: whatever happens on the way, every event arrives.
func TestNastyHabits(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(NastyHabits()), WithDeliveryConcurrency(4))
	const total = 200
	for i := range total {
		h.sim.Emit(testWABA, RawEvent("security", `{"event":"e`+itoa(i)+`."}`))
		if i%3 == 0 {
			h.deliverSome()
		}
	}
	h.deliverSome()
	var text strings.Builder
	for _, p := range h.take() {
		text.Write(p.raw)
	}
	for i := range total {
		if !strings.Contains(text.String(), `"e`+itoa(i)+`."`) {
			t.Errorf("event %d is missing", i)
		}
	}
}

func (h *hooks) deliverSome() {
	h.fixture.t.Helper()
	if _, err := h.sim.Deliver(h.fixture.t.Context()); err != nil {
		h.fixture.t.Fatal(err)
	}
}

func TestBackgroundDelivery(t *testing.T) {
	h := newHooks(t, WithDeliveryConcurrency(3))
	came := make(chan struct{}, 100)
	h.listen(hookHost, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{} }))
	stop := h.sim.StartDelivery(t.Context())
	for range 50 {
		h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	}
	for range 50 {
		<-came
	}
	stop()
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	if n, _ := h.sim.PendingDeliveries(); n != 1 {
		t.Errorf("%d wait after the stop", n)
	}
}

func TestDeliverEndsWithTheContext(t *testing.T) {
	h := newHooks(t)
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := h.sim.Deliver(ctx); n != 0 || err == nil {
		t.Errorf("%d %v", n, err)
	}
	h.expect("account_review_update APPROVED")
}

func TestEmitNeedsWebhooks(t *testing.T) {
	f := newFixture(t)
	defer func() {
		if recover() == nil {
			t.Error("accepted")
		}
	}()
	f.sim.Emit(testWABA, ReviewEvent("APPROVED"))
}

func TestTheRecordIsBounded(t *testing.T) {
	var o outbox
	for i := range 2*MaxDeliveries + 1 {
		o.note(Delivery{Changes: i, Body: []byte("x")})
	}
	last := o.record[len(o.record)-1]
	if len(o.record) != MaxDeliveries+1 || last.Changes != 2*MaxDeliveries || o.record[0].Body != nil || last.Body == nil {
		t.Errorf("%d, %+v", len(o.record), last)
	}
}
