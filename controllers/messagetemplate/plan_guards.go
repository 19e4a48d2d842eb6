// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/properties"
	"github.com/waba-operator/waba-operator/internal/template"
)

// unsendable says why content can't be sent to Meta, whichever way it came here: a lenient spec may describe content that exists at Meta and
// that Meta wouldn't take any more.
func unsendable(spec *v1alpha1.MessageTemplateSpec) *lifecycle.Result {
	breaches := template.Creatable(spec)
	if len(breaches) == 0 {
		return nil
	}
	problems := make([]template.Problem, 0, len(breaches))
	for _, b := range breaches {
		problems = append(problems, b.Problem)
	}
	return lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, "Meta doesn't take this as new content, so nothing is sent; correct "+joinProblems(problems))
}

// losing says why an edit isn't made that would remove what this version doesn't know from the template at Meta. What came back with the
// operator's own write isn't lost: Meta adds it by itself.
//
// An edit of the max price alone replaces nothing else.
func losing(spec *v1alpha1.MessageTemplateSpec, recorded *v1alpha1.Baseline, live *graph.Template, names []string) *lifecycle.Result {
	if spec.AdoptionPolicy == v1alpha1.AdoptionPolicyAlways {
		return nil
	}
	lost := slices.DeleteFunc(slices.Clone(live.UnknownProperties), func(path string) bool {
		if template.OnlyMaxPrice(names) && strings.HasPrefix(path, "components") {
			return true
		}
		return recorded != nil && slices.Contains(recorded.UnknownProperties, properties.Class(path))
	})
	if len(lost) == 0 {
		return nil
	}
	return lifecycle.NotSynced(v1alpha1.ReasonActionRequired, fmt.Sprintf(
		"an edit would remove what this version doesn't know: %s; upgrade the operator, edit the template in WhatsApp Manager, or set adoptionPolicy: Always",
		strings.Join(lost, ", ")))
}

// classesOf are the unknown properties of a template without their places in lists.
func classesOf(live *graph.Template) []string {
	var out []string
	for _, path := range live.UnknownProperties {
		out = append(out, properties.Class(path))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// editable says whether the status of the template permits an edit at all. What follows an edit of an approved or paused template is open:
// Meta's page on editing says that it is approved again automatically, unless the review fails
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management), the one on pausing that it
// is reviewed first (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing). The next
// observation shows which.
func editable(status, what string) *lifecycle.Result {
	switch status {
	case metavalues.TemplateApproved, metavalues.TemplateRejected, metavalues.TemplatePaused:
		return nil
	case metavalues.TemplatePending, metavalues.TemplateInAppeal:
		return lifecycle.Waiting(v1alpha1.ReasonInReview, "a template in review can't be edited; "+what+" follows when the review is over", 0)
	case metavalues.TemplatePendingDeletion, metavalues.TemplateDeleted:
		return lifecycle.Waiting(v1alpha1.ReasonNameLocked, "the template is being deleted at Meta, and its name stays taken until then", lifecycle.NameLock).Showing(true)
	default:
		return lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, fmt.Sprintf(
			"a template with status %s can't be edited; create one with another name, or ask Meta in WhatsApp Manager", metavalues.Clip(status)))
	}
}

// unpriced says that a template has no max price, which the spec has: Meta takes one only with a create, so no call is worth while
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price).
func unpriced(spec *v1alpha1.MessageTemplateSpec, recorded *v1alpha1.Baseline, live *graph.Template) *lifecycle.Result {
	if spec.MaxPrice == nil || live.MaxPrice != nil || live.MaxPriceUnread {
		return nil
	}
	had := recorded != nil && recorded.Fields[template.FieldMaxPrice] != ""
	return lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec,
		"the template at Meta has no max price, and Meta takes one only when a template is created; remove spec.maxPrice, or create a template with another name").
		AssetUnaffectedIf(had)
}

// incomparable says that the spec has changed, and that Meta's answers don't show whether its max price has to be edited.
func incomparable(s state) *lifecycle.Result {
	if s.spec.MaxPrice == nil || !s.observed.Template.MaxPriceUnread {
		return nil
	}
	return lifecycle.NotSynced(v1alpha1.ReasonActionRequired,
		"this version of Meta's API doesn't show the max price of the template, so the changed spec can't be compared; "+
			"set a newer graphAPIVersion on the WABA, or remove spec.maxPrice")
}
