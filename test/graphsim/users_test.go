// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"strings"
	"testing"
)

const (
	usersPath   = "/v25.0/" + testWABA + "/assigned_users"
	ownBusiness = "506914307656634"
)

func newUsers(t *testing.T, opts ...Option) *fixture {
	t.Helper()
	f := newFixture(t, opts...)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.OwnerBusinessID = ownBusiness })
	f.sim.AssignUser(testWABA, User{ID: "11", Name: "Ana", Tasks: []string{"MANAGE", "DEVELOP"}})
	f.sim.AssignUser(testWABA, User{ID: "12"})
	f.sim.AssignUser(testWABA, User{ID: "13", Name: "Partner", BusinessID: "77", Tasks: []string{"MESSAGING"}})
	return f
}

func TestAssignedUsers(t *testing.T) {
	f := newUsers(t)
	const own = usersPath + "?business=" + ownBusiness
	for path, want := range map[string]string{
		// Hidden names are blanks, users of partners aren't there.
		own:                         `{"data":[{"id":"12","name":" ","tasks":[]},{"id":"11","name":"Ana","tasks":["MANAGE","DEVELOP"]}],`,
		own + "&limit=1":            `{"data":[{"id":"12","name":" ","tasks":[]}],`,
		own + "&fields=tasks":       `{"data":[{"id":"12","tasks":[]},{"id":"11","tasks":["MANAGE","DEVELOP"]}],`,
		own + "&fields=name,email":  `{"error":{"code":100,`,
		own + "&after=QVFIUwZD":     `{"error":{"code":131059,`,
		usersPath:                   `{"error":{"code":100,`,
		usersPath + "?business=77":  `{"error":{"code":200,`,
		"/v25.0/88/assigned_users?": `{"error":{"code":100,"error_subcode":33,`,
	} {
		if got := f.do(http.MethodGet, path, nil); !strings.HasPrefix(string(got.raw), want) {
			t.Errorf("%s\n got %s\nwant %s", path, got.raw, want)
		}
	}
	f.sim.AssignUser(testWABA, User{ID: "11", Name: "Ana", Tasks: []string{"VIEW_COST"}})
	if got := f.do(http.MethodGet, own, nil); !strings.Contains(string(got.raw), `{"id":"11","name":"Ana","tasks":["VIEW_COST"]}`) {
		t.Errorf("%s", got.raw)
	}
	if n := f.sim.Stats().ByOp[OpListUsers]; n != 9 {
		t.Errorf("counted %d times", n)
	}

	// A partner's token sees the partner's people.
	f.sim.UpdateToken(testToken, func(x *Token) { x.BusinessID = "77" })
	if got := f.do(http.MethodGet, usersPath+"?business=77", nil); !strings.HasPrefix(string(got.raw), `{"data":[{"id":"13","name":"Partner","tasks":["MESSAGING"]}],`) {
		t.Errorf("%s", got.raw)
	}
	if got := f.do(http.MethodGet, own, nil); got.code() != 200 {
		t.Errorf("%s", got.raw)
	}
}
