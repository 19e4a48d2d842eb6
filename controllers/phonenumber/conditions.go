// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Describe sets the conditions of a number and decides whether it can be used.
func (n *numbers) Describe(p *numberRun, c *lifecycle.Conditions) lifecycle.Readiness {
	s := &p.Object.Status
	if s.DisplayPhoneNumber == "" {
		for _, kind := range []string{
			v1alpha1.ConditionVerified, v1alpha1.ConditionRegistered, v1alpha1.ConditionDisplayNameApproved,
			v1alpha1.ConditionQualityHealthy, v1alpha1.ConditionCanSendMessages,
		} {
			c.Set(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "nothing is known yet")
		}
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing, Message: "not found in the account yet"}
	}
	ownership(s, c)
	displayName(s, c)
	numberQuality(s, c)
	registered := registeredCondition(s, c)
	blocked := lifecycle.Sendable(s.Health, c)
	switch {
	case !registered:
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionFalse, v1alpha1.ReasonNotRegistered, "a number that isn't registered can't send")
	case s.Status == metavalues.NumberPending: // Meta calls it BLOCKED until it is connected
		blocked = nil
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "registered, but not connected yet")
	}
	return numberReadiness(s, registered, blocked)
}

func numberReadiness(s *v1alpha1.PhoneNumberStatus, registered bool, blocked *lifecycle.Readiness) lifecycle.Readiness {
	no := func(reason, message string) lifecycle.Readiness {
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: reason, Message: message}
	}
	switch {
	case s.Status == metavalues.NumberBanned:
		return no(v1alpha1.ReasonBlocked, "Meta has banned the number; see WhatsApp Manager and Business Support Home")
	case s.Status == metavalues.NumberDeleted, s.Status == metavalues.NumberMigrated:
		return no(v1alpha1.ReasonNotRegistered, "the number was taken away at Meta (status "+s.Status+")")
	case !registered:
		// Synced shows what the operator does about it, or waits for, and goes first.
		return no(v1alpha1.ReasonNotRegistered, "the number isn't registered on the Cloud API; see spec.registration")
	case blocked != nil:
		return *blocked
	case s.Status == metavalues.NumberConnected, s.Status == "FLAGGED":
		return lifecycle.Readiness{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRegistered, Message: "connected; messages can be sent"}
	case s.Status == "RESTRICTED", s.Status == "RATE_LIMITED":
		return no(v1alpha1.ReasonLimited, "Meta limits the number for its quality (status "+s.Status+")")
	}
	return no(v1alpha1.ReasonProgressing, fmt.Sprintf("registered, but not connected yet (status %s)", orUnknown(s.Status)))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func ownership(s *v1alpha1.PhoneNumberStatus, c *lifecycle.Conditions) {
	switch s.CodeVerificationStatus {
	case metavalues.CodeVerified:
		c.Set(v1alpha1.ConditionVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified, "the ownership of the number is proven")
	case "":
		c.Set(v1alpha1.ConditionVerified, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta says nothing about the verification")
	default:
		c.Set(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonNotVerified,
			"the ownership of the number isn't proven ("+s.CodeVerificationStatus+"); see spec.verification")
	}
}

func registeredCondition(s *v1alpha1.PhoneNumberStatus, c *lifecycle.Conditions) bool {
	if s.PlatformType == metavalues.PlatformCloudAPI {
		message := "registered on the Cloud API"
		if s.OnBizApp != nil && *s.OnBizApp {
			message += ", and used in the WhatsApp Business app: it is neither registered nor deregistered from here"
		}
		c.Set(v1alpha1.ConditionRegistered, metav1.ConditionTrue, v1alpha1.ReasonRegistered, message)
		return true
	}
	c.Set(v1alpha1.ConditionRegistered, metav1.ConditionFalse, v1alpha1.ReasonNotRegistered,
		"not registered on the Cloud API (platform "+orUnknown(s.PlatformType)+"); see spec.registration")
	return false
}

// displayName reports the review of the name. A name without review is the normal state of a number with a low limit
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names).
func displayName(s *v1alpha1.PhoneNumberStatus, c *lifecycle.Conditions) {
	set := func(status metav1.ConditionStatus, reason, message string) {
		c.Set(v1alpha1.ConditionDisplayNameApproved, status, reason, message)
	}
	if s.NewDisplayName != "" && s.NewDisplayName != s.VerifiedName {
		switch s.NewNameStatus {
		case metavalues.NameDeclined, metavalues.NameRejected:
			set(metav1.ConditionFalse, v1alpha1.ReasonRejected,
				fmt.Sprintf("Meta declined the display name %q%s; choose another one", s.NewDisplayName, nameReason(s, s.NewDisplayName)))
			return
		case metavalues.NamePendingReview:
			set(metav1.ConditionFalse, v1alpha1.ReasonInReview, fmt.Sprintf("the display name %q is in review; %q is used meanwhile", s.NewDisplayName, s.VerifiedName))
			return
		}
	}
	switch s.NameStatus {
	case metavalues.NameApproved:
		set(metav1.ConditionTrue, v1alpha1.ReasonApproved, "Meta approved the display name")
	case metavalues.NameWithoutReview:
		set(metav1.ConditionTrue, v1alpha1.ReasonApproved, "the display name can be used; Meta reviews it when the messaging limit rises")
	case metavalues.NamePendingReview:
		set(metav1.ConditionFalse, v1alpha1.ReasonInReview, "Meta reviews the display name")
	case metavalues.NameDeclined, metavalues.NameRejected:
		set(metav1.ConditionFalse, v1alpha1.ReasonRejected, "Meta declined the display name"+nameReason(s, s.VerifiedName)+"; choose another one")
	case "":
		set(metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta says nothing about the display name")
	default:
		set(metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta reports "+s.NameStatus+" for the display name")
	}
}

// numberQuality reports the rating. No webhook reports it any more, so the account's observation does
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits).
func numberQuality(s *v1alpha1.PhoneNumberStatus, c *lifecycle.Conditions) {
	switch s.QualityRating {
	case "GREEN":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionTrue, v1alpha1.ReasonHealthy, "quality is high")
	case "YELLOW":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonMediumQuality,
			"quality is medium: recipients block or report messages of this number; look at what is sent")
	case "RED":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonLowQuality,
			"quality is low: recipients block or report messages of this number; Meta may limit it")
	case "", "UNKNOWN", "NA":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionUnknown, v1alpha1.ReasonNotRated, "not rated by Meta yet")
	default:
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionUnknown, v1alpha1.ReasonUnknown,
			fmt.Sprintf("Meta reports the quality %s, which this version doesn't know", s.QualityRating))
	}
}
