// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	account  = "102290129340398"
	business = "2949482758682047"
	number   = "15550100200"
)

// sent is when the deliveries of the tests were made.
var sent = march14.Add(15*time.Hour + 9*time.Minute + 26*time.Second)

// event wraps one change as Meta does.
func event(field, value string) string {
	return delivery(account, fmt.Sprintf(`{"field":%q,"value":%s}`, field, value))
}

func delivery(id string, changes ...string) string {
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%q,"time":%d,"changes":[%s]}]}`,
		id, sent.Unix(), strings.Join(changes, ","))
}

// only parses a delivery of one change.
func only(t *testing.T, body string) Change {
	t.Helper()
	changes, err := Parse([]byte(body))
	if err != nil || len(changes) != 1 {
		t.Fatalf("%s: %d changes, %v", body, len(changes), err)
	}
	return changes[0]
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// march14 is 1773446400 in UNIX seconds.
var march14 = time.Date(2026, time.March, 14, 0, 0, 0, 0, time.UTC)

// valueCase is one event of a field; want nil means that it can't be understood.
type valueCase struct {
	name, field, value string
	want               Value
}

func checkValues(t *testing.T, cases []valueCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.field+"/"+c.name, func(t *testing.T) {
			got := only(t, event(c.field, c.value))
			equal(t, got.Value, c.want)
			if got.Field != c.field || got.AccountID != account || got.BusinessID != "" || !got.Time.Equal(sent) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestEveryFieldIsRead makes sure that no field is forgotten: neither by the parser nor by the table above it.
func TestEveryFieldIsRead(t *testing.T) {
	shown := map[string]bool{}
	for _, c := range slices.Concat(templateCases, numberCases, accountCases, partnerRows()) {
		shown[c.field] = shown[c.field] || c.want != nil
	}
	for _, field := range slices.Concat(ManagementFields, UnlistedFields) {
		if readers[field] == nil || !shown[field] {
			t.Errorf("%s: read %t, in a test %t", field, readers[field] != nil, shown[field])
		}
	}
	equal(t, len(readers), len(ManagementFields)+len(UnlistedFields))
	for field := range readers {
		if _, listed := valueProperties[field]; !listed {
			t.Errorf("%s: its properties aren't listed", field)
		}
	}
}

// TestUnknownPropertiesOfEvents: properties that this version doesn't know are named; of messages nothing is.
func TestUnknownPropertiesOfEvents(t *testing.T) {
	for value, want := range map[string][]string{
		`{"field":"security","value":{"display_phone_number":"1555","event":"PIN_CHANGED","mood":"x"}}`:                            {"mood"},
		`{"field":"account_update","value":{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE","waba_ban_note":1}}}`: {"ban_info.waba_ban_note"},
		`{"field":"account_review_update","value":{"decision":"APPROVED"}}`:                                                        nil,
		`{"field":"messages","value":{"messages":[{"text":{"body":"secret"}}],"new":1}}`:                                           nil,
		`{"field":"brand_new","value":{"a":1}}`:                                                                                    nil,
	} {
		changes, err := Parse([]byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[` + value + `]}]}`))
		if err != nil || len(changes) != 1 {
			t.Fatalf("%s: %v", value, err)
		}
		if got := changes[0].UnknownProperties; !slices.Equal(got, want) {
			t.Errorf("%s: got %q", value, got)
		}
	}
}

func TestFields(t *testing.T) {
	for name, list := range map[string][]string{"management": ManagementFields, "message": MessageFields, "overridable": OverridableFields} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%s fields are not sorted, or one is there twice", name)
		}
	}
	for _, field := range ManagementFields {
		if slices.Contains(MessageFields, field) || slices.Contains(UnlistedFields, field) {
			t.Errorf("%s is in two lists", field)
		}
	}
	for field, want := range map[string]bool{"flows": true, "business_status_update": true, "messages": true, "brand_new": false} {
		if Known(field) != want {
			t.Errorf("%s: known %t", field, !want)
		}
	}
	var management []string
	for _, field := range OverridableFields {
		if !slices.Contains(MessageFields, field) {
			management = append(management, field)
		}
	}
	// The only field without messages that an override takes away from the app's callback.
	equal(t, management, []string{"account_settings_update"})
}

func TestMessagesAreNotLookedAt(t *testing.T) {
	content := `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100200","phone_number_id":"106540352242922"},"new_quality_score":"RED",
		"messages":[{"from":"15550100999","text":{"body":"private"}}]}`
	hashes := map[string]string{}
	for _, field := range MessageFields {
		change := only(t, event(field, content))
		equal(t, change, Change{
			AccountID: account, PhoneNumberID: "106540352242922", Field: field, Time: sent,
			Hash: only(t, event(field, `7`)).Hash, Value: Message{},
		})
		if other, seen := hashes[change.Hash]; seen {
			t.Errorf("%s and %s have the same hash", field, other)
		}
		hashes[change.Hash] = field
	}
	for name, body := range map[string]string{
		"field inside": delivery(account, `{"value":{"field":"messages","messages":[{"from":"15550100999"}]}}`),
		"field beside": `{"entry":[{"id":"` + account + `","field":"messages","changes":[{"value":{"messages":[]}}]}]}`,
		"no value":     delivery(account, `{"field":"messages"}`),
		"case":         delivery(account, `{"field":"Messages","value":null}`),
	} {
		if change := only(t, body); change.Field != "messages" || change.Value != (Message{}) {
			t.Errorf("%s: %+v", name, change)
		}
	}
}

func TestEnvelope(t *testing.T) {
	const review = `{"field":"account_review_update","value":{"decision":"APPROVED"}}`
	want := Change{AccountID: account, Field: "account_review_update", Time: sent, Value: AccountReview{Decision: "APPROVED"}}
	want.Hash = only(t, delivery(account, review)).Hash
	head := fmt.Sprintf(`"id":%q,"time":%d`, account, sent.Unix())
	for name, body := range map[string]string{
		"id as number":        fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%s,"time":"%d","changes":[%s]}]}`, account, sent.Unix(), review),
		"single entry":        `{"object":"whatsapp_business_account","entry":{` + head + `,"changes":` + review + `}}`,
		"object in the value": `{"entry":[{` + head + `,"changes":[{"value":{"decision":"APPROVED"},"field":"account_review_update","object":"whatsapp_business_account"}]}]}`,
		"field beside changes": `{"entry":[{` + head + `,"field":"account_review_update","object":"whatsapp_business_account",
			"changes":[{"value":{"decision":"APPROVED"}}]}]}`,
		"field beside entry": `{"field":"account_review_update","entry":[{` + head + `,"changes":[{"value":{"decision":"APPROVED"}}]}]}`,
		"no list of changes": `{"object":"whatsapp_business_account","entry":[{` + head + `,"field":"account_review_update","value":{"decision":"APPROVED"}}]}`,
		"case of the field":  delivery(account, strings.Replace(review, "account_review", " Account_Review", 1)),
		"unknown members":    strings.Replace(delivery(account, review), `"entry"`, `"new":{"a":[1]},"entry"`, 1),
	} {
		t.Run(name, func(t *testing.T) { equal(t, only(t, body), want) })
	}

	inside := only(t, delivery(account, `{"value":{"decision":"APPROVED","field":"account_review_update","object":"whatsapp_business_account"}}`))
	equal(t, inside.Value, want.Value)
	equal(t, inside.Field, want.Field)
}

func TestEntryTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		`1773500966`: sent, `"1773500966"`: sent, `1773500966.0`: sent, `1.773500966e9`: sent,
		`null`: {}, `0`: {}, `-5`: {}, `"soon"`: {}, `[]`: {}, `99999999999999`: {}, `1e999999`: {}, `"9999-12-31T23:59:59-08:00"`: {},
	} {
		change := only(t, `{"entry":[{"id":"1","time":`+text+`,"changes":[{"field":"messages"}]}]}`)
		if !change.Time.Equal(want) {
			t.Errorf("%s: got %v, want %v", text, change.Time, want)
		}
	}
}

func TestNotADelivery(t *testing.T) {
	for name, body := range map[string]string{
		"empty": ``, "page": `<html>`, "list": `[]`, "null": `null`, "text": `"x"`, "number": `7`, "cut off": delivery(account)[:40],
		"two values": `{"entry":[]}{}`, "nothing": `{}`, "other object": `{"object":"page","entry":[]}`, "object is a number": `{"object":1,"entry":[]}`,
		"too deep":       `{"entry":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + `}`,
		"too deep value": event("account_update", strings.Repeat(`{"a":`, 20000)+"1"+strings.Repeat("}", 20000)),
	} {
		if changes, err := Parse([]byte(body)); err == nil {
			t.Errorf("%s was taken for %d changes", name, len(changes))
		}
	}
}

func TestNothingInside(t *testing.T) {
	for _, body := range []string{
		`{"object":"whatsapp_business_account"}`, `{"entry":[]}`, `{"entry":null}`,
		`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[]},{"id":"2","changes":null},null]}`,
	} {
		if changes, err := Parse([]byte(body)); err != nil {
			t.Errorf("%s: %v, %v", body, changes, err)
		}
	}
}

// TestNeighbours: whatever can't be understood harms nothing around it.
func TestNeighbours(t *testing.T) {
	const review = `{"field":"account_review_update","value":{"decision":"PENDING"}}`
	odd := []string{
		`7`, `null`, `"x"`, `[]`, `[[1]]`, `{}`, `{"field":"account_update"}`, `{"field":"account_update","value":null}`,
		`{"field":"account_update","value":[]}`, `{"field":"account_update","value":"x"}`, `{"field":{},"value":{}}`,
		`{"field":"account_update","value":{"event":{}}}`, `{"field":"brand_new","value":{"event":"X"}}`, `{"value":{"decision":"PENDING"}}`,
		`{"field":"account_update","value":{"event":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`,
		`{"field":"account_update","value":{"n":1` + strings.Repeat("0", 5000) + `}}`,
	}
	for _, item := range odd {
		changes, err := Parse([]byte(delivery(account, review, item, review)))
		if err != nil || len(changes) != 3 {
			t.Fatalf("%.80s: %d changes, %v", item, len(changes), err)
		}
		equal(t, changes[0].Value, Value(AccountReview{Decision: "PENDING"}))
		equal(t, changes[2], changes[0])
		if changes[1].Value != nil || changes[1].Hash == "" || changes[1].AccountID != account || !changes[1].Time.Equal(sent) {
			t.Errorf("%.80s became %+v", item, changes[1])
		}
	}
	changes, err := Parse([]byte(`{"entry":[7,"x",[{"a":1}],{"id":"3"},{"id":"1","changes":[` + review + `]}]}`))
	if err != nil || len(changes) != 5 || changes[4].Value == nil {
		t.Errorf("%+v, %v", changes, err)
	}
}

func TestHash(t *testing.T) {
	hash := func(field, value string) string { return only(t, event(field, value)).Hash }
	const field = "account_update"
	one := hash(field, `{"event":"X","waba_info":{"a":1,"b":[1,{"c":"é","d":null}]}}`)
	if len(one) != 16 {
		t.Errorf("hash %q", one)
	}
	equal(t, hash(field, "{ \"waba_info\" : {\"b\":[1, {\"d\":null,\"c\":\"\\u00e9\"}],\n\"a\":1}, \"event\":\"X\" }"), one)
	for name, other := range map[string]string{
		"field":  hash("account_alerts", `{"event":"X","waba_info":{"a":1,"b":[1,{"c":"é","d":null}]}}`),
		"value":  hash(field, `{"event":"X","waba_info":{"a":2,"b":[1,{"c":"é","d":null}]}}`),
		"order":  hash(field, `{"event":"X","waba_info":{"a":1,"b":[{"c":"é","d":null},1]}}`),
		"long 1": hash(field, `{"event":12345678901234567}`),
		"long 2": hash(field, `{"event":12345678901234568}`), // as floats they would be the same
	} {
		if other == one {
			t.Errorf("another %s has the same hash", name)
		}
		one = other
	}
}

func TestMaxChanges(t *testing.T) {
	body := delivery(account, slices.Repeat([]string{`{"field":"messages"}`}, MaxChanges-1)...)
	body = strings.TrimSuffix(body, "]}") + `,{"id":"2","changes":[{"field":"calls"},{"field":"calls"}]},{"id":"3","changes":[{"field":"calls"}]}]}`
	changes, err := Parse([]byte(body))
	if err != nil || len(changes) != MaxChanges || changes[MaxChanges-1].AccountID != "2" {
		t.Errorf("%d changes, %v", len(changes), err)
	}
	changes, err = Parse([]byte(`{"entry":[` + strings.Repeat("1,", 1<<20) + `1]}`))
	if err != nil || len(changes) != MaxChanges {
		t.Errorf("%d changes, %v", len(changes), err)
	}
}

// BenchmarkParse reads the largest delivery that Meta makes.
func BenchmarkParse(b *testing.B) {
	var changes []string
	for i := range 1000 {
		changes = append(changes, fmt.Sprintf(`{"field":"message_template_status_update","value":{"event":"REJECTED","message_template_id":%d,
			"message_template_name":"order_%d","message_template_language":"en-US","reason":"INVALID_FORMAT","message_template_category":"UTILITY",
			"rejection_info":{"reason":"Parameters touch each other.","recommendation":"Put words between them."}}}`, 806312974732579+i, i))
	}
	body := []byte(delivery(account, changes...))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if got, err := Parse(body); err != nil || len(got) != len(changes) {
			b.Fatalf("%d changes, %v", len(got), err)
		}
	}
}
