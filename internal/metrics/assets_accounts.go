// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// account emits all about one account.
func (s *scrape) account(key types.NamespacedName, t *tally) {
	w, st := t.waba, &t.waba.Status
	labels := func(more ...string) []string { return append([]string{key.Namespace, key.Name}, more...) }
	gauge := func(d *Definition, value float64, more ...string) { s.gauge(d, value, labels(more...)...) }
	at := func(d *Definition, t time.Time) {
		if !t.IsZero() {
			gauge(d, seconds(t))
		}
	}

	health := ""
	if st.Health != nil {
		health = st.Health.CanSendMessage
	}
	gauge(accountInfo, 1, policyOf(w), st.Status, st.ReviewStatus, st.BusinessVerificationStatus, health, st.MessagingLimit, s.version(w))
	for i := range st.Conditions {
		if c := &st.Conditions[i]; listed(accountConditions, c.Type) != Other {
			gauge(accountCondition, 1, c.Type, string(c.Status), c.Reason)
		}
	}
	standing := s.Standing(w, s.now)
	gauge(accountRestrictions, float64(standing.Restrictions))
	gauge(accountViolations, float64(standing.Violations))
	gauge(accountUnapprovedApps, float64(standing.UnapprovedApps))
	if standing.Ban != "" {
		gauge(accountBan, 1, listed(banStates, standing.Ban))
	}
	if st.Credentials != nil {
		at(accountTokenExpiry, deadline.Value(st.Credentials.ExpirationTime))
	}
	if _, end, ok := metavalues.CurrencyDeadline(st.Country, st.Currency); ok {
		at(accountCurrencyDeadline, end)
	}
	if limit, ok := messagingLimit(st.MessagingLimit); ok {
		gauge(accountMessagingLimit, limit)
	}
	percent, regain := s.usage(w)
	gauge(accountRateUsage, float64(percent)/100)
	at(accountRateRegain, regain)
	if st.EffectiveIntervalSeconds > 0 {
		gauge(accountInterval, float64(st.EffectiveIntervalSeconds))
	}
	at(accountObserved, deadline.Value(st.LastObservedTime))
	at(accountLastWebhook, t.webhook)
	at(accountLastDecision, t.decided)
	at(templatesArchivedEnd, t.archivedEnd)
	held := 0.0
	if st.Operator.HeldTime != nil {
		held = 1
	}
	gauge(accountHeld, held)
	inventory(st, gauge)
	for c, n := range t.counts {
		gauge(c.of, float64(n), c.values[:len(c.of.Labels)-2]...)
	}
}

// inventory emits what there is in the account at Meta, managed or not.
func inventory(s *v1alpha1.WABAStatus, gauge func(*Definition, float64, ...string)) {
	if c := s.Templates; c != nil {
		rest := c.Total
		for i, n := range []int32{c.Approved, c.Pending, c.Rejected, c.Paused, c.Disabled} {
			gauge(accountTemplates, float64(n), accountTemplateStatuses[i])
			rest -= n
		}
		gauge(accountTemplates, float64(rest), Other)
		gauge(accountUnmanagedTemplates, float64(c.Unmanaged))
		if c.Limit > 0 {
			gauge(accountTemplateLimit, float64(c.Limit))
		}
	}
	if c := s.PhoneNumbers; c != nil {
		gauge(accountNumbers, float64(c.Connected), "CONNECTED")
		gauge(accountNumbers, float64(c.Total-c.Connected), Other)
		gauge(accountUnmanagedNumbers, float64(c.Unmanaged))
	}
}

// usage is what the process knows of the rate limit, and before its first call what was last written down.
func (s *scrape) usage(w *v1alpha1.WABA) (percent int, regain time.Time) {
	percent, regain, ok := s.Usage(w.UID)
	if r := w.Status.RateLimit; !ok && r != nil {
		percent, regain = int(r.UsagePercent), deadline.Value(r.RegainAccessTime)
	}
	if !regain.After(s.now) {
		regain = time.Time{}
	}
	return percent, regain
}

func policyOf(w *v1alpha1.WABA) string {
	if w.Spec.ManagementPolicy == "" {
		return string(v1alpha1.ManagementPolicyManaged)
	}
	return string(w.Spec.ManagementPolicy)
}

// messagingLimit reads TIER_250, TIER_2K, TIER_UNLIMITED and the plain numbers that webhooks also report
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits).
func messagingLimit(tier string) (float64, bool) {
	text := strings.TrimPrefix(tier, "TIER_")
	if text == "UNLIMITED" || text == "-1" {
		return math.Inf(1), true
	}
	factor := 1.0
	if number, ok := strings.CutSuffix(text, "K"); ok {
		text, factor = number, 1000
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return float64(n) * factor, err == nil
}
