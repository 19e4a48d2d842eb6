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

// Watermarks: names under which status.webhook.events tells when Meta said something last. They are the names of webhook
// fields (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview), or go into detail where
// one field tells facts that don't replace each other.
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

// farFuture is how far Meta's clock may be ahead of ours. A time beyond would keep all later events out.
const farFuture = time.Hour

// event is one change on its way into a status.
type event struct {
	webhook.Change
	// at is Meta's time of the event, or when it was received where Meta gave none that can be right.
	at time.Time
	// received is when the delivery arrived.
	received time.Time
	// account is the one whose resources may be touched.
	account Account
	// handshake means that there is no change at all: Meta verified the receiver.
	handshake bool
	// n numbers the changes of a delivery.
	n int
}

func newEvent(c webhook.Change, received time.Time) event {
	at := c.Time
	if at.IsZero() || at.After(received.Add(farFuture)) {
		at = received
	}
	return event{Change: c, at: at.UTC().Truncate(time.Second), received: received.UTC().Truncate(time.Second)}
}

// since is the time of a watermark, zero when nothing was ever told under its name.
func since(events []v1alpha1.WebhookEvent, name string) time.Time {
	if w := EventOf(events, name); w != nil {
		return w.Time.Time
	}
	return time.Time{}
}

// advance reports whether an event is newer than all that was told under a name, and moves the watermark. Meta's times have
// whole seconds and its deliveries no order: of two events in one second the same one wins on every replica, whichever
// arrives first. tie says which if the caller knows: > 0 this one, < 0 the known one.
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

// ringSize bounds each list of facts: the newest are kept.
const ringSize = 20

// insert adds an item to a list ordered by time, unless it is there already or older than all of a full list. key tells
// items of the same second apart. It reports whether the list changed.
func insert[T any](list []T, item T, at func(T) time.Time, key func(T) string) ([]T, bool) {
	order := func(a, b T) int {
		if c := at(a).Compare(at(b)); c != 0 {
			return c
		}
		return strings.Compare(key(a), key(b))
	}
	i, found := slices.BinarySearchFunc(list, item, order)
	if found || i == 0 && len(list) >= ringSize {
		return list, false
	}
	next := slices.Insert(slices.Clone(list), i, item)
	return next[max(0, len(next)-ringSize):], true
}
