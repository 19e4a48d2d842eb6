// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"
)

const (
	// DefaultTimeout bounds one fetch, from the first lookup to the last byte: a document of 100 MB at 7 Mbit/s.
	DefaultTimeout = 2 * time.Minute
	// graceTime is the time at the beginning of a fetch without a minimum rate: names are resolved, and connections made.
	// checkPeriod is the time between two measurements after it.
	graceTime   = 10 * time.Second
	checkPeriod = 10 * time.Second
	// minRate is what a server has to send in each period, in bytes per second. A slower server would block the slot for other
	// downloads.
	minRate = 64 << 10
	// maxRedirects is per fetch.
	maxRedirects = 3
	// connectTimeout bounds the connection, the TLS handshake and the wait for the answer, each.
	connectTimeout = 15 * time.Second
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
	userAgent = "waba-operator"
)

// unreachable is the only message about a host that gives no answer. Different messages for a refused address, a closed port, an
// unknown name, a bad certificate and silence would let manifests explore internal networks.
const unreachable = "the file can't be fetched; check that the name of its host resolves to an address that the operator " +
	"may use (by default only public ones), and that the host serves it over https, with a valid certificate and in time"

// Options configure a Fetcher.
type Options struct {
	// AllowPrivateAddresses lets URLs lead to any address and port, still over https. Authors of manifests can then learn which
	// hosts the operator reaches.
	AllowPrivateAddresses bool
	// TLS is for tests; nil means the system's authorities.
	TLS *tls.Config
	// Timeout bounds one fetch; 0 means DefaultTimeout.
	Timeout time.Duration
	// Clock measures timeouts and rates; nil means the real one.
	Clock clock.Clock
	// Dir is where files are kept while they are in use; "" means os.TempDir().
	Dir string
}

// Fetcher fetches files over https. It is safe for concurrent use.
type Fetcher struct {
	client       *http.Client
	transport    *http.Transport
	dialer       *net.Dialer
	clock        clock.Clock
	timeout      time.Duration
	dir          string
	allowPrivate bool
}

// NewFetcher makes a Fetcher.
func NewFetcher(o Options) *Fetcher {
	f := &Fetcher{clock: o.Clock, timeout: o.Timeout, dir: o.Dir, allowPrivate: o.AllowPrivateAddresses}
	if f.timeout <= 0 {
		f.timeout = DefaultTimeout
	}
	if f.clock == nil {
		f.clock = clock.RealClock{}
	}
	f.dialer = &net.Dialer{Timeout: connectTimeout}
	if !f.allowPrivate {
		// Control gets each address just before the connection. An earlier check isn't enough: a name that is resolved twice may
		// give a public address first and a private one then.
		f.dialer.Control = publicOnly.Safe
	}
	f.transport = &http.Transport{
		// No Proxy: it would resolve names itself, past the check of addresses.
		DialContext:            f.dialer.DialContext,
		TLSClientConfig:        o.TLS,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  connectTimeout,
		MaxResponseHeaderBytes: maxHeader,
		// The hash is that of the file as it is served, and so is the size.
		DisableCompression: true,
		// Files are fetched too rarely for connections to be worth keeping.
		DisableKeepAlives: true,
	}
	f.client = &http.Client{Transport: f.transport, CheckRedirect: f.checkRedirect}
	return f
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Fetch gets a file over https. Its SHA-256 must be known: a manifest says which file is meant, and a server can't give
// another one. The caller closes the file.
func (f *Fetcher) Fetch(ctx context.Context, format Format, rawURL, hash string) (*File, error) {
	r, err := ruleOf(format)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(rawURL)
	if err != nil { // its text would repeat the URL
		return nil, &Error{Message: "the URL can't be parsed"}
	}
	if problem := f.checkURL(target); problem != "" {
		return nil, &Error{Message: "the URL " + problem}
	}
	want := strings.ToLower(hash)
	if !sha256Pattern.MatchString(want) {
		return nil, &Error{Message: "sha256 must be the file's SHA-256 in 64 hexadecimal digits, as sha256sum prints it"}
	}
	w, stop := f.watch(ctx)
	defer stop()
	file, err := f.download(w, format, r, target)
	if err != nil {
		return nil, err
	}
	if err := r.checkFetched(format, file, want); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// checkURL returns what is wrong with a URL of a manifest or a redirect, "" if nothing. Addresses are checked when they are
// dialled: a name may have another one by then.
func (f *Fetcher) checkURL(u *url.URL) string {
	switch {
	case u.Scheme != "https":
		return "must begin with https://"
	case u.Hostname() == "":
		return "has no host"
	case u.User != nil:
		return "must not contain a user or a password"
	case u.Port() != "" && u.Port() != "443" && !f.allowPrivate:
		return "must not name another port than 443"
	}
	return ""
}

// checkRedirect holds redirects to the rules for URLs.
func (f *Fetcher) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return &Error{Retry: true, Message: fmt.Sprintf("the server redirects more than %d times; use the last URL", maxRedirects)}
	}
	if problem := f.checkURL(req.URL); problem != "" {
		return &Error{Retry: true, Message: "the server redirects to another URL, which " + problem}
	}
	// The client puts the previous URL there, with its query.
	req.Header.Del("Referer")
	return nil
}

// download stores what the server sends, up to one byte more than the format allows.
func (f *Fetcher) download(w *measuredFetch, format Format, r rule, target *url.URL) (*File, error) {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil { // its text would repeat the URL
		return nil, &Error{Message: "the URL can't be parsed"}
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := f.client.Do(req)
	if err != nil {
		var refused *Error
		if errors.As(err, &refused) { // by checkRedirect
			return nil, refused
		}
		return nil, &Error{Retry: true, Message: unreachable, Cause: w.cause(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, &Error{Retry: true, Message: fmt.Sprintf(
			"the server answers %d; check that the URL leads everybody to the file, without a login", resp.StatusCode)}
	}
	if resp.ContentLength > r.limit {
		return nil, r.checkSize(format, resp.ContentLength)
	}
	return spool(f.dir, &countingReader{from: io.LimitReader(resp.Body, r.limit+1), by: w})
}

// causeOf is the text of a network error, without anything that could contain the URL or data from the server.
func causeOf(err error) string {
	var (
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &operation):
		return operation.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return "the answer isn't one of HTTP, or was cut off"
}

// spool stores a file on disk, as large ones would take too much memory, and computes its hash. The file's name is removed at
// once, so that nothing is left on disk however the operator ends.
func spool(dir string, from *countingReader) (*File, error) {
	disk, err := os.CreateTemp(dir, "waba-operator-media-*")
	if err != nil {
		return nil, newStorageError()
	}
	if err := os.Remove(disk.Name()); err != nil {
		_ = disk.Close()
		return nil, newStorageError()
	}
	hash := sha256.New()
	to := &writeErrorRecorder{to: io.MultiWriter(disk, hash)}
	size, err := io.Copy(to, from)
	if err != nil {
		_ = disk.Close()
		if to.failed {
			return nil, newStorageError()
		}
		return nil, &Error{Retry: true, Message: unreachable, Cause: from.by.cause(err)}
	}
	return &File{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: size, content: disk}, nil
}

// writeErrorRecorder remembers whether writing failed: io.Copy returns errors of both sides.
type writeErrorRecorder struct {
	to     io.Writer
	failed bool
}

func (s *writeErrorRecorder) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.failed = s.failed || err != nil
	return n, err
}

// checkFetched compares the hash before the type: a file of the right hash has the wrong type for good, while another
// file may be replaced by the right one.
func (r rule) checkFetched(format Format, file *File, want string) error {
	if file.SHA256 != want && file.Size == 0 {
		return &Error{Retry: true, Message: "the server sends an empty file"}
	}
	if err := r.checkSize(format, file.Size); err != nil {
		return err
	}
	if file.SHA256 == want {
		return r.checkType(format, file)
	}
	found, err := file.kind()
	if err != nil {
		return err
	}
	message := fmt.Sprintf("the file has the sha256 %s, but the manifest says %s: the file changed or the manifest is wrong",
		file.SHA256, want)
	if !slices.Contains(r.types, found.mime) {
		message += fmt.Sprintf("; %s needs %s, and what the server sends is %s", format, r.needs, found.is)
	}
	return &Error{Retry: true, Message: message}
}
