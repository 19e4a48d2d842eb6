// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

import (
	"strings"
	"testing"
)

// TestTurns: who comes last with one write isn't last to be served.
func TestTurns(t *testing.T) {
	shared := NewTurns(2)
	shared.Take("flood")
	shared.Take("flood")
	queued := map[string][]<-chan struct{}{}
	for _, tenant := range []string{"flood", "flood", "flood", "flood", "shop", "flood", "bank", "shop"} {
		turn := shared.queue(tenant)
		if turn == nil {
			t.Fatalf("%s got a slot that isn't free", tenant)
		}
		queued[tenant] = append(queued[tenant], turn)
	}
	if got := shared.Waiting("shop"); got != 2 {
		t.Errorf("the shop waits for %d slots", got)
	}
	var order []string
	for range 8 {
		shared.Give()
		for tenant, turns := range queued {
			select {
			case <-turns[0]:
				order = append(order, tenant)
				if queued[tenant] = turns[1:]; len(turns) == 1 {
					delete(queued, tenant)
				}
			default:
			}
		}
	}
	if got, want := strings.Join(order, ","), "flood,shop,bank,flood,shop,flood,flood,flood"; got != want {
		t.Errorf("served in the order %s, want %s", got, want)
	}
	shared.Give()
	shared.Give()
	if shared.free != 2 || len(shared.waiting) != 0 || shared.queue("shop") != nil {
		t.Errorf("%d free, %d waiting in the end", shared.free, len(shared.waiting))
	}
}
