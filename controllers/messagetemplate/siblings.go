// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// siblings checks what Meta would refuse: all languages of a name have one category
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management). What is at Meta
// counts, and what other resources are about to create.
func (t *templates) siblings(ctx context.Context, p *templateRun) *lifecycle.Result {
	want, key := string(p.Object.Spec.Category), templateKey(p.Object)
	for _, other := range p.Session.TemplateLanguages(key.Name) {
		if other.Category != "" && other.Category != want && account.NewTemplateKey(other.Name, other.Language) != key {
			return otherCategory(metavalues.Clip(other.Language)+" is", metavalues.Clip(other.Category))
		}
	}
	var list v1alpha1.MessageTemplateList
	if err := t.Client.List(ctx, &list, client.MatchingFields{index.TemplateName: index.TemplateNameKey(index.AccountOf(p.Object), p.Object.Spec.Name)}); err != nil {
		return lifecycle.Failed("list the other languages of the template", err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == p.Object.UID || string(other.Spec.Category) == want {
			continue
		}
		ahead, err := t.ahead(ctx, other, p.Object)
		if err != nil {
			return lifecycle.Failed("read the account of another language", err)
		}
		if ahead {
			return otherCategory(lifecycle.NameFor(other, p.Object.Namespace)+" requests", string(other.Spec.Category))
		}
	}
	return nil
}

// otherCategory is looked at again by itself: it makes no call, and the other one may give way.
func otherCategory(who, category string) *lifecycle.Result {
	return lifecycle.Waiting(v1alpha1.ReasonInvalidSpec, fmt.Sprintf(
		"spec.category: Meta wants one category for all languages of a name, and %s %s; write category: %s or choose another name",
		who, category, category), lifecycle.ConflictRecheck)
}

// ahead reports that another resource is going to create its language before this one: it is older, permitted, and nothing
// is wrong with it. (What an operator that only reads calls NotFound is only missing.)
func (t *templates) ahead(ctx context.Context, other, own *v1alpha1.MessageTemplate) (bool, error) {
	if !other.DeletionTimestamp.IsZero() || lifecycle.EffectivePolicy(other.Spec.ManagementPolicy) != v1alpha1.ManagementPolicyManaged ||
		stuck(other.Status.Conditions) ||
		lifecycle.Winner([]lifecycle.Claim{{Object: other}, {Object: own}}, t.Clock.Now()).GetUID() != other.UID {
		return false, nil
	}
	return t.Resolver.Permits(ctx, t.Referrer(other))
}

// stuck reports that a template needs a person before it can be written. What holds for the whole account says nothing about that,
// and one that isn't at Meta yet may be about to be created.
func stuck(conditions []metav1.Condition) bool {
	c := meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled)
	if c == nil || c.Status != metav1.ConditionTrue {
		return false
	}
	switch c.Reason {
	case v1alpha1.ReasonNotFound, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonAccountBlocked:
		return false
	}
	return true
}
