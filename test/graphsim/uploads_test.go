// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/test/patience"
)

// send calls a session as the guide says; header replaces what is usual, an empty value removes it.
func (f *fixture) send(method, session, content string, offset int, header map[string]string) (answer, error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience.Limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, f.base+"/v25.0/"+session, strings.NewReader(content))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "OAuth "+f.token)
	r.Header.Set("file_offset", strconv.Itoa(offset))
	for name, value := range header {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	got, err := f.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	return decoded(got, raw), err
}

func (f *fixture) mustSend(session, content string, offset int) string {
	f.t.Helper()
	got, err := f.send(http.MethodPost, session, content, offset, nil)
	if err != nil || f.must(got).text("h") == "" {
		f.t.Fatalf("%s, %v", got.raw, err)
	}
	return got.text("h")
}

func (f *fixture) offset(session string) float64 {
	f.t.Helper()
	got, err := f.send(http.MethodGet, session, "", 0, map[string]string{"file_offset": ""})
	if err != nil {
		f.t.Fatal(err)
	}
	if n, ok := f.must(got).body["file_offset"].(float64); ok && got.text("id") == session {
		return n
	}
	f.t.Fatalf("%s", got.raw)
	return 0
}

func openQuery(kind string, size int) string {
	return "/v25.0/" + testApp + "/uploads?" + url.Values{"file_name": {"a lamp"}, "file_type": {kind}, "file_length": {strconv.Itoa(size)}}.Encode()
}

func (f *fixture) open(kind string, size int) string {
	f.t.Helper()
	return f.must(f.do(http.MethodPost, openQuery(kind, size), nil)).text("id")
}

func TestUpload(t *testing.T) {
	f := newFixture(t)
	session := f.open("image/png", 9)
	if f.offset(session) != 0 {
		t.Error("something has come")
	}
	handle := f.mustSend(session, "name=x&y=", 0)
	if !strings.HasPrefix(handle, "4::aW1hZ2UvcG5n:ARa") || !strings.Contains(handle, ":e:"+strconv.FormatInt(testStart.Add(24*time.Hour).Unix(), 10)+":"+testApp+":") {
		t.Errorf("handle %q", handle)
	}
	sum := sha256.Sum256([]byte("name=x&y="))
	got := f.sim.Uploads()[0]
	if got.Handle != handle || got.SHA256 != hex.EncodeToString(sum[:]) || got.Offset != 9 || got.FileName != "a lamp" || strings.Contains(got.ID, "?") {
		t.Errorf("%+v", got)
	}
	if again := f.mustSend(session, "", 9); again != handle {
		t.Errorf("asked again, got %q", again)
	}
	if n := f.sim.Stats(); n.Uploads != 1 || n.UploadBytes != 9 || n.ByOp[OpOpenUpload] != 1 || n.ByOp[OpReadUpload] != 1 || n.ByOp[OpSendUpload] != 2 {
		t.Errorf("%+v", n)
	}
	for _, r := range f.sim.Requests() {
		if len(r.Body) > 0 || strings.Contains(r.Path+r.RawQuery, "sig=AR") {
			t.Errorf("the log shows a file or a signature: %+v", r)
		}
	}
	if leaks := f.sim.SecretsInURLs(); len(leaks) > 0 {
		t.Error(leaks)
	}
}

func TestSessionIDsSometimesHaveASignature(t *testing.T) {
	f := newFixture(t)
	with, without := "", ""
	for range 30 {
		if id := f.open("image/png", 1); strings.Contains(id, "?sig=AR") {
			with = id
		} else {
			without = id
		}
	}
	if with == "" || without == "" {
		t.Fatalf("with %q, without %q", with, without)
	}
	bare, _, _ := strings.Cut(with, "?")
	for _, id := range []string{bare, bare + "?sig=AR", without + "?sig=AR"} {
		got, err := f.send(http.MethodPost, id, "x", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.refused(got, 100, 33)
	}
	f.mustSend(with, "x", 0)
	f.mustSend(strings.Replace(without, "upload:", "upload%3A", 1), "x", 0)
}

func TestOpenUploadRefusals(t *testing.T) {
	f := newFixture(t)
	f.sim.AddApp(App{ID: "7", Secret: "another-secret"})
	for _, c := range []struct {
		name, path string
		code       int
	}{
		{"unknown type", openQuery("image/webp", 9), 100},
		{"no type", openQuery("", 9), 100},
		{"no length", openQuery("image/png", 0), 100},
		{"large image", openQuery("image/jpeg", 5<<20+1), 100},
		{"large video", openQuery("video/mp4", 16<<20+1), 100},
		{"large document", openQuery("application/pdf", 100<<20+1), 100},
		{"odd name", strings.Replace(openQuery("image/png", 9), "a+lamp", "a%2Fb", 1), 100},
		{"other session type", openQuery("image/png", 9) + "&session_type=video", 100},
		{"another app", strings.Replace(openQuery("image/png", 9), testApp, "7", 1), 200},
	} {
		got := f.do(http.MethodPost, c.path, nil)
		if got.code() != c.code {
			t.Errorf("%s: HTTP %d: %s", c.name, got.status, got.raw)
		}
	}
	f.refused(f.do(http.MethodPost, strings.Replace(openQuery("image/png", 9), testApp, "8", 1), nil), 100, 33)
	f.must(f.do(http.MethodPost, openQuery("application/pdf", 100<<20), nil))
	f.sim.UpdateToken(testToken, func(x *Token) { x.NoAppRole = true })
	if got := f.refused(f.do(http.MethodPost, openQuery("image/png", 9), nil), 200, 0); got.status != http.StatusForbidden {
		t.Errorf("HTTP %d", got.status)
	}
	f.token = testApp + "|app-secret-made-up"
	f.refused(f.do(http.MethodPost, openQuery("image/png", 9), nil), 200, 0)
}

func TestSendUploadRefusals(t *testing.T) {
	const other = "EAAGothertoken0123456789abcdef"
	for _, c := range []struct {
		name          string
		content       string
		offset        int
		header        map[string]string
		prepare       func(f *fixture, session *string)
		code, subcode int
	}{
		{name: "Bearer", header: map[string]string{"Authorization": "Bearer " + testToken}, code: 190},
		{name: "no token", header: map[string]string{"Authorization": ""}, code: 104},
		{name: "token as parameter", header: map[string]string{"Authorization": ""}, prepare: func(_ *fixture, session *string) {
			*session += map[bool]string{true: "&", false: "?"}[strings.Contains(*session, "?")] + "access_token=" + testToken
		}, code: 104},
		{name: "unknown token", header: map[string]string{"Authorization": "OAuth EAAGx"}, code: 190},
		{name: "another token", prepare: func(f *fixture, _ *string) {
			f.sim.AddToken(Token{Value: other, AppID: testApp})
			f.token = other
		}, code: 100, subcode: 33},
		{name: "no offset", header: map[string]string{"file_offset": ""}, code: 100},
		{name: "wrong offset", offset: 1, content: "bcdefghi", code: 100},
		{name: "too short", content: "abc", code: 100},
		{name: "too long", content: "abcdefghij", code: 100},
		{name: "nothing", content: "-", code: 100},
		{name: "too late", prepare: func(f *fixture, _ *string) { f.clock.Step(24 * time.Hour) }, code: 100, subcode: 33},
		{name: "unknown session", prepare: func(_ *fixture, session *string) { *session = "upload:MTphdA==" }, code: 100, subcode: 33},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			session := f.open("image/png", 9)
			if c.prepare != nil {
				c.prepare(f, &session)
			}
			if c.content == "" {
				c.content = "abcdefghi"
			}
			got, err := f.send(http.MethodPost, session, strings.Trim(c.content, "-"), c.offset, c.header)
			if err != nil {
				t.Fatal(err)
			}
			f.refused(got, c.code, c.subcode)
			if u := f.sim.Uploads()[0]; u.Offset != 0 || u.Handle != "" || f.sim.Stats().UploadBytes != 0 {
				t.Errorf("something was kept: %+v", u)
			}
		})
	}
}

func TestUploadGoesOn(t *testing.T) {
	f := newFixture(t)
	const content = "abcdefghijk"
	session := f.open("image/png", len(content))
	f.sim.Fail(Fault{Method: "POST", Path: "/upload:*", Cut: MidBody, Times: 2})
	for i, want := range []float64{5, 8} {
		at := int(f.offset(session))
		if got, err := f.send(http.MethodPost, session, content[at:], at, nil); err == nil {
			t.Fatalf("%d: answered %s", i, got.raw)
		}
		if got := f.offset(session); got != want {
			t.Errorf("%d: offset %v, want %v", i, got, want)
		}
	}
	got, err := f.send(http.MethodPost, session, content, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.refused(got, 100, 0) // from the beginning, although a part is there
	f.sim.Fail(Fault{Method: "POST", Path: "/upload:*", Cut: AfterCommit})
	if got, err := f.send(http.MethodPost, session, content[8:], 8, nil); err == nil {
		t.Fatalf("answered %s", got.raw)
	}
	handle, sum := f.mustSend(session, "", len(content)), sha256.Sum256([]byte(content))
	if u := f.sim.Uploads()[0]; u.Handle != handle || u.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", u)
	}
	if n := f.sim.Stats(); n.Uploads != 1 || n.UploadBytes != int64(len(content)) {
		t.Errorf("%+v", n)
	}
}

// A client that goes away in the middle leaves what it sent.
func TestUploadByAClientThatGoesAway(t *testing.T) {
	f := newFixture(t)
	session := f.open("image/png", 20000)
	body, content := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.base+"/v25.0/"+session, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 20000
	r.Header.Set("Authorization", "OAuth "+f.token)
	r.Header.Set("file_offset", "0")
	done := make(chan struct{})
	f.sim.Fail(Fault{Method: "POST", Path: "/upload:*", AfterHook: func(*http.Request) { close(done) }})
	go func() {
		_, _ = io.WriteString(content, strings.Repeat("x", 10000))
		_ = content.CloseWithError(io.ErrUnexpectedEOF)
	}()
	if got, err := f.http.Do(r); err == nil {
		_ = got.Body.Close()
		t.Error("answered")
	}
	<-done
	if at := f.offset(session); at != 10000 {
		t.Errorf("offset %v", at)
	}
}

func TestLostHandles(t *testing.T) {
	f := newFixture(t, WithLostHandles())
	session := f.open("image/png", 3)
	f.mustSend(session, "abc", 0)
	got, err := f.send(http.MethodPost, session, "", 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.refused(got, 100, 0)
	if f.offset(session) != 3 {
		t.Error("the offset must still be returned")
	}
}

func TestMidBodyOfOtherCalls(t *testing.T) {
	f := newFixture(t)
	f.sim.Fail(Fault{Path: "/*/message_templates", Cut: MidBody})
	if _, err := f.try(http.MethodPost, "/v25.0/"+testWABA+"/message_templates", utility("a", "en_US")); err == nil {
		t.Error("answered")
	}
	if _, found := f.sim.TemplateByName(testWABA, "a", "en_US"); found {
		t.Error("created")
	}
}

func TestUploadsCountForTheApp(t *testing.T) {
	f := newFixture(t, WithAppCallBudget(1))
	f.sim.SetUsage(testWABA, 100, 0)
	session := f.open("image/png", 1)
	got, err := f.send(http.MethodPost, session, "x", 0, nil)
	if err != nil || f.refused(got, 4, 0).header.Get(businessUsageHeader) != "" {
		t.Errorf("%v, %v", got.header, err)
	}
}
