// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// alertPictureLost is the alert that the picture of a number's profile is gone.
const alertPictureLost = "PROFILE_PICTURE_LOST"

// mergeNumber merges an event into the facts about a phone number and reports whether they changed.
func mergeNumber(w *v1alpha1.PhoneNumberWebhookStatus, e event) bool {
	switch v := e.Value.(type) {
	case webhook.NumberName:
		if !advance(&w.Events, MarkNumberName, e, laterStatus(v.Decision, w.NameDecision)) {
			return false
		}
		w.NameDecision, w.RequestedName, w.NameRejectionReason = v.Decision, v.RequestedName, v.RejectionReason
	case webhook.NumberQuality:
		return numberQuality(w, e, v)
	case webhook.NumberSecurity:
		if !advance(&w.Events, MarkNumberSecurity, e, 0) {
			return false
		}
		w.SecurityEvent = v.Event
	case webhook.NumberSettings:
		return numberSettings(w, e, v)
	case webhook.NumberUsername:
		if !advance(&w.Events, MarkNumberUsername, e, 0) {
			return false
		}
		w.Username, w.UsernameStatus = v.Username, v.Status
	case webhook.Alert:
		if v.Type != alertPictureLost || !advance(&w.Events, MarkPictureLost, e, 0) {
			return false
		}
		w.PictureLostTime = &metav1.Time{Time: e.at}
	default:
		return false
	}
	return true
}

func numberQuality(w *v1alpha1.PhoneNumberWebhookStatus, e event, v webhook.NumberQuality) bool {
	changed := advance(&w.Events, MarkNumberQuality, e, 0)
	if changed {
		w.QualityEvent = v.Event
	}
	if v.MessagingLimit != "" && advance(&w.Events, MarkNumberLimit, e, 0) {
		w.MessagingLimit, changed = v.MessagingLimit, true
	}
	return changed
}

func numberSettings(w *v1alpha1.PhoneNumberWebhookStatus, e event, v webhook.NumberSettings) bool {
	changed := advance(&w.Events, MarkNumberSettings, e, 0)
	if v.CallingStatus != "" && advance(&w.Events, MarkNumberCalling, e, 0) {
		w.CallingStatus, changed = v.CallingStatus, true
	}
	return changed
}
