// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"slices"
)

// OpListUsers is the operation in Request.Op and Stats.ByOp.
const OpListUsers = "list_assigned_users"

// User is a person or system user to whom a WhatsApp Business Account is assigned.
type User struct {
	ID string
	// Name is empty where Meta hides it, and then a blank on the wire.
	Name string
	// BusinessID is the portfolio the user belongs to; empty: the one that owns the account.
	BusinessID string
	// Tasks such as MANAGE; none is an empty list on the wire.
	Tasks []string
}

type assignedUser struct {
	User
	seq int64
}

// AssignUser assigns an account to a user, or changes the user's tasks on it, as a person does in Business Settings.
func (s *Simulator) AssignUser(wabaID string, u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(wabaID)
	if u.ID == "" {
		u.ID = s.newID()
	}
	u.BusinessID, u.Tasks = cmp.Or(u.BusinessID, a.OwnerBusinessID), slices.Clone(u.Tasks)
	for _, x := range a.users {
		if x.ID == u.ID {
			x.User = u
			return
		}
	}
	a.users = append(a.users, &assignedUser{User: u, seq: s.nextSequence()})
}

var userFields = knownFields("id name tasks")

// listUsers is GET /{waba}/assigned_users. It has the users of the portfolio that business names and no others: those of partners
// must be requested by their portfolio. Which code refuses which request is a guess.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/assigned_users/.
func (s *Simulator) listUsers(c *call) (any, *apiError) {
	business := c.param("business")
	if business == "" {
		return nil, badParam("The parameter business is required")
	}
	if cmp.Or(c.token.BusinessID, c.account.OwnerBusinessID) != business {
		return nil, &apiError{Code: 200, Message: "(#200) Permissions error"}
	}
	sub, problem := askedFields(c, "id", "name", "tasks")
	if problem != nil {
		return nil, problem
	}
	items := slices.Clone(c.account.users)
	items = slices.DeleteFunc(items, func(x *assignedUser) bool { return x.BusinessID != business })
	slices.Reverse(items)
	page, paging, problem := paginate(s, c, pageFromCall(c, "assigned_users", maxListPage), items, func(x *assignedUser) int64 { return x.seq })
	if problem != nil {
		return nil, problem
	}
	var data []any
	for _, x := range page {
		object, problem := userNode(x).render(sub)
		if problem != nil {
			return nil, problem
		}
		data = append(data, object)
	}
	return listObject(data, paging), nil
}

func userNode(x *assignedUser) *node {
	return &node{kind: "BusinessUser", id: x.ID, known: userFields, value: func(f field) (any, *apiError) {
		if f.name == "name" {
			return cmp.Or(x.Name, " "), nil
		}
		return append([]string{}, x.Tasks...), nil
	}}
}
