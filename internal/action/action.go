// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package action is what a person can have done with a resource besides changing its spec: refresh, pause, resume, release. It says what
// to write into the resource, and by which facts in its status the operator answers. It makes no request itself.
package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// FieldManager owns what actions write. It doesn't begin with "kubectl": Flux removes fields of such managers that Git doesn't have.
const FieldManager = "waba-cli"

// Action is one action.
type Action struct {
	// Name is the verb, such as refresh, and Done says that it was done, such as refreshed.
	Name, Done string
	// request returns what to write into a resource: a merge patch, or why there is nothing to write. The error is
	// a RefusedError.
	request func(obj v1alpha1.Asset, now time.Time) (patch map[string]any, unchanged string, err error)
	// missing says what the status doesn't show yet; empty once the operator has answered.
	missing func(obj v1alpha1.Asset) string
	// objection says what is wrong after the operator has answered; empty where nothing is.
	objection func(obj v1alpha1.Asset) string
}

// Request is an action on one resource.
type Request struct {
	*Action
	// Patch is a merge patch, nil where there is nothing to write. It fails if the resource was changed meanwhile and that matters.
	Patch []byte
	// Unchanged says why there is nothing to write, such as "already paused".
	Unchanged string
}

// RefusedError says why an action can't be done with a resource as it is, and what to do instead. Its subject is the resource.
type RefusedError struct{ why string }

func (r *RefusedError) Error() string { return r.why }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// On returns the request for a resource as it is.
func (a *Action) On(obj v1alpha1.Asset, now time.Time) (*Request, error) {
	patch, unchanged, err := a.request(obj, now)
	if err != nil {
		return nil, err
	}
	r := &Request{Action: a, Unchanged: unchanged}
	if patch != nil {
		r.Patch, err = json.Marshal(patch)
	}
	return r, err
}

// Missing says what the status of a resource doesn't show yet of the answer to a request; it is empty once the operator has answered.
// requested is the resource that the request left, later the resource as it was read afterwards, perhaps from a cache that is behind.
func (r *Request) Missing(requested, later v1alpha1.Asset) string {
	if order, err := resourceversion.CompareResourceVersion(later.GetResourceVersion(), requested.GetResourceVersion()); err == nil && order < 0 {
		later = requested
	}
	return r.missing(later)
}

// Objection says what is wrong with a resource after the operator has answered, such as that Meta can't be reached; empty where nothing is.
func (r *Request) Objection(later v1alpha1.Asset) string { return r.objection(later) }

// Refresh asks for an observation and another attempt at once.
var Refresh = &Action{
	Name: "refresh", Done: "refreshed",
	request: func(obj v1alpha1.Asset, now time.Time) (map[string]any, string, error) {
		if paused(obj) {
			return nil, "", pausedError(obj)
		}
		return annotation(v1alpha1.AnnotationRequestedAt, now.UTC().Format(time.RFC3339Nano)), "", nil
	},
	missing: func(obj v1alpha1.Asset) string {
		if obj.Memory().LastHandledRequest == obj.GetAnnotations()[v1alpha1.AnnotationRequestedAt] {
			return ""
		}
		return "the operator hasn't answered the request yet" + reported(obj)
	},
	objection: notSynced,
}

// Pause stops all calls to Meta for the resource.
var Pause = &Action{
	Name: "pause", Done: "paused",
	request: func(obj v1alpha1.Asset, _ time.Time) (map[string]any, string, error) {
		if paused(obj) {
			return nil, "already paused", nil
		}
		before := string(obj.Policies().ManagementPolicy)
		if before == "" {
			before = v1alpha1.PolicyAbsent
		}
		return policy(obj, v1alpha1.ManagementPolicyPaused, before), "", nil
	},
	missing: unprocessed,
	objection: func(obj v1alpha1.Asset) string {
		if c := synced(obj); c == nil || c.Reason != v1alpha1.ReasonPaused {
			return "isn't paused any more: spec.managementPolicy was changed meanwhile"
		}
		return ""
	},
}

// Resume restores the policy that Pause replaced.
var Resume = &Action{
	Name: "resume", Done: "resumed",
	request: func(obj v1alpha1.Asset, _ time.Time) (map[string]any, string, error) {
		if !paused(obj) {
			return nil, "not paused", nil
		}
		before, ok := obj.GetAnnotations()[v1alpha1.AnnotationPolicyBeforePause]
		switch {
		case !ok:
			return nil, "", refuse("was paused in Git or by hand, so that the policy before isn't known: change spec.managementPolicy there")
		case before == v1alpha1.PolicyAbsent:
			return policy(obj, nil, nil), "", nil
		}
		return policy(obj, before, nil), "", nil
	},
	missing:   unprocessed,
	objection: notSynced,
}

// Release lets the changes of an account be made that were held because there were too many of them.
var Release = &Action{
	Name: "release", Done: "released",
	request: func(obj v1alpha1.Asset, now time.Time) (map[string]any, string, error) {
		account, ok := obj.(*v1alpha1.WABA)
		switch {
		case !ok:
			return nil, "", refuse("holds no changes itself; its account does: name the WABA %s", obj.AccountReference().Name)
		case paused(obj):
			return nil, "", pausedError(obj)
		case account.Status.Operator.HeldTime == nil:
			return nil, "holds no changes", nil
		}
		return annotation(v1alpha1.AnnotationReleaseHeld, now.UTC().Format(time.RFC3339Nano)), "", nil
	},
	missing: func(obj v1alpha1.Asset) string {
		if account, ok := obj.(*v1alpha1.WABA); ok && account.Status.Operator.LastHandledRelease != account.Annotations[v1alpha1.AnnotationReleaseHeld] {
			return "the operator hasn't released the changes yet" + reported(obj)
		}
		return ""
	},
	objection: func(obj v1alpha1.Asset) string {
		if account, ok := obj.(*v1alpha1.WABA); ok && account.Status.Operator.HeldTime != nil {
			return "holds changes again, because there were too many once more: check the account, then release them"
		}
		return ""
	},
}

// annotation is a patch that sets an annotation. It needs no version of the resource: any new value is a request.
func annotation(name, value string) map[string]any {
	return map[string]any{"metadata": map[string]any{"annotations": map[string]any{name: value}}}
}

// policy is a patch of managementPolicy and of what it was before; nil removes either. It fails if the resource has changed, because
// another policy could have been set.
func policy(obj v1alpha1.Asset, now, before any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{
			"resourceVersion": obj.GetResourceVersion(),
			"annotations":     map[string]any{v1alpha1.AnnotationPolicyBeforePause: before},
		},
		"spec": map[string]any{"managementPolicy": now},
	}
}

func paused(obj v1alpha1.Asset) bool {
	return obj.Policies().ManagementPolicy == v1alpha1.ManagementPolicyPaused
}

func pausedError(obj v1alpha1.Asset) error {
	return refuse("is paused, so no call to Meta is made; resume it first: kubectl waba resume %s/%s -n %s",
		strings.ToLower(obj.KindName()), obj.GetName(), obj.GetNamespace())
}

func synced(obj v1alpha1.Asset) *metav1.Condition {
	return meta.FindStatusCondition(obj.CommonStatus().Conditions, v1alpha1.ConditionSynced)
}

// notSynced says what the condition Synced says where it is False.
func notSynced(obj v1alpha1.Asset) string {
	if c := synced(obj); c != nil && c.Status == metav1.ConditionFalse {
		return fmt.Sprintf("Synced=False, %s: %s", c.Reason, c.Message)
	}
	return ""
}

// reported adds what the status says of earlier attempts.
func reported(obj v1alpha1.Asset) string {
	if before := notSynced(obj); before != "" {
		return " (before it: " + before + ")"
	}
	return ""
}

// unprocessed says that the operator hasn't acted on the present spec yet.
func unprocessed(obj v1alpha1.Asset) string {
	if obj.CommonStatus().ObservedGeneration >= obj.GetGeneration() {
		return ""
	}
	return fmt.Sprintf("the operator hasn't processed generation %d yet", obj.GetGeneration())
}
