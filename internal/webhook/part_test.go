// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestPart: what isn't wholly accepted is left out, and what is left is the sender's own bytes.
func TestPart(t *testing.T) {
	accepted, theirs := `{"id" : "1", "changes":[ {"field":"calls","value":7} ]}`, `{"id":"2","changes":[{"field":"calls"}]}`
	whole := func(entries ...string) string {
		return `{"object":"whatsapp_business_account", "entry" :[` + strings.Join(entries, ", ") + `]}`
	}
	part := func(entries ...string) string {
		return `{"object":"whatsapp_business_account","entry":[` + strings.Join(entries, ",") + `]}`
	}
	for name, c := range map[string]struct{ body, want string }{
		"all":                    {whole(accepted, accepted), whole(accepted, accepted)},
		"none":                   {whole(theirs), ""},
		"some":                   {whole(theirs, accepted, theirs, accepted), part(accepted, accepted)},
		"no list":                {`{"entry":` + accepted + `}`, `{"entry":` + accepted + `}`},
		"no changes":             {whole(accepted, `{"id":"1","changes":[]}`), part(accepted)},
		"field beside":           {`{"field":"calls","more":1,"entry":[{"id":"1","changes":{}},` + theirs + `]}`, `{"field":"calls","entry":[{"id":"1","changes":{}}]}`},
		"an entry is the change": {whole(`{"id":"1","field":"calls"}`), whole(`{"id":"1","field":"calls"}`)},
		"no entries":             {`{"entry":null,"object":"whatsapp_business_account"}`, ""},
		"entries twice":          {`{"entry":[` + theirs + `],"entry":[` + accepted + `]}`, ""},
		"in another case":        {`{"ENTRY":[` + theirs + `],"entry":[` + accepted + `]}`, ""},
		"as Go folds":            {`{"changeſ":[` + theirs + `],"Changes":1,"entry":[` + accepted + `]}`, ""},
		"id twice":               {whole(accepted, `{"id":"2","Id":"1","changes":[{"field":"calls"}]}`), part(accepted)},
		"value twice":            {whole(accepted, `{"id":"1","changes":[{"field":"calls","value":1,"value":2}]}`), part(accepted)},
		"too many members":       {whole(accepted, `{"id":"1","changes":[{`+keys(maxMembers*9)+`"field":"calls"}]}`), part(accepted)},
		"value keys twice":       {whole(accepted, withValue(`{"metadata":{},"Metadata":{}}`)), part(accepted)},
		"metadata twice":         {whole(accepted, withValue(`{"metadata":{"phone_number_id":"1","phone_number_id":"2"}}`)), part(accepted)},
		"number in digits":       {whole(theirs, withValue(`{"metadata":{"phone_number_id":17}}`)), part(withValue(`{"metadata":{"phone_number_id":17}}`))},
		"number as a float":      {whole(accepted, withValue(`{"metadata":{"phone_number_id":1.7e1}}`)), part(accepted)},
		"number beside changes":  {whole(accepted, `{"id":"1","field":"calls","value":{"metadata":{"phone_number_id":17.0}}}`), part(accepted)},
		"more changes than read": {whole(accepted, `{"id":"1","changes":[`+strings.Repeat(`{"field":"calls"},`, MaxChanges)+`{}]}`), part(accepted)},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := Parse([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			got := Part([]byte(c.body), changes, func(c *Change) bool { return c.AccountID == "1" })
			if string(got) != c.want {
				t.Errorf("got\n%.300s, want\n%.300s", got, c.want)
			}
			if got != nil && !json.Valid(got) {
				t.Error("that is no JSON")
			}
		})
	}
}

func withValue(value string) string {
	return `{"id":"1","changes":[{"field":"calls","value":` + value + `}]}`
}

// TestNumberOfAnEvent: it is found as every parser finds it, in events of every field.
func TestNumberOfAnEvent(t *testing.T) {
	for value, want := range map[string]string{
		`{"metadata":{"phone_number_id":"17"}}`:                                               "17",
		`{"a":{"metadata":{"phone_number_id":"1"}},"metadata":{"b":[],"phone_number_id":17}}`: "17",
		`{"MetaData":{"Phone_Number_ID":"17"}}`:                                               "17",
		`{"\u006detadata":{"phone_number_id":"\u00317"}}`:                                     "17",
		`{"metadata":{"phone_number_id":null}}`:                                               "",
		`{"metadata":[]}`:                                                                     "",
		`{` + keys(maxMembers*9) + `"metadata":{"phone_number_id":"17"}}`:                     "17",
		`[]`: "", `null`: "",
	} {
		for _, field := range []string{"messages", "account_update", "new_at_meta"} {
			if got := only(t, event(field, value)).PhoneNumberID; got != want {
				t.Errorf("%s %.80s: %q, want %q", field, value, got, want)
			}
		}
	}
}

// TestPartOfTooMuch: entries that Parse left out are left out, too.
func TestPartOfTooMuch(t *testing.T) {
	entry := `{"id":"1","changes":[{"field":"calls"}]}`
	body := []byte(`{"entry":[` + strings.Repeat(entry+",", MaxChanges) + entry + `]}`)
	changes, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	part := Part(body, changes, func(*Change) bool { return true })
	if want := fmt.Sprintf(`{"entry":[%s%s]}`, strings.Repeat(entry+",", MaxChanges-1), entry); string(part) != want {
		t.Errorf("%d bytes of %d are left, want %d", len(part), len(body), len(want))
	}
}
