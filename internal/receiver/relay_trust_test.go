// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	anotherApp  = "502"
	bankSecret  = "secret-of-the-bank"
	bankAccount = "201"
)

// entry is one message to an account, as Meta sends it.
func entry(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"messages","value":{"messages":[{"text":{"body":%q}}]}}]}`, id, text)
}

func deliveryOf(entries ...string) string {
	return `{"object":"whatsapp_business_account","entry":[` + strings.Join(entries, ",") + `]}`
}

// numbered is a message of a number, as Meta sends it.
func numbered(id, number string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":%q},"messages":[]}}]}`, id, number)
}

// settingsOf is an event about the settings of a number, as Meta sends it.
func settingsOf(id, number string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"account_settings_update","value":{"phone_number_settings":{"phone_number_id":%q}}}]}`, id, number)
}

// numberOfAccount is a resource of a number that was found in an account.
func numberOfAccount(id, account string) *v1alpha1.PhoneNumber {
	n := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "of-" + account}}
	n.Status.ID, n.Status.AccountID = id, account
	return n
}

// withRelay is a receiver of two apps that forwards to one target. It has whatever else is in the cluster.
func withRelay(t *testing.T, o RelayOptions, target RelayTarget, objects ...client.Object) (*rig, *relayTest) {
	t.Helper()
	bank, itsSecret := account("bank", "bank", bankAccount, bankSecret)
	bank.Status.Credentials.AppID = anotherApp
	rt := newRelayTest(t, o, target)
	return newRig(t, func(o *Options) {
		o.Parse, o.Relay, o.Limits.Patience = webhook.Parse, rt.Relay, patience.Limit
	}, append(append(oneAccount(), bank, itsSecret), objects...)...), rt
}

func (r *rig) postTo(app, body, secret string) int {
	r.t.Helper()
	return r.do(r.request(http.MethodPost, PathPrefix+app, body, "X-Hub-Signature-256", sign(body, secret))).status
}

// TestRelayForwardsOnlyWhatTheSecretVouchesFor: a tenant that knows the id of an account has a signature for its own accounts
// only, whichever app it posts to.
func TestRelayForwardsOnlyWhatTheSecretVouchesFor(t *testing.T) {
	invented := func(id string, change func(*v1alpha1.WABA)) []client.Object {
		w, s := account("tenant", "fake", id, "invented")
		if change != nil {
			change(w)
		}
		return []client.Object{w, s}
	}
	numbers := []client.Object{numberOfAccount("17", theAccount)}
	theirs, forged := entry(theAccount, "genuine"), entry(theAccount, "forged")
	for name, c := range map[string]struct {
		app, secret, body string
		others            []client.Object
		want              string // "" for nothing
	}{
		"Meta's own":                               {theApp, theSecret, deliveryOf(theirs), nil, deliveryOf(theirs)},
		"an invented secret":                       {theApp, "invented", deliveryOf(forged), invented("1002", nil), ""},
		"another app":                              {anotherApp, bankSecret, deliveryOf(forged), nil, ""},
		"beside an own account":                    {anotherApp, bankSecret, deliveryOf(entry(bankAccount, "own"), forged), nil, deliveryOf(entry(bankAccount, "own"))},
		"an account without a resource":            {theApp, theSecret, deliveryOf(theirs, entry("3003", "unmanaged")), nil, deliveryOf(theirs)},
		"no account":                               {theApp, theSecret, deliveryOf(`{"id":"77","changes":[{"field":"partner_solutions","value":{"event":"X"}}]}`), nil, ""},
		"no delivery":                              {theApp, theSecret, `{"messages":[]}`, nil, ""},
		"another key for the same":                 {anotherApp, bankSecret, `{"Entry":[` + forged + `],"entry":[` + entry(bankAccount, "own") + `]}`, nil, ""},
		"a key twice":                              {anotherApp, bankSecret, deliveryOf(`{"id":"1001",` + entry(bankAccount, "own")[1:]), nil, ""},
		"the number of another account":            {anotherApp, bankSecret, deliveryOf(numbered(bankAccount, "17"), entry(bankAccount, "own")), numbers, deliveryOf(entry(bankAccount, "own"))},
		"the same in a field that isn't known":     {anotherApp, bankSecret, deliveryOf(strings.Replace(numbered(bankAccount, "17"), "messages", "new_at_meta", 1)), numbers, ""},
		"the settings of another account's number": {anotherApp, bankSecret, deliveryOf(settingsOf(bankAccount, "17")), numbers, ""},
		"its own number":                           {theApp, theSecret, deliveryOf(numbered(theAccount, "17")), numbers, deliveryOf(numbered(theAccount, "17"))},
		"a number without a resource":              {theApp, theSecret, deliveryOf(numbered(theAccount, "18")), numbers, deliveryOf(numbered(theAccount, "18"))},
		"a number that moved":                      {theApp, theSecret, deliveryOf(numbered(theAccount, "17")), append(numbers, numberOfAccount("17", bankAccount)), deliveryOf(numbered(theAccount, "17"))},
		"a number that was not found yet":          {theApp, theSecret, deliveryOf(numbered(theAccount, "19")), []client.Object{numberOfAccount("19", "")}, deliveryOf(numbered(theAccount, "19"))},
		"under the id of another account":          {anotherApp, bankSecret, deliveryOf(underAnotherID), nil, ""},
		"too many changes to be read":              {theApp, theSecret, deliveryOf(theirs, tooManyChanges), nil, deliveryOf(theirs)},
		"a resource in conflict": {theApp, "invented", deliveryOf(forged), invented(theAccount, func(w *v1alpha1.WABA) {
			w.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSynced, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonConflict}}
		}), ""},
		"a resource whose credentials don't count": {theApp, "invented", deliveryOf(forged), invented(theAccount, func(w *v1alpha1.WABA) {
			w.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionCredentialsValid, Status: metav1.ConditionFalse}}
		}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, rt := withRelay(t, RelayOptions{}, RelayTarget{URL: "https://bot.example"}, c.others...)
			status := http.StatusOK
			switch name {
			case "an invented secret": // it may be that of an account whose Secret wasn't changed yet
				status = http.StatusServiceUnavailable
			case "the number of another account", "the same in a field that isn't known", "the settings of another account's number": // it may have moved from there
				status = http.StatusServiceUnavailable
			}
			if got := r.postTo(c.app, c.body, c.secret); got != status {
				t.Errorf("got %d, want %d", got, status)
			}
			var want, got []string
			if c.want != "" {
				want = append(want, sign(c.want, c.secret)+" "+c.want) // the target checks the signature as if Meta had called
			}
			for _, d := range rt.targets[0].waiting {
				got = append(got, d.header.Get("X-Hub-Signature-256")+" "+string(d.body))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("relayed (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// underAnotherID is an event about one's own account that arrives under the id of another one.
const underAnotherID = `{"id":"1001","changes":[{"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"201"}}}]}`

var tooManyChanges = `{"id":"1001","changes":[` + strings.Repeat(`{"field":"messages"},`, webhook.MaxChanges) + `{"field":"messages"}]}`

// TestRelayRoomIsSharedByApps: whatever one app sends, another one's messages have room, and what has none isn't lost.
func TestRelayRoomIsSharedByApps(t *testing.T) {
	r, rt := withRelay(t, RelayOptions{MaxBytes: 10 << 20}, RelayTarget{URL: "https://bot.example"})
	flood := deliveryOf(entry(bankAccount, strings.Repeat("x", 1<<20)))
	var answers []int
	for range 10 {
		answers = append(answers, r.postTo(anotherApp, flood, bankSecret))
	}
	if !slices.Contains(answers, http.StatusServiceUnavailable) {
		t.Errorf("answers to the flood are %v: a message that isn't kept is lost", answers)
	}
	before := queuedOf(rt)
	if got := r.post(deliveryOf(entry(theAccount, strings.Repeat("genuine ", 1<<17))), theSecret); got != http.StatusOK || queuedOf(rt) != before+1 {
		t.Errorf("a message of another app got %d, and %d more are kept", got, queuedOf(rt)-before)
	}
	// What tells of the account alone, Meta's API tells as well.
	if got := r.postTo(anotherApp, `{"entry":[{"id":"201","changes":[{"field":"account_update","value":{"event":"`+strings.Repeat("x", 5<<20/2)+`"}}]}]}`, bankSecret); got != http.StatusOK {
		t.Errorf("what may be dropped got %d", got)
	}
}

func queuedOf(rt *relayTest) int {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.queued
}

// TestRelayHasItAlready: what Meta has to send again because one target has no room for it, or because an account is missing yet,
// reaches the others once.
func TestRelayHasItAlready(t *testing.T) {
	rt := newRelayTest(t, RelayOptions{MaxBytes: 4 * 2 * (relayOverhead + 10)},
		RelayTarget{URL: "https://a.example"}, RelayTarget{URL: "https://b.example", Fields: []string{"messages"}})
	offer := func(body, field string, again bool) bool {
		return rt.Relay.Offer(RelayDelivery{AppID: theApp, Body: []byte(body), Fields: []string{field}, Again: again})
	}
	for i, step := range []struct {
		body, field string
		again       bool
		kept        bool
		a, b        int // deliveries that wait for the targets
	}{
		{"1 message ", "messages", false, true, 1, 1},
		{"2 message ", "messages", false, true, 2, 2},
		{"3 message ", "messages", false, false, 2, 2},
		{"4 account ", "account_update", false, true, 2, 2}, // dropped
	} {
		if kept := offer(step.body, step.field, step.again); kept != step.kept {
			t.Errorf("%d: kept %v", i, kept)
		}
		if a, b := len(rt.targets[0].waiting), len(rt.targets[1].waiting); a != step.a || b != step.b {
			t.Errorf("%d: %d and %d wait, want %d and %d", i, a, b, step.a, step.b)
		}
	}
	rt.targets[0].dropAll() // one target has taken what it had
	for i := range 2 {
		if offer("3 message ", "messages", false) || len(rt.targets[0].waiting) != 1 {
			t.Errorf("offered again %d times: %d wait for the target with room", i+1, len(rt.targets[0].waiting))
		}
	}
	rt.targets[1].dropAll()
	kept := []bool{offer("3 message ", "messages", false), offer("5 message ", "messages", true), offer("5 message ", "messages", true)}
	if a, b := len(rt.targets[0].waiting), len(rt.targets[1].waiting); slices.Contains(kept, false) || a != 2 || b != 2 {
		t.Errorf("with room: kept %v, %d and %d wait", kept, a, b)
	}
}

// TestRelayRepeatsAreBounded: the oldest are forgotten.
func TestRelayRepeatsAreBounded(t *testing.T) {
	var r relayRepeats
	id := func(i int) (out [32]byte) { copy(out[:], strconv.Itoa(i)); return out }
	for i := range relayMaxRepeats + 2 {
		r.add(id(i))
	}
	if r.has(id(1)) || !r.has(id(2)) || len(r.known) != relayMaxRepeats {
		t.Errorf("%d are known, the second of them %v", len(r.known), r.has(id(1)))
	}
}

// TestRelayOfOneApp: a target may be for some apps only.
func TestRelayOfOneApp(t *testing.T) {
	rt := newRelayTest(t, RelayOptions{}, RelayTarget{URL: "https://bot.example", Apps: []string{theApp}, Fields: []string{"messages"}})
	for _, c := range []struct {
		app, field string
		want       bool
	}{{theApp, "messages", true}, {theApp, "security", false}, {anotherApp, "messages", false}} {
		before := queuedOf(rt)
		rt.Relay.Offer(RelayDelivery{AppID: c.app, Body: []byte("{}"), Fields: []string{c.field}})
		if got := rt.Wants(c.app, []string{c.field}); got != c.want || (queuedOf(rt) > before) != c.want {
			t.Errorf("%+v: wants %v, %d queued", c, got, queuedOf(rt)-before)
		}
	}
}
