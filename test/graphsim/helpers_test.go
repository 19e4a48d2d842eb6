// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	testWABA  = "102290129340398"
	testToken = "EAAGtesttoken0123456789abcdef" // made up, works only here
	testApp   = "634974688087057"
)

var testStart = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixture is a simulator with one account, one registered number and one token, behind HTTP.
type fixture struct {
	t     testing.TB
	sim   *Simulator
	clock *clocktesting.FakeClock
	base  string
	http  *http.Client
	token string
}

func newFixture(tb testing.TB, opts ...Option) *fixture {
	tb.Helper()
	clk := clocktesting.NewFakeClock(testStart)
	f := &fixture{t: tb, clock: clk, token: testToken, http: &http.Client{Timeout: patience.Limit, Transport: &http.Transport{}}}
	f.sim = New(append([]Option{WithClock(clk)}, opts...)...)
	f.sim.AddApp(App{ID: testApp, Name: "Acme Ops", Secret: "app-secret-made-up"})
	f.sim.AddAccount(Account{ID: testWABA, Name: "Acme Garden"})
	f.sim.AddNumber(testWABA, Number{NameStatus: "APPROVED"})
	f.sim.SubscribeApp(testWABA, testApp, "")
	f.sim.AddToken(Token{Name: "acme", Value: testToken, AppID: testApp, Scopes: []string{scopeManagement}, Accounts: []string{testWABA}})
	f.base = f.sim.Start(tb)
	tb.Cleanup(f.http.CloseIdleConnections)
	return f
}

type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (a answer) failure() map[string]any { v, _ := a.body["error"].(map[string]any); return v }

func (a answer) code() int {
	v, _ := a.failure()["code"].(float64)
	return int(v)
}

func (a answer) subcode() int {
	v, _ := a.failure()["error_subcode"].(float64)
	return int(v)
}

func (a answer) text(name string) string { v, _ := a.body[name].(string); return v }

// try returns the transport's error instead of failing the test.
func (f *fixture) try(method, path string, body any) (answer, error) {
	f.t.Helper()
	var reader io.Reader
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		reader, contentType = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	case string:
		reader = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience.Limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, f.base+path, reader)
	if err != nil {
		f.t.Fatal(err)
	}
	if reader != nil {
		r.Header.Set("Content-Type", contentType)
	}
	if f.token != "" && !strings.HasPrefix(path, "/_sim/") {
		r.Header.Set("Authorization", "Bearer "+f.token)
	}
	got, err := f.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{}, err
	}
	return decoded(got, raw), nil
}

func decoded(got *http.Response, raw []byte) answer {
	out := answer{status: got.StatusCode, header: got.Header, raw: raw}
	_ = json.Unmarshal(raw, &out.body) // arrays are read by the caller
	return out
}

func (f *fixture) do(method, path string, body any) answer {
	f.t.Helper()
	out, err := f.try(method, path, body)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (f *fixture) get(path string) answer { f.t.Helper(); return f.do(http.MethodGet, path, nil) }

// must fails the test unless the call succeeded.
func (f *fixture) must(a answer) answer {
	f.t.Helper()
	if a.status != http.StatusOK {
		f.t.Fatalf("HTTP %d: %s", a.status, a.raw)
	}
	return a
}

// refused fails the test unless the call was refused with code and subcode.
func (f *fixture) refused(a answer, code, subcode int) answer {
	f.t.Helper()
	if a.status == http.StatusOK || a.code() != code || a.subcode() != subcode {
		f.t.Fatalf("want %d/%d, got HTTP %d: %s", code, subcode, a.status, a.raw)
	}
	return a
}

func (f *fixture) create(body any) answer {
	f.t.Helper()
	return f.do(http.MethodPost, "/v25.0/"+testWABA+"/message_templates", body)
}

// utility is a valid create body with a text of its own.
func utility(name, language string) map[string]any {
	return map[string]any{"name": name, "language": language, "category": "UTILITY", "components": []any{
		map[string]any{"type": "BODY", "text": "Your parcel " + name + " has left our warehouse this morning."},
	}}
}

func withText(name, text string) map[string]any {
	b := utility(name, "en_US")
	b["components"] = []any{map[string]any{"type": "BODY", "text": text}}
	return b
}

// list returns the objects of a data array.
func (a answer) list() []map[string]any { return objects(a.body["data"]) }

func objects(v any) []map[string]any {
	items, _ := v.([]any)
	out := make([]map[string]any, 0, len(items))
	for _, item := range items {
		o, _ := item.(map[string]any)
		out = append(out, o)
	}
	return out
}

func replace(text, old, with string) string { return strings.ReplaceAll(text, old, with) }
