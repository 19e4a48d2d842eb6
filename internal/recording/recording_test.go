// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/graph"
)

func anonymous(op graph.Operation, body string) string {
	r := Anonymise([]Exchange{{Operation: op, Method: http.MethodGet, Path: "/v25.0/102290129340398", Status: http.StatusOK, Body: []byte(body)}}, "102290129340398", "v1")
	return string(r.Exchanges[0].Body)
}

// TestAnonymise: what stays is the form.
func TestAnonymise(t *testing.T) {
	for _, c := range []struct {
		op         graph.Operation
		body, want string
	}{
		{graph.OpReadTemplate, `{"id":"1387372356726668","name":"order_update","language":"de","status":"APPROVED","category":"utility"}`,
			`{"category":"utility","id":"1000000000000000","language":"de","name":"xxxxx_xxxxxx","status":"APPROVED"}`},
		{graph.OpReadTemplate, `{"status":"Ana's","quality_score":{"score":"GREEN","date":1790000000}}`,
			`{"quality_score":{"date":1767225600,"score":"GREEN"},"status":"Xxx'x"}`},
		{graph.OpReadTemplate, `{"components":[{"type":"BODY","text":"Hi {{first_name}}, 25 € for {{2}}! 🎉","example":{"body_text_named_params":[{"param_name":"first_name","example":"Ana"}]}}]}`,
			`{"components":[{"example":{"body_text_named_params":[{"example":"Xxx","param_name":"xxxxx_xxxx"}]},"text":"Xx {{xxxxx_xxxx}}, 00 * xxx {{2}}! *","type":"BODY"}]}`},
		{graph.OpReadTemplate, `{"components":[{"type":"BUTTONS","buttons":[{"type":"URL","url":"https://shop.example/o?c={{1}}"}]}]}`,
			`{"components":[{"buttons":[{"type":"URL","url":"https://xxxx.xxxxxxx/x?x={{1}}"}],"type":"BUTTONS"}]}`},
		{graph.OpReadTemplate, `{"lane":{"owner":"Ana","Ana":1,"n":12345678901}}`,
			`{"lane":{"Xxx":1,"x":10000000000,"xxxxx":"Xxx"}}`},
		{graph.OpReadAccount, `{"id":"102290129340398","country":"DE","currency":"EUR","timezone_id":"1","ownership_type":"SELF_OWNED","is_enabled_for_insights":true,"primary_funding_id":null}`,
			`{"country":"XX","currency":"XXX","id":"100000000000000","is_enabled_for_insights":true,"ownership_type":"SELF_OWNED","primary_funding_id":null,"timezone_id":"0"}`},
		{graph.OpListTemplates, `{"data":[{"name":"aa"},{"name":"bb"},{"name":"aa"}],"paging":{"cursors":{"after":"QVFIU1"},"next":"https://graph.facebook.com/x?access_token=t"}}`,
			`{"data":[{"name":"xx"},{"name":"xb"},{"name":"xx"}],"paging":{"cursors":{"after":"XXXXX0"},"next":"https://graph.example.com/next"}}`},
		{graph.OpReadAccount, `{"error":{"message":"(#100) Tried accessing nonexisting field (country) on node type (Acme)","code":100,"type":"OAuthException","fbtrace_id":"AbC"}}`,
			`{"error":{"code":100,"fbtrace_id":"XxX","message":"(#100) Tried accessing nonexisting field (country)","type":"OAuthException"}}`},
		{graph.OpReadAccount, `{"error":{"message":"Acme Ltd is restricted","error_user_title":"Acme","code":368,"error_data":{"details":"Acme"}}}`,
			`{"error":{"code":368,"error_data":{"xxxxxxx":"Xxxx"},"error_user_title":"Xxxx","message":"Xxxx Xxx xx xxxxxxxxxx"}}`},
		{graph.OpDebugToken, `[{"code":200,"body":"{\"data\":{\"app_id\":\"634974688087057\",\"type\":\"USER\",\"application\":\"Acme\"}}"}]`,
			`[{"body":"{\"data\":{\"app_id\":\"100000000000001\",\"application\":\"Xxxx\",\"type\":\"USER\"}}","code":200}]`},
		{graph.OpReadPhoneNumber, `{"display_phone_number":"+1 555-078-3881","last_onboarded_time":"2026-03-04T05:06:07+0000"}`,
			`{"display_phone_number":"+0 000-000-0000","last_onboarded_time":"2026-01-01T00:00:00+0000"}`},
		{graph.OpReadAccount, `<html>Acme</html>`, ``},
	} {
		if got := anonymous(c.op, c.body); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

// TestManyAreDistinct: equal values have one stand-in, and different ones never the same.
func TestManyAreDistinct(t *testing.T) {
	a := newAnonymiser(nil)
	seen := map[string]string{}
	for _, length := range []int{1, 2, 3, 9} {
		for i := range 700 {
			text := strings.Repeat(string(rune('a'+i%26)), length-1) + string(rune(0x3b1+i))
			for _, got := range []string{a.text(text), a.id(text)} {
				if other, twice := seen[got]; twice && other != text {
					t.Fatalf("%q and %q are both %q", other, text, got)
				}
				seen[got] = text
			}
			if first := a.text(text); a.text(text) != first {
				t.Fatalf("%q has two stand-ins", text)
			}
		}
	}
}

// TestManyAlike: the texts of a large account that differ only in letters get their stand-ins at once, and variables stay.
func TestManyAlike(t *testing.T) {
	a, seen := newAnonymiser(nil), map[string]bool{}
	for i := range 20_000 {
		got := a.text(fmt.Sprintf("Order %05d is on its way, {{1}}", i) + strings.Repeat(" soon", 100) + " {{name}}")
		if seen[got] || !strings.Contains(got, "{{1}}") || !strings.HasSuffix(got, " {{xxxx}}") {
			t.Fatalf("%d: %s", i, got)
		}
		seen[got] = true
	}
}

func TestPathsAndParameters(t *testing.T) {
	r := Anonymise([]Exchange{{
		Operation: graph.OpFindTemplates, Method: http.MethodGet, Path: "/v25.0/102290129340398/message_templates", Status: http.StatusOK,
		Query:  url.Values{"name": {"order_update"}, "fields": {"id,name"}, "after": {"QVFIU1"}, "business": {"506914307656634"}},
		Header: http.Header{"X-Business-Use-Case-Usage": {`{"102290129340398":[{"type":"whatsapp","call_count":7}]}`}, "Set-Cookie": {"a=b"}, "Retry-After": {"30"}},
		Body:   []byte(`{"data":[]}`),
	}}, "102290129340398", "v1")
	e := r.Exchanges[0]
	if e.Path != "/v25.0/100000000000000/message_templates" || r.AccountID != "100000000000000" ||
		e.Query.Encode() != "after=XXXXX0&business=100000000000001&fields=id%2Cname&name=xxxxx_xxxxxx" {
		t.Errorf("%s %s %s", e.Path, r.AccountID, e.Query.Encode())
	}
	header, err := json.Marshal(e.Header)
	if err != nil || string(header) != `{"Retry-After":"30","X-Business-Use-Case-Usage":"{\"100000000000000\":[{\"call_count\":7,\"type\":\"whatsapp\"}]}"}` {
		t.Errorf("%s", header)
	}
}

// TestRecorder keeps what was answered, and no parameter with which a call can be made.
func TestRecorder(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"1"}`) }))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r := NewRecorder(transport)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v25.0/1?fields=id&appsecret_proof=abc&access_token=EAAG", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	got := r.Exchanges()
	if len(got) != 1 || string(body) != `{"id":"1"}` || string(got[0].Body) != string(body) || got[0].Query.Encode() != "fields=id" || got[0].Path != "/v25.0/1" {
		t.Errorf("%s %+v", body, got)
	}
}

// TestReplayInOrder: equal calls get their answers one after the other, the last one again, and others an error.
func TestReplayInOrder(t *testing.T) {
	var exchanges []Exchange
	for _, body := range []string{`{"name":"aa"}`, `{"name":"bb"}`} {
		exchanges = append(exchanges, Exchange{Operation: graph.OpReadAccount, Method: http.MethodGet, Path: "/v25.0/102290129340398", Status: http.StatusOK, Body: []byte(body)})
	}
	replay := NewReplay(Anonymise(exchanges, "102290129340398", "v1"))
	for i, want := range []string{`{"name":"xx"}`, `{"name":"xb"}`, `{"name":"xb"}`} {
		w := httptest.NewRecorder()
		replay.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v25.0/100000000000000?access_token=x", http.NoBody))
		if w.Body.String() != want {
			t.Errorf("%d: %s", i, w.Body)
		}
	}
	w := httptest.NewRecorder()
	replay.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v25.0/5", http.NoBody))
	if w.Code != http.StatusBadRequest || graph.ErrorIn(graph.OpReadAccount, w.Body.Bytes()) == nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestReplayOfOtherFields: a client that asks for more than the one of the recording gets the answer that fits best.
func TestReplayOfOtherFields(t *testing.T) {
	var exchanges []Exchange
	for fields, body := range map[string]string{"id,country,phone_numbers.limit(100){id,status}": `{"name":"long one"}`, "id,creation_time": `{"name":"b"}`} {
		exchanges = append(exchanges, Exchange{
			Operation: graph.OpReadAccount, Method: http.MethodGet, Path: "/v25.0/102290129340398", Query: url.Values{"fields": {fields}},
			Status: http.StatusOK, Body: []byte(body),
		})
	}
	replay := NewReplay(Anonymise(exchanges, "102290129340398", "v1"))
	for _, c := range []struct{ fields, want string }{
		{"id,creation_time,new_field", `{"name":"x"}`},
		{"id,country,name,phone_numbers.limit(50){id,status,username}", `{"name":"xxxx xxx"}`},
	} {
		w := httptest.NewRecorder()
		replay.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v25.0/100000000000000?fields="+url.QueryEscape(c.fields), http.NoBody))
		if w.Body.String() != c.want {
			t.Errorf("%s: %s", c.fields, w.Body)
		}
	}
}

// FuzzAnonymise: no text of an answer stays, except words in the place of names and of values of enumerations.
func FuzzAnonymise(f *testing.F) {
	f.Add("Ana", "Bob")
	f.Add("{{Ana}}", "https://ana.example/{{1}}")
	f.Fuzz(func(t *testing.T, name, text string) {
		body, err := json.Marshal(map[string]any{"name": name, "components": []any{map[string]any{"type": "BODY", "text": text}}, "new": map[string]any{text: name}})
		if err != nil {
			t.Fatal(err)
		}
		got := anonymous(graph.OpReadTemplate, string(body))
		if !json.Valid([]byte(got)) {
			t.Errorf("%s", got)
		}
		for _, own := range []string{name, text} {
			if len(own) > 8 && strings.Trim(own, "abcdefghijklmnopqrstuvwyz") == "" && strings.Contains(got, own) {
				t.Errorf("%q is in %s", own, got)
			}
		}
	})
}
