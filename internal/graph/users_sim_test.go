// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"strconv"
	"testing"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func TestAssignedUsersOfTheSimulator(t *testing.T) {
	const business = "506914307656634"
	sim, client := newSimulation(t, graphsim.WithEmptyPages())
	sim.UpdateAccount(simWABA, func(a *graphsim.Account) { a.OwnerBusinessID = business })
	for i := range 130 {
		sim.AssignUser(simWABA, graphsim.User{ID: strconv.Itoa(i + 1), Tasks: []string{"VIEW_COST", "MANAGE"}})
	}
	got, err := client.ListAssignedUsers(t.Context(), simWABA, business)
	if err != nil || len(got) != 130 {
		t.Fatalf("%d users, %v", len(got), err)
	}
	if u := got[0]; u.ID != "130" || u.Name != "" || len(u.Tasks) != 2 || u.Tasks[0] != "MANAGE" {
		t.Errorf("%+v", u)
	}
	if _, err := client.ListAssignedUsers(t.Context(), simWABA, "77"); graph.ClassOf(err) != graph.ClassPermission {
		t.Errorf("another portfolio's users: %v", err)
	}
}
