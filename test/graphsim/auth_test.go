// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	const path = "/v25.0/" + testWABA + "?fields=name"
	cases := []struct {
		name          string
		setup         func(*fixture)
		status        int
		code, subcode int
		kind          string
	}{
		{"none", func(f *fixture) { f.token = "" }, 400, 104, 0, "OAuthException"},
		{"unknown", func(f *fixture) { f.token = "EAAGother" }, 401, 190, 0, "OAuthException"},
		{"expired", func(f *fixture) {
			f.sim.UpdateToken(testToken, func(x *Token) { x.ExpiresAt = testStart.Add(time.Hour) })
			f.clock.Step(time.Hour)
		}, 401, 190, 463, "OAuthException"},
		{"revoked", func(f *fixture) { f.sim.RevokeToken(testToken, 460) }, 401, 190, 460, "OAuthException"},
		{"no scope", func(f *fixture) { f.sim.UpdateToken(testToken, func(x *Token) { x.Scopes = nil }) }, 403, 200, 0, "OAuthException"},
		{"not assigned", func(f *fixture) { f.sim.UpdateToken(testToken, func(x *Token) { x.Accounts = nil }) }, 400, 100, 33, "GraphMethodException"},
		{"app token", func(f *fixture) { f.token = testApp + "|app-secret-made-up" }, 400, 100, 33, "GraphMethodException"},
		{"proof required", func(f *fixture) {
			f.sim.AddApp(App{ID: testApp, Secret: "app-secret-made-up", RequireProof: true})
		}, 400, 100, 0, "GraphMethodException"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.must(f.get(path))
			c.setup(f)
			got := f.refused(f.get(path), c.code, c.subcode)
			if got.status != c.status || got.failure()["type"] != c.kind {
				t.Errorf("HTTP %d: %s", got.status, got.raw)
			}
		})
	}
}

func TestTokenWorksAgain(t *testing.T) {
	f := newFixture(t)
	f.sim.RevokeToken(testToken, 467)
	f.refused(f.get("/v25.0/"+testWABA), 190, 467)
	f.sim.RestoreToken(testToken)
	f.must(f.get("/v25.0/" + testWABA))
}

func TestProof(t *testing.T) {
	f := newFixture(t)
	f.sim.AddApp(App{ID: testApp, Secret: "app-secret-made-up", RequireProof: true})
	path := "/v25.0/" + testWABA + "?appsecret_proof="
	f.must(f.get(path + proofOf("app-secret-made-up", testToken)))
	f.refused(f.get(path+proofOf("other", testToken)), 100, 0)
	if got := f.get(path + "00"); got.failure()["message"] != "Invalid appsecret_proof provided in the API argument" {
		t.Errorf("%s", got.raw)
	}
}

// batch sends items and returns the answers' codes and decoded bodies.
func (f *fixture) batch(items ...batchItem) ([]int, []answer) {
	f.t.Helper()
	raw, err := json.Marshal(items)
	if err != nil {
		f.t.Fatal(err)
	}
	got := f.must(f.do(http.MethodPost, "/v25.0/", url.Values{"batch": {string(raw)}, "include_headers": {"false"}}))
	var list []struct {
		Code    int
		Body    string
		Headers []any
	}
	if err := json.Unmarshal(got.raw, &list); err != nil {
		f.t.Fatal(err)
	}
	codes, answers := make([]int, len(list)), make([]answer, len(list))
	for i, x := range list {
		codes[i], answers[i] = x.Code, answer{status: x.Code, raw: []byte(x.Body)}
		if err := json.Unmarshal([]byte(x.Body), &answers[i].body); err != nil {
			f.t.Fatal(err)
		}
		if x.Headers != nil {
			f.t.Error("headers although include_headers=false")
		}
	}
	return codes, answers
}

func TestDebugTokenInABatch(t *testing.T) {
	f := newFixture(t)
	_, got := f.batch(batchItem{Method: "GET", RelativeURL: "v25.0/debug_token?input_token=" + testToken})
	data, _ := got[0].body["data"].(map[string]any)
	granular := objects(data["granular_scopes"])
	if data["app_id"] != testApp || data["is_valid"] != true || data["type"] != "SYSTEM_USER" || data["expires_at"] != 0.0 || granular[0]["target_ids"] != nil {
		t.Errorf("%s", got[0].raw)
	}
	if leaks := f.sim.SecretsInURLs(); len(leaks) != 0 {
		t.Errorf("%v", leaks)
	}
	requests := f.sim.Requests()
	if len(requests) != 2 || requests[0].Op != OpDebugToken || requests[0].TokenID != "acme" || requests[1].Op != OpBatch {
		t.Errorf("%+v", requests)
	}
	if n := f.sim.Stats(); n.Calls != 1 || n.Reads != 1 {
		t.Errorf("%+v", n)
	}
}

func TestDebugTokenByTheApp(t *testing.T) {
	f := newFixture(t)
	f.sim.UpdateToken(testToken, func(x *Token) { x.Granular = true })
	f.sim.RevokeToken(testToken, 460)
	f.token = testApp + "|app-secret-made-up"
	_, got := f.batch(batchItem{RelativeURL: "v25.0/debug_token?input_token=" + testToken}, batchItem{RelativeURL: "debug_token?input_token=EAAGnobody"})
	data, _ := got[0].body["data"].(map[string]any)
	problem, _ := data["error"].(map[string]any)
	if data["is_valid"] != false || problem["subcode"] != 460.0 {
		t.Errorf("%s", got[0].raw)
	}
	if ids, _ := objects(data["granular_scopes"])[0]["target_ids"].([]any); len(ids) != 1 {
		t.Errorf("%s", got[0].raw)
	}
	if data, _ := got[1].body["data"].(map[string]any); data["is_valid"] != false {
		t.Errorf("%s", got[1].raw)
	}
	f.sim.AddApp(App{ID: "1", Secret: "second-secret"})
	f.token = "1|second-secret"
	codes, _ := f.batch(batchItem{RelativeURL: "v25.0/debug_token?input_token=" + testToken})
	if codes[0] != 400 {
		t.Errorf("a foreign app was answered with %d", codes[0])
	}
}

func TestBatch(t *testing.T) {
	f := newFixture(t)
	codes, got := f.batch(
		batchItem{Method: "POST", RelativeURL: "v25.0/" + testWABA + "/message_templates", Body: "name=in_batch&language=en_US&category=UTILITY&components=" +
			url.QueryEscape("["+plainBody+"]")},
		batchItem{RelativeURL: "v25.0/" + testWABA + "?fields=nope"},
		batchItem{RelativeURL: testWABA + "?fields=name", AccessToken: "EAAGother"},
	)
	if fmt.Sprint(codes) != "[200 400 401]" || got[0].text("status") != "PENDING" {
		t.Errorf("%v %s", codes, got[0].raw)
	}
	many := make([]batchItem, 51)
	raw, _ := json.Marshal(many)
	f.refused(f.do(http.MethodPost, "/", url.Values{"batch": {string(raw)}}), -3, 0)
	f.refused(f.do(http.MethodPost, "/", map[string]any{"batch": []any{}}), -3, 0)
	f.refused(f.do(http.MethodPost, "/", nil), 2500, 0)
}

func TestSecretsInURLs(t *testing.T) {
	odd := "EAAG/token+with=odd characters"
	cases := []struct{ name, query, secret string }{
		{"parameter", "access_token=" + testToken, testToken},
		{"input token", "input_token=" + testToken, testToken},
		{"escaped", "x=" + url.QueryEscape(odd), odd},
		{"base64", "x=" + base64.StdEncoding.EncodeToString([]byte(testToken)), testToken},
		{"base64 for URLs", "x=" + base64.RawURLEncoding.EncodeToString([]byte(odd)), odd},
		{"app secret", "x=app-secret-made-up", "app-secret-made-up"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.sim.AddToken(Token{Name: "odd", Value: odd})
			f.get("/v25.0/" + testWABA + "?fields=name&" + c.query)
			leaks := f.sim.SecretsInURLs()
			if len(leaks) != 1 || strings.Contains(leaks[0], c.secret) || !strings.HasPrefix(leaks[0], "GET /v25.0/") {
				t.Errorf("%q", leaks)
			}
			if r := f.sim.Requests()[0]; strings.Contains(r.RawQuery, c.secret) || strings.Contains(r.RawQuery, url.QueryEscape(c.secret)) {
				t.Errorf("secret in the log: %q", r.RawQuery)
			}
		})
	}
}

func TestUnknownTokensAreNotLoggedEither(t *testing.T) {
	f := newFixture(t)
	f.token = "EAAGneverSeen"
	f.get("/v25.0/debug_token?input_token=EAAGneverSeen")
	r := f.sim.Requests()[0]
	if r.TokenID != "unknown" || strings.Contains(r.RawQuery, "EAAGneverSeen") {
		t.Errorf("%+v", r)
	}
}

func TestTokenAsParameterReachesTheNextURL(t *testing.T) {
	f := newFixture(t)
	for i := range 3 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprint("t", i)})
	}
	f.token = ""
	got := f.must(f.get("/v25.0/" + testWABA + "/message_templates?limit=2&access_token=" + testToken))
	if next, _ := got.body["paging"].(map[string]any)["next"].(string); !strings.Contains(next, "access_token="+testToken) {
		t.Errorf("%q", next)
	}
}
