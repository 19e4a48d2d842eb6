// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/patience"
)

// pollEvery is how often Wait looks.
const pollEvery = 5 * time.Millisecond

// Settle waits until the operator has nothing left to do at the present time: its controllers have handled everything that was
// written to the API server, and their queues are empty.
func (o *Operator) Settle() {
	o.world.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience.Limit)
	defer cancel()
	if err := o.progress.wait(ctx); err != nil {
		o.world.T.Fatalf("the operator isn't done after %s, %v", patience.Limit, err)
	}
}

// Advance lets time pass, from one time at which something is due to the next, with the operator at rest after each.
func (o *Operator) Advance(total time.Duration) {
	o.world.T.Helper()
	o.AdvanceRoughly(total, 0)
}

// AdvanceRoughly is Advance for days: what is due within the same step is done together, at its end.
func (o *Operator) AdvanceRoughly(total, step time.Duration) {
	o.world.T.Helper()
	clock := o.world.Clock
	end := clock.Now().Add(total)
	for o.Settle(); clock.Now().Before(end); o.Settle() {
		next := o.due(end)
		if earliest := clock.Now().Add(step); next.Before(earliest) {
			next = earliest
		}
		if next.After(end) {
			next = end
		}
		clock.SetTime(next)
	}
}

// due is the first time at which a delay of the operator's queues or a timer of the clock ends, at the latest the given one.
func (o *Operator) due(latest time.Time) time.Time {
	if t, ok := o.progress.next(); ok && t.Before(latest) {
		latest = t
	}
	if t, ok := o.world.Clock.Due(); ok && t.Before(latest) {
		latest = t
	}
	return latest
}

// SettleRetries settles and lets the short waits pass that follow a conflict in the API server: somebody else, or an
// earlier write of the operator itself, was a moment faster.
func (o *Operator) SettleRetries() {
	o.world.T.Helper()
	o.Advance(30 * time.Second)
}

// Observe lets one observation period pass.
func (o *Operator) Observe() {
	o.world.T.Helper()
	o.Advance(6 * time.Minute)
}

// Label puts an object into the world.
func (w *World) Label(obj client.Object) {
	labels := obj.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[shardLabel] = w.name
	obj.SetLabels(labels)
	if obj.GetNamespace() == "" {
		obj.SetNamespace(w.Namespace)
	}
}

// Shard selects what belongs to the world.
func (w *World) Shard() client.MatchingLabels { return client.MatchingLabels{shardLabel: w.name} }

// Create creates an object in the world.
func (w *World) Create(obj client.Object) {
	w.T.Helper()
	w.Label(obj)
	if err := w.Client.Create(context.Background(), obj); err != nil {
		w.T.Fatalf("create %T %s: %v", obj, obj.GetName(), err)
	}
	w.record(obj)
}

// Edit changes an object as a user would.
func (w *World) Edit(obj client.Object, change func()) {
	w.T.Helper()
	key := client.ObjectKeyFromObject(obj)
	err := wait.PollUntilContextTimeout(context.Background(), pollEvery, patience.Limit, true, func(ctx context.Context) (bool, error) {
		if err := w.Client.Get(ctx, key, obj); err != nil {
			return false, err
		}
		change()
		err := w.Client.Update(ctx, obj)
		if err != nil && meta.IsNoMatchError(err) {
			return false, err
		}
		return err == nil, nil
	})
	if err != nil {
		w.T.Fatalf("edit %T %s: %v", obj, key, err)
	}
	w.record(obj)
}

// Annotate sets an annotation as a person would.
func (w *World) Annotate(obj client.Object, name, value string) {
	w.T.Helper()
	w.Edit(obj, func() {
		a := obj.GetAnnotations()
		if a == nil {
			a = map[string]string{}
		}
		a[name] = value
		obj.SetAnnotations(a)
	})
}

// Delete deletes an object.
func (w *World) Delete(obj client.Object) {
	w.T.Helper()
	if err := w.Client.Delete(context.Background(), obj); err != nil {
		w.T.Fatalf("delete %T %s: %v", obj, obj.GetName(), err)
	}
	w.record(obj)
}

// Reload reads an object again and reports whether it is there.
func (w *World) Reload(obj client.Object) bool {
	w.T.Helper()
	err := w.Client.Get(context.Background(), client.ObjectKeyFromObject(obj), obj)
	if client.IgnoreNotFound(err) != nil {
		w.T.Fatalf("get %T %s: %v", obj, obj.GetName(), err)
	}
	return err == nil
}

// Wait waits in real time until the condition holds.
func (w *World) Wait(what string, condition func() bool) {
	w.T.Helper()
	err := wait.PollUntilContextTimeout(context.Background(), pollEvery, patience.Limit, true, func(context.Context) (bool, error) {
		return condition(), nil
	})
	if err != nil {
		w.T.Fatalf("waited in vain: %s", what)
	}
}

// Secret creates the account's Secret.
func (w *World) Secret(change ...func(*corev1.Secret)) *corev1.Secret {
	w.T.Helper()
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-meta", Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}},
		StringData: map[string]string{v1alpha1.SecretKeyAccessToken: AccessToken, v1alpha1.SecretKeyAppSecret: AppSecret},
	}
	for _, c := range change {
		c(s)
	}
	w.Create(s)
	return s
}

// WABA creates the account's resource.
func (w *World) WABA(change ...func(*v1alpha1.WABA)) *v1alpha1.WABA {
	w.T.Helper()
	obj := &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec:       v1alpha1.WABASpec{ID: AccountID, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"}},
	}
	for _, c := range change {
		c(obj)
	}
	w.Create(obj)
	return obj
}

// Template builds a template resource with one variable; it isn't created yet.
func Template(name string, change ...func(*v1alpha1.MessageTemplate)) *v1alpha1.MessageTemplate {
	obj := &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: dns(name)},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Name:       name, Language: "en_US", Category: v1alpha1.TemplateCategoryUtility,
			Body: &v1alpha1.TemplateBody{
				Text:     fmt.Sprintf("Hello {{1}}, parcel %s has left our warehouse this morning and is on its way to you.", name),
				Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "Ana"}},
			},
			Footer: &v1alpha1.TemplateFooter{Text: "Acme"},
		},
	}
	for _, c := range change {
		c(obj)
	}
	return obj
}

func dns(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c == '_' {
			out[i] = '-'
		}
	}
	return string(out)
}

// CreateTemplate creates a template resource.
func (w *World) CreateTemplate(name string, change ...func(*v1alpha1.MessageTemplate)) *v1alpha1.MessageTemplate {
	w.T.Helper()
	obj := Template(name, change...)
	w.Create(obj)
	return obj
}

// Condition returns one condition of an object's list, or an empty one.
func Condition(conditions []metav1.Condition, kind string) metav1.Condition {
	if c := meta.FindStatusCondition(conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}
