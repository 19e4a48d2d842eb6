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
	// P50 is the latency of such a write at 25 a second, in seconds.
	P50 float64 `json:"p50Seconds"`
	P99 float64 `json:"p99Seconds"`
}

const (
	// floorWrites are enough for a rate, and few enough that they take some seconds.
	floorWrites = 1000
	// floorRate is that of the slowest webhooks.
	floorRate     = 25
	floorSeconds  = 8
	floorProgress = 250
)

// measureWrites writes statuses to templates of a namespace, which no operator watches yet, and deletes them afterwards.
func measureWrites(ctx context.Context, c client.Client, namespace string, say func(string, ...any)) (writeFloor, error) {
	name := func(i int) string { return fmt.Sprintf("floor-%04d", i) }
	err := inParallel(floorWrites, func(i int) error {
		obj := harness.Template(fmt.Sprintf("floor_%04d", i))
		obj.Namespace = namespace
		return c.Create(ctx, obj)
	})
	if err != nil {
		return writeFloor{}, err
	}
	begin := time.Now()
	err = inParallel(floorWrites, func(i int) error {
		if i%floorProgress == 0 {
			say("%d of %d status writes", i, floorWrites)
		}
		return applyStatus(ctx, c, namespace, name(i), "GREEN")
	})
	if err != nil {
		return writeFloor{}, err
	}
	floor := writeFloor{WritesPerSecond: floorWrites / time.Since(begin).Seconds()}
	say("status writes at %d a second", floorRate)
	took := make([]float64, floorRate*floorSeconds)
	err = atRate(ctx, floorRate, len(took), func(i int) error {
		sent := time.Now()
		err := applyStatus(ctx, c, namespace, name(i), "YELLOW")
		took[i] = time.Since(sent).Seconds()
		return err
	})
	if err != nil {
		return writeFloor{}, err
	}
	floor.P50, floor.P99 = percentileOf(took, 50), percentileOf(took, 99)
	return floor, c.DeleteAllOf(ctx, &v1alpha1.MessageTemplate{}, client.InNamespace(namespace))
}

// applyStatus writes a status as large as the operator's for an ordinary template.
func applyStatus(ctx context.Context, c client.Client, namespace, name, quality string) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ordinaryStatus(quality))
	if err != nil {
		return err
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"status": content}}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindMessageTemplate))
	obj.SetNamespace(namespace)
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
