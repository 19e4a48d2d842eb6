// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"testing"
	"time"
)

func TestUsageHeaders(t *testing.T) {
	for _, tc := range []struct {
		name, business, app, account string
		want                         Usage
	}{
		{name: "absent"},
		{
			name:     "documented",
			business: `{"102":[{"type":"whatsapp_business_management","call_count":12,"total_cputime":3,"total_time":40,"estimated_time_to_regain_access":0}]}`,
			app:      `{"call_count":28,"total_time":25,"total_cputime":31}`,
			account:  "102", want: Usage{BusinessPercent: 40, AppPercent: 31},
		},
		{
			name:     "several accounts, ours among them",
			business: `{"102":[{"type":"whatsapp","call_count":12}],"103":[{"type":"whatsapp","call_count":99,"estimated_time_to_regain_access":5}]}`,
			account:  "102", want: Usage{BusinessPercent: 12},
		},
		{
			name:     "account not known: the worst",
			business: `{"102":[{"type":"whatsapp","call_count":12}],"103":[{"type":"whatsapp","call_count":99,"estimated_time_to_regain_access":5}]}`,
			want:     Usage{BusinessPercent: 99, RegainAfter: 5 * time.Minute},
		},
		{
			name:     "several accounts, ours not among them",
			business: `{"103":[{"type":"whatsapp","call_count":99,"estimated_time_to_regain_access":5}],"104":[{"call_count":97}]}`,
			account:  "102",
		},
		{
			name:     "only one, under another id",
			business: `{"2045":[{"type":"whatsapp","call_count":12}]}`,
			account:  "102", want: Usage{BusinessPercent: 12},
		},
		{
			name:     "other products do not count",
			business: `{"102":[{"type":"ads_management","call_count":100,"estimated_time_to_regain_access":60},{"type":"WhatsApp_Business_Management","total_cputime":"7"}]}`,
			account:  "102", want: Usage{BusinessPercent: 7},
		},
		{
			name:     "beyond the limit",
			business: `{"102":[{"call_count":250,"estimated_time_to_regain_access":"90"}]}`,
			account:  "102", want: Usage{BusinessPercent: 250, RegainAfter: 90 * time.Minute},
		},
		{
			name:     "absurd",
			business: `{"102":[{"call_count":-5,"estimated_time_to_regain_access":2000000000},{"call_count":1e300}]}`,
			app:      `{"call_count":-1}`,
			account:  "102", want: Usage{RegainAfter: 24 * time.Hour},
		},
		{name: "broken", business: `{"102":`, app: `[]`},
		{name: "other shapes", business: `{"102":{"call_count":5},"103":7,"104":null}`, want: Usage{BusinessPercent: 5}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := http.Header{}
			if tc.business != "" {
				header.Set("x-business-use-case-usage", tc.business)
			}
			if tc.app != "" {
				header.Set("x-app-usage", tc.app)
			}
			equal(t, "usage", usageFrom(header, tc.account), tc.want)
		})
	}
}
