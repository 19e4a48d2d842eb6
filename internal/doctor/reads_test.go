// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWaits: the probe waits for a template that Meta shows a moment later, and for one that is deleted a moment later.
func TestWaits(t *testing.T) {
	for name, query := range map[string]func(*http.Request) bool{
		"after the creation": func(r *http.Request) bool {
			return !strings.Contains(r.URL.Path, testWABA) && r.Method == http.MethodGet
		},
		"after the deletion": func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Query().Get("name"), probePrefix) && r.Method == http.MethodGet
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			waited, probing := 0, false
			base := p.behind(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/message_templates") {
					probing = true
				}
				if !probing || waited > 0 || !query(r) {
					return false
				}
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request. Object with ID '1' does not exist"}}`)
				return true
			})
			report, _, err := p.examine(base, testWABA, func(o *Options) {
				o.Probe = true
				o.Wait = func(_ context.Context, d time.Duration) error { waited++; p.clock.Step(d); return nil }
			})
			if err != nil || waited != 1 {
				t.Fatalf("waited %d times: %v", waited, err)
			}
			expect(t, report)
			p.nothingLeft()
		})
	}
}

// behind serves the simulator behind a handler that answers some calls itself.
func (p *patient) behind(own func(http.ResponseWriter, *http.Request) bool) string {
	p.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !own(w, r) {
			p.sim.ServeHTTP(w, r)
		}
	}))
	p.t.Cleanup(server.Close)
	return server.URL
}

// TestReadsDiffer: listings that aren't complete, and templates that look different in a listing and alone, are reported.
func TestReadsDiffer(t *testing.T) {
	const listed = `{"data":[{"id":"1","name":"a","language":"en","status":"APPROVED","category":"UTILITY"}]`
	for name, c := range map[string]struct {
		own  func(r *http.Request) string
		want []string
	}{
		"alone": {func(r *http.Request) string {
			if id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; r.URL.Query().Get("fields") != "" && strings.Contains(r.URL.Query().Get("fields"), "library_template_name") && !strings.Contains(r.URL.Path, testWABA) {
				return `{"id":"` + id + `","name":"a","language":"en","status":"PAUSED","category":"UTILITY","components":[{"type":"BODY","text":"Other."}]}`
			}
			return ""
		}, []string{"body.text", "buttons.text", "status", "category"}},
		"by name": {func(r *http.Request) string {
			if r.URL.Query().Has("name") {
				return listed + "}"
			}
			return ""
		}, []string{"a template isn't found by its name"}},
		"twice": {func(r *http.Request) string {
			if strings.HasSuffix(r.URL.Path, "/message_templates") && !r.URL.Query().Has("name") {
				return listed + `,"paging":{"cursors":{"after":"` + r.URL.Query().Get("after") + `x"},"next":"https://x"}}`
			}
			return ""
		}, []string{"a template is on two pages"}},
		"fewer": {func(r *http.Request) string {
			if strings.HasSuffix(r.URL.Path, "/message_templates") && !r.URL.Query().Has("name") {
				return listed + "}"
			}
			return ""
		}, []string{"small pages have another number of templates than large ones"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			base := p.behind(func(w http.ResponseWriter, r *http.Request) bool {
				body := c.own(r)
				_, _ = io.WriteString(w, body)
				return body != ""
			})
			report, _, err := p.examine(base, testWABA, nil)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Join(report.lines(), "\n")
			for _, want := range c.want {
				if !strings.Contains(lines, ": "+want) {
					t.Errorf("%q is missing in\n%s", want, lines)
				}
			}
		})
	}
}
