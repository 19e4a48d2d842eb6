// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"hash/fnv"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
)

const (
	// jitterFraction spreads the observations of many accounts.
	jitterFraction = 0.1
)

// requestedInterval is the interval that the resource or the operator's flag requests.
func requestedInterval(waba *v1alpha1.WABA, byFlag time.Duration) time.Duration {
	if s := waba.Spec.ObservationIntervalSeconds; s != nil {
		byFlag = time.Duration(*s) * time.Second
	}
	return max(byFlag, lifecycle.MinimumInterval)
}

// dueIn is how long the next observation has to wait: 0 when it is due. It looks only at the resource, so that a restart
// within the period costs no call.
func dueIn(waba *v1alpha1.WABA, requested time.Duration, secretUID, secretVersion string, now time.Time) time.Duration {
	s := &waba.Status
	known := s.Operator.CredentialsSecret
	switch {
	case s.LastObservedTime == nil,
		s.ObservedGeneration != waba.Generation,
		s.Operator.LastHandledRequest != waba.Annotations[v1alpha1.AnnotationRequestedAt],
		known == nil || known.UID != secretUID || known.ResourceVersion != secretVersion,
		s.LastObservedTime.After(now.Add(time.Minute)): // a clock went back, or a status came from somewhere else
		return 0
	}
	period := max(requested, time.Duration(s.EffectiveIntervalSeconds)*time.Second)
	return max(0, s.LastObservedTime.Add(jittered(period, string(waba.UID))).Sub(now))
}

// jittered lengthens a period by up to a tenth, always the same for one resource.
func jittered(period time.Duration, uid string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(uid)) // never fails
	return period + time.Duration(float64(period)*jitterFraction*float64(h.Sum32()%1000)/1000)
}
