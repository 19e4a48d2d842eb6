// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"
)

func TestListAssignedUsers(t *testing.T) {
	server := newFakeGraph(t,
		ok(`{"data":[{"id":11,"name":"Ana","tasks":["MANAGE","develop"],"future":1},{"id":"12","name":" ","tasks":[]}],
		  "paging":{"cursors":{"before":"B","after":"USR"},"next":"https://graph.facebook.com/x?after=USR"}}`),
		ok(`{"data":[{"id":"13","tasks":"MESSAGING"},{"id":"14","name":null,"tasks":null}],"paging":{"cursors":{"before":"B","after":"LAST"}}}`),
	)
	got, err := server.client(t).ListAssignedUsers(t.Context(), testWABA, testBusiness)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "users", got, []AssignedUser{
		{ID: "11", Name: "Ana", Tasks: []string{"DEVELOP", "MANAGE"}}, {ID: "12", Tasks: []string{}},
		{ID: "13", Tasks: []string{"MESSAGING"}}, {ID: "14"},
	})
	for i, after := range []string{"", "USR"} {
		seen := server.all()[i]
		equal(t, "request", seen.Method+" "+seen.Path, "GET /v25.0/"+testWABA+"/assigned_users")
		equal(t, "business, fields, cursor", []string{seen.Query.Get("business"), seen.Query.Get("fields"), seen.Query.Get("after")},
			[]string{testBusiness, "id,name,tasks", after})
	}
}

func TestListAssignedUsersOtherAnswers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []fakeAnswer
		want    []AssignedUser
		class   Class
		cause   Cause
	}{
		{name: "no users", answers: []fakeAnswer{ok(`{"data":[]}`)}},
		{name: "without id", answers: []fakeAnswer{ok(`{"data":[{"name":"Ana"}]}`)}, class: ClassTransient, cause: CauseBadBody},
		{name: "no list", answers: []fakeAnswer{ok(`{"id":"1"}`)}, class: ClassTransient, cause: CauseBadBody},
		{name: "not permitted", answers: []fakeAnswer{refused(`{"error":{"code":200}}`)}, class: ClassPermission},
		{
			name:    "tasks not known",
			answers: []fakeAnswer{refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (tasks) on node type (BusinessUser)"}}`), ok(`{"data":[{"id":"1","name":"Ana"}]}`)},
			want:    []AssignedUser{{ID: "1", Name: "Ana"}},
		},
		{
			name: "pages without end", class: ClassUnknown, cause: CauseBadCursor,
			answers: []fakeAnswer{
				ok(`{"data":[{"id":"1"}],"paging":{"next":"x","cursors":{"after":"A"}}}`), ok(`{"data":[{"id":"1"}],"paging":{"next":"x","cursors":{"after":"A"}}}`),
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answers...)
			got, err := server.client(t).ListAssignedUsers(t.Context(), testWABA, testBusiness)
			if tc.class == "" {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "users", got, tc.want)
				return
			}
			if e := mustError(t, err); got != nil || e.Class != tc.class || e.Cause != tc.cause {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
