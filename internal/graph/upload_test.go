// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
)

func uploadOpened() fakeAnswer { return goodAnswer(OpOpenUpload) }

func handleReturned() fakeAnswer { return goodAnswer(OpSendUpload) }

func offsetIs(n string) fakeAnswer { return ok(`{"id":"` + testSession + `","file_offset":` + n + `}`) }

func serviceDown() fakeAnswer {
	return fakeAnswer{status: 503, body: `{"error":{"code":2,"message":"down"}}`}
}

func TestUpload(t *testing.T) {
	server := newFakeGraph(t, uploadOpened(), handleReturned())
	var log strings.Builder
	r := &callRecorder{}
	c := server.client(t, r.configure, func(cfg *Config) {
		cfg.AppSecret = testSecret
		cfg.Log = funcr.New(func(_, args string) { log.WriteString(args + "\n") }, funcr.Options{Verbosity: 10})
	})
	handle, err := c.Upload(t.Context(), testApp, testFile("all of it"))
	if err != nil || handle != testHandle {
		t.Fatalf("got %q, %v", handle, err)
	}
	all := server.all()
	if len(all) != 2 {
		t.Fatalf("got %+v", all)
	}
	equal(t, "open", []any{all[0].Method, all[0].Path, all[0].Query, all[0].Body}, []any{"POST", "/v25.0/" + testApp + "/uploads",
		url.Values{"file_name": {"lamp.jpg"}, "file_length": {"9"}, "file_type": {"image/jpeg"}, "appsecret_proof": {c.proof}}, ""})
	equal(t, "send", []any{all[1].Method, all[1].Path, all[1].Query, all[1].Body}, []any{"POST", "/v25.0/" + testSession,
		url.Values{"sig": {testSignature}, "appsecret_proof": {c.proof}}, "all of it"})
	for name, want := range map[string]string{
		"Authorization": "OAuth " + testToken, "file_offset": "0", "Content-Length": "9", "Content-Type": "application/octet-stream",
	} {
		equal(t, name, all[1].Header.Get(name), want)
	}
	equal(t, "asked", r.before, []Operation{OpOpenUpload, OpSendUpload})
	noSecrets(t, "log", log.String(), c.proof)
	if strings.Contains(log.String(), "lamp") || strings.Contains(log.String(), "all of it") {
		t.Errorf("the log shows the file: %s", log.String())
	}
}

// brokenUpload is an upload of 9 bytes with interruptions: the answers, and the body and offset of each call to the session ("?"
// = the offset was asked).
type brokenUpload struct {
	name    string
	answers []fakeAnswer
	sent    []string
	class   Class // "" = a handle came
	cause   Cause
}

var brokenUploads = []brokenUpload{
	{name: "broken off", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("4"), handleReturned()}, sent: []string{"0 all of it", "?", "4 of it"}},
	{name: "nothing arrived", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs(`"0"`), handleReturned()}, sent: []string{"0 all of it", "?", "0 all of it"}},
	{
		name:    "three times",
		answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("1"), serviceDown(), offsetIs("2"), serviceDown(), offsetIs("3"), handleReturned()},
		sent:    []string{"0 all of it", "?", "1 ll of it", "?", "2 l of it", "?", "3  of it"},
	},
	{
		name:    "once too often",
		answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("1"), serviceDown(), offsetIs("2"), serviceDown(), offsetIs("3"), serviceDown()},
		sent:    []string{"0 all of it", "?", "1 ll of it", "?", "2 l of it", "?", "3  of it"}, class: ClassTransient,
	},
	{
		name: "no progress", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("0"), serviceDown(), offsetIs("0")},
		sent: []string{"0 all of it", "?", "0 all of it", "?"}, class: ClassTransient,
	},
	{
		name: "going back", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("5"), serviceDown(), offsetIs("2")},
		sent: []string{"0 all of it", "?", "5 f it", "?"}, class: ClassTransient,
	},
	{name: "only the handle is missing", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("9"), handleReturned()}, sent: []string{"0 all of it", "?", "9 "}},
	{
		name: "answered without handle", answers: []fakeAnswer{uploadOpened(), ok(`{"success":true}`), offsetIs("9"), handleReturned()},
		sent: []string{"0 all of it", "?", "9 "},
	},
	{
		name:    "the handle is lost, a new session gives one",
		answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("9"), ok(`{"id":"x"}`), uploadOpened(), handleReturned()},
		sent:    []string{"0 all of it", "?", "9 ", "0 all of it"},
	},
	{
		name:    "asking for the handle is refused",
		answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("9"), refused(`{"error":{"code":100}}`), uploadOpened(), handleReturned()},
		sent:    []string{"0 all of it", "?", "9 ", "0 all of it"},
	},
	{
		name: "the handle is lost twice",
		answers: []fakeAnswer{
			uploadOpened(), serviceDown(), offsetIs("9"), ok(`{}`), uploadOpened(), serviceDown(), offsetIs("9"), refused(`{"error":{"code":100}}`),
		},
		sent: []string{"0 all of it", "?", "9 ", "0 all of it", "?", "9 "}, class: ClassInvalidSpec,
	},
	{
		name: "the limit is reached before the handle", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("9"), refused(`{"error":{"code":4}}`)},
		sent: []string{"0 all of it", "?", "9 "}, class: ClassThrottled,
	},
	{name: "refused", answers: []fakeAnswer{uploadOpened(), refused(`{"error":{"code":100}}`)}, sent: []string{"0 all of it"}, class: ClassInvalidSpec},
	{
		name: "token revoked", answers: []fakeAnswer{uploadOpened(), refused(`{"error":{"code":190}}`)}, sent: []string{"0 all of it"},
		class: ClassCredentials, cause: CauseTokenInvalid,
	},
	{name: "blocked", answers: []fakeAnswer{uploadOpened(), refused(`{"error":{"code":368}}`)}, sent: []string{"0 all of it"}, class: ClassBlocked},
	{name: "no offset", answers: []fakeAnswer{uploadOpened(), serviceDown(), ok(`{"id":"x"}`)}, sent: []string{"0 all of it", "?"}, class: ClassTransient, cause: CauseBadBody},
	{name: "offset beyond the end", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("10")}, sent: []string{"0 all of it", "?"}, class: ClassTransient, cause: CauseBadBody},
	{name: "negative offset", answers: []fakeAnswer{uploadOpened(), serviceDown(), offsetIs("-1")}, sent: []string{"0 all of it", "?"}, class: ClassTransient, cause: CauseBadBody},
	{name: "offset refused", answers: []fakeAnswer{uploadOpened(), serviceDown(), refused(`{"error":{"code":200}}`)}, sent: []string{"0 all of it", "?"}, class: ClassPermission},
	{name: "no role on the app", answers: []fakeAnswer{refused(`{"error":{"code":200}}`)}, class: ClassPermission},
	{name: "wrong type", answers: []fakeAnswer{refused(`{"error":{"code":100}}`)}, class: ClassInvalidSpec},
	{name: "opening is not repeated", answers: []fakeAnswer{serviceDown()}, class: ClassTransient},
}

func TestBrokenUploads(t *testing.T) {
	for _, tc := range brokenUploads {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answers...)
			handle, err := server.client(t).Upload(t.Context(), testApp, testFile("all of it"))
			if tc.class == "" {
				if err != nil || handle != testHandle {
					t.Errorf("got %q, %v", handle, err)
				}
			} else if e := mustError(t, err); e.Class != tc.class || e.Cause != tc.cause || handle != "" || e.Op == "" {
				t.Errorf("got %q, %s/%s: %v", handle, e.Class, e.Cause, err)
			}
			var sent []string
			for _, r := range server.all() {
				switch {
				case strings.HasSuffix(r.Path, "/uploads"):
				case r.Method == http.MethodGet:
					sent = append(sent, "?")
				default:
					sent = append(sent, r.Header.Get("file_offset")+" "+r.Body)
				}
			}
			equal(t, "sent", sent, tc.sent)
		})
	}
}

// A connection that is cut in the middle is a network error, and Meta may have kept what came.
func TestUploadOverACutConnection(t *testing.T) {
	var got strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		switch {
		case strings.HasSuffix(r.URL.Path, "/uploads"):
			_, _ = io.WriteString(w, uploadOpened().body)
			return
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, offsetIs("4").body)
			return
		case r.Header.Get("file_offset") == "0":
			body = io.LimitReader(r.Body, 4)
		}
		_, _ = io.Copy(&got, body)
		if got.Len() < 9 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, handleReturned().body)
	}))
	t.Cleanup(server.Close)
	handle, err := testClient(t, server.URL).Upload(t.Context(), testApp, testFile("all of it"))
	if err != nil || handle != testHandle || got.String() != "all of it" {
		t.Errorf("got %q, %v, and %q arrived", handle, err, got.String())
	}
}

func TestUploadSessions(t *testing.T) {
	for _, tc := range []struct{ id, path, query string }{
		{"upload:MTphdA", "/upload:MTphdA", ""},
		{"upload:MTphdA==?sig=ARZ_x-1", "/upload:MTphdA==", "sig=ARZ_x-1"},
		{"upload:a+b/c=?sig=A%2FB&ttl=1", "/upload:a+b%2Fc=", "sig=A%2FB&ttl=1"},
		{id: ""},
		{id: "1"},
		{id: "upload:"},
		{id: "upload:?sig=x"},
		{id: "Upload:MTphdA"},
		{id: "x/upload:MTphdA"},
		{id: "upload:../../1/x"},
		{id: "upload:MTphdA#x"},
		{id: "upload:MT phdA"},
		{id: "upload:MTphdA\r\nX: y"},
		{id: "upload:MTphdA@host"},
		{id: "upload:MTphdA%2F.."},
		{id: "upload:MTphdA?sig=%zz"},
		{id: "upload:MTphdA?sig=a?b"},
		{id: "upload:MTphdA?sig=https://x"},
		{id: "upload:MTphdA?access_token=x"},
		{id: "upload:MTphdA?appsecret_proof=x"},
		{id: "upload:MTphdA?method=delete"},
		{id: "upload:" + strings.Repeat("a", maxSession)},
	} {
		s, err := sessionFrom(tc.id)
		if (err == nil) != (tc.path != "") || s.path != tc.path || s.query.Encode() != tc.query {
			t.Errorf("%q: got %q, %q, %v", tc.id, s.path, s.query.Encode(), err)
		}
		if err != nil && len(tc.id) > 10 && strings.Contains(err.Error(), tc.id[7:]) {
			t.Errorf("%q: the error shows the id: %v", tc.id, err)
		}
	}
	server := newFakeGraph(t, ok(`{"id":"https://elsewhere.example/upload:x"}`))
	_, err := server.client(t).Upload(t.Context(), testApp, testFile("x"))
	if e := mustError(t, err); e.Cause != CauseBadBody || len(server.all()) != 1 {
		t.Errorf("got %v, %d requests", err, len(server.all()))
	}
}

func TestHandles(t *testing.T) {
	for raw, want := range map[string]string{
		testHandle: testHandle, "4:aW1h": "4:aW1h", testHandle + "\n" + testHandle + "\n": testHandle + "\n" + testHandle,
		"": "", " \n": "", "4:a b": "", "4:a\n\n4:b": "", "4:a\tb": "", "4:é": "", "4:\x00": "", "https://x.example/1": "", "upload:MTph": "",
		strings.Repeat("h", maxHandle+1): "",
	} {
		got, err := handleFrom(raw)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.60q: got %.60q, %v", raw, got, err)
		}
	}
}

// reader is a ReaderAt made of a function.
type reader func(p []byte, offset int64) (int, error)

func (f reader) ReadAt(p []byte, offset int64) (int, error) { return f(p, offset) }

func TestFilesThatCannotBeSent(t *testing.T) {
	for _, tc := range []struct {
		name  string
		app   string
		file  func(*File)
		calls int
		class Class
	}{
		{name: "no app", app: "x/y", class: ClassInvalidSpec},
		{name: "no name", file: func(f *File) { f.Name = "" }, class: ClassInvalidSpec},
		{name: "long name", file: func(f *File) { f.Name = strings.Repeat("é", 128) }, class: ClassInvalidSpec},
		{name: "path as name", file: func(f *File) { f.Name = "a/b" }, class: ClassInvalidSpec},
		{name: "newline in name", file: func(f *File) { f.Name = "a\nb" }, class: ClassInvalidSpec},
		{name: "no type", file: func(f *File) { f.Type = "" }, class: ClassInvalidSpec},
		{name: "odd type", file: func(f *File) { f.Type = "image/jpeg; q=1" }, class: ClassInvalidSpec},
		{name: "empty", file: func(f *File) { f.Size = 0 }, class: ClassInvalidSpec},
		{name: "negative", file: func(f *File) { f.Size = -1 }, class: ClassInvalidSpec},
		{name: "no content", file: func(f *File) { f.Content = nil }, class: ClassInvalidSpec},
		{name: "shorter than said", file: func(f *File) { f.Size = 8 }, calls: 1, class: ClassInvalidSpec},
		{name: "unreadable", file: func(f *File) {
			f.Content = reader(func([]byte, int64) (int, error) { return 0, errors.New("disk " + testToken) })
		}, calls: 1, class: ClassTransient},
		{name: "not a good reader", file: func(f *File) {
			f.Content = reader(func([]byte, int64) (int, error) { return 0, nil })
		}, calls: 1, class: ClassTransient},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, uploadOpened())
			r := &callRecorder{}
			f := testFile("content")
			if tc.file != nil {
				tc.file(&f)
			}
			if tc.app == "" {
				tc.app = testApp
			}
			_, err := server.client(t, r.configure).Upload(t.Context(), tc.app, f)
			e := mustError(t, err)
			if e.Class != tc.class || e.Cause != "" || e.Explain() == "" {
				t.Errorf("got %s/%s: %v", e.Class, e.Cause, err)
			}
			noSecrets(t, "error", err.Error(), "0000000000")
			// The send may not reach the server, but the rate limiter gets its result; and it is not repeated.
			if want := []Operation{OpOpenUpload, OpSendUpload}[:2*tc.calls]; len(r.before) != len(want) {
				t.Errorf("made %v, want %v", r.before, want)
			}
		})
	}
}

func TestLongNamesAndOtherLetters(t *testing.T) {
	server := newFakeGraph(t, uploadOpened(), handleReturned())
	f := testFile("x")
	f.Name = "Bön & größe?.jpg"
	if _, err := server.client(t).Upload(t.Context(), testApp, f); err != nil {
		t.Fatal(err)
	}
	equal(t, "name", server.all()[0].Query.Get("file_name"), f.Name)
}

// A cancelled upload must end at once, and must not read the file afterwards.
func TestUploadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if strings.HasSuffix(r.URL.Path, "/uploads") {
			_, _ = io.WriteString(w, uploadOpened().body)
			return
		}
		cancel()
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	_, err := testClient(t, server.URL).Upload(ctx, testApp, testFile("content"))
	if !errors.Is(err, context.Canceled) || ClassOf(err) != ClassTransient {
		t.Errorf("got %v", err)
	}
	server.CloseClientConnections()
	server.Close()
	if calls != 2 {
		t.Errorf("made %d calls, want 2", calls)
	}
	s := &source{content: strings.NewReader("x")}
	s.close()
	if n, err := s.ReadAt(make([]byte, 1), 0); n != 0 || err == nil || s.readError() != nil {
		t.Errorf("read %d bytes of a closed file, %v, %v", n, err, s.readError())
	}
}

// A file of 100 MB must not be in memory: it is asked for in small pieces, one after the other.
func TestUploadStreams(t *testing.T) {
	const size = 24<<20 + 1
	var length, arrived int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := uploadOpened()
		if !strings.HasSuffix(r.URL.Path, "/uploads") {
			length = r.ContentLength
			arrived, _ = io.Copy(io.Discard, r.Body)
			a = handleReturned()
		}
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(server.Close)
	largest := 0
	f := File{Name: "a.pdf", Type: "application/pdf", Size: size, Content: reader(func(p []byte, _ int64) (int, error) {
		largest = max(largest, len(p))
		return len(p), nil
	})}
	if _, err := testClient(t, server.URL).Upload(t.Context(), testApp, f); err != nil {
		t.Fatal(err)
	}
	if length != size || arrived != size || largest > 1<<20 {
		t.Errorf("announced %d, arrived %d, largest piece %d", length, arrived, largest)
	}
}

func TestTimeLimitGrowsWithTheFile(t *testing.T) {
	c := testClient(t, "", func(cfg *Config) { cfg.Timeout = 10 * time.Second })
	zeros := reader(func(p []byte, _ int64) (int, error) { return len(p), nil })
	for size, want := range map[int64]time.Duration{
		0: 10 * time.Second, 1000: 10 * time.Second, 1 << 20: 14 * time.Second, 100 << 20: 410 * time.Second,
	} {
		if got := c.timeLimit(request{body: io.NewSectionReader(zeros, 0, size)}); got != want {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
	if got := c.timeLimit(request{}); got != 10*time.Second {
		t.Errorf("no body: %s", got)
	}
}

// An upload is no call on an account, whatever accounts the header lists.
func TestUploadCountsForTheApp(t *testing.T) {
	header := http.Header{
		"X-Business-Use-Case-Usage": {`{"` + testWABA + `":[{"type":"whatsapp","call_count":99,"estimated_time_to_regain_access":7}]}`},
		"X-App-Usage":               {`{"call_count":40}`},
	}
	a, b := uploadOpened(), handleReturned()
	a.header, b.header = header, header
	r := &callRecorder{}
	if _, err := newFakeGraph(t, a, b).client(t, r.configure).Upload(t.Context(), testApp, testFile("x")); err != nil {
		t.Fatal(err)
	}
	for _, call := range r.after {
		equal(t, string(call.op), call.usage, Usage{AppPercent: 40})
	}
}
