// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse feeds anything to the parser. It must not panic; what it gives must be bounded and fit into the status of a
// resource; the same JSON with keys in another order and with other white space must say the same; and it costs a few times its bytes.
func FuzzParse(f *testing.F) {
	for _, c := range slices.Concat(templateCases, numberCases, accountCases, partnerRows()) {
		f.Add([]byte(event(c.field, c.value)))
	}
	for _, body := range []string{
		delivery(business, `{"field":"partner_solutions","value":{"solution_id":1}}`, `7`, `null`, `{"value":{"field":"calls"}}`),
		delivery(account, `{"field":"message_template_status_update","value":{"new_quality_score":"RED"},"rejection_info":{"reason":"x"}}`),
		`{"entry":{"id":1e3,"time":"1773500966","field":"security","value":{"event":"\ud800","display_phone_number":-1.5}}}`,
		`{"object":"whatsapp_business_account","entry":[[[{"a":{"a":1,"a":2}}]]],"entry":[{"changes":[{"value":"\u0000"}]}]}`,
	} {
		f.Add([]byte(body))
	}
	for _, nasty := range nasty {
		f.Add([]byte(nasty(2 << 10)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkCost(t, body)
		changes, err := Parse(body)
		if err != nil {
			if changes != nil {
				t.Errorf("%d changes and the error %v", len(changes), err)
			}
			return
		}
		if len(changes) > MaxChanges {
			t.Errorf("%d changes", len(changes))
		}
		for _, change := range changes {
			checkBounds(t, reflect.ValueOf(change))
			if len(change.Hash) != 16 {
				t.Errorf("hash %q", change.Hash)
			}
		}
		var out strings.Builder
		writeReversed(&out, decode(body))
		again, err := Parse([]byte(out.String()))
		if err != nil {
			t.Fatalf("%s: %v", out.String(), err)
		}
		if diff := cmp.Diff(changes, again); diff != "" {
			t.Errorf("%s\nsays something else:\n%s", out.String(), diff)
		}
	})
}

// What reading a body may cost. Far more than it does, and far less than anything that grows faster than the body. Time is for busy
// machines; what is measured is the best of some attempts, as the engine works beside it.
const (
	mostBytes, mostBytesPerByte, mostBytesPerChange = 64 << 10, 150, 16 << 10
	mostTime, mostTimePerByte                       = time.Second, 20 * time.Microsecond
	costAttempts                                    = 5
)

// checkCost parses a body, and takes the half of it that may be passed on.
func checkCost(t *testing.T, body []byte) {
	t.Helper()
	var changes []Change
	read := func() {
		var err error
		if changes, err = Parse(body); err == nil {
			Part(body, changes, func(c *Change) bool { return c.Entry%2 == 0 })
		}
	}
	var cost uint64
	var took time.Duration
	for range costAttempts {
		began := time.Now()
		cost = allocated(read)
		took = time.Since(began)
		if cost <= mostBytes+mostBytesPerByte*uint64(len(body))+mostBytesPerChange*uint64(len(changes)) &&
			took <= mostTime+mostTimePerByte*time.Duration(len(body)) {
			return
		}
	}
	t.Errorf("%d bytes with %d changes cost %d bytes and %s", len(body), len(changes), cost, took)
}

// checkBounds checks every text, list and time, however deep.
func checkBounds(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxText {
			t.Errorf("text of %d bytes: %.80q", len(s), s)
		}
	case reflect.Slice:
		if v.Len() > maxItems {
			t.Errorf("list of %d", v.Len())
		}
		for i := range v.Len() {
			checkBounds(t, v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			checkBounds(t, v.Elem())
		}
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			if !at.IsZero() && (at.Year() < 1970 || at.Year() > 9999) {
				t.Errorf("time %v", at)
			}
			return
		}
		for i := range v.NumField() {
			checkBounds(t, v.Field(i))
		}
	case reflect.Int:
		if v.Int() < 0 {
			t.Errorf("count %d", v.Int())
		}
	default:
		t.Errorf("%s: teach the test what its bounds are", v.Kind())
	}
}

// writeReversed writes JSON with the keys of objects in descending order, and with more space than necessary.
func writeReversed(out *strings.Builder, value any) {
	switch v := value.(type) {
	case map[string]any:
		separator := "{ "
		for _, key := range slices.Backward(slices.Sorted(maps.Keys(v))) {
			out.WriteString(separator)
			writeReversed(out, key)
			out.WriteString("\t: ")
			writeReversed(out, v[key])
			separator = " ,\n"
		}
		if len(v) == 0 {
			out.WriteString(separator)
		}
		out.WriteString("}")
	case []any:
		out.WriteString("[ ")
		for i, item := range v {
			if i > 0 {
				out.WriteString(" , ")
			}
			writeReversed(out, item)
		}
		out.WriteString("]")
	default:
		text, _ := json.Marshal(v)
		out.Write(text)
	}
}
