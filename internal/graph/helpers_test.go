// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testingclock "k8s.io/utils/clock/testing"
)

const (
	testToken    = "EAAGm0PX4ZCpsBO|tail/with+signs="
	testSecret   = "0123456789abcdef0123456789abcdef"
	testWABA     = "102290129340398"
	testApp      = "634974688087057"
	testNumber   = "106540352242922"
	testBusiness = "506914307656634"
	testPIN      = "482915"
	testCode     = "731046"
	testKey      = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"

	testSession   = "upload:MTphdHRhY2htZW50OjA="
	testSignature = "ARZsecretSignature_x-1"
	testHandle    = "4::aW1hZ2UvanBlZw==:ARbTestTestTest:e:1790000000:634974688087057:100089620928913:ARbTest"
)

// receivedRequest is one request as the server got it.
type receivedRequest struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         string
}

// fakeAnswer is the server's next answer.
type fakeAnswer struct {
	status int
	body   string
	header http.Header
}

// fakeGraph answers from a list, one answer per request, and keeps the requests.
type fakeGraph struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []fakeAnswer
	requests []receivedRequest
}

func newFakeGraph(t *testing.T, answers ...fakeAnswer) *fakeGraph {
	t.Helper()
	f := &fakeGraph{answers: answers}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeGraph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, receivedRequest{r.Method, r.URL.Path, r.URL.Query(), r.Header, string(body)})
	if len(f.answers) == 0 {
		http.Error(w, "the test has no further answer", http.StatusTeapot)
		return
	}
	next := f.answers[0]
	f.answers = f.answers[1:]
	for key, values := range next.header {
		w.Header()[http.CanonicalHeaderKey(key)] = values
	}
	if next.status == 0 {
		next.status = http.StatusOK
	}
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// onlyRequest returns the one request that was made.
func (f *fakeGraph) onlyRequest(t *testing.T) receivedRequest {
	t.Helper()
	all := f.all()
	if len(all) != 1 {
		t.Fatalf("got %d requests, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (f *fakeGraph) all() []receivedRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]receivedRequest(nil), f.requests...)
}

func (f *fakeGraph) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	return testClient(t, f.URL, change...)
}

func testClient(t *testing.T, base string, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		BaseURL: base, Version: "v25.0", AccessToken: testToken, UserAgent: "waba-operator/test",
		Clock: testingclock.NewFakePassiveClock(time.Unix(1790000000, 0)),
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ok(body string) fakeAnswer { return fakeAnswer{body: body} }

func refused(body string) fakeAnswer { return fakeAnswer{status: http.StatusBadRequest, body: body} }

// envelope builds an error body.
func envelope(tb testing.TB, fields map[string]any) string {
	tb.Helper()
	data, err := json.Marshal(map[string]any{"error": fields})
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func mustError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := AsError(err)
	if !ok {
		t.Fatalf("got %v (%T), want an *Error", err, err)
	}
	return e
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ptr[T any](v T) *T { return &v }

// everyCall makes each call of the client once.
func everyCall(c *Client) map[Operation]func(context.Context) error {
	content := TemplateContent{
		Name: "order", Language: "en_US", Category: "UTILITY", Components: []Component{{Type: "BODY", Text: "Hi"}},
	}
	calls := map[Operation]func(context.Context) error{
		OpDebugToken: func(ctx context.Context) error { _, err := c.DebugToken(ctx); return err },
		OpReadAccount: func(ctx context.Context) error {
			_, err := c.ReadAccount(ctx, testWABA, AccountQuery{Numbers: true, Apps: true, Templates: true})
			return err
		},
		OpReadAccountOptional: func(ctx context.Context) error { _, err := c.ReadAccountOptional(ctx, testWABA, nil); return err },
		OpListTemplates:       func(ctx context.Context) error { _, err := c.ListTemplates(ctx, testWABA, ListOptions{}); return err },
		OpFindTemplates:       func(ctx context.Context) error { _, err := c.FindTemplates(ctx, testWABA, "order"); return err },
		OpReadTemplate:        func(ctx context.Context) error { _, err := c.ReadTemplate(ctx, "77"); return err },
		OpListPhoneNumbers: func(ctx context.Context) error {
			_, err := c.ListPhoneNumbers(ctx, testWABA, ListOptions{})
			return err
		},
		OpListSubscribedApps: func(ctx context.Context) error { _, err := c.ListSubscribedApps(ctx, testWABA); return err },
		OpListAssignedUsers: func(ctx context.Context) error {
			_, err := c.ListAssignedUsers(ctx, testWABA, testBusiness)
			return err
		},
		OpListCatalogs:      func(ctx context.Context) error { _, err := c.ListCatalogs(ctx, testWABA); return err },
		OpLinkCatalog:       func(ctx context.Context) error { return c.LinkCatalog(ctx, testWABA, "700123") },
		OpCreateTemplate:    func(ctx context.Context) error { _, err := c.CreateTemplate(ctx, testWABA, content); return err },
		OpEditTemplate:      func(ctx context.Context) error { return c.EditTemplate(ctx, "77", content) },
		OpDeleteTemplate:    func(ctx context.Context) error { return c.DeleteTemplate(ctx, testWABA, "order", "77") },
		OpUnpauseTemplate:   func(ctx context.Context) error { return c.UnpauseTemplate(ctx, "77") },
		OpUnarchiveTemplate: func(ctx context.Context) error { return c.UnarchiveTemplate(ctx, testWABA, "77") },
		OpUpdateAccount:     func(ctx context.Context) error { return c.EnableInsights(ctx, testWABA) },
		OpOpenUpload: func(ctx context.Context) error {
			_, err := c.openUpload(ctx, testApp, testFile("content"))
			return err
		},
		OpSendUpload: func(ctx context.Context) error { _, err := testUpload(c, "content").send(ctx, 0); return err },
		OpReadUpload: func(ctx context.Context) error { _, err := testUpload(c, "content").offset(ctx); return err },
	}
	maps.Copy(calls, everyNumberCall(c))
	maps.Copy(calls, everyWebhookCall(c))
	return calls
}

// everyNumberCall makes each call about a phone number once.
func everyNumberCall(c *Client) map[Operation]func(context.Context) error {
	const id = testNumber
	return map[Operation]func(context.Context) error{
		OpReadPhoneNumber: func(ctx context.Context) error { _, err := c.ReadPhoneNumber(ctx, id); return err },
		OpAddPhoneNumber: func(ctx context.Context) error {
			_, err := c.AddPhoneNumber(ctx, testWABA, NewPhoneNumber{CountryCode: "1", Number: "4155550100", VerifiedName: "Acme"})
			return err
		},
		OpRequestCode:           func(ctx context.Context) error { return c.RequestCode(ctx, id, CodeBySMS, "en_US") },
		OpVerifyCode:            func(ctx context.Context) error { return c.VerifyCode(ctx, id, testCode) },
		OpRegisterPhoneNumber:   func(ctx context.Context) error { return c.RegisterPhoneNumber(ctx, id, Registration{PIN: testPIN}) },
		OpDeregisterPhoneNumber: func(ctx context.Context) error { return c.DeregisterPhoneNumber(ctx, id) },
		OpSetPIN:                func(ctx context.Context) error { return c.SetPIN(ctx, id, testPIN) },
		OpRequestDisplayName:    func(ctx context.Context) error { return c.RequestDisplayName(ctx, id, "Acme") },
		OpReadProfile:           func(ctx context.Context) error { _, err := c.ReadProfile(ctx, id); return err },
		OpUpdateProfile:         func(ctx context.Context) error { return c.UpdateProfile(ctx, id, ProfileUpdate{Email: ptr("")}) },
		OpReadCommerce:          func(ctx context.Context) error { _, err := c.ReadCommerce(ctx, id); return err },
		OpUpdateCommerce:        func(ctx context.Context) error { return c.UpdateCommerce(ctx, id, Commerce{CartEnabled: ptr(true)}) },
		OpReadAutomation:        func(ctx context.Context) error { _, err := c.ReadAutomation(ctx, id); return err },
		OpUpdateAutomation: func(ctx context.Context) error {
			return c.UpdateAutomation(ctx, id, AutomationUpdate{Prompts: &[]string{}})
		},
		OpReadSettings:        func(ctx context.Context) error { _, err := c.ReadSettings(ctx, id); return err },
		OpUpdateStorage:       func(ctx context.Context) error { return c.DisableLocalStorage(ctx, id) },
		OpUpdateCalling:       func(ctx context.Context) error { return c.UpdateCalling(ctx, id, CallingSettings{Status: "ENABLED"}) },
		OpUpdateIdentityCheck: func(ctx context.Context) error { return c.SetIdentityCheck(ctx, id, true) },
		OpReadEncryption:      func(ctx context.Context) error { _, err := c.ReadEncryption(ctx, id); return err },
		OpUpdateEncryption:    func(ctx context.Context) error { return c.SetEncryption(ctx, id, testKey) },
		OpReadCompliance:      func(ctx context.Context) error { _, err := c.ReadCompliance(ctx, id); return err },
		OpUpdateCompliance: func(ctx context.Context) error {
			return c.SetCompliance(ctx, id, Compliance{EntityName: "Acme", EntityType: "PARTNERSHIP"})
		},
		OpReadUsername:   func(ctx context.Context) error { _, err := c.ReadUsername(ctx, id); return err },
		OpUpdateUsername: func(ctx context.Context) error { _, err := c.SetUsername(ctx, id, "acme"); return err },
		OpDeleteUsername: func(ctx context.Context) error { return c.DeleteUsername(ctx, id) },
		OpRequestBadge: func(ctx context.Context) error {
			return c.RequestBadge(ctx, id, BadgeRequest{WebsiteURL: "https://acme.example", Country: "Germany", Language: "German"})
		},
	}
}

func testFile(content string) File {
	return File{Name: "lamp.jpg", Type: "image/jpeg", Size: int64(len(content)), Content: strings.NewReader(content)}
}

// testUpload is an upload whose session is open.
func testUpload(c *Client, content string) *upload {
	return &upload{
		client: c, size: int64(len(content)), content: &source{content: strings.NewReader(content)},
		session: uploadSession{path: "/" + testSession, query: url.Values{"sig": {testSignature}}},
	}
}

func (s receivedRequest) form(t *testing.T) url.Values {
	t.Helper()
	form, err := url.ParseQuery(s.Body)
	if err != nil {
		t.Fatal(err)
	}
	return form
}
