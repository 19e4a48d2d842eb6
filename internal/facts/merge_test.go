// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

var start = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// eventAt returns an event some seconds after start, received an hour after it.
func eventAt(seconds int, v webhook.Value) event {
	c := webhook.Change{Time: start.Add(time.Duration(seconds) * time.Second), Value: v, Hash: fmt.Sprintf("%x", fmt.Sprintf("%T%v", v, v))}
	return newEvent(c, start.Add(time.Hour))
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func templateFacts(events ...event) *v1alpha1.MessageTemplateWebhookStatus {
	w := &v1alpha1.MessageTemplateWebhookStatus{}
	for _, e := range events {
		mergeTemplate(w, e)
	}
	return w
}

func accountFacts(events ...event) *v1alpha1.WABAWebhookStatus {
	w := &v1alpha1.WABAWebhookStatus{}
	for _, e := range events {
		mergeAccount(w, e)
	}
	return w
}

func numberFacts(events ...event) *v1alpha1.PhoneNumberWebhookStatus {
	w := &v1alpha1.PhoneNumberWebhookStatus{}
	for _, e := range events {
		mergeNumber(w, e)
	}
	return w
}

// Meta delivers in any order, and more than once; the resulting facts must not depend on it.
func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	expires := start.Add(48 * time.Hour)
	template := []event{
		eventAt(1, webhook.TemplateStatus{Event: "PENDING", Category: "UTILITY"}),
		eventAt(1, webhook.TemplateStatus{Event: "APPROVED", Category: "MARKETING"}),
		eventAt(2, webhook.TemplateQuality{Previous: "GREEN", New: "YELLOW"}),
		eventAt(3, webhook.TemplateQuality{Previous: "YELLOW", New: "RED"}),
		eventAt(4, webhook.TemplateCategory{New: "UTILITY", Correct: "MARKETING", ChangeTime: expires}),
		eventAt(5, webhook.TemplateCategory{New: "MARKETING", Previous: "UTILITY"}),
		eventAt(5, webhook.TemplateStatus{Event: "PAUSED", PauseTitle: "FIRST_PAUSE", PauseDescription: "Paused for low quality"}),
		eventAt(6, webhook.TemplateStatus{Event: "REJECTED", Reason: "INVALID_FORMAT", RejectionReason: "side by side", RejectionRecommendation: "put words between", Category: "UTILITY"}),
		eventAt(7, webhook.TemplateCategory{New: "UTILITY", Correct: "AUTHENTICATION"}),
		eventAt(8, webhook.TemplateComponents{}),
	}
	number := []event{
		eventAt(1, webhook.NumberName{Decision: "PENDING", RequestedName: "Acme"}),
		eventAt(1, webhook.NumberName{Decision: "REJECTED", RequestedName: "Acme", RejectionReason: "NAME_NOT_CONSISTENT"}),
		eventAt(2, webhook.NumberQuality{Event: "ONBOARDING", MessagingLimit: "TIER_250"}),
		eventAt(3, webhook.NumberQuality{Event: "THROUGHPUT_UPGRADE"}),
		eventAt(4, webhook.NumberSecurity{Event: "PIN_RESET_REQUEST"}),
		eventAt(5, webhook.NumberSecurity{Event: "PIN_CHANGED"}),
		eventAt(5, webhook.NumberSettings{PhoneNumberID: "1", CallingStatus: "ENABLED"}),
		eventAt(6, webhook.NumberSettings{PhoneNumberID: "1"}),
		eventAt(7, webhook.NumberUsername{Username: "acme", Status: "RESERVED"}),
		eventAt(8, webhook.NumberUsername{Username: "acme", Status: "APPROVED"}),
		eventAt(9, webhook.Alert{Type: alertPictureLost, EntityType: "PHONE_NUMBER", Status: "ACTIVE"}),
		eventAt(3, webhook.Alert{Type: alertPictureLost, EntityType: "PHONE_NUMBER", Status: "ACTIVE"}),
	}
	account := []event{
		eventAt(1, webhook.AccountReview{Decision: "PENDING"}),
		eventAt(2, webhook.AccountReview{Decision: "APPROVED"}),
		eventAt(2, webhook.Capability{MessagingLimit: "TIER_2K"}),
		eventAt(3, webhook.Capability{MaxPhoneNumbers: 25}),
		eventAt(4, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &webhook.Violation{Type: "ALCOHOL"}}),
		eventAt(4, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &webhook.Violation{Type: "ADULT", PhoneNumber: "15550783881"}}),
		eventAt(5, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "A", Expires: expires}, {Type: "B"}}}),
		eventAt(6, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "A", Expires: expires.Add(time.Hour)}}}),
		eventAt(6, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "OVER", Expires: start}}}),
		eventAt(7, webhook.AccountUpdate{Event: "DISABLED_UPDATE", Ban: &webhook.Ban{State: "SCHEDULE_FOR_DISABLE", Date: expires}}),
		eventAt(8, webhook.AccountUpdate{Event: "DISABLED_UPDATE", Ban: &webhook.Ban{State: "DISABLE"}}),
		eventAt(9, webhook.AccountUpdate{Event: "PARTNER_REMOVED", Detail: "PRIMARY_INACTIVITY by SYSTEM"}),
		eventAt(9, webhook.Alert{Type: "OBA_APPROVED", EntityType: "BUSINESS", EntityID: "5", Status: "ACTIVE"}),
		eventAt(10, webhook.Alert{Type: "OBA_APPROVED", EntityType: "BUSINESS", EntityID: "5", Status: "NONE"}),
	}
	for name, c := range map[string]struct {
		events []event
		facts  func(...event) any
		want   string
	}{
		"template": {template, func(e ...event) any { return templateFacts(e...) }, `"status":"REJECTED","reason":"INVALID_FORMAT","rejectionReason":"side by side","rejectionRecommendation":"put words between","qualityScore":"RED","category":"UTILITY","previousCategory":"UTILITY","correctCategory":"AUTHENTICATION"}`},
		"number":   {number, func(e ...event) any { return numberFacts(e...) }, `"nameDecision":"REJECTED","requestedName":"Acme","nameRejectionReason":"NAME_NOT_CONSISTENT","qualityEvent":"THROUGHPUT_UPGRADE","messagingLimit":"TIER_250","securityEvent":"PIN_CHANGED","pictureLostTime":"2026-11-02T08:00:09Z","callingStatus":"ENABLED","username":"acme","usernameStatus":"APPROVED"}`},
		"account":  {account, func(e ...event) any { return accountFacts(e...) }, `"restrictions":[{"type":"A","time":"2026-11-02T08:00:06Z","expirationTime":"2026-11-04T09:00:00Z"},{"type":"B","time":"2026-11-02T08:00:05Z"}],"violations":[{"type":"ADULT","time":"2026-11-02T08:00:04Z","phoneNumber":"15550783881"},{"type":"ALCOHOL","time":"2026-11-02T08:00:04Z"}],"ban":{"state":"DISABLE"},"alerts":[{"type":"OBA_APPROVED","status":"NONE","entityType":"BUSINESS","entityID":"5","time":"2026-11-02T08:00:10Z"}],"reviewDecision":"APPROVED","messagingLimit":"TIER_2K","maxPhoneNumbers":25,"accountEvents":[{"event":"PARTNER_REMOVED","time":"2026-11-02T08:00:09Z","detail":"PRIMARY_INACTIVITY by SYSTEM"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			want := asJSON(t, c.facts(c.events...))
			if got := want[max(0, len(want)-len(c.want)):]; got != c.want {
				t.Fatalf("in order of time:\n got …%s\nwant …%s", got, c.want)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range 2000 {
				events := append(slices.Clone(c.events), c.events[random.IntN(len(c.events))], c.events[random.IntN(len(c.events))])
				random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				if got := asJSON(t, c.facts(events...)); got != want {
					var order []string
					for _, e := range events {
						order = append(order, fmt.Sprintf("%s %T%v", e.at.Format(time.TimeOnly), e.Value, e.Value))
					}
					t.Fatalf("another order gives other facts:\n%v\n got %s\nwant %s", order, got, want)
				}
			}
		})
	}
}

func TestKnownEventsChangeNothing(t *testing.T) {
	w := &v1alpha1.WABAWebhookStatus{}
	alert := eventAt(1, webhook.Alert{Type: "OBA_APPROVED", Status: "ACTIVE"})
	violation := eventAt(1, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &webhook.Violation{Type: "ALCOHOL"}})
	over := eventAt(1, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "A", Expires: start}}})
	for _, c := range []struct {
		name string
		e    event
		want bool
	}{
		{"an alert", alert, true}, {"the alert again", alert, false},
		{"a violation", violation, true}, {"the violation again", violation, false},
		{"a restriction that is over", over, false},
		{"a template's event", eventAt(1, webhook.TemplateComponents{}), false},
	} {
		if got := mergeAccount(w, c.e); got != c.want {
			t.Errorf("%s: changed %t, want %t", c.name, got, c.want)
		}
	}
}

// Facts are read back in local time and compared with those of a delivery, which are in UTC.
func TestFactsSurviveTheAPIServer(t *testing.T) {
	w := accountFacts(eventAt(1, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &webhook.Violation{Type: "ALCOHOL"}}))
	var read v1alpha1.WABAWebhookStatus
	if err := json.Unmarshal([]byte(asJSON(t, w)), &read); err != nil {
		t.Fatal(err)
	}
	if mergeAccount(&read, eventAt(1, webhook.AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &webhook.Violation{Type: "ALCOHOL"}})) {
		t.Error("a stored violation counts as a change after a restart")
	}
}

func TestListsKeepTheNewest(t *testing.T) {
	w := &v1alpha1.WABAWebhookStatus{}
	for i := range 3 * maxListItems {
		mergeAccount(w, eventAt(i, webhook.AccountUpdate{Event: "PARTNER_ADDED", Detail: "x"}))
	}
	if len(w.AccountEvents) != maxListItems || w.AccountEvents[0].Time.Unix() != start.Unix()+2*maxListItems {
		t.Errorf("%d events from %s, want the newest %d", len(w.AccountEvents), w.AccountEvents[0].Time, maxListItems)
	}
	if mergeAccount(w, eventAt(0, webhook.AccountUpdate{Event: "PARTNER_ADDED", Detail: "x"})) {
		t.Error("an event that was dropped from the list counts as a change when it is delivered again")
	}
}

func TestInventedEventsAreBounded(t *testing.T) {
	w := &v1alpha1.WABAWebhookStatus{}
	for i := range 10 * maxWatermarks {
		mergeAccount(w, eventAt(i, webhook.AccountUpdate{Event: fmt.Sprintf("INVENTED_%d", i)}))
	}
	mergeAccount(w, eventAt(1, webhook.AccountReview{Decision: "APPROVED"}))
	if len(w.Events) > maxWatermarks+1 || w.ReviewDecision != "APPROVED" || len(w.AccountEvents) != maxListItems {
		t.Errorf("%d watermarks, decision %q, %d events", len(w.Events), w.ReviewDecision, len(w.AccountEvents))
	}
}

func TestRestrictionsEnd(t *testing.T) {
	w := accountFacts(eventAt(1, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "A", Expires: start.Add(2 * time.Hour)}}}))
	later := eventAt(2, webhook.AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []webhook.Restriction{{Type: "B"}}})
	later.received = start.Add(3 * time.Hour)
	if !mergeAccount(w, later) || len(w.Restrictions) != 1 || w.Restrictions[0].Type != "B" {
		t.Errorf("restrictions are %v, want only the one that holds", w.Restrictions)
	}
}

func TestTimesThatCanNotBeRight(t *testing.T) {
	received := start.Add(time.Hour)
	for name, at := range map[string]time.Time{"none": {}, "in the far future": received.Add(2 * farFuture)} {
		if got := newEvent(webhook.Change{Time: at}, received).at; !got.Equal(received) {
			t.Errorf("%s: %s, want when it was received", name, got)
		}
	}
	if got := newEvent(webhook.Change{Time: received.Add(time.Minute)}, received).at; !got.Equal(received.Add(time.Minute)) {
		t.Errorf("a clock that is slightly ahead: %s", got)
	}
}

func TestSubscriptionShowsWhenEventsArrive(t *testing.T) {
	w := &v1alpha1.WebhookSubscriptionWebhookStatus{}
	arrival := func(after time.Duration, field string) event {
		return newEvent(webhook.Change{Field: field, Time: start.Add(after), Hash: field}, start.Add(after))
	}
	for _, c := range []struct {
		e    event
		want bool
	}{
		{arrival(0, "account_update"), true},
		{arrival(time.Minute, "account_update"), false},
		{arrival(time.Minute, "messages"), true},
		{arrival(arrivalPeriod, "account_update"), true},
		{arrival(0, "invented"), false},
		{event{handshake: true, received: start}, true},
		{event{handshake: true, received: start}, false},
		{event{handshake: true, received: start.Add(time.Second)}, true},
	} {
		if got := mergeSubscription(w, c.e); got != c.want {
			t.Errorf("%s at %s: changed %t, want %t", c.e.Field, c.e.received, got, c.want)
		}
	}
	if len(w.Events) != 2 || !w.HandshakeTime.Time.Equal(start.Add(time.Second)) {
		t.Errorf("got %v", w)
	}
}
