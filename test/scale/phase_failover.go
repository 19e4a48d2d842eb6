// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// leaseName is that of an operator without a label selector.
const leaseName = "waba-operator.whatsapp.waba-operator.io"

// playFailover stops the leader of two operators, and kills the next one.
func (s *suite) playFailover(ctx context.Context) error {
	s.screen.enter(failover)
	flags := s.flags(calm, "--webhook-bind-address=0", "--leader-elect", "--leader-election-namespace="+leaseNamespace)
	if err := s.stopOperator(); err != nil {
		return err
	}
	var err error
	if s.operator, err = s.start(ctx, flags); err != nil {
		return err
	}
	if err := s.started(ctx, s.operator); err != nil {
		return err
	}
	second, err := s.standby(ctx, flags)
	if err != nil {
		return err
	}
	m, err := s.measure(ctx, failover, second, nil)
	if err != nil {
		second.kill()
		return err
	}
	stopped, err := s.takeOver(ctx, "the leader stops", second, func(p *process) error { return p.stop() })
	if err != nil {
		return err
	}
	if err := s.started(ctx, s.operator); err != nil {
		return err
	}
	r, err := m.end(ctx, time.Now())
	if err != nil {
		return err
	}
	third, err := s.standby(ctx, flags)
	if err != nil {
		return err
	}
	killed, err := s.takeOver(ctx, "the leader is killed", third, func(p *process) error { p.kill(); return nil })
	if err != nil {
		return err
	}
	r.set("stop-lease-seconds", stopped.lease)
	r.set("stop-reconciles-seconds", stopped.reconciles)
	r.set("kill-lease-seconds", killed.lease)
	r.set("kill-reconciles-seconds", killed.reconciles)
	r.set("graph-calls", float64(r.graphTotal()))
	return s.stopOperator()
}

// standby starts an operator that waits for the lease with its caches filled.
func (s *suite) standby(ctx context.Context, flags []string) (*process, error) {
	p, err := s.start(ctx, flags)
	if err != nil {
		return nil, err
	}
	if _, err := p.ready(ctx); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// takenOver is how long a failover took, in seconds: until another process held the lease, and until it had done something.
type takenOver struct{ lease, reconciles float64 }

// takeOver ends the leader, and waits until the next process does its work: an account that is to be refreshed.
func (s *suite) takeOver(ctx context.Context, what string, next *process, end func(*process) error) (takenOver, error) {
	leader := s.operator
	before, err := s.holder(ctx)
	if err != nil {
		next.kill()
		return takenOver{}, err
	}
	s.screen.say("%s", what)
	begin := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- end(leader) }()
	s.operator = next
	err = s.wait(ctx, "another holder of the lease", func() progress {
		now, err := s.holder(ctx)
		return progress{done: count(err == nil && now != before && now != ""), total: 1}
	})
	out := takenOver{lease: time.Since(begin).Seconds()}
	if err = errors.Join(err, <-ended); err != nil {
		return out, err
	}
	if err := s.refresh(ctx, begin); err != nil {
		return out, err
	}
	err = s.wait(ctx, "the first work of the new leader", func() progress {
		return progress{done: count(s.watch.get(v1alpha1.KindWABA, accountName(0)).handled == stamp(begin)), total: 1}
	})
	out.reconciles = time.Since(begin).Seconds()
	return out, err
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// refresh requests that the first account be observed.
func (s *suite) refresh(ctx context.Context, at time.Time) error {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationRequestedAt+`":"`+stamp(at)+`"}}}`))
	return s.client.Patch(ctx, &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: accountName(0), Namespace: namespace}}, patch)
}

// holder is who holds the lease.
func (s *suite) holder(ctx context.Context) (string, error) {
	var lease coordinationv1.Lease
	err := s.client.Get(ctx, client.ObjectKey{Namespace: leaseNamespace, Name: leaseName}, &lease)
	return ptr.Deref(lease.Spec.HolderIdentity, ""), err
}
