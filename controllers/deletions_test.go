// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestDeletionsFreeStores: with a real API server every deletion reaches the run that frees the stores, whatever the deletion
// policy, and so does a resource that leaves the shard.
func TestDeletionsFreeStores(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	secret := w.Secret()
	process := startBare(t, w)
	waba := w.WABA()
	number := phoneNumber(w, adopted, func(o *v1alpha1.PhoneNumber) { o.Spec.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To("Open")} })
	subscription := &v1alpha1.WebhookSubscription{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec:       v1alpha1.WebhookSubscriptionSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}},
	}
	w.Create(subscription)
	all := []client.Object{waba, number, subscription}
	w.Sim.Fail(graphsim.Fault{
		Method: http.MethodPost, Path: "/*/message_templates", Status: http.StatusServiceUnavailable, Code: 2, Times: -1,
	})
	for i, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete} {
		all = append(all, w.CreateTemplate(fmt.Sprintf("parcel_%d", i), func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = policy }))
	}
	leaves := w.CreateTemplate("parcel_leaves")
	process.until("all are known", func() bool { return process.reconcilers.Known() == len(all)+1 })
	process.until("the subscription is there", func() bool {
		return w.Reload(subscription) && harness.Condition(subscription.Status.Conditions, v1alpha1.ConditionSynced).Status == metav1.ConditionTrue
	})
	process.until("the last template has failed", func() bool {
		return w.Reload(leaves) && harness.Condition(leaves.Status.Conditions, v1alpha1.ConditionSynced).Reason == v1alpha1.ReasonTransientError
	})
	w.Sim.ClearFaults()

	w.Edit(leaves, func() { leaves.Labels = nil })
	process.until("the shard is left", func() bool { return process.reconcilers.Known() == len(all) })
	for _, obj := range all {
		w.Delete(obj)
	}
	process.until("all are deleted", func() bool {
		for _, obj := range all {
			if w.Reload(obj) {
				return false
			}
		}
		return true
	})
	process.until("all is freed", func() bool { return process.reconcilers.Known() == 0 })
	process.stop()
	after := process.count()
	delete(after, "reconcilers.base.AccountEvents.onChange") // one of each controller, from its start
	delete(after, "reconcilers.base.AccountEvents.onReady")
	delete(after, "reconcilers.base.AccountEvents.onReady[]")
	for _, leak := range grown(process.before, after) {
		t.Error(leak)
	}
	w.Delete(leaves)
	w.Delete(secret)
}

// bareProcess is an operator whose stores can be counted.
type bareProcess struct {
	world       *harness.World
	reconcilers *controllers.Reconcilers
	before      map[string]int
	stop        func()
}

func (p *bareProcess) count() map[string]int {
	return countStores([]root{{"reconcilers", reflect.ValueOf(p.reconcilers)}})
}

// until waits for a state while the clock runs.
func (p *bareProcess) until(what string, done func() bool) {
	p.world.T.Helper()
	p.world.Wait(what, func() bool {
		p.world.Clock.Step(15 * time.Second)
		return done()
	})
}

func startBare(t *testing.T, w *harness.World) *bareProcess {
	t.Helper()
	p := &bareProcess{world: w}
	o := operator.DefaultOptions()
	for name, value := range w.Shard() {
		o.LabelSelector = name + "=" + value
	}
	o.GraphBaseURL, o.MetricsAddress, o.ProbeAddress, o.MetricsSecure, o.WebhookAddress = w.URL, "0", "0", false, "0"
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := operator.NewManager(ctx, w.Config, o, operator.Dependencies{
		Clock: w.Clock, Registerer: prometheus.NewRegistry(), SkipNameValidation: true,
		Reconcilers: func(r *controllers.Reconcilers) { p.reconcilers = r },
		NewQueue: func(name string, l workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
			return workqueue.NewTypedRateLimitingQueueWithConfig(l, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{Name: name, Clock: w.Clock})
		},
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	p.before = p.count()
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stopped := false
	p.stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(p.stop)
	return p
}
