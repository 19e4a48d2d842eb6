// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/harness"
)

// logLine is what these tests read of a line of the log.
type logLine struct {
	Level, Msg, Error, Operation, Reason, Name, Namespace, Controller string
	Type, Before                                                      string
	Status                                                            any // a number in a line about a call
}

// linesOf returns the lines of the log with one of the messages.
func linesOf(t *testing.T, w *harness.World, messages ...string) []logLine {
	t.Helper()
	var out []logLine
	for raw := range strings.Lines(w.Logs()) {
		var line logLine
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if slices.Contains(messages, line.Msg) {
			out = append(out, line)
		}
	}
	return out
}

// errorLines are all lines at level 0 that report a failure, of every logger.
func errorLines(t *testing.T, w *harness.World) []logLine {
	t.Helper()
	return linesOf(t, w, "Step failed", "Step must wait", "Reconciler error")
}

// expectFailures checks that the log has exactly these many failures of one step, and no other.
func expectFailures(t *testing.T, w *harness.World, n int, operation string, parts ...string) {
	t.Helper()
	got := errorLines(t, w)
	if len(got) != n {
		t.Fatalf("want %d lines about %q, got %+v", n, operation, got)
	}
	for _, line := range got {
		if line.Level != "error" || line.Msg != "Step failed" || line.Operation != operation || line.Namespace != w.Namespace || line.Name == "" {
			t.Errorf("got %+v", line)
		}
		for _, part := range parts {
			if !strings.Contains(line.Error, part) {
				t.Errorf("%q isn't in %q", part, line.Error)
			}
		}
	}
}

func atLevel(level int) func(*operator.Options) {
	return func(o *operator.Options) { o.LogLevel = level }
}

// switched is a transport that fails while bad is set.
func switched(bad *atomic.Bool, failing, working http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if bad.Load() {
			return failing.RoundTrip(r)
		}
		return working.RoundTrip(r)
	})
}

// toSimulator sends what is meant for any address to the simulator.
func toSimulator(t *testing.T, w *harness.World, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	sim, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	return transport(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = sim.Scheme, sim.Host, ""
		return next.RoundTrip(r)
	})
}

// unresolvable fails as net/http does where a name has no address.
var unresolvable = transport(func(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), Server: "192.0.2.53:53", IsNotFound: true}}
})

// closedPort is an address at which no process listens.
func closedPort() string {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return server.URL
}

// TestMetaOutOfReach: why Meta can't be reached is in the log, once for each time that it begins, and the condition points there.
func TestMetaOutOfReach(t *testing.T) {
	t.Parallel()
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hang.Close)
	unknownCA := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknownCA.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs each client that doesn't trust it
	unknownCA.StartTLS()
	t.Cleanup(unknownCA.Close)
	proxy, err := url.Parse(closedPort())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		base    string
		failing http.RoundTripper
		timeout time.Duration
		says    []string
	}{
		"DNS":     {"https://graph.invalid", unresolvable, time.Minute, []string{"lookup graph.invalid", "no such host"}},
		"proxy":   {"https://graph.invalid", &http.Transport{Proxy: http.ProxyURL(proxy)}, time.Minute, []string{"proxyconnect", proxy.Host, "refused"}},
		"x509":    {unknownCA.URL, &http.Transport{}, time.Minute, []string{"x509", "unknown authority"}},
		"timeout": {hang.URL, &http.Transport{}, time.Second, []string{"Timeout", "deadline exceeded"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			waba := w.WABA()
			bad := &atomic.Bool{}
			bad.Store(true)
			w.Transport = func(next http.RoundTripper) http.RoundTripper {
				return switched(bad, c.failing, toSimulator(t, w, next))
			}
			op := w.Start(atLevel(0), func(o *operator.Options) { o.GraphBaseURL, o.GraphTimeout = c.base, c.timeout })
			for range 3 {
				op.Observe()
			}
			expectFailures(t, w, 1, "read the account", c.says...)
			w.Reload(waba)
			expectRefused(t, waba.Status.Conditions, v1alpha1.ReasonTransientError, "the operator's log has the error")
			w.CheckInvariants()

			bad.Store(false)
			op.Observe()
			w.Reload(waba)
			expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			bad.Store(true)
			op.Observe()
			op.Observe()
			expectFailures(t, w, 2, "read the account", c.says...)
		})
	}
}

// apiAnswers lets the API server refuse requests while bad is set, as it would by itself.
func apiAnswers(w *harness.World, bad func(*http.Request) bool, status metav1.Status) {
	w.Config = rest.CopyConfig(w.Config)
	w.Config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			if !bad(r) {
				return next.RoundTrip(r)
			}
			recorder := httptest.NewRecorder()
			recorder.Header().Set("Content-Type", "application/json")
			recorder.WriteHeader(int(status.Code))
			status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
			if err := json.NewEncoder(recorder).Encode(status); err != nil {
				return nil, err
			}
			return recorder.Result(), nil
		})
	})
}

func writesStatusOf(r *http.Request, resource string) bool {
	return r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/"+resource+"/") && strings.HasSuffix(r.URL.Path, "/status")
}

// TestConflictsInTheLog: a conflict now and then is no error, one that stays is.
func TestConflictsInTheLog(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	left := &atomic.Int64{}
	apiAnswers(w, func(r *http.Request) bool {
		return writesStatusOf(r, "messagetemplates") && left.Add(-1) >= 0
	}, metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusConflict, Reason: metav1.StatusReasonConflict,
		Message: "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again",
	})
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start(atLevel(1))
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if got := linesOf(t, w, "The object changed meanwhile; reconciled again"); len(got) > 0 {
		t.Fatalf("conflicts of the test's own making: %+v", got)
	}

	left.Store(1)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Observe()
	got := linesOf(t, w, "The object changed meanwhile; reconciled again")
	if len(got) != 1 || got[0].Level == "error" || got[0].Name != tmpl.Name {
		t.Errorf("a single conflict: %+v", got)
	}
	expectFailures(t, w, 0, "")
	if left.Load() >= 0 {
		t.Fatal("there was no conflict")
	}

	left.Store(1 << 30)
	w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "now")
	op.Observe()
	op.Observe()
	expectFailures(t, w, 1, "write the status", "the object has been modified")
	if tries := 1<<30 - left.Load(); tries > 12 {
		t.Errorf("%d attempts in twelve minutes", tries)
	}
	left.Store(0)
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if got := linesOf(t, w, "Step works again"); len(got) != 1 || got[0].Operation != "write the status" {
		t.Errorf("the end isn't in the log: %+v", got)
	}
}

// TestLevelsOfTheLog: what each level has, and the one below hasn't.
func TestLevelsOfTheLog(t *testing.T) {
	t.Parallel()
	const (
		wrote, changed, about, end, call = "Wrote to Meta", "Condition changed", "About to write to Meta", "The run ends", "Graph call"
	)
	for level, want := range map[int][]string{
		0: {wrote}, 1: {wrote, changed}, 2: {wrote, changed, about, end}, 4: {wrote, changed, about, end, call},
	} {
		t.Run(strings.Repeat("i", level), func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left")
			op := w.Start(atLevel(level))
			op.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			for _, message := range []string{wrote, changed, about, end, call} {
				if got := len(linesOf(t, w, message)) > 0; got != slices.Contains(want, message) {
					t.Errorf("level %d: %q is there: %t", level, message, got)
				}
			}
			for _, line := range linesOf(t, w, changed) {
				if line.Controller == "" || line.Name == "" || line.Type == "" || line.Status == nil || line.Reason == "" {
					t.Errorf("got %+v", line)
				}
			}
			if level == 1 && !slices.ContainsFunc(linesOf(t, w, changed), func(l logLine) bool {
				return l.Name == tmpl.Name && l.Type == v1alpha1.ConditionReady && l.Status == "True" && l.Before == "False/"+v1alpha1.ReasonInReview
			}) {
				t.Error("the approval isn't in the log")
			}
		})
	}
}
