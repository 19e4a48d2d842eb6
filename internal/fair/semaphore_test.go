// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

import (
	"strings"
	"testing"
)

// TestSemaphore: a tenant with one write isn't served after all writes of another tenant.
func TestSemaphore(t *testing.T) {
	shared := NewSemaphore(2)
	shared.Acquire("flood")
	shared.Acquire("flood")
	queued := map[string][]<-chan struct{}{}
	for _, tenant := range []string{"flood", "flood", "flood", "flood", "shop", "flood", "bank", "shop"} {
		granted := shared.enqueue(tenant)
		if granted == nil {
			t.Fatalf("%s got a slot that isn't free", tenant)
		}
		queued[tenant] = append(queued[tenant], granted)
	}
	if got := shared.Waiting("shop"); got != 2 {
		t.Errorf("the shop waits for %d slots", got)
	}
	var order []string
	for range 8 {
		shared.Release()
		for tenant, grants := range queued {
			select {
			case <-grants[0]:
				order = append(order, tenant)
				if queued[tenant] = grants[1:]; len(grants) == 1 {
					delete(queued, tenant)
				}
			default:
			}
		}
	}
	if got, want := strings.Join(order, ","), "flood,shop,bank,flood,shop,flood,flood,flood"; got != want {
		t.Errorf("served in the order %s, want %s", got, want)
	}
	shared.Release()
	shared.Release()
	if shared.free != 2 || len(shared.waiting) != 0 || shared.enqueue("shop") != nil {
		t.Errorf("%d free, %d waiting in the end", shared.free, len(shared.waiting))
	}
}
