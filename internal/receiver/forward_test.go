// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/relay"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	anotherApp  = "502"
	bankSecret  = "secret-of-the-bank"
	bankAccount = "201"
)

// entry returns one message to an account in Meta's form.
func entry(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"messages","value":{"messages":[{"text":{"body":%q}}]}}]}`, id, text)
}

func deliveryOf(entries ...string) string {
	return `{"object":"whatsapp_business_account","entry":[` + strings.Join(entries, ",") + `]}`
}

// numbered returns a message of a number in Meta's form.
func numbered(id, number string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":%q},"messages":[]}}]}`, id, number)
}

// settingsOf returns an event about the settings of a number in Meta's form.
func settingsOf(id, number string) string {
	return fmt.Sprintf(`{"id":%q,"changes":[{"field":"account_settings_update","value":{"phone_number_settings":{"phone_number_id":%q}}}]}`, id, number)
}

// numberOfAccount returns the resource of a number in an account.
func numberOfAccount(id, account string) *v1alpha1.PhoneNumber {
	n := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "of-" + account}}
	n.Status.ID, n.Status.AccountID = id, account
	return n
}

// forwarder is a Forwarder that records the deliveries it is offered.
type forwarder struct {
	mu         sync.Mutex
	bodies     []string
	signatures []string
	fields     []string
	// unwanted means that it wants no deliveries.
	unwanted bool
}

func (r *forwarder) Wants(string, []string) bool { return !r.unwanted }

func (r *forwarder) Offer(d relay.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies, r.fields = append(r.bodies, string(d.Body)), d.Fields
	r.signatures = append(r.signatures, d.Header.Get(signatureHeader))
	return true
}

// withRelay starts a receiver of two apps with a relay, in a cluster with further objects.
func withRelay(t *testing.T, forwarder Forwarder, objects ...client.Object) *rig {
	t.Helper()
	bank, itsSecret := account("bank", "bank", bankAccount, bankSecret)
	bank.Status.Credentials.AppID = anotherApp
	return newRig(t, func(o *Options) {
		o.Parse, o.Relay, o.Limits.WaitTimeout = webhook.Parse, forwarder, patience.Limit
	}, append(append(oneAccount(), bank, itsSecret), objects...)...)
}

// fullness is the number of deliveries in a relay.
type fullness struct{ kept atomic.Int64 }

func (*fullness) Relayed(string) {}

func (f *fullness) RelayQueue(n int, _ int64) { f.kept.Store(int64(n)) }

func (r *rig) postTo(app, body, secret string) int {
	r.t.Helper()
	return r.do(r.request(http.MethodPost, PathPrefix+app, body, "X-Hub-Signature-256", sign(body, secret))).status
}

// TestRelayForwardsOnlyWhatTheSecretVouchesFor: a tenant that knows the id of another account can sign deliveries for its own accounts
// only, whatever app it posts to.
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
		"a resource with invalid credentials": {theApp, "invented", deliveryOf(forged), invented(theAccount, func(w *v1alpha1.WABA) {
			w.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionCredentialsValid, Status: metav1.ConditionFalse}}
		}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			forwarded := &forwarder{}
			r := withRelay(t, forwarded, c.others...)
			status := http.StatusOK
			switch name {
			case "an invented secret": // it may belong to an account whose Secret isn't rotated yet
				status = http.StatusServiceUnavailable
			case "the number of another account", "the same in a field that isn't known", "the settings of another account's number": // it may have left that account
				status = http.StatusServiceUnavailable
			}
			if got := r.postTo(c.app, c.body, c.secret); got != status {
				t.Errorf("got %d, want %d", got, status)
			}
			var want, got []string
			if c.want != "" {
				want = append(want, sign(c.want, c.secret)+" "+c.want) // the target verifies the signature as for a call of Meta's
			}
			for i, body := range forwarded.bodies {
				if body != "" { // all of it is withheld
					got = append(got, forwarded.signatures[i]+" "+body)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("relayed (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// underAnotherID is an event about one account under the id of another one.
const underAnotherID = `{"id":"1001","changes":[{"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"201"}}}]}`

var tooManyChanges = `{"id":"1001","changes":[` + strings.Repeat(`{"field":"messages"},`, webhook.MaxChanges) + `{"field":"messages"}]}`

// TestRelayRoomIsSharedByApps: one app leaves memory for the messages of another one, and messages without memory are not lost.
func TestRelayRoomIsSharedByApps(t *testing.T) {
	kept := &fullness{}
	r := withRelay(t, relay.New([]relay.Target{{URL: "https://bot.example"}}, relay.Options{MaxBytes: 10 << 20, Metrics: kept}))
	flood := deliveryOf(entry(bankAccount, strings.Repeat("x", 1<<20)))
	var answers []int
	for range 10 {
		answers = append(answers, r.postTo(anotherApp, flood, bankSecret))
	}
	if !slices.Contains(answers, http.StatusServiceUnavailable) {
		t.Errorf("answers to the flood are %v: a message that isn't kept is lost", answers)
	}
	before := kept.kept.Load()
	if got := r.post(deliveryOf(entry(theAccount, strings.Repeat("genuine ", 1<<17))), theSecret); got != http.StatusOK || kept.kept.Load() != before+1 {
		t.Errorf("a message of another app got %d, and %d more are kept", got, kept.kept.Load()-before)
	}
	// An event about the account may be dropped, because Meta's API has the same information.
	if got := r.postTo(anotherApp, `{"entry":[{"id":"201","changes":[{"field":"account_update","value":{"event":"`+strings.Repeat("x", 5<<20/2)+`"}}]}]}`, bankSecret); got != http.StatusOK {
		t.Errorf("an event that may be dropped got %d", got)
	}
}
