// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

const (
	// maxFactsSize bounds the facts of a resource, as JSON: far below the API server's limit for a whole resource, 1.5 MB.
	maxFactsSize = 512 << 10
	// These bound the cost of merging a delivery, in allocated bytes and in time. They are far above the real cost, and far below
	// anything that grows faster than the delivery. The time is for busy machines.
	maxBytes, maxBytesPerByte, maxBytesPerChange = 64 << 10, 100, 64 << 10
	maxTime, maxTimePerByte                      = time.Second, 20 * time.Microsecond
	costAttempts                                 = 5
)

// FuzzMerge merges everything that the parser understands into the facts of all kinds. Facts must be bounded and stay the same
// when a delivery is repeated, and the cost of merging must be proportional to the delivery.
func FuzzMerge(f *testing.F) {
	for _, change := range []string{
		`{"field":"message_template_status_update","value":{"event":"REJECTED","message_template_id":1,"message_template_name":"a","message_template_language":"en","reason":"x"}}`,
		`{"field":"message_template_quality_update","value":{"previous_quality_score":"GREEN","new_quality_score":"RED"}}`,
		`{"field":"template_category_update","value":{"new_category":"MARKETING","previous_category":"UTILITY","category_update_timestamp":1773500966}}`,
		`{"field":"account_update","value":{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"A","expiration":1773500966}],"violation_info":{"violation_type":"B"},"ban_info":{"waba_ban_state":"DISABLE","waba_ban_date":"April 17, 2025"}}}`,
		`{"field":"account_update","value":{"event":"INVENTED","country":"US"}}`,
		`{"field":"account_alerts","value":{"entity_type":"PHONE_NUMBER","entity_id":7,"alert_severity":"WARNING","alert_status":"ACTIVE","alert_type":"PROFILE_PICTURE_LOST"}}`,
		`{"field":"business_capability_update","value":{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_business":25}}`,
		`{"field":"phone_number_name_update","value":{"display_phone_number":"15550783881","decision":"APPROVED","requested_verified_name":"Acme"}}`,
		`{"field":"phone_number_quality_update","value":{"display_phone_number":"15550783881","event":"UPGRADE","current_limit":"TIER_2K"}}`,
		`{"field":"security","value":{"display_phone_number":"15550783881","event":"PIN_CHANGED"}}`,
		`{"field":"account_settings_update","value":{"phone_number_settings":{"phone_number_id":"1","calling":{"status":"ENABLED"}}}}`,
		`{"field":"messages","value":{}}`,
	} {
		f.Add(fmt.Appendf(nil, `{"entry":[{"id":"1","time":1773500966,"changes":[%s]},{"id":"1","time":1773500967,"changes":[%[1]s,%[1]s]}]}`, change))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		changes, err := webhook.Parse(body)
		if err != nil {
			return
		}
		events := make([]event, len(changes))
		for i, c := range changes {
			events[i] = newEvent(c, start)
		}
		for _, kind := range v1alpha1.AssetKinds {
			k := kind.Name
			once := mergedCheaply(t, k, len(body), events)
			obj := newObject(k)
			merge(obj, events)
			merge(obj, events)
			if twice := factsOf(t, obj); once != twice && k != v1alpha1.KindWebhookSubscription { // which counts arrivals
				t.Errorf("%s: delivered once\n%s\ntwice\n%s", k, once, twice)
			}
			if len(once) > maxFactsSize {
				t.Errorf("%s: %d bytes of facts", k, len(once))
			}
		}
	})
}

func merge(obj v1alpha1.Asset, events []event) {
	for _, e := range events {
		adapters[obj.KindName()].merge(obj, e)
	}
}

func factsOf(t *testing.T, obj v1alpha1.Asset) string {
	t.Helper()
	raw, err := json.Marshal(obj.WebhookStatus())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// mergedCheaply merges events into a new resource and returns its facts. The cost is the best of a few attempts, because the
// fuzzing engine runs beside it.
func mergedCheaply(t *testing.T, k string, size int, events []event) string {
	t.Helper()
	var obj v1alpha1.Asset
	var cost uint64
	var took time.Duration
	for range costAttempts {
		obj = newObject(k)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		merge(obj, events)
		took = time.Since(began)
		runtime.ReadMemStats(&after)
		cost = after.TotalAlloc - before.TotalAlloc
		if cost <= maxBytes+maxBytesPerByte*uint64(size)+maxBytesPerChange*uint64(len(events)) &&
			took <= maxTime+maxTimePerByte*time.Duration(size) {
			return factsOf(t, obj)
		}
	}
	t.Errorf("%s: %d bytes with %d events cost %d bytes and %s", k, size, len(events), cost, took)
	return factsOf(t, obj)
}
