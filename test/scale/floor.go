// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
)

// writeFloor is what this API server manages by itself: no operator can write statuses faster.
type writeFloor struct {
	// WritesPerSecond are first status writes by as many workers as the operator has, each to an object of its own.
	WritesPerSecond float64 `json:"writesPerSecond"`
	// The latency of such a write at 25 a second, in seconds.
	quantiles
}

const (
	// floorWrites are enough for a rate, and few enough that they take some seconds.
	floorWrites = 1000
	// floorRate is that of the slowest webhooks.
	floorRate      = 25
	floorLatencies = 8 * floorRate
)

// measureWrites writes statuses to templates of a namespace, which no operator watches, and deletes them afterwards.
func measureWrites(ctx context.Context, c client.Client, say func(string, ...any)) (writeFloor, error) {
	if err := createFloor(ctx, c, floorWrites); err != nil {
		return writeFloor{}, err
	}
	say("%d status writes", floorWrites)
	begin := time.Now()
	if err := inParallel(floorWrites, func(i int) error { return applyStatus(ctx, c, floorObject(i), "GREEN") }); err != nil {
		return writeFloor{}, err
	}
	floor := writeFloor{WritesPerSecond: floorWrites / time.Since(begin).Seconds()}
	var err error
	if floor.quantiles, err = measureLatency(ctx, c, say); err != nil {
		return floor, err
	}
	return floor, deleteFloor(ctx, c)
}

// measureLatency returns what a status write takes at the slowest rate of webhooks, in seconds. The templates must be there.
func measureLatency(ctx context.Context, c client.Client, say func(string, ...any)) (quantiles, error) {
	say("status writes at %d a second", floorRate)
	took := make([]float64, floorLatencies)
	err := atRate(ctx, floorRate, len(took), func(i int) error {
		sent := time.Now()
		err := applyStatus(ctx, c, floorObject(i), "YELLOW")
		took[i] = time.Since(sent).Seconds()
		return err
	})
	return quantilesOf(took), err
}

func floorObject(i int) string { return fmt.Sprintf("floor-%04d", i) }

// createFloor creates templates that no operator watches.
func createFloor(ctx context.Context, c client.Client, n int) error {
	return inParallel(n, func(i int) error {
		obj := harness.Template(fmt.Sprintf("floor_%04d", i))
		obj.Namespace = floorNamespace
		return c.Create(ctx, obj)
	})
}

func deleteFloor(ctx context.Context, c client.Client) error {
	return c.DeleteAllOf(ctx, &v1alpha1.MessageTemplate{}, client.InNamespace(floorNamespace))
}

// applyStatus writes a status as large as the operator's for an ordinary template.
func applyStatus(ctx context.Context, c client.Client, name, quality string) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ordinaryStatus(quality))
	if err != nil {
		return err
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"status": content}}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindMessageTemplate))
	obj.SetNamespace(floorNamespace)
	obj.SetName(name)
	return c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner(v1alpha1.FieldOwner), client.ForceOwnership)
}

// ordinaryStatus is like those of the fleet's templates.
func ordinaryStatus(quality string) *v1alpha1.MessageTemplateStatus {
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	s := &v1alpha1.MessageTemplateStatus{Status: "APPROVED", StatusChangedTime: &now, Category: "UTILITY", QualityScore: quality}
	s.ID, s.AccountID, s.ObservedGeneration = "1234567890123456", "102290129340000", 1
	for _, c := range []struct{ kind, reason, message string }{
		{v1alpha1.ConditionReady, v1alpha1.ReasonApproved, "the template is approved"},
		{v1alpha1.ConditionSynced, v1alpha1.ReasonSynced, "Meta has what the spec says"},
		{v1alpha1.ConditionCategoryAsRequested, v1alpha1.ReasonAsRequested, "Meta uses the category of the spec"},
	} {
		s.Conditions = append(s.Conditions, metav1.Condition{
			Type: c.kind, Status: metav1.ConditionTrue, Reason: c.reason, Message: c.message, LastTransitionTime: now, ObservedGeneration: 1,
		})
	}
	for i := range 2 {
		s.Parameters = append(s.Parameters, v1alpha1.TemplateParameter{Component: "BODY", Name: fmt.Sprint(i + 1), Type: "TEXT", Example: "Ana"})
	}
	const hash = "0123456789abcdef0123456789abcdef"
	s.Operator.Baseline = &v1alpha1.Baseline{
		Version: 1, SpecHash: hash, LastUpdatedTime: &now,
		Fields: map[string]string{"body": hash, "footer": hash, "header": hash, "buttons": hash, "category": hash},
	}
	return s
}

// atRate calls f for 0 to n-1, so many times a second, whether earlier calls have returned or not.
func atRate(ctx context.Context, perSecond, n int, f func(int) error) error {
	errs := make(chan error, n)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for i := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		go func() { errs <- f(i) }()
	}
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
