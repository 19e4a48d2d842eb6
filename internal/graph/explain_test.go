// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"
	"testing"
)

func TestExplainCall(t *testing.T) {
	refused := Error{Class: ClassCredentials, Cause: CauseTokenExpired, Message: "Session has expired."}
	for _, tc := range []struct {
		err          Error
		source, want string
	}{
		{refused, "the file token", "Meta refuses the access token of the file token: Session has expired; give a valid one"},
		{refused, "", "Meta refuses the access token: Session has expired; give a valid one"},
		{
			Error{Class: ClassTransient, Cause: CauseNetwork, Err: errors.New("dial tcp 10.0.0.1:443: connect: connection refused")}, "the file token",
			"Meta could not be reached, or the connection was cut: dial tcp 10.0.0.1:443: connect: connection refused",
		},
		{Error{Class: ClassPermission, Message: "(#200) Permissions error"}, "the file token", "(#200) Permissions error"},
	} {
		if got := tc.err.ExplainCall(tc.source); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
