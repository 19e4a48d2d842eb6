// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an error as Meta reports it.
// See https://developers.facebook.com/docs/graph-api/guides/error-handling.
type apiError struct {
	Status        int // 0: by Code
	Type          string
	Code, Subcode int
	Message       string
	Title, Text   string // error_user_title, error_user_msg
	Transient     bool
	Blame         string // error_data.blame_field_specs
	Details       string // error_data.details, of calls of the Cloud API
	bare          bool   // without is_transient, whatever else is set
}

// httpStatus is the status Meta uses for a code.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes.
func httpStatus(code int) int {
	switch {
	case code == 0, code == 190:
		return http.StatusUnauthorized
	case code == 10, code >= 200 && code <= 299, code == 368, code == 131005, code == 131031, code == 130497:
		return http.StatusForbidden
	case code == 1, code == 3, code == 131000, code == 131016, code == 131045, code == 131057, code == 133000:
		return http.StatusInternalServerError
	case code == 2, code == 133004:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func errorReply(e *apiError, trace string) reply {
	status := e.Status
	if status == 0 {
		status = httpStatus(e.Code)
	}
	kind := e.Type
	if kind == "" {
		kind = "OAuthException"
	}
	inner := map[string]any{"message": e.Message, "type": kind, "code": e.Code, "fbtrace_id": trace}
	if e.Subcode != 0 {
		inner["error_subcode"] = e.Subcode
	}
	if !e.bare && (e.Transient || e.Title != "" || e.Text != "") {
		inner["is_transient"] = e.Transient
	}
	if e.Title != "" {
		inner["error_user_title"] = e.Title
	}
	if e.Text != "" {
		inner["error_user_msg"] = e.Text
	}
	if e.Blame != "" {
		inner["error_data"] = map[string]any{"blame_field_specs": [][]string{{e.Blame}}}
	}
	if e.Details != "" {
		inner["error_data"] = map[string]any{"messaging_product": "whatsapp", "details": e.Details}
	}
	body, _ := json.Marshal(map[string]any{"error": inner}) // only strings and numbers
	return reply{status: status, code: e.Code, subcode: e.Subcode, body: body, header: http.Header{}}
}

// missingObject is one answer for a wrong id, a deleted object and missing access.
func missingObject(method, id string) *apiError {
	verb := map[string]string{http.MethodPost: "post", http.MethodDelete: "delete"}[method]
	if verb == "" {
		verb = "get"
	}
	return &apiError{Type: "GraphMethodException", Code: 100, Subcode: 33, Message: fmt.Sprintf(
		"Unsupported %s request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does "+
			"not support this operation. Please read the Graph API documentation at "+
			"https://developers.facebook.com/docs/graph-api", verb, id)}
}

func unknownField(name, nodeType string) *apiError {
	return &apiError{Code: 100, Message: fmt.Sprintf("(#100) Tried accessing nonexisting field (%s) on node type (%s)", name, nodeType)}
}

// invalid is a refused template parameter: the message says nothing, the rest does.
func invalid(subcode int, title, text string) *apiError {
	return &apiError{Code: 100, Subcode: subcode, Message: "Invalid parameter", Title: title, Text: text}
}

// badParam is a refused parameter without subcode.
func badParam(format string, args ...any) *apiError {
	return &apiError{Code: 100, Message: "(#100) " + fmt.Sprintf(format, args...)}
}

func success() map[string]any { return map[string]any{"success": true} }
