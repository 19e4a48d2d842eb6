// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	businessUsageHeader = "X-Business-Use-Case-Usage"
	appUsageHeader      = "X-App-Usage"
)

// window counts calls of the last hour by minute, and remembers a block.
type window struct {
	minute  [60]int64 // number of the minute since 1970
	count   [60]int
	blocked time.Time
}

type fixedUsage struct {
	percent, regain int
	until           time.Time
}

func (w *window) add(now time.Time) {
	m := now.Unix() / 60
	i := m % 60
	if w.minute[i] != m {
		w.minute[i], w.count[i] = m, 0
	}
	w.count[i]++
}

// total returns the calls of the last hour and the minutes until the oldest of them stop counting.
func (w *window) total(now time.Time) (calls, minutes int) {
	m := now.Unix() / 60
	oldest := m
	for i, at := range w.minute {
		if w.count[i] > 0 && at > m-60 && at <= m {
			calls += w.count[i]
			oldest = min(oldest, at)
		}
	}
	return calls, int(oldest + 60 - m)
}

// admit counts a call; it returns the percentage used and, when refused, the minutes to wait. Calling on while blocked
// lengthens the block.
func (w *window) admit(now time.Time, limit int) (percent, regain int) {
	before, minutes := w.total(now)
	w.add(now)
	if limit <= 0 {
		return 0, 0
	}
	switch {
	case w.blocked.After(now):
		w.blocked = w.blocked.Add(time.Minute)
		if last := now.Add(time.Hour); w.blocked.After(last) {
			w.blocked = last
		}
	case before >= limit:
		w.blocked = now.Add(time.Duration(max(minutes, 1)) * time.Minute)
	default:
		return (before + 1) * 100 / limit, 0
	}
	return 100, minutesUntil(w.blocked, now)
}

// charge counts a call against the budgets and refuses it when they are spent.
// See https://developers.facebook.com/docs/graph-api/overview/rate-limiting.
func (s *Simulator) charge(c *call) *apiError {
	appID := ""
	if c.appToken != nil {
		appID = c.appToken.ID
	} else if c.token != nil {
		appID = c.token.AppID
	}
	if c.account == nil {
		return s.chargeApp(c, appID)
	}
	var percent, regain int
	var refused bool
	if f := c.account.fixed; f.active(c.now) {
		percent, regain, refused = f.percent, f.regain, f.percent >= 100
		if !f.until.IsZero() {
			regain = minutesUntil(f.until, c.now)
		}
	} else {
		w := c.account.usage[appID]
		if w == nil {
			w = &window{}
			c.account.usage[appID] = w
		}
		percent, regain = w.admit(c.now, s.callBudget(c.account))
		refused = regain > 0
	}
	c.header.Set(businessUsageHeader, businessUsage(c.account.ID, percent, regain))
	if refused {
		return &apiError{Code: 80008, Message: tooManyCalls(80008)}
	}
	return nil
}

func (f *fixedUsage) active(now time.Time) bool {
	return f != nil && (f.until.IsZero() || f.until.After(now))
}

func minutesUntil(end, now time.Time) int { return int((end.Sub(now) + time.Minute - 1) / time.Minute) }

func (s *Simulator) chargeApp(c *call, appID string) *apiError {
	w := s.appUsage[appID]
	if w == nil {
		w = &window{}
		s.appUsage[appID] = w
	}
	percent, regain := w.admit(c.now, s.appBudget)
	c.header.Set(appUsageHeader, fmt.Sprintf(`{"call_count":%d,"total_time":%d,"total_cputime":%d}`, percent, percent/2, percent/3))
	if regain > 0 {
		return &apiError{Code: 4, Message: defaultMessage(4)}
	}
	return nil
}

// callBudget is 5000 an hour with a registered number, else 200.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform.
func (s *Simulator) callBudget(a *account) int {
	for _, n := range a.numbers {
		if n.PlatformType == "CLOUD_API" {
			return s.largeBudget
		}
	}
	return s.smallBudget
}

func businessUsage(accountID string, percent, regain int) string {
	body, _ := json.Marshal(map[string]any{accountID: []map[string]any{{ // only strings and numbers
		"type": "whatsapp_business_management", "call_count": percent, "total_cputime": percent / 3,
		"total_time": percent / 2, "estimated_time_to_regain_access": regain,
	}}})
	return string(body)
}

func tooManyCalls(code int) string {
	return fmt.Sprintf("(#%d) There have been too many calls to this WhatsApp Business Account. Wait a bit and try again. "+
		"For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.", code)
}

// SetUsage fixes what X-Business-Use-Case-Usage reports for an account. From 100 percent on calls are refused with
// 80008; with regainMinutes > 0 this ends by itself after that time. A percentage below 0 goes back to counting.
func (s *Simulator) SetUsage(wabaID string, percent, regainMinutes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(wabaID)
	if percent < 0 {
		a.fixed = nil
		return
	}
	a.fixed = &fixedUsage{percent: percent, regain: regainMinutes}
	if percent >= 100 && regainMinutes > 0 {
		a.fixed.until = s.now().Add(time.Duration(regainMinutes) * time.Minute)
	}
}
