// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

const scopeManagement = "whatsapp_business_management"

// authenticate finds the token and checks the proof.
// See https://developers.facebook.com/docs/graph-api/guides/secure-requests.
func (s *Simulator) authenticate(c *call) *apiError {
	if c.bearer == "" {
		return &apiError{Code: 104, Message: "An access token is required to request this resource."}
	}
	if app := s.appToken(c.bearer); app != nil {
		c.appToken = app
		return checkProof(c, app)
	}
	t := s.tokens[c.bearer]
	if t == nil {
		return unreadableToken()
	}
	c.token = t
	if problem := s.tokenProblem(t, c.now); problem != nil {
		return problem
	}
	if app := s.apps[t.AppID]; app != nil {
		return checkProof(c, app)
	}
	return nil
}

func unreadableToken() *apiError {
	return &apiError{Code: 190, Message: "Invalid OAuth access token - Cannot parse access token"}
}

func (s *Simulator) appToken(value string) *App {
	id, secret, ok := strings.Cut(value, "|")
	if app := s.apps[id]; ok && app != nil && app.Secret != "" && app.Secret == secret {
		return app
	}
	return nil
}

// tokenProblem says why a known token does not work, nil when it does. The texts carry times, as Meta's do.
func (s *Simulator) tokenProblem(t *token, now time.Time) *apiError {
	if t.revoked != 0 {
		return &apiError{Code: 190, Subcode: t.revoked, Message: revokedMessage(t)}
	}
	if !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now) {
		const layout = "Monday, 02-Jan-06 15:04:05 MST"
		return &apiError{Code: 190, Subcode: 463, Message: fmt.Sprintf(
			"Error validating access token: Session has expired on %s. The current time is %s.",
			t.ExpiresAt.UTC().Format(layout), now.UTC().Format(layout))}
	}
	return nil
}

func revokedMessage(t *token) string {
	switch t.revoked {
	case 458:
		return "Error validating access token: The user has not authorized application " + t.AppID + "."
	case 459:
		return "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the instructions given."
	case 460:
		return "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons."
	case 464:
		return "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user."
	case 492:
		return "Error validating access token: The session is invalid because the user no longer has a role on the app or the business."
	}
	return "Error validating access token: The session is invalid because the user logged out."
}

// proofOf is appsecret_proof: hex(HMAC-SHA256(app secret, token)).
func proofOf(secret, value string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

func checkProof(c *call, app *App) *apiError {
	switch {
	case c.proof == "" && app.RequireProof:
		return &apiError{Type: "GraphMethodException", Code: 100, Message: "API calls from the server require an appsecret_proof argument"}
	case c.proof != "" && !hmac.Equal([]byte(strings.ToLower(c.proof)), []byte(proofOf(app.Secret, c.bearer))):
		return &apiError{Type: "GraphMethodException", Code: 100, Message: "Invalid appsecret_proof provided in the API argument"}
	}
	return nil
}

// authorize checks that the token may touch the object: first the assignment (100/33, which looks like a deletion),
// then the scope.
func (s *Simulator) authorize(c *call) *apiError {
	if c.account == nil {
		return nil
	}
	if c.token == nil || !slices.Contains(c.token.Accounts, c.account.ID) {
		id, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
		return missingObject(c.method, id)
	}
	if !slices.Contains(c.token.Scopes, scopeManagement) {
		return &apiError{Code: 200, Message: "(#200) Requires " + scopeManagement + " permission to manage the object"}
	}
	return nil
}

// debugToken is https://developers.facebook.com/docs/graph-api/reference/debug_token.
func (s *Simulator) debugToken(c *call) (any, *apiError) {
	input := c.param("input_token")
	if input == "" {
		return nil, badParam("The parameter input_token is required")
	}
	viewer := c.appToken
	if viewer == nil {
		viewer = s.apps[c.token.AppID]
	}
	if app := s.appToken(input); app != nil {
		return map[string]any{"data": map[string]any{"app_id": app.ID, "type": "APP", "application": app.Name, "is_valid": true, "scopes": []string{}}}, nil
	}
	t := s.tokens[input]
	if t == nil {
		return map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{}, "error": tokenError(unreadableToken())}}, nil
	}
	if viewer != nil && viewer.ID != t.AppID {
		return nil, badParam("The App_id in the input_token did not match the Viewing App")
	}
	return map[string]any{"data": s.describeToken(t, c.now)}, nil
}

func tokenError(e *apiError) map[string]any {
	out := map[string]any{"code": e.Code, "message": e.Message}
	if e.Subcode != 0 {
		out["subcode"] = e.Subcode
	}
	return out
}

func (s *Simulator) describeToken(t *token, now time.Time) map[string]any {
	data := map[string]any{
		"app_id": t.AppID, "type": t.Type, "data_access_expires_at": 0, "expires_at": unixOrZero(t.ExpiresAt),
		"is_valid": true, "issued_at": t.issued.Unix(), "scopes": append([]string{}, t.Scopes...), "user_id": t.UserID,
	}
	if app := s.apps[t.AppID]; app != nil {
		data["application"] = app.Name
	}
	var granular []map[string]any
	for _, scope := range t.Scopes {
		item := map[string]any{"scope": scope}
		if t.Granular && strings.HasPrefix(scope, "whatsapp_") {
			item["target_ids"] = append([]string{}, t.Accounts...)
		}
		granular = append(granular, item)
	}
	data["granular_scopes"] = granular
	if problem := s.tokenProblem(t, now); problem != nil {
		data["is_valid"], data["error"] = false, tokenError(problem)
	}
	return data
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
