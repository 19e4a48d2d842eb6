// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// Usage is the content of the usage headers of one answer; zero where a header was absent.
//
// Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
type Usage struct {
	// BusinessPercent is the largest of call_count, total_cputime and total_time in X-Business-Use-Case-Usage, in
	// percent of the limit of this app and account; 100 = throttled, and it can be more.
	BusinessPercent int
	// AppPercent is the same of X-App-Usage, for the app as a whole.
	AppPercent int
	// RegainAfter is how long the account stays throttled; Meta gives whole minutes.
	RegainAfter time.Duration
}

// RateLimiter may refuse a call, and learns the usage from its answer. It must be safe for concurrent use.
type RateLimiter interface {
	// Before refuses the call with an *Error of ClassThrottled; then no call is made and After is not called.
	Before(op Operation) error
	// After gets the result of the call. err is nil or an *Error.
	After(op Operation, usage Usage, err error)
}

// maxRegain bounds the wait that a header may demand; Meta's limits are hourly or daily.
const maxRegain = 24 * time.Hour

// usageFrom reads the headers of an answer about an account; account "" = not known.
func usageFrom(header http.Header, account string) Usage {
	var usage Usage
	business := headerNode(header, "X-Business-Use-Case-Usage")
	_, named := business[account]
	for id := range business {
		if id != account && (named || account != "" && len(business) > 1) {
			continue // up to 32 accounts of the app may be listed, whose usage doesn't count here
		}
		for _, entry := range business.Nodes(id) {
			if kind := strings.ToLower(entry.Text("type")); kind != "" && !strings.HasPrefix(kind, "whatsapp") {
				continue // an account can have limits of other products, such as ads
			}
			usage.BusinessPercent = max(usage.BusinessPercent, percent(entry))
			usage.RegainAfter = max(usage.RegainAfter, regain(entry))
		}
	}
	usage.AppPercent = percent(headerNode(header, "X-App-Usage"))
	return usage
}

func headerNode(header http.Header, name string) lenient.Node {
	value, err := lenient.Decode([]byte(header.Get(name)))
	if err != nil {
		return nil
	}
	return lenient.NodeOf(value)
}

func percent(n lenient.Node) int {
	return max(n.Int("call_count", 0), n.Int("total_cputime", 0), n.Int("total_time", 0), 0)
}

func regain(n lenient.Node) time.Duration {
	minutes := min(max(n.Int("estimated_time_to_regain_access", 0), 0), int(maxRegain/time.Minute))
	return time.Duration(minutes) * time.Minute
}

// retryAfter reads the standard header, which proxies and gateways send; only its form in seconds.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.ParseUint(strings.TrimSpace(header.Get("Retry-After")), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRegain)
}
