// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

const manifests = 1000

// BenchmarkApplyTemplates applies 1,000 manifests at once to an account that takes as many. It prints how often the API server was
// written to for each until it was Ready, next to how many such writes this API server takes by itself.
func BenchmarkApplyTemplates(b *testing.B) {
	env := testenv.Start(b)
	for b.Loop() {
		w := harness.New(b, env, graphsim.WithCreateLimit(0), graphsim.WithTemplateLimit(6000), graphsim.WithCallBudget(0, 0), graphsim.WithAppCallBudget(0), graphsim.WithLatency(latency))
		w.Secret()
		w.WABA()
		op := w.Start(func(o *operator.Options) { o.CreatesPerHour, o.Concurrency = 0, workers })
		op.Settle()
		w.ResetAPIWrites()

		begin := time.Now()
		inParallelOrFail(b, manifests, func(i int) error {
			obj := harness.Template(fmt.Sprintf("parcel_%04d", i))
			w.Label(obj)
			return w.Client.Create(context.Background(), obj)
		})
		applied := time.Since(begin)
		op.Settle()
		created := time.Since(begin)
		op.Observe()

		var list v1alpha1.MessageTemplateList
		if err := w.Client.List(context.Background(), &list, w.Shard()); err != nil {
			b.Fatal(err)
		}
		for i := range list.Items {
			if c := harness.Condition(list.Items[i].Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
				b.Fatalf("%s: %s %s", list.Items[i].Name, c.Reason, c.Message)
			}
		}
		s := w.Sim.Stats()
		for key, n := range s.CreatesByKey {
			if n != 1 {
				b.Errorf("%s: %d creates", key, n)
			}
		}
		writes := float64(w.APIWrites("PATCH messagetemplates/status")) / manifests
		if writes > 3 {
			b.Errorf("%.2f status writes per template, want at most 3", writes)
		}
		ceiling := writeCeiling(b, env.Client, list.Items)
		b.ReportMetric(writes, "writes/template")
		b.ReportMetric(float64(len(s.CommittedCreates)), "created")
		b.ReportMetric(applied.Seconds(), "s-applied")
		b.ReportMetric(created.Seconds(), "s-created")
		b.ReportMetric(manifests/created.Seconds(), "templates/s")
		b.ReportMetric(ceiling, "ceiling-writes/s")
		op.Stop()
	}
}

// writeCeiling is how many status writes a second the API server takes from as many workers as the operator has.
func writeCeiling(b *testing.B, c client.Client, items []v1alpha1.MessageTemplate) float64 {
	b.Helper()
	begin := time.Now()
	inParallelOrFail(b, manifests, func(i int) error {
		obj := items[i].DeepCopy()
		patch := client.MergeFrom(items[i].DeepCopy())
		obj.Status.QualityScore = "GREEN"
		return c.Status().Patch(context.Background(), obj, patch)
	})
	return manifests / time.Since(begin).Seconds()
}

// inParallelOrFail is inParallel for benchmarks.
func inParallelOrFail(b *testing.B, n int, f func(int) error) {
	b.Helper()
	if err := inParallel(n, f); err != nil {
		b.Fatal(err)
	}
}
