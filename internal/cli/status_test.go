// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/overview"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// create creates objects, and gives them the status that they have.
func create(t *testing.T, env *testenv.Env, objects ...client.Object) {
	t.Helper()
	for _, obj := range objects {
		wanted := obj.DeepCopyObject().(client.Object)
		if err := env.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
		wanted.SetResourceVersion(obj.GetResourceVersion())
		wanted.SetUID(obj.GetUID())
		if err := env.Client.Status().Update(t.Context(), wanted); client.IgnoreNotFound(err) != nil { // Roles have no status
			t.Fatal(err)
		}
	}
}

func conditionsOf(pairs ...string) []metav1.Condition {
	var out []metav1.Condition
	for i := 0; i < len(pairs); i += 4 {
		out = append(out, metav1.Condition{
			Type: pairs[i], Status: metav1.ConditionStatus(pairs[i+1]), Reason: pairs[i+2], Message: pairs[i+3], ObservedGeneration: 1,
			LastTransitionTime: metav1.NewTime(time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)),
		})
	}
	return out
}

func wabaOf(namespace, id string, conditions ...metav1.Condition) *v1alpha1.WABA {
	now := metav1.NewTime(time.Now())
	return &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme"},
		Spec:       v1alpha1.WABASpec{ID: id, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "meta"}},
		Status: v1alpha1.WABAStatus{
			CommonStatus: v1alpha1.CommonStatus{ObservedGeneration: 1, Conditions: conditions}, LastObservedTime: &now, EffectiveIntervalSeconds: 3600,
		},
	}
}

func templateOf(namespace, platform, name, status string, conditions ...metav1.Condition) *v1alpha1.MessageTemplate {
	return &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Namespace: platform, Name: "acme"}},
			Name:       name, Language: "en_US", Category: "UTILITY", Body: &v1alpha1.TemplateBody{Text: "Hello."},
		},
		Status: v1alpha1.MessageTemplateStatus{CommonStatus: v1alpha1.CommonStatus{ObservedGeneration: 1, Conditions: conditions}, Status: status, Category: "UTILITY"},
	}
}

var (
	wellConditions     = conditionsOf("Ready", "True", "Approved", "", "Synced", "True", "Synced", "")
	rejectedConditions = conditionsOf("Ready", "False", "Rejected", "rejected", "Synced", "True", "Synced", "", "Approved", "False", "Rejected", "rejected by Meta: SCAM")
)

// grant lets a user list and watch one resource in a namespace.
func grant(t *testing.T, env *testenv.Env, user, namespace string, resources ...string) {
	t.Helper()
	name := metav1.ObjectMeta{Namespace: namespace, Name: user}
	create(t, env,
		&rbacv1.Role{ObjectMeta: name, Rules: []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupName}, Resources: resources, Verbs: []string{"get", "list", "watch"}}}},
		&rbacv1.RoleBinding{
			ObjectMeta: name, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: user}},
		})
}

func TestStatusMistakes(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for name, tc := range map[string]struct {
		args []string
		err  string
	}{
		"unknown format": {[]string{"-o", "xml"}, "error: unknown format \"xml\": use one of json, markdown, name, tree, wide, yaml\n"},
		"unknown flag":   {[]string{"--colour"}, "error: unknown flag: --colour; see 'kubectl waba status --help'\n"},
		"nobody answers": {[]string{"--server", "http://127.0.0.1:1"}, "error: "},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := run(t, "", append([]string{"status"}, tc.args...)...)
			if code != ExitFailed || out != "" || !strings.HasPrefix(stderr, tc.err) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d: %s%s", code, out, stderr)
			}
		})
	}
}

// TestStatusOfATeam: who may list templates of one namespace only gets them, and one line about what is missing.
func TestStatusOfATeam(t *testing.T) {
	env := startCluster(t)
	platform, shop := env.Namespace(t), env.Namespace(t)
	create(t, env, wabaOf(platform, "102290129340398", wellConditions...),
		templateOf(shop, platform, "order", "APPROVED", wellConditions...), templateOf(shop, platform, "sale", "REJECTED", rejectedConditions...))

	code, out, stderr := run(t, "", "status", "-n", shop)
	if code != ExitOK || stderr != "" || !strings.Contains(out, "WABA/acme") || !strings.Contains(out, "Rejected: rejected by Meta: SCAM") || !strings.Contains(out, "1 MessageTemplate ") {
		t.Errorf("as an administrator: %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr = run(t, "", "status", "-n", shop, "--unhealthy"); code != ExitFound || stderr != "" || !strings.Contains(out, "MessageTemplate sale") {
		t.Errorf("unhealthy: %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr = run(t, "", "status", "-n", platform, "--unhealthy"); code != ExitOK || stderr != "" || out != "No problems: 1 ok, 0 info\n" {
		t.Errorf("healthy: %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr = run(t, "", "status", "-n", shop, "globex"); code != ExitFailed || !strings.HasPrefix(stderr, "error: no WABA globex in namespace "+shop) {
		t.Errorf("no such account: %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr = run(t, "", "status", "-n", env.Namespace(t)); code != ExitOK || out != "" || !strings.HasPrefix(stderr, "note: no resource of waba-operator in namespace ") {
		t.Errorf("nothing: %d\n%s%s", code, out, stderr)
	}

	grant(t, env, "shop-team", shop, "messagetemplates")
	t.Setenv("KUBECONFIG", env.AddUser(t, "shop-team"))
	var o overview.Overview
	code, out, stderr = run(t, "", "status", "-n", shop, "-o", "json")
	if err := json.Unmarshal([]byte(out), &o); code != ExitOK || err != nil || len(o.Accounts) != 1 || o.Accounts[0].Missing != "Forbidden" || len(o.Accounts[0].MessageTemplates) != 2 {
		t.Errorf("as the team: %d, %v\n%s", code, err, out)
	}
	if !strings.HasPrefix(stderr, "note: you may not read wabas in namespace "+shop) || !strings.Contains(stderr, "waba "+platform+"/acme") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("what is missing: %s", stderr)
	}
	if code, out, stderr = run(t, "", "status", "-A"); code != ExitFailed || out != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "you may list nothing") {
		t.Errorf("everywhere: %d\n%s%s", code, out, stderr)
	}
}

// documents passes on each line that is written.
type documents chan string

func (d documents) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		d <- line
	}
	return len(p), nil
}

// TestStatusWatch: changes on a real API server come as one document in each line, of accounts in other namespaces too, and an
// interruption is no failure.
func TestStatusWatch(t *testing.T) {
	env := startCluster(t)
	platform, shop := env.Namespace(t), env.Namespace(t)
	waba, sale := wabaOf(platform, "102290129340399", wellConditions...), templateOf(shop, platform, "sale", "APPROVED", wellConditions...)
	create(t, env, waba, sale)
	grant(t, env, "shop-watcher", shop, "messagetemplates", "phonenumbers", "webhooksubscriptions", "wabas")
	grant(t, env, "shop-watcher", platform, "wabas")
	t.Setenv("KUBECONFIG", env.AddUser(t, "shop-watcher"))

	ctx, interrupt := context.WithTimeout(t.Context(), patience.Limit)
	defer interrupt()
	lines, done, errs := make(documents, 100), make(chan int, 1), &bytes.Buffer{}
	go func() {
		done <- Run(ctx, "v1.2.3", Streams{Out: lines, Err: errs}, []string{"status", "-n", shop, "-o", "json", "--watch"})
	}()
	until := func(what string, is func(*overview.Overview) bool) {
		t.Helper()
		for {
			select {
			case line := <-lines:
				var o overview.Overview
				if err := json.Unmarshal([]byte(line), &o); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				if len(o.Accounts) == 1 && is(&o) {
					return
				}
			case <-ctx.Done():
				t.Fatalf("%s: never shown; %s", what, errs.String())
			}
		}
	}
	until("the beginning", func(o *overview.Overview) bool { return o.Summary.OK == 2 })
	change(t, env, sale, func() { sale.Status.Status, sale.Status.Conditions = "REJECTED", rejectedConditions })
	until("a rejection", func(o *overview.Overview) bool {
		return o.Summary.Warning == 1 && o.Accounts[0].MessageTemplates[0].Status == "REJECTED"
	})
	change(t, env, waba, func() {
		waba.Status.Conditions = conditionsOf("Ready", "False", "Blocked", "x", "Synced", "True", "Synced", "", "CanSendMessages", "False", "Blocked", "messages can't be sent")
	})
	until("the account's trouble", func(o *overview.Overview) bool { return o.Accounts[0].Severity == overview.Critical })
	interrupt()
	if code := <-done; code != ExitOK || errs.Len() > 0 {
		t.Errorf("interrupted: exit code %d, %s", code, errs.String())
	}
}

// change updates the status of an object that is there.
func change(t *testing.T, env *testenv.Env, obj client.Object, how func()) {
	t.Helper()
	if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
		t.Fatal(err)
	}
	how()
	if err := env.Client.Status().Update(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

// TestStatusOnATerminal: colour and a screen that is drawn anew are for terminals only, and colour for those who want it.
func TestStatusOnATerminal(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	create(t, env, wabaOf(namespace, "102290129340397", wellConditions...))
	for name, tc := range map[string]struct {
		terminal       bool
		noColour       string
		colour, redraw bool
	}{
		"a terminal":         {terminal: true, colour: true, redraw: true},
		"without colour":     {terminal: true, noColour: "1", redraw: true},
		"a file or a pipe":   {},
		"a pipe, NO_COLOR=1": {noColour: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tc.noColour)
			if tc.noColour == "" {
				if err := os.Unsetenv("NO_COLOR"); err != nil {
					t.Fatal(err)
				}
			}
			ctx, interrupt := context.WithTimeout(t.Context(), patience.Limit)
			defer interrupt()
			out := &awaitedOutput{text: "WABA/acme", found: interrupt}
			var errs bytes.Buffer
			code := Run(ctx, "v1.2.3", Streams{Out: out, Err: &errs, OutTerminal: tc.terminal}, []string{"status", "-n", namespace, "--watch"})
			if text := out.String(); code != ExitOK || strings.Contains(text, "\x1b[32m") != tc.colour || strings.Contains(text, "\x1b[2J") != tc.redraw || strings.HasPrefix(text, "--- 2") == tc.redraw {
				t.Errorf("%d: %q %s", code, text, errs.String())
			}
		})
	}
}

// wire passes connections on to an API server, and can be cut.
type wire struct {
	t           *testing.T
	target      string
	listener    net.Listener
	mu          sync.Mutex
	connections []net.Conn
}

// plug begins to listen, at the same address as before.
func (w *wire) plug() {
	w.t.Helper()
	address := "127.0.0.1:0"
	if w.listener != nil {
		address = w.listener.Addr().String()
	}
	listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.listener = listener
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return // cut
			}
			out, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", w.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.connections = append(w.connections, in, out)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
}

func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.connections {
		_ = c.Close()
	}
	w.connections = nil
}

// TestStatusWatchSurvives the restart of an API server, and says so.
func TestStatusWatchSurvives(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	sale := templateOf(namespace, "", "sale", "APPROVED", wellConditions...)
	create(t, env, wabaOf(namespace, "102290129340396", wellConditions...), sale)
	w := &wire{t: t, target: strings.TrimSuffix(strings.TrimPrefix(env.Config.Host, "https://"), "/")}
	w.plug()
	defer w.cut()

	ctx, interrupt := context.WithTimeout(t.Context(), patience.Limit)
	defer interrupt()
	lines, notes, done := make(documents, 100), make(documents, 100), make(chan int, 1)
	go func() {
		done <- Run(ctx, "v1.2.3", Streams{Out: lines, Err: notes}, []string{"status", "-n", namespace, "-o", "json", "--watch", "--server", "https://" + w.listener.Addr().String()})
	}()
	until := func(from documents, text string) {
		t.Helper()
		for {
			select {
			case line := <-from:
				if strings.Contains(line, text) {
					return
				}
			case <-ctx.Done():
				t.Fatalf("%s: never told", text)
			}
		}
	}
	until(lines, `"APPROVED"`)
	w.cut()
	until(notes, "note: can't watch ")
	change(t, env, sale, func() { sale.Status.Status, sale.Status.Conditions = "REJECTED", rejectedConditions })
	w.plug()
	until(lines, `"REJECTED"`)
	until(notes, "note: connected again")
	interrupt()
	if code := <-done; code != ExitOK {
		t.Errorf("interrupted: exit code %d", code)
	}
}
