// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// fieldName is the name of the event's field, whose case Meta mixes.
func fieldName(n lenient.Node) string { return strings.ToLower(strings.TrimSpace(n.Text("field"))) }

// reason is an enumeration in which NONE means that there is none.
func reason(n lenient.Node, key string) string {
	if reason := n.Upper(key); reason != "NONE" {
		return reason
	}
	return ""
}

// digits is for phone numbers.
func digits(n lenient.Node, key string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, n.Text(key))
}

// tier is a messaging limit, which Meta prints as TIER_2K, 2000 or "2000".
func tier(n lenient.Node, key string) string {
	switch limit, _ := n.Int64(key); {
	case limit == -1:
		return "TIER_UNLIMITED"
	case limit >= 1000 && limit%1000 == 0:
		return "TIER_" + strconv.FormatInt(limit/1000, 10) + "K"
	case limit > 0:
		return "TIER_" + strconv.FormatInt(limit, 10)
	}
	if name := n.Upper(key); strings.HasPrefix(name, "TIER_") {
		return name
	}
	return ""
}
