// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
)

const (
	// query stands for a signature in a URL, which no error may repeat.
	query       = "?signature=hush"
	tooManyHops = "the server redirects more than 3 times; use the last URL"
	gifTooLarge = "the file is too large: for GIF it may have at most 3500000 bytes (3.5 MB); make it smaller"
)

// serve starts a TLS server on 127.0.0.1.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused certificates and broken connections are meant here
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// trustConfig returns a configuration that takes the server's certificate, which is for 127.0.0.1 and example.com.
func trustConfig(t *testing.T, server *httptest.Server) *tls.Config {
	t.Helper()
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the server's client has another transport")
	}
	return transport.TLSClientConfig.Clone()
}

// localFetcher makes a Fetcher that may fetch from a server on 127.0.0.1, and checks that it leaves no file on disk, neither with
// a name nor without.
func localFetcher(t *testing.T, server *httptest.Server) *Fetcher {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { wantEmpty(t, dir); wantNoneOpen(t, dir) })
	return NewFetcher(Options{AllowPrivateAddresses: true, TLS: trustConfig(t, server), Dir: dir})
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("the directory has %v, error %v", entries, err)
	}
}

// wantNoneOpen looks for open files: without a name they take room until they are closed.
func wantNoneOpen(t *testing.T, dir string) {
	t.Helper()
	const list = "/proc/self/fd"
	entries, err := os.ReadDir(list)
	if err != nil {
		t.Log("can't list open files here")
	}
	for _, entry := range entries {
		target, err := os.Readlink(list + "/" + entry.Name())
		if err == nil && strings.HasPrefix(target, dir) {
			t.Errorf("open: %s", target)
		}
	}
}

func TestFetch(t *testing.T) {
	var header http.Header
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		w.Header().Set("Content-Type", "text/html") // wrong, as it often is
		_, _ = io.WriteString(w, aPNG)
	})
	f := localFetcher(t, server)
	file, err := f.Fetch(t.Context(), Image, server.URL+"/a.jpg"+query+"#part", strings.ToUpper(hashOf(aPNG)))
	if err != nil {
		t.Fatal(err)
	}
	wantEmpty(t, f.dir) // the file is open, but has no name any more
	if file.Name != "sample.png" || file.Type != typePNG || file.Size != int64(len(aPNG)) || file.SHA256 != hashOf(aPNG) {
		t.Errorf("got %+v", file)
	}
	if got := read(t, file); got != aPNG {
		t.Errorf("content %q", got)
	}
	if _, err := file.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a closed file can be read")
	}
	for name := range header {
		switch name {
		case "User-Agent", "Accept-Encoding", "Connection":
		default:
			t.Errorf("header %s is sent", name)
		}
	}
	if header.Get("User-Agent") != "waba-operator" || header.Get("Accept-Encoding") != "identity" ||
		header.Get("Connection") != "close" {
		t.Errorf("header is %v", header)
	}
	if f.transport.Proxy != nil {
		t.Error("proxies are asked")
	}
}

func TestRulesForURLs(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server is asked") })
	closed, open := NewFetcher(Options{TLS: trustConfig(t, server)}), localFetcher(t, server)
	host := strings.TrimPrefix(server.URL, "https://")
	for raw, want := range map[string]string{
		"http://" + host + query:          "the URL must begin with https://",
		"file:///etc/passwd":              "the URL must begin with https://",
		host + query:                      "the URL can't be parsed",
		"":                                "the URL must begin with https://",
		"https:" + host:                   "the URL has no host",
		"https:///x" + query:              "the URL has no host",
		"https://:443/x":                  "the URL has no host",
		"https://me:hush@" + host:         "the URL must not contain a user or a password",
		"https://hush@" + host:            "the URL must not contain a user or a password",
		"https://example.com/%zz" + query: "the URL can't be parsed",
		"https://[::1" + query:            "the URL can't be parsed",
	} {
		for _, f := range []*Fetcher{closed, open} {
			_, err := f.Fetch(t.Context(), Image, raw, hashOf(aPNG))
			wantError(t, err, false, want)
		}
	}
	_, err := closed.Fetch(t.Context(), Image, server.URL+query, hashOf(aPNG))
	wantError(t, err, false, "the URL must not name another port than 443")
	for _, hash := range []string{"", hashOf(aPNG)[1:], "sha256:" + hashOf(aPNG), strings.Repeat("g", 64)} {
		_, err := open.Fetch(t.Context(), Image, server.URL, hash)
		wantError(t, err, false, "sha256 must be the file's SHA-256 in 64 hexadecimal digits, as sha256sum prints it")
	}
	_, err = open.Fetch(t.Context(), "TEXT", server.URL, hashOf(aPNG))
	wantError(t, err, false, `the format "TEXT" takes no file`)
}

func TestRedirects(t *testing.T) {
	var hops int
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Referer", "Cookie", "Authorization"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s is sent", name)
			}
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		switch target := r.URL.Query().Get("to"); {
		case target != "":
			http.Redirect(w, r, target, http.StatusFound)
		case hops > 0:
			hops--
			http.Redirect(w, r, "/next"+query, http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, aPNG)
		}
	})
	f := localFetcher(t, server)
	hops = 3
	file, err := f.Fetch(t.Context(), Image, server.URL+query, hashOf(aPNG))
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	hops = 4
	_, err = f.Fetch(t.Context(), Image, server.URL+query, hashOf(aPNG))
	wantError(t, err, true, tooManyHops)

	for to, want := range map[string]string{
		"http://example.com/hush":      "the server redirects to another URL, which must begin with https://",
		"file:///hush":                 "the server redirects to another URL, which must begin with https://",
		"https://me:hush@example.com/": "the server redirects to another URL, which must not contain a user or a password",
		"https:///hush":                "the server redirects to another URL, which has no host",
		"https://%zz.hush/":            unreachable, // no URL at all: the answer is malformed
	} {
		_, err := f.Fetch(t.Context(), Image, server.URL+"?to="+url.QueryEscape(to), hashOf(aPNG))
		wantError(t, err, true, want)
	}
}

func TestStatus(t *testing.T) {
	var status int
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	f := localFetcher(t, server)
	for code, number := range map[int]string{
		http.StatusNoContent: "204", http.StatusPartialContent: "206", http.StatusFound: "302", http.StatusNotModified: "304",
		http.StatusForbidden: "403", http.StatusNotFound: "404", http.StatusServiceUnavailable: "503", 999: "999",
	} {
		status = code
		_, err := f.Fetch(t.Context(), Image, server.URL+query, hashOf(aPNG))
		wantError(t, err, true, "the server answers "+number+"; check that the URL leads everybody to the file, without a login")
	}
}

func TestTooLarge(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", "3500001")
		case "/full":
			_, _ = w.Write(append([]byte(anMP4), make([]byte, 3_500_000-len(anMP4))...))
			return
		}
		// An endless body: a client that reads all of it never returns.
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	f := localFetcher(t, server)
	_, err := f.Fetch(t.Context(), GIF, server.URL+"/endless", hashOf(anMP4))
	wantError(t, err, false, gifTooLarge)

	full := anMP4 + strings.Repeat("\x00", 3_500_000-len(anMP4))
	file, err := f.Fetch(t.Context(), GIF, server.URL+"/full", hashOf(full))
	if err != nil {
		t.Fatal(err)
	}
	if read(t, file) != full {
		t.Error("the content differs")
	}

	// By the length that is announced it is refused before a file is made, which would fail here.
	f.dir += "/missing"
	defer func() { f.dir = strings.TrimSuffix(f.dir, "/missing") }()
	_, err = f.Fetch(t.Context(), GIF, server.URL+"/length", hashOf(anMP4))
	wantError(t, err, false, gifTooLarge)
}

func TestWrongContent(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, aPNG)
	_ = w.Close()
	page := "<!DOCTYPE html><title>Sign in</title>"
	body := map[string]string{"/png": aPNG, "/page": page, "/empty": "", "/gzip": packed.String(), "/webp": aWebP}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Error("compression is asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, body[r.URL.Path])
	})
	f := localFetcher(t, server)
	changed := ": the file changed or the manifest is wrong"
	for _, test := range []struct {
		path, hash string
		retry      bool
		want       string
	}{
		{"/png", hashOf("x"), true, "the file has the sha256 " + hashOf(aPNG) + ", but the manifest says " + hashOf("x") + changed},
		{"/page", hashOf("x"), true, "the file has the sha256 " + hashOf(page) + ", but the manifest says " + hashOf("x") + changed +
			"; IMAGE needs a JPEG or PNG file, and what the server sends is an HTML page, perhaps an error or a login page"},
		{"/empty", hashOf("x"), true, "the server sends an empty file"},
		{"/empty", hashOf(""), false, "the file is empty"},
		{"/webp", hashOf(aWebP), false, "IMAGE needs a JPEG or PNG file; this one is a WebP image; convert it"},
		// What is served is what counts, whatever the header says of it.
		{"/gzip", hashOf(packed.String()), false, "IMAGE needs a JPEG or PNG file; this one is compressed with gzip; use it uncompressed"},
	} {
		_, err := f.Fetch(t.Context(), Image, server.URL+test.path, test.hash)
		wantError(t, err, test.retry, test.want)
	}
	file, err := f.Fetch(t.Context(), Image, server.URL+"/png", hashOf(aPNG))
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestNoRoomOnDisk(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, aPNG) })
	f := NewFetcher(Options{AllowPrivateAddresses: true, TLS: trustConfig(t, server), Dir: t.TempDir() + "/missing"})
	_, err := f.Fetch(t.Context(), Image, server.URL, hashOf(aPNG))
	wantError(t, err, true, "the operator can't store the file while it checks it; "+
		"ask who runs it for a writable temporary directory with enough room")

	to := &writeErrorRecorder{to: brokenWriter{}}
	if _, err := io.Copy(to, strings.NewReader(aPNG)); err == nil || !to.failed {
		t.Errorf("error %v, failed %v", err, to.failed)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
