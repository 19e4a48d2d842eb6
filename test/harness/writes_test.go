// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNotesWhatWritesLeave(t *testing.T) {
	const (
		hello  = "/apis/whatsapp.waba-operator.io/v1alpha1/namespaces/shop/messagetemplates/hello"
		object = `{"kind":"MessageTemplate","metadata":{"name":"hello","namespace":"shop","resourceVersion":"7","labels":{"a":"b"}%s}}`
	)
	plain := strings.Replace(object, "%s", "", 1)
	tests := map[string]struct {
		method, path, answer string
		status               int
		want                 *version
	}{
		"create":        {http.MethodPost, strings.TrimSuffix(hello, "/hello"), plain, http.StatusCreated, &version{revision: 7}},
		"status":        {http.MethodPatch, hello + "/status", plain, http.StatusOK, &version{revision: 7}},
		"deletion":      {http.MethodDelete, hello, `{"kind":"Status","status":"Success"}`, http.StatusOK, &version{gone: true}},
		"dry run":       {http.MethodPatch, hello + "?dryRun=All", plain, http.StatusOK, nil},
		"refused":       {http.MethodPatch, hello, `{"kind":"Status","code":409}`, http.StatusConflict, nil},
		"read":          {http.MethodGet, hello, plain, http.StatusOK, nil},
		"not a watched": {http.MethodPost, "/api/v1/namespaces/shop/secrets", `{}`, http.StatusCreated, nil},
		"begins to go": {
			http.MethodDelete, hello, strings.Replace(object, "%s", `,"deletionTimestamp":"2026-11-29T08:00:00Z","finalizers":["a/b"]`, 1),
			http.StatusOK, &version{revision: 7},
		},
		"last finalizer": {
			http.MethodPatch, hello, strings.Replace(object, "%s", `,"deletionTimestamp":"2026-11-29T08:00:00Z"`, 1),
			http.StatusOK, &version{revision: 7, gone: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var accepts string
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				accepts = r.Header.Get("Accept")
				rw.WriteHeader(test.status)
				_, _ = io.WriteString(rw, test.answer)
			}))
			defer server.Close()
			w := &writes{versions: map[objectID]version{}}
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", "application/vnd.kubernetes.protobuf,application/json")
			resp, err := (&noting{next: http.DefaultTransport, writes: w}).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != test.answer {
				t.Errorf("the answer became %q, %v", body, err)
			}
			if accepts != "application/json" {
				t.Errorf("accepts %q", accepts)
			}
			got, ok := w.versions[objectID{resource: "messagetemplates", NamespacedName: request("hello").NamespacedName}]
			if ok != (test.want != nil) || ok && (got.revision != test.want.revision || got.gone != test.want.gone) {
				t.Errorf("noted %+v, %t", got, ok)
			}
		})
	}
}
