// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// renaming is a kind of which a resource gets another metadata.name in Git. The same manifest is applied under the new name, and
// the old resource is pruned, in this order or in the other.
type renaming struct {
	// make creates the resource.
	make func(w *webhookWorld, name string, policy v1alpha1.DeletionPolicy) client.Object
	// conditions returns those of the resource.
	conditions func(client.Object) []metav1.Condition
	policies   []v1alpha1.DeletionPolicy
	// taken are the destructive writes of a deletion that takes the asset away, and made are those that make it anew.
	taken, made map[string]int
	// after is the reason of Synced once the asset was taken away and the manifest is applied again.
	after string
}

func renamings() map[string]renaming {
	retainOrDelete := []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete}
	return map[string]renaming{
		"MessageTemplate": {
			make: func(w *webhookWorld, name string, policy v1alpha1.DeletionPolicy) client.Object {
				return w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Name, m.Spec.DeletionPolicy = name, policy })
			},
			conditions: func(obj client.Object) []metav1.Condition { return obj.(*v1alpha1.MessageTemplate).Status.Conditions },
			policies:   retainOrDelete,
			taken:      map[string]int{graphsim.OpDeleteTemplate: 1},
			made:       map[string]int{graphsim.OpCreateTemplate: 2}, // which Meta refuses, and again after a quarter of an hour: the name is locked for four weeks
			after:      v1alpha1.ReasonNameLocked,
		},
		"PhoneNumber": {
			make: func(w *webhookWorld, name string, policy v1alpha1.DeletionPolicy) client.Object {
				return phoneNumber(w.World, adopted, withPIN, func(o *v1alpha1.PhoneNumber) { o.Name, o.Spec.DeletionPolicy = name, policy })
			},
			conditions: func(obj client.Object) []metav1.Condition { return obj.(*v1alpha1.PhoneNumber).Status.Conditions },
			policies:   []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDeregister},
			taken:      map[string]int{graphsim.OpDeregister: 1},
			made:       map[string]int{graphsim.OpRegister: 1},
			after:      v1alpha1.ReasonSynced,
		},
		"WebhookSubscription": {
			make: func(w *webhookWorld, name string, policy v1alpha1.DeletionPolicy) client.Object {
				return w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Name, o.Spec.DeletionPolicy = name, policy })
			},
			conditions: func(obj client.Object) []metav1.Condition {
				return obj.(*v1alpha1.WebhookSubscription).Status.Conditions
			},
			policies: retainOrDelete,
			taken:    map[string]int{graphsim.OpUnsubscribeApp: 1, graphsim.OpDeleteSubscription: 1},
			made:     map[string]int{graphsim.OpSubscribeApp: 3, graphsim.OpSetSubscription: 2}, // Meta takes the override once the app gets messages
			after:    v1alpha1.ReasonSynced,
		},
	}
}

// writesSince counts the writes to Meta after the first n requests.
func writesSince(w *webhookWorld, n int) map[string]int {
	out := map[string]int{}
	for _, r := range w.Sim.Requests()[n:] {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			out[r.Op]++
		}
	}
	return out
}

// TestRename: a resource that gets another name in Git takes nothing away at Meta when the new one is there before the old one
// goes. In the other order the deletion does what the policy says, and no more.
func TestRename(t *testing.T) {
	t.Parallel()
	for kind, r := range renamings() {
		for _, policy := range r.policies {
			for _, restart := range []bool{false, true} {
				if policy == "" && restart {
					continue // it means Retain, which is looked at
				}
				name := fmt.Sprintf("%s %s, %s", kind, policy, map[bool]string{false: "running", true: "restarted in between"}[restart])
				t.Run(name+", applied, then pruned", func(t *testing.T) {
					t.Parallel()
					r.appliedThenPruned(t, policy, restart)
				})
				t.Run(name+", pruned, then applied", func(t *testing.T) {
					t.Parallel()
					r.prunedThenApplied(t, policy, restart)
				})
			}
		}
	}
}

// begin returns a world in which the resource is as its spec says.
func (r *renaming) begin(t *testing.T, policy v1alpha1.DeletionPolicy) (*webhookWorld, *harness.Operator, client.Object) {
	t.Helper()
	w := newWebhookWorld(t)
	keySecret(w.World, "pin", v1alpha1.SecretPurposePIN, goodPIN)
	w.Sim.SetPINInManager(harness.NumberID, goodPIN)
	op := w.start()
	obj := r.make(w, "before", policy)
	r.quiet(op)
	w.Reload(obj)
	expect(t, r.conditions(obj), v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	return w, op, obj
}

// quiet lets everything happen that will.
func (r *renaming) quiet(op *harness.Operator) {
	for range 2 {
		op.Observe()
		op.Advance(3 * time.Minute)
	}
}

func (r *renaming) appliedThenPruned(t *testing.T, policy v1alpha1.DeletionPolicy, restart bool) {
	t.Helper()
	w, op, obj := r.begin(t, policy)
	n := len(w.Sim.Requests())
	if restart {
		op.Stop() // the operator finds both changes at once
	}
	renamed := r.make(w, "after", policy)
	if !restart {
		r.quiet(op)
		w.Reload(renamed)
		expect(t, r.conditions(renamed), v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonConflict)
	}
	w.Delete(obj)
	if restart {
		op = w.start()
	}
	r.quiet(op)
	if w.Reload(obj) {
		t.Errorf("the old resource is still there: %v", r.conditions(obj))
	}
	w.Reload(renamed)
	expect(t, r.conditions(renamed), v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if writes := writesSince(w, n); len(writes) > 0 {
		t.Errorf("writes to Meta: %v", writes)
	}
	w.CheckInvariants()

	// The new resource is a resource like any other: what it manages goes as its policy says.
	n = len(w.Sim.Requests())
	w.Delete(renamed)
	r.quiet(op)
	if w.Reload(renamed) {
		t.Errorf("the new resource can't be deleted: %v", r.conditions(renamed))
	}
	for call, times := range writesSince(w, n) {
		if times > r.taken[call] || policy == "" || policy == v1alpha1.DeletionPolicyRetain {
			t.Errorf("%d times %s after the new resource was deleted", times, call)
		}
	}
}

func (r *renaming) prunedThenApplied(t *testing.T, policy v1alpha1.DeletionPolicy, restart bool) {
	t.Helper()
	w, op, obj := r.begin(t, policy)
	n := len(w.Sim.Requests())
	w.Delete(obj)
	r.quiet(op)
	want := map[string]int{}
	if policy != "" && policy != v1alpha1.DeletionPolicyRetain {
		want = r.taken
	}
	if writes := writesSince(w, n); !maps.Equal(writes, want) {
		t.Errorf("the deletion made %v, want %v", writes, want)
	}
	n = len(w.Sim.Requests())
	if restart {
		op.Stop()
		op = w.start()
	}
	renamed := r.make(w, "after", policy)
	r.quiet(op)
	w.Reload(renamed)
	reason := v1alpha1.ReasonSynced
	if len(want) > 0 {
		want, reason = r.made, r.after
	}
	if c := harness.Condition(r.conditions(renamed), v1alpha1.ConditionSynced); c.Reason != reason {
		t.Errorf("Synced is %s/%s: %s", c.Status, c.Reason, c.Message)
	}
	if writes := writesSince(w, n); !maps.Equal(writes, want) {
		t.Errorf("the new resource made %v, want %v", writes, want)
	}
	w.CheckInvariants()
}
