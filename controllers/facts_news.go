// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// newsLimit is how many events one pass makes at most.
const newsLimit = 5

// notice is news that no condition shows, for an event.
type notice struct {
	warning         bool
	reason, message string
}

// announce tells people the newest of some news.
func (b *base) announce(obj v1alpha1.Asset, news []notice) {
	for _, n := range news[max(0, len(news)-newsLimit):] {
		kind := corev1.EventTypeNormal
		if n.warning {
			kind = corev1.EventTypeWarning
		}
		b.event(obj, kind, n.reason, "Webhook", n.message)
	}
}

// newsOf is what webhooks told since before. What conditions show isn't repeated.
func newsOf(before any, obj v1alpha1.Asset) []notice {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		if was, _ := before.(*v1alpha1.WABAWebhookStatus); o.Status.Webhook != nil {
			if was == nil {
				was = &v1alpha1.WABAWebhookStatus{}
			}
			return accountNews(was, o.Status.Webhook)
		}
	case *v1alpha1.PhoneNumber:
		if was, _ := before.(*v1alpha1.PhoneNumberWebhookStatus); o.Status.Webhook != nil {
			if was == nil {
				was = &v1alpha1.PhoneNumberWebhookStatus{}
			}
			return numberNews(was, o.Status.Webhook)
		}
	}
	return nil
}

// lostEvents are account events after which something doesn't work any more.
var lostEvents = []string{"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED", facts.EventAccountDeleted}

func accountNews(was, is *v1alpha1.WABAWebhookStatus) []notice {
	var news []notice
	for _, a := range is.Alerts {
		if a.Status == "NONE" || slices.ContainsFunc(was.Alerts, func(o v1alpha1.Alert) bool {
			return o.Type == a.Type && o.EntityID == a.EntityID && o.Time.Equal(&a.Time)
		}) {
			continue
		}
		news = append(news, notice{
			warning: a.Severity != "INFORMATIONAL", reason: v1alpha1.ReasonAlert,
			message: sentence(a.Type, strings.TrimSpace(a.EntityType+" "+a.EntityID), a.Description),
		})
	}
	for _, e := range is.AccountEvents {
		if slices.ContainsFunc(was.AccountEvents, func(o v1alpha1.AccountEvent) bool {
			return o.Event == e.Event && o.Detail == e.Detail && o.Time.Equal(&e.Time)
		}) {
			continue
		}
		news = append(news, notice{
			warning: slices.Contains(lostEvents, e.Event), reason: v1alpha1.ReasonAccountEvent, message: sentence(e.Event, e.Detail),
		})
	}
	if is.MessagingLimit != "" && is.MessagingLimit != was.MessagingLimit {
		news = append(news, notice{reason: v1alpha1.ReasonLimitsChanged, message: "the messaging limit is " + is.MessagingLimit})
	}
	return news
}

func sentence(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// pinNews says what people did about the PIN of a number, and what follows: Meta doesn't show a PIN.
var pinNews = map[string]string{
	"PIN_CHANGED": "somebody changed the number's PIN in WhatsApp Manager; put the new one into the Secret that " +
		"spec.registration.pinSecretRef names, or the next registration fails",
	"PIN_RESET_REQUEST":   "somebody asked in WhatsApp Manager to turn off the number's PIN",
	"PIN_REQUEST_SUCCESS": "the number's PIN was turned off in WhatsApp Manager",
}

func numberNews(was, is *v1alpha1.PhoneNumberWebhookStatus) []notice {
	var news []notice
	if moved(was.Events, is.Events, facts.MarkNumberSecurity) && is.SecurityEvent != "" {
		message, known := pinNews[is.SecurityEvent]
		if !known {
			message = "something happened to the number's PIN: " + is.SecurityEvent
		}
		news = append(news, notice{warning: true, reason: v1alpha1.ReasonPINChanged, message: message})
	}
	if moved(was.Events, is.Events, facts.MarkNumberQuality) && (is.QualityEvent != was.QualityEvent || is.MessagingLimit != was.MessagingLimit) {
		news = append(news, notice{
			warning: is.QualityEvent == "FLAGGED" || is.QualityEvent == "DOWNGRADE", reason: v1alpha1.ReasonLimitsChanged,
			message: sentence(is.QualityEvent, is.MessagingLimit),
		})
	}
	if is.UsernameStatus != "" && (is.Username != was.Username || is.UsernameStatus != was.UsernameStatus) {
		news = append(news, notice{
			warning: is.UsernameStatus == usernameDeleted, reason: v1alpha1.ReasonUsernameChanged,
			message: fmt.Sprintf("the user name %q is %s", is.Username, strings.ToLower(is.UsernameStatus)),
		})
	}
	if is.PictureLostTime != nil && !is.PictureLostTime.Equal(was.PictureLostTime) {
		news = append(news, notice{warning: true, reason: v1alpha1.ReasonAlert, message: "Meta reports that the profile picture was lost"})
	}
	return news
}

// moved reports that there is a newer event of a field.
func moved(was, is []v1alpha1.WebhookEvent, field string) bool {
	old, e := facts.EventOf(was, field), facts.EventOf(is, field)
	return e != nil && (old == nil || e.Time.After(old.Time.Time) || e.Hash != old.Hash)
}
