// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

const (
	// healthRoom is how many bytes of Meta's texts about health are kept in all. The limits of lists and texts alone would let a
	// status become larger than etcd takes, and then nothing could be written to it any more. What is usual has a tenth of this.
	healthRoom = 48 << 10
)

// room is what is left of a number of bytes for several texts.
type room int

// text takes the room for a text that is shortened to the usual limit and to what is left.
func (r *room) text(s string) string {
	s = metavalues.CutBytes(metavalues.Truncate(s, metavalues.MessageLimit), max(int(*r), 0))
	*r -= room(len(s))
	return s
}

// HealthStatus keeps all entities, and of their texts the first ones, of each entity what blocks it before the rest.
func HealthStatus(h *graph.Health) *v1alpha1.HealthStatus {
	if h == nil {
		return nil
	}
	left := room(healthRoom)
	short := func(s string) string { return metavalues.CutBytes(s, metavalues.ShortText) }
	out := &v1alpha1.HealthStatus{CanSendMessage: short(strings.ToUpper(h.CanSendMessage))}
	for _, e := range h.Entities[:min(len(h.Entities), metavalues.ListLimit)] {
		entity := v1alpha1.HealthEntity{
			Type: short(strings.ToUpper(e.Type)), ID: short(e.ID), CanSendMessage: short(strings.ToUpper(e.CanSendMessage)),
			CanReceiveCallSIP: short(e.CanReceiveCallSIP),
		}
		for _, problem := range e.Errors[:min(len(e.Errors), metavalues.ListLimit)] {
			if left > 0 {
				left -= 32 // its code and the names of its fields
				entity.Errors = append(entity.Errors, v1alpha1.HealthError{
					Code: int64(problem.Code), Description: left.text(problem.Description), PossibleSolution: left.text(problem.PossibleSolution),
				})
			}
		}
		for _, info := range e.AdditionalInfo[:min(len(e.AdditionalInfo), metavalues.ListLimit)] {
			if left > 0 {
				entity.AdditionalInfo = append(entity.AdditionalInfo, left.text(info))
			}
		}
		out.Entities = append(out.Entities, entity)
	}
	return out
}

// Sendable evaluates the entities: Meta's own summary includes calls, which say nothing about messages.
func Sendable(health *v1alpha1.HealthStatus, c *Conditions) *Readiness {
	if health == nil {
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta reports no health status")
		return nil
	}
	worst, message := "AVAILABLE", ""
	for _, e := range health.Entities {
		if severity(e.CanSendMessage) > severity(worst) {
			worst, message = e.CanSendMessage, entityMessage(e)
		}
	}
	if len(health.Entities) == 0 && health.CanSendMessage != "" {
		worst = health.CanSendMessage
	}
	switch worst {
	case "AVAILABLE":
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionTrue, v1alpha1.ReasonHealthy, "messages can be sent")
	case "LIMITED":
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionTrue, v1alpha1.ReasonLimited, "messages can be sent with limits; "+message)
	case "BLOCKED":
		r := Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonBlocked, Message: "messages can't be sent; " + message}
		c.Set(v1alpha1.ConditionCanSendMessages, r.Status, r.Reason, r.Message)
		return &r
	default:
		c.Set(v1alpha1.ConditionCanSendMessages, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "Meta reports "+worst+", which this version doesn't know")
	}
	return nil
}

func entityMessage(e v1alpha1.HealthEntity) string {
	texts := []string{e.Type + " " + e.ID + " is " + e.CanSendMessage}
	texts = append(texts, e.AdditionalInfo...)
	for _, problem := range e.Errors {
		texts = append(texts, strings.TrimSpace(fmt.Sprintf("%d %s %s", problem.Code, problem.Description, problem.PossibleSolution)))
	}
	return strings.Join(texts, ": ")
}

func severity(canSend string) int {
	switch canSend {
	case "", "AVAILABLE":
		return 0
	case "LIMITED":
		return 2
	case "BLOCKED":
		return 3
	}
	return 1 // unknown values are shown, and never outweigh known trouble
}
