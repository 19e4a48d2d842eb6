// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/standing"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// missingNotFound says that there is no such WABA.
const missingNotFound = "NotFound"

// overview judges what is in the inventory. Every resource is in the group of the account to which it refers, whether that is
// there or not.
func (i *inventory) overview(selection Selection, now time.Time) (*Overview, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	groups := map[types.NamespacedName]*Account{}
	for key, obj := range i.objects[v1alpha1.KindWABA] {
		if w, ok := obj.(*v1alpha1.WABA); ok && selection.includes(key) && i.shown(key, selection) {
			groups[key] = accountOf(w, now)
		}
	}
	group := func(obj v1alpha1.Asset) *Account {
		key := index.AccountOf(obj)
		if groups[key] == nil && selection.includes(key) {
			groups[key] = i.missingAccount(key)
		}
		return groups[key]
	}
	for _, kind := range v1alpha1.AssetKinds {
		for _, obj := range i.objects[kind.Name] {
			if obj.AccountReference() == nil {
				continue // an account is its own group
			}
			if a := group(obj); a != nil {
				a.add(obj, now)
			}
		}
	}
	o := &Overview{TypeMeta: output.TypeOf(KindStatus), Time: metav1.NewTime(now), Unreadable: i.unreadable, Accounts: []*Account{}}
	for _, key := range slices.SortedFunc(maps.Keys(groups), byName) {
		a := groups[key]
		a.sort()
		o.Accounts = append(o.Accounts, a)
		for _, r := range a.resources() {
			o.Summary.count(r.Severity)
		}
	}
	return o, selection.absent(o.Accounts)
}

// shown reports that an account is of the selected namespace and has the selected labels, or that something selected refers to it:
// a watch may have seen the last of these go.
func (i *inventory) shown(key types.NamespacedName, selection Selection) bool {
	if (selection.Namespace == "" || key.Namespace == selection.Namespace) && selection.selects(i.objects[v1alpha1.KindWABA][key]) {
		return true
	}
	for _, objects := range i.objects {
		for _, obj := range objects {
			if obj.AccountReference() != nil && index.AccountOf(obj) == key {
				return true
			}
		}
	}
	return false
}

// missingAccount is the group of an account of which only the name is known.
func (i *inventory) missingAccount(key types.NamespacedName) *Account {
	a := &Account{Resource: Resource{Kind: v1alpha1.KindWABA, Namespace: key.Namespace, Name: key.Name}, Missing: cmp.Or(i.missing[key], missingNotFound)}
	f := Finding{Severity: Warning, Reason: v1alpha1.ReasonNotFound, Message: "there is no such WABA: correct spec.wabaRef of what refers to it, or create it"}
	if a.Missing == reasonForbidden {
		f = Finding{Severity: Info, Reason: reasonForbidden, Message: "you may not read this WABA, so its own state isn't shown"}
	}
	f.Help = ruleOf(v1alpha1.KindWABA, "", f.Reason).address(v1alpha1.ConditionSynced)
	a.Findings, a.Severity = []Finding{f}, f.Severity
	return a
}

// resourceOf judges one resource.
func resourceOf(obj v1alpha1.Asset, now time.Time) Resource {
	common, policy := obj.CommonStatus(), obj.Policies().ManagementPolicy
	created := obj.GetCreationTimestamp()
	r := Resource{
		Kind: obj.KindName(), Namespace: obj.GetNamespace(), Name: obj.GetName(), ID: terminal.Plain(common.ID),
		ManagementPolicy: string(cmp.Or(policy, v1alpha1.ManagementPolicyManaged)), CreationTime: &created, DeletionTime: obj.GetDeletionTimestamp(),
		NextAttemptTime: common.NextAttemptTime, Drift: common.Drift, Findings: judge(obj, now),
	}
	if c := meta.FindStatusCondition(common.Conditions, v1alpha1.ConditionReady); c != nil {
		r.Ready = string(c.Status)
	}
	r.Severity = worst(r.Findings)
	return r
}

func accountOf(w *v1alpha1.WABA, now time.Time) *Account {
	s := &w.Status
	a := &Account{
		Resource: resourceOf(w, now), Title: terminal.Plain(s.Name), ReviewStatus: terminal.Plain(s.ReviewStatus), MessagingLimit: terminal.Plain(s.MessagingLimit),
		PaymentMethodPresent: s.PaymentMethodPresent, GraphAPIVersion: w.Spec.GraphAPIVersion, LastObservedTime: s.LastObservedTime,
		IntervalSeconds: s.EffectiveIntervalSeconds, Restrictions: standing.Restrictions(s, now), TemplatesAtMeta: s.Templates, NumbersAtMeta: s.PhoneNumbers,
	}
	a.ID = cmp.Or(a.ID, w.Spec.ID)
	if s.Health != nil {
		a.Health = terminal.Plain(s.Health.CanSendMessage)
	}
	if s.RateLimit != nil {
		a.RateUsagePercent = &s.RateLimit.UsagePercent
	}
	if s.Credentials != nil {
		a.TokenExpiryTime = s.Credentials.ExpirationTime
	}
	return a
}

// add adds a resource to its account.
func (a *Account) add(obj v1alpha1.Asset, now time.Time) {
	r := resourceOf(obj, now)
	downgradeConsequences(a, &r)
	adapters[r.Kind].add(a, r, obj)
}

// sort orders the resources of an account, so that the same cluster always gives the same output.
func (a *Account) sort() {
	slices.SortFunc(a.PhoneNumbers, func(x, y *Number) int { return compare(&x.Resource, &y.Resource) })
	slices.SortFunc(a.MessageTemplates, func(x, y *Template) int { return compare(&x.Resource, &y.Resource) })
	slices.SortFunc(a.WebhookSubscriptions, func(x, y *Subscription) int { return compare(&x.Resource, &y.Resource) })
}

func compare(x, y *Resource) int {
	return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Name, y.Name))
}

// resources are the account and all that belongs to it.
func (a *Account) resources() []*Resource {
	out := make([]*Resource, 0, 1+len(a.PhoneNumbers)+len(a.MessageTemplates)+len(a.WebhookSubscriptions))
	out = append(out, &a.Resource)
	for _, n := range a.PhoneNumbers {
		out = append(out, &n.Resource)
	}
	for _, t := range a.MessageTemplates {
		out = append(out, &t.Resource)
	}
	for _, w := range a.WebhookSubscriptions {
		out = append(out, &w.Resource)
	}
	return out
}
