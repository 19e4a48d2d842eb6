// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// nasty are bodies of about a size that cost as much as possible.
var nasty = map[string]func(size int) string{
	"a long field around many changes": func(size int) string {
		return fmt.Sprintf(`{"entry":[{"field":%q,"changes":[%s{}]}]}`, strings.Repeat("x", size/2), strings.Repeat("{},", min(size/8, 5000)))
	},
	"a long field around everything": func(size int) string {
		return fmt.Sprintf(`{"field":%q,"entry":[%s{}]}`, strings.Repeat("x", size/2), strings.Repeat("{},", min(size/8, 5000)))
	},
	"many entries": func(size int) string {
		return fmt.Sprintf(`{"entry":[%s{}]}`, strings.Repeat(`{"changes":[{}]},`, size/17))
	},
	"many small objects": func(size int) string {
		return delivery(account, `{"field":"security","value":{"a":[`+strings.Repeat(`{"":0},`, size/7)+`0]}}`)
	},
	"many small lists": func(size int) string {
		return delivery(account, `{"field":"security","value":{"a":[`+strings.Repeat(`[],`, size/3)+`0]}}`)
	},
	"many keys": func(size int) string {
		return delivery(account, `{"field":"security","value":{`+keys(size)+`"event":"PIN_CHANGED"}}`)
	},
	"many keys around the entries": func(size int) string {
		return `{"object":"whatsapp_business_account",` + keys(size) + `"entry":[{}]}`
	},
	"many keys around the changes": func(size int) string {
		return `{"entry":[{` + keys(size) + `"changes":[{}]}]}`
	},
	"many keys around the value": func(size int) string {
		return delivery(account, `{`+keys(size)+`"field":"security"}`)
	},
	"many small values": func(size int) string {
		return delivery(account, strings.Repeat(`{"field":"security","value":{"event":"x"}},`, size/43)+`{}`)
	},
	"a long text": func(size int) string {
		return delivery(account, fmt.Sprintf(`{"field":"security","value":{"event":%q}}`, strings.Repeat("é", size/2)))
	},
	"a long text before the number": func(size int) string {
		return delivery(account, fmt.Sprintf(`{"field":"messages","value":{"a":%q,"metadata":{"phone_number_id":"1"}}}`, strings.Repeat("é", size/2)))
	},
	"many keys before the number": func(size int) string {
		return delivery(account, `{"field":"messages","value":{`+keys(size)+`"metadata":{"phone_number_id":"1"}}}`)
	},
	"many keys beside the number": func(size int) string {
		return delivery(account, `{"field":"messages","value":{"metadata":{`+keys(size)+`"phone_number_id":"1"}}}`)
	},
	"a value without its field": func(size int) string {
		return delivery(account, `{"value":{"a":[`+strings.Repeat(`{"":0},`, size/7)+`0]}}`)
	},
	"a change without a value": func(size int) string {
		return delivery(account, `{"field":"security","a":[`+strings.Repeat(`{"":0},`, size/7)+`0]}`)
	},
}

// keys are members of an object, each followed by a comma.
func keys(size int) string {
	var out strings.Builder
	for i := 0; out.Len() < size; i++ {
		fmt.Fprintf(&out, `"%x":0,`, i)
	}
	return out.String()
}

// TestCostIsLinear: a sender with an app's secret decides what is parsed. One delivery costs a few times its own bytes, and a
// little for each change, whatever its content.
func TestCostIsLinear(t *testing.T) {
	const mostPerByte, mostPerChange = 40, 16 << 10
	for name, body := range nasty {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{256 << 10, 3 << 20} {
				raw := []byte(body(size))
				cost := allocated(func() {
					changes, err := Parse(raw)
					if err != nil {
						t.Fatal(err)
					}
					Part(raw, changes, func(c *Change) bool { return c.Entry%2 == 0 })
				})
				t.Logf("%d KiB: %d bytes a byte", len(raw)>>10, cost/uint64(len(raw)))
				if most := mostPerByte*uint64(len(raw)) + mostPerChange*MaxChanges; cost > most {
					t.Errorf("%d bytes cost %d, more than %d", len(raw), cost, most)
				}
			}
		})
	}
}

// allocated returns the bytes that a function allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
