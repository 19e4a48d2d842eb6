// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

const (
	// DefaultBaseURL is where Meta serves the Graph API.
	DefaultBaseURL = "https://graph.facebook.com"
	// DefaultVersion of the Graph API is the one that this client was written for.
	DefaultVersion = "v25.0"
	// DefaultTimeout bounds one call, from the connection to the last byte of the answer.
	DefaultTimeout = 30 * time.Second
	// defaultUserAgent is sent where Config has none.
	defaultUserAgent = "waba-operator"
	// maxBody bounds an answer, in bytes: the largest real ones, full pages of templates, stay below a few MiB.
	maxBody = 16 << 20
)

// Config is what a Client needs. It must not be logged field by field; printing it with fmt is safe.
type Config struct {
	// BaseURL is checked by CheckBaseURL. Never taken from a resource, only from the operator's flags.
	BaseURL string
	// Version is the Graph version, such as "v25.0".
	Version string
	// AccessToken is sent as a bearer token, never in a URL.
	AccessToken string
	// AppSecret is optional; when it is known every call carries an appsecret_proof.
	AppSecret string
	// AccountID is optional: the account of calls that name only a template or a number, to find its usage in the headers.
	AccountID string
	// UserAgent is sent with every call.
	UserAgent string
	// Timeout bounds one call; 0 means DefaultTimeout.
	Timeout time.Duration
	// Transport is optional.
	Transport http.RoundTripper
	// RateLimiter is optional.
	RateLimiter RateLimiter
	// Observe is optional and called once per HTTP exchange, for metrics. It must be safe for concurrent use.
	Observe func(CallInfo)
	// ObserveUnknown is optional and called for each property of an answer that isn't known: object is account, phone_number or template. It
	// must be safe for concurrent use.
	ObserveUnknown func(object, path string)
	// Clock measures durations; nil means the real one.
	Clock clock.PassiveClock
	// Log gets one line per exchange at V(4).
	Log logr.Logger
}

// Format prints a fixed text, so that no verb of fmt prints the credentials.
func (Config) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "graph.Config"+redacted) }

// CallInfo describes one HTTP exchange. Class is "" on success; HTTPStatus is 0 when there was no answer.
type CallInfo struct {
	Op         Operation
	HTTPStatus int
	Class      Class
	Code       int
	Duration   time.Duration
}

// Client performs typed calls with one access token. It is safe for concurrent use.
type Client struct {
	base           string // with version, without a slash at the end
	version        string
	token          string
	proof          string // "" when no app secret is known
	appSecret      string // "" when it is not known
	userAgent      string
	account        string // "" when it is not known
	timeout        time.Duration
	http           *http.Client
	limiter        RateLimiter
	observe        func(CallInfo)
	observeUnknown func(object, path string)
	clock          clock.PassiveClock
	log            logr.Logger
	redact         redactor
	fields         unknownFieldCache
	// optionalFields are those of accounts. One of them has a namesake among the fields of templates.
	optionalFields unknownFieldCache
}

// Format prints a fixed text, so that no verb of fmt prints the credentials.
func (*Client) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "graph.Client"+redacted) }

// sharedTransport lets the clients of all accounts share connections.
var sharedTransport = newSharedTransport()

// SharedTransport is what a Config without Transport uses.
func SharedTransport() http.RoundTripper { return sharedTransport }

func newSharedTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.OnProxyConnectResponse = proxyRefused
	return transport
}

// proxyRefused names the proxy that refused a connection. Without it, the error of net/http is the one word "Forbidden".
func proxyRefused(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy %s refuses the connection: %s", proxy.Host, answer.Status)
}

var versionPattern = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]$`)

// NewClient checks the configuration; it makes no call. Blanks around the credentials are dropped: Secrets made from
// files end with a newline.
func NewClient(cfg Config) (*Client, error) {
	base, err := CheckBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("graph: the base URL %w", err)
	}
	if err := CheckVersion(cfg.Version); err != nil {
		return nil, fmt.Errorf("graph: the version %w", err)
	}
	token, secret := strings.TrimSpace(cfg.AccessToken), strings.TrimSpace(cfg.AppSecret)
	if !visible(token) {
		return nil, errors.New("graph: the access token is empty or contains blanks or control characters")
	}
	c := &Client{
		base: base + "/" + cfg.Version, version: cfg.Version, token: token, userAgent: cfg.UserAgent, account: cfg.AccountID,
		appSecret: secret,
		timeout:   cfg.Timeout, limiter: cfg.RateLimiter, observe: cfg.Observe, observeUnknown: cfg.ObserveUnknown, clock: cfg.Clock, log: cfg.Log,
	}
	if secret != "" {
		c.proof = appSecretProof(secret, token)
	}
	c.redact = newRedactor(token, secret, c.proof)
	if c.userAgent == "" {
		c.userAgent = defaultUserAgent
	}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if c.clock == nil {
		c.clock = clock.RealClock{}
	}
	if c.log.GetSink() == nil {
		c.log = logr.Discard()
	}
	transport := cfg.Transport
	if transport == nil {
		transport = sharedTransport
	}
	c.http = &http.Client{
		Transport: transport,
		// A redirect would carry the token to another host; the 3xx itself is then reported as no Graph answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// CheckBaseURL returns where calls go, DefaultBaseURL for "". Access tokens are sent there, so in clear text only to this
// machine. No error repeats what was given.
func CheckBaseURL(raw string) (string, error) {
	if raw == "" {
		return DefaultBaseURL, nil
	}
	parsed, err := url.Parse(raw)
	switch {
	case err != nil: // its text contains the URL
		return "", errors.New("cannot be parsed: give a URL such as " + DefaultBaseURL)
	case parsed.Scheme != "https" && (parsed.Scheme != "http" || parsed.Hostname() != "" && !thisMachine(parsed.Hostname())):
		return "", errors.New("must begin with https:// (http:// only for localhost), because access tokens are sent there")
	case parsed.Hostname() == "":
		return "", errors.New("has no host: give a URL such as " + DefaultBaseURL)
	case parsed.User != nil:
		return "", errors.New("must not contain user information")
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		return "", errors.New("must not contain a query or a fragment")
	}
	return strings.TrimRight(parsed.String(), "/"), nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// CheckVersion returns an error unless version looks like one of the Graph API.
func CheckVersion(version string) error {
	if !versionPattern.MatchString(version) {
		return errors.New("must look like v25.0")
	}
	return nil
}

// visible reports whether a token can stand in a header: printable ASCII without blanks.
func visible(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// appSecretProof binds the token to the app's secret.
//
// Source: https://developers.facebook.com/docs/graph-api/guides/secure-requests
func appSecretProof(secret, token string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}
