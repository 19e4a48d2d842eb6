// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// Watermarks: names under which status.webhook.events shows the time of Meta's last event. They are the names of webhook fields
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview), with a suffix where one field
// reports facts that don't replace each other.
const (
	MarkTemplateStatus     = "message_template_status_update"
	MarkTemplateQuality    = "message_template_quality_update"
	MarkTemplateComponents = "message_template_components_update"
	MarkTemplateCategory   = "template_category_update"
	MarkCategoryAnnounced  = MarkTemplateCategory + "/announced"
	MarkCategoryCompleted  = MarkTemplateCategory + "/completed"

	MarkAccount        = "account_update"
	MarkRestriction    = MarkAccount + "/ACCOUNT_RESTRICTION"
	MarkBan            = MarkAccount + "/DISABLED_UPDATE"
	MarkAccountDeleted = MarkAccount + "/" + EventAccountDeleted
	MarkAccountReview  = "account_review_update"
	MarkAlerts         = "account_alerts"
	MarkPictureLost    = MarkAlerts + "/" + alertPictureLost
	MarkCapability     = "business_capability_update"
	MarkPhoneNumbers   = MarkCapability + "/phone_numbers"

	MarkNumberName     = "phone_number_name_update"
	MarkNumberQuality  = "phone_number_quality_update"
	MarkNumberLimit    = MarkNumberQuality + "/limit"
	MarkNumberSecurity = "security"
	MarkNumberSettings = "account_settings_update"
	MarkNumberCalling  = MarkNumberSettings + "/calling"
	MarkNumberUsername = "business_username_update"
)

// EventAccountDeleted is the event of account_update with which an account ends.
const EventAccountDeleted = "ACCOUNT_DELETED"

// farFuture is how far Meta's clock may be ahead of ours. A later time would make all further events look older.
const farFuture = time.Hour

// event is one change that is to be merged into a status.
type event struct {
	webhook.Change
	// at is Meta's time of the event, or when it was received where Meta gave none that can be right.
	at time.Time
	// received is when the delivery arrived.
	received time.Time
	// account is the account whose resources the event may change.
	account Account
	// handshake means that there is no change: Meta verified the receiver.
	handshake bool
	// n is the index of the change in its delivery.
	n int
}

func newEvent(c webhook.Change, received time.Time) event {
	at := c.Time
	if at.IsZero() || at.After(received.Add(farFuture)) {
		at = received
	}
	return event{Change: c, at: at.UTC().Truncate(time.Second), received: received.UTC().Truncate(time.Second)}
}

// since returns the time of a watermark, zero if no event was stored under its name.
func since(events []v1alpha1.WebhookEvent, name string) time.Time {
	if w := EventOf(events, name); w != nil {
		return w.Time.Time
	}
	return time.Time{}
}

// advance reports whether an event is newer than all stored ones under a name, and moves the watermark. Meta's times have whole
// seconds and its deliveries no order: of two events in one second every replica keeps the same one, whichever arrives first. tie
// decides if the caller can order the two: > 0 for the new event, < 0 for the stored one.
func advance(events *[]v1alpha1.WebhookEvent, name string, e event, tie int) bool {
	w := EventOf(*events, name)
	if w != nil {
		switch {
		case e.at.Before(w.Time.Time), w.Hash == e.Hash && e.at.Equal(w.Time.Time):
			return false
		case e.at.Equal(w.Time.Time) && (tie < 0 || tie == 0 && e.Hash < w.Hash):
			return false
		}
	}
	mark := v1alpha1.WebhookEvent{
		Field: name, Time: metav1.NewTime(e.at), ReceivedTime: &metav1.Time{Time: e.received}, Hash: e.Hash,
	}
	if w != nil {
		*w = mark
		return true
	}
	*events = append(*events, mark)
	slices.SortFunc(*events, func(a, b v1alpha1.WebhookEvent) int { return strings.Compare(a.Field, b.Field) })
	return true
}

// maxWatermarks bounds the watermarks of one resource: about twice as many as there are names today.
const maxWatermarks = 64

// maxListItems bounds each list of facts: the newest are kept.
const maxListItems = 20

// insert adds an item to a list ordered by time, unless the list contains it or is full of newer ones. key distinguishes items of
// the same second. It reports whether the list changed.
func insert[T any](list []T, item T, at func(T) time.Time, key func(T) string) ([]T, bool) {
	order := func(a, b T) int {
		if c := at(a).Compare(at(b)); c != 0 {
			return c
		}
		return strings.Compare(key(a), key(b))
	}
	i, found := slices.BinarySearchFunc(list, item, order)
	if found || i == 0 && len(list) >= maxListItems {
		return list, false
	}
	next := slices.Insert(slices.Clone(list), i, item)
	return next[max(0, len(next)-maxListItems):], true
}
