// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const edgeUsers = "assigned_users"

var userFields = []string{"id", "name", "tasks"}

// AssignedUser is a person or system user to whom an account is assigned.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/assigned_users/
type AssignedUser struct {
	ID string
	// Name is "" where Meta hides it.
	Name string
	// Tasks are what the user may do, such as MANAGE; sorted, upper case. Empty = none; nil = not reported.
	Tasks []string
}

// ListAssignedUsers reads all users of one portfolio to whom an account is assigned. Meta wants the portfolio named, and shows
// no users of others: those of partners are not in the list.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/assigned_users/
func (c *Client) ListAssignedUsers(ctx context.Context, wabaID, businessID string) ([]AssignedUser, error) {
	if err := checkIDs(OpListAssignedUsers, wabaID, businessID); err != nil {
		return nil, err
	}
	return collect(OpListAssignedUsers, func(after string) (items []AssignedUser, next string, err error) {
		query := ListOptions{After: after}.values()
		query.Set("business", businessID)
		r := request{op: OpListAssignedUsers, path: "/" + wabaID + "/" + edgeUsers, account: wabaID, query: query}
		err = c.readFields(ctx, r, func() string { return c.fieldList(userFields) }, func(n lenient.Node) (err error) {
			items, next, err = pageFrom(n, userFrom)
			return err
		})
		return items, next, err
	})
}

func userFrom(n lenient.Node) (AssignedUser, error) {
	u := AssignedUser{ID: n.Text("id"), Name: strings.TrimSpace(n.Text("name"))}
	if u.ID == "" {
		return AssignedUser{}, shapeError("an assigned user without id")
	}
	if n["tasks"] == nil {
		return u, nil
	}
	u.Tasks = []string{}
	for _, task := range n.Texts("tasks") {
		u.Tasks = append(u.Tasks, strings.ToUpper(task))
	}
	slices.Sort(u.Tasks)
	return u, nil
}
