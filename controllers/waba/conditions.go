// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// expiryNotice is how long before its end an access token is reported.
const expiryNotice = 14 * 24 * time.Hour

// Describe sets the account's own conditions and decides whether it can be used.
func (a *accounts) Describe(p *accountRun, c *lifecycle.Conditions) lifecycle.Readiness {
	s := &p.Object.Status
	describeCredentials(p, c)
	if s.LastObservedTime == nil {
		for _, kind := range []string{
			v1alpha1.ConditionApproved, v1alpha1.ConditionBusinessVerified, v1alpha1.ConditionCanSendMessages, v1alpha1.ConditionPolicyCompliant,
			v1alpha1.ConditionBillingReady,
		} {
			c.Set(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the account hasn't been observed yet")
		}
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonPending, Message: "the account hasn't been observed yet"}
	}
	ready := lifecycle.Readiness{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObserved, Message: "the account is observed and can be used"}
	if r := blockedByMeta(s, p.Now); r != nil {
		ready = *r
	}
	for _, check := range []func(*v1alpha1.WABAStatus, *lifecycle.Conditions) *lifecycle.Readiness{approved, verified, canSend} {
		if r := check(s, c); r != nil && ready.Status == metav1.ConditionTrue {
			ready = *r
		}
	}
	compliant(p.Object, c, p.Now)
	billing(s, c, p.Now)
	ready.Ends = standingEnds(s, p.Now)
	return ready
}

// credentials sets CredentialsValid. Only a failed look at the Secret or a refusal of the token says something new.
func describeCredentials(p *accountRun, c *lifecycle.Conditions) {
	o, token, snapshot := p.Result, observedBy(p).token, observedBy(p).snapshot
	switch {
	case o.Reason() == v1alpha1.ReasonCredentialsInvalid:
		c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionFalse, v1alpha1.ReasonCredentialsInvalid, o.Message())
		return
	case token != nil && missingScope(token) != "":
		c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionFalse, v1alpha1.ReasonMissingScope,
			"the access token lacks the scope "+scopeManagement+"; create one with it")
		return
	case token != nil && o.Reason() == v1alpha1.ReasonPermissionDenied:
		c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionFalse, v1alpha1.ReasonNotAssigned,
			"Meta accepts the access token, but not for this account; assign the account to the token's system user, or correct spec.id")
		return
	case snapshot == nil:
		if !c.KeepPrevious(v1alpha1.ConditionCredentialsValid) {
			c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the token hasn't been used yet")
		}
		return
	}
	creds := p.Object.Status.Credentials
	if creds != nil && creds.ExpirationTime != nil && creds.ExpirationTime.Sub(p.Now) < expiryNotice {
		c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionTrue, v1alpha1.ReasonExpiringSoon,
			"the access token expires on "+creds.ExpirationTime.UTC().Format(time.DateOnly)+"; put a new one into the Secret before that day")
		return
	}
	c.Set(v1alpha1.ConditionCredentialsValid, metav1.ConditionTrue, v1alpha1.ReasonValid, "Meta accepts the access token")
}

func approved(s *v1alpha1.WABAStatus, c *lifecycle.Conditions) *lifecycle.Readiness {
	switch s.ReviewStatus {
	case "APPROVED":
		c.Set(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved, "Meta has approved the account")
	case "REJECTED":
		r := lifecycle.Readiness{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRejected,
			Message: "Meta has rejected the account; see Business Support Home",
		}
		c.Set(v1alpha1.ConditionApproved, r.Status, r.Reason, r.Message)
		return &r
	case "PENDING", "DEFERRED":
		c.Set(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonInReview, "Meta is reviewing the account")
	default:
		c.Set(v1alpha1.ConditionApproved, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta reports the review status "+orNothing(s.ReviewStatus))
	}
	return nil
}

func orNothing(s string) string {
	if s == "" {
		return "of nothing"
	}
	return s
}

func verified(s *v1alpha1.WABAStatus, c *lifecycle.Conditions) *lifecycle.Readiness {
	switch s.BusinessVerificationStatus {
	case "VERIFIED":
		c.Set(v1alpha1.ConditionBusinessVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified, "the business is verified")
	case "":
		c.Set(v1alpha1.ConditionBusinessVerified, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta reports no verification status")
	default:
		c.Set(v1alpha1.ConditionBusinessVerified, metav1.ConditionFalse, v1alpha1.ReasonNotVerified,
			"business verification: "+s.BusinessVerificationStatus+"; verify the business in Security Centre for higher limits")
	}
	return nil
}

func canSend(s *v1alpha1.WABAStatus, c *lifecycle.Conditions) *lifecycle.Readiness {
	return lifecycle.Sendable(s.Health, c)
}

// compliant reports what touches the account's standing: restrictions, bans and violations reported by webhook, and unapproved
// apps.
func compliant(waba *v1alpha1.WABA, c *lifecycle.Conditions, now time.Time) {
	var problems []string
	reason := v1alpha1.ReasonPolicyViolation
	s := &waba.Status
	for _, r := range standing.Restrictions(s, now) {
		reason = v1alpha1.ReasonRestricted
		problems = append(problems, lifecycle.Sentence("restricted by Meta", r.Type, lifecycle.Clause(r.Remediation)))
	}
	switch ban := metavalues.Clip(standing.Ban(s, now)); ban {
	case "":
	case standing.BanScheduled:
		problems = append(problems, "ban state "+ban+": Meta is going to disable the account on the day in status.webhook.ban; appeal in Business Support Home")
	default:
		problems = append(problems, "ban state "+ban)
	}
	if v := standing.NewestViolation(s, now); v != nil {
		problems = append(problems, strings.TrimSuffix("violation of a policy: "+v.Type+" by "+v.PhoneNumber, " by "))
	}
	if apps := standing.UnapprovedApps(waba); len(apps) > 0 {
		if len(problems) == 0 {
			reason = v1alpha1.ReasonUnapprovedApp
		}
		problems = append(problems, "subscribed apps outside spec.approvedApps: "+strings.Join(apps, ", "))
	}
	if len(problems) > 0 {
		c.Set(v1alpha1.ConditionPolicyCompliant, metav1.ConditionFalse, reason, strings.Join(problems, "; "))
		return
	}
	c.Set(v1alpha1.ConditionPolicyCompliant, metav1.ConditionTrue, v1alpha1.ReasonCompliant, "no restriction, ban, violation or unapproved app is known")
}
