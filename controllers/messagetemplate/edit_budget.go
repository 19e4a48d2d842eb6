// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// Limits of edits to approved templates. Those of the content
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management) are apart from those of the
// max price alone, 100 an hour and 2,400 a day
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price). Who keeps to the
// limit of each hour keeps to that of the day.
const (
	editsPerWindow = 10
	monthlyWindow  = 30 * 24 * time.Hour

	priceEditsPerHour = 100
	priceWindow       = time.Hour
	// priceStep is how finely edits of the max price are counted: as many as there may be, they are few entries in a status.
	priceStep = 10 * time.Minute
)

// editBudget is a limit of Meta's for edits of an approved template.
type editBudget struct {
	// wait is how long there can be no further edit. hash identifies the edit.
	wait func(s *v1alpha1.MessageTemplateStatus, hash string, now time.Time) time.Duration
	// limit is what the budget allows, for messages.
	limit string
	// refused is how long Meta's refusal holds: what others edited isn't all known.
	refused time.Duration
}

var (
	contentBudget = editBudget{wait: editWait, limit: "one edit of an approved template a day, and ten in 30 days", refused: lifecycle.EditWindow}
	priceBudget   = editBudget{wait: priceWait, limit: "100 edits of the max price of an approved template an hour", refused: priceWindow}
)

// budgetOf says which budget an edit of the named fields uses: that of the max price if it sends nothing else.
func budgetOf(names []string) *editBudget {
	if template.OnlyMaxPrice(names) {
		return &priceBudget
	}
	return &contentBudget
}

// pricePending reports that the max price is among the fields that have to be edited, and needn't wait for the others. One that was sent isn't
// sent again because Meta shows another, and one that another client keeps changing waits.
func pricePending(s *v1alpha1.MessageTemplateStatus, w desired, names []string, cause string, now time.Time) bool {
	switch {
	case !slices.Contains(names, template.FieldMaxPrice), s.Operator.Baseline == nil:
		return false
	case template.OnlyMaxPrice(names):
		return true
	case cause == causeDrift:
		return priceContested(s, now) == 0
	}
	return !template.PriceRecorded(s.Operator.Baseline.Fields, w.fields)
}

// priceContested is how long the max price isn't repaired any more, because another client keeps reverting the repairs.
func priceContested(s *v1alpha1.MessageTemplateStatus, now time.Time) time.Duration {
	for _, h := range s.Operator.Repairs {
		if h.Name == template.FieldMaxPrice {
			return lifecycle.Contested(h.Times, now)
		}
	}
	return 0
}

// editWait is how long the content of an approved template can't be edited, by our own edits and by those seen of others. An attempt
// whose answer was lost and that had no effect doesn't count twice.
func editWait(s *v1alpha1.MessageTemplateStatus, hash string, now time.Time) time.Duration {
	var times []time.Time
	for i, e := range s.Operator.Edits {
		lost := i == len(s.Operator.Edits)-1 && !e.Done && e.SpecHash == hash
		if e.Approved && !lost {
			times = append(times, e.Time.Time)
		}
	}
	for _, seen := range s.Operator.LastUpdatedTimes {
		times = append(times, seen.Time)
	}
	times = slices.DeleteFunc(times, func(t time.Time) bool { return !deadline.Within(t, now, monthlyWindow) })
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) }) // newest first
	var wait time.Duration
	if len(times) > 0 {
		wait = max(wait, times[0].Add(lifecycle.EditWindow).Sub(now))
	}
	if len(times) >= editsPerWindow {
		wait = max(wait, times[editsPerWindow-1].Add(monthlyWindow).Sub(now))
	}
	return max(wait, 0)
}

// priceWait is how long the max price of an approved template can't be edited.
func priceWait(s *v1alpha1.MessageTemplateStatus, _ string, now time.Time) time.Duration {
	left := priceEditsPerHour
	for _, c := range slices.Backward(recentPriceEdits(s.Operator.PriceEdits, now)) {
		if left -= int(c.Count); left <= 0 {
			return c.Time.Add(priceWindow).Sub(now)
		}
	}
	return 0
}

// recentPriceEdits are those of the last hour.
func recentPriceEdits(counts []v1alpha1.EditCount, now time.Time) []v1alpha1.EditCount {
	return slices.DeleteFunc(slices.Clone(counts), func(c v1alpha1.EditCount) bool { return !deadline.Within(c.Time.Time, now, priceWindow) })
}

// countPriceEdits counts edits of the max price. What is older than the window is dropped.
func countPriceEdits(memory *v1alpha1.MessageTemplateOperatorStatus, n int32, now time.Time) {
	counts := recentPriceEdits(memory.PriceEdits, now)
	if len(counts) == 0 || !counts[len(counts)-1].Time.Truncate(priceStep).Equal(now.Truncate(priceStep)) {
		counts = append(counts, v1alpha1.EditCount{})
	}
	last := &counts[len(counts)-1]
	last.Time, last.Count = metav1.NewTime(now.Truncate(time.Second)), max(last.Count+n, 0)
	memory.PriceEdits = counts[max(0, len(counts)-metavalues.RingSize):]
}
