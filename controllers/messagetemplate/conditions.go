// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

func rejectionOf(live *graph.Template) *v1alpha1.TemplateRejection {
	if live.Status != metavalues.TemplateRejected && (live.RejectedReason == "" || live.RejectedReason == "NONE") {
		return nil
	}
	return &v1alpha1.TemplateRejection{Reason: metavalues.Clip(live.RejectedReason), Recommendation: template.RejectionAdvice(live.RejectedReason)}
}

// readinessOf is what a status means for a client that sends the template.
func readinessOf(s *v1alpha1.MessageTemplateStatus) lifecycle.Readiness {
	no := func(reason, message string) lifecycle.Readiness {
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: reason, Message: message}
	}
	switch s.Status {
	case metavalues.TemplateApproved:
		return lifecycle.Readiness{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonApproved, Message: "approved by Meta and ready to be sent"}
	case metavalues.TemplatePending:
		return no(v1alpha1.ReasonInReview, "in review at Meta, which takes up to a day")
	case metavalues.TemplateInAppeal:
		return no(v1alpha1.ReasonInAppeal, "the rejection is under appeal at Meta")
	case metavalues.TemplateRejected:
		return no(v1alpha1.ReasonRejected, rejectionMessage(s.Rejection))
	case metavalues.TemplatePaused:
		return no(v1alpha1.ReasonTemplatePaused, pauseMessage(s))
	case metavalues.TemplateDisabled:
		return no(v1alpha1.ReasonDisabled, "disabled by Meta for good; create a template with another name")
	case metavalues.TemplatePendingDeletion, metavalues.TemplateDeleted:
		return no(v1alpha1.ReasonPendingDeletion, "deleted at Meta; the name stays taken for up to 30 days")
	case metavalues.TemplateLimitExceeded:
		return no(v1alpha1.ReasonLimitExceeded, "the account has reached its number of templates; delete some")
	case metavalues.TemplateArchived:
		return no(v1alpha1.ReasonArchived,
			"archived by Meta after a year without use, and deleted for good 28 days later; unarchive it with the annotation "+v1alpha1.AnnotationUnarchive+", or set archivedPolicy: Unarchive")
	case "":
		return no(v1alpha1.ReasonProgressing, "not at Meta yet")
	default:
		return no(v1alpha1.ReasonUnknown, fmt.Sprintf("Meta reports the status %s, which this version doesn't know", s.Status))
	}
}

func rejectionMessage(r *v1alpha1.TemplateRejection) string {
	if r == nil || r.Reason == "" || r.Reason == "NONE" {
		return "rejected by Meta without a reason; change the content or appeal in WhatsApp Manager"
	}
	why := lifecycle.Sentence(r.Reason, lifecycle.Clause(r.Explanation))
	if r.Recommendation == "" {
		return fmt.Sprintf("rejected by Meta: %s; change the content or appeal in WhatsApp Manager", why)
	}
	return fmt.Sprintf("rejected by Meta: %s (%s)", why, lifecycle.Clause(r.Recommendation))
}

// Describe sets the conditions of a template and decides whether it can be used.
func (t *templates) Describe(p *templateRun, c *lifecycle.Conditions) lifecycle.Readiness {
	s := &p.Object.Status
	if len(s.Warnings) > 0 && !slices.Equal(s.Warnings, p.Before.Status.Warnings) && p.Writable() {
		t.Event(p.Object, corev1.EventTypeWarning, v1alpha1.ReasonReviewRisk, "Validate", strings.Join(s.Warnings, "; "))
	}
	if s.Status == "" {
		for _, kind := range []string{v1alpha1.ConditionApproved, v1alpha1.ConditionQualityHealthy, v1alpha1.ConditionCategoryAsRequested} {
			c.Set(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "nothing is known yet")
		}
		return readinessOf(s)
	}
	r := readinessOf(s)
	c.Set(v1alpha1.ConditionApproved, r.Status, r.Reason, r.Message)
	if r.Status == metav1.ConditionTrue && p.Writable() && !carriesSpec(p.Object) {
		r = lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing, Message: "the changed spec isn't at Meta yet"}
	}
	quality(s, c)
	if flagged(s, t.known(p)) {
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonFlagged,
			"Meta warns that it may disable the template for its quality; improve its content or its audience")
	}
	if ok, reason, message := category(s, string(p.Object.Spec.Category)); !ok {
		c.Set(v1alpha1.ConditionCategoryAsRequested, metav1.ConditionFalse, reason, message)
		if p.Object.Spec.CategoryPolicy == v1alpha1.CategoryPolicyRequire && r.Status == metav1.ConditionTrue && reason == v1alpha1.ReasonReclassified {
			r = lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: reason, Message: message}
		}
	} else {
		c.Set(v1alpha1.ConditionCategoryAsRequested, metav1.ConditionTrue, reason, message)
	}
	return r
}

// carriesSpec reports that the last write to Meta had the content of the current spec. While the account can't be reached, a
// template stays ready only as long as its spec doesn't change.
func carriesSpec(obj *v1alpha1.MessageTemplate) bool {
	b := obj.Status.Operator.Baseline
	if b == nil || b.Version != template.CanonicalVersion {
		return true
	}
	content, problems := template.Content(&obj.Spec)
	return len(problems) == 0 && template.WantedFields(content).Hash() == b.SpecHash
}

func quality(s *v1alpha1.MessageTemplateStatus, c *lifecycle.Conditions) {
	switch s.QualityScore {
	case "GREEN":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionTrue, v1alpha1.ReasonHealthy, "quality is high")
	case "YELLOW":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonMediumQuality,
			"quality is medium: recipients block or report these messages; if it gets low, Meta pauses the template")
	case "RED":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonLowQuality,
			"quality is low: Meta pauses the template, and disables it the third time; change its content or its audience")
	case "", "UNKNOWN":
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionUnknown, v1alpha1.ReasonNotRated, "not rated by Meta yet")
	default:
		c.Set(v1alpha1.ConditionQualityHealthy, metav1.ConditionUnknown, v1alpha1.ReasonUnknown,
			fmt.Sprintf("Meta reports the quality %s, which this version doesn't know", s.QualityScore))
	}
}

// category compares the requested category with the one Meta charges for, now and as announced.
func category(s *v1alpha1.MessageTemplateStatus, want string) (ok bool, reason, message string) {
	switch {
	case s.Category != want && s.Category != "":
		return false, v1alpha1.ReasonReclassified, fmt.Sprintf(
			"requested %s, but Meta classified it as %s and charges for that; change the content, or set spec.category to %s to accept it",
			want, s.Category, s.Category)
	case s.CorrectCategory != "" && s.CorrectCategory != want:
		return false, v1alpha1.ReasonReclassificationPlanned, fmt.Sprintf(
			"Meta has announced that it will classify the template as %s; ask for a review in WhatsApp Manager or change the content%s", s.CorrectCategory, plannedTime(s))
	}
	return true, v1alpha1.ReasonAsRequested, "Meta classifies the template as requested"
}
