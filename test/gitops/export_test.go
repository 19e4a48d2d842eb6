// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/template"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
)

// oddities are templates that an account can have and that no example describes: in other states, of other times, or with
// parts that a resource has no place for.
func oddities() []graphsim.Template {
	text := `[{"type":"BODY","text":"Your request was received, we will come back to you."}]`
	template := func(name string, change func(*graphsim.Template)) graphsim.Template {
		t := graphsim.Template{Name: name, Language: "en_US", Components: json.RawMessage(text)}
		change(&t)
		return t
	}
	status := func(s string) func(*graphsim.Template) { return func(t *graphsim.Template) { t.Status = s } }
	with := func(components string) func(*graphsim.Template) {
		return func(t *graphsim.Template) { t.Components = json.RawMessage(components) }
	}
	return []graphsim.Template{
		template("hello_world", func(*graphsim.Template) {}), template("was_paused", status("PAUSED")), template("was_rejected", status("REJECTED")),
		template("was_disabled", status("DISABLED")), template("was_appealed", status("IN_APPEAL")), template("is_pending", status("PENDING")),
		template("was_archived", status("ARCHIVED")), template("is_going", status("PENDING_DELETION")),
		template("_underscored_", func(*graphsim.Template) {}),
		template("no_examples", with(`[{"type":"BODY","text":"Hello {{1}}, we received your request."}]`)),
		template("too_long", with(`[{"type":"BODY","text":"`+strings.Repeat("word ", 300)+`"}]`)),
		template("ends_in_a_variable", with(`[{"type":"BODY","text":"Hello {{1}}","example":{"body_text":[["Ana"]]}}]`)),
		template("album", with(`[{"type":"BODY","text":"See our pictures below."},{"type":"ALBUM"}]`)),
		template("booking", with(`[{"type":"BODY","text":"See your booking."},{"type":"BUTTONS","buttons":[{"type":"BOOKING_STATUS","text":"See"}]}]`)),
		template("short_lived", func(t *graphsim.Template) { t.Category, t.MessageSendTTLSeconds = "MARKETING", ptr.To[int64](120) }),
		template("max_priced", func(t *graphsim.Template) { t.Category, t.MaxPrice = "MARKETING", ptr.To[int64](87000) }),
		template("odd_subcategory", func(t *graphsim.Template) { t.SubCategory = "SOMETHING_NEW" }),
		template("plain_subcategory", func(t *graphsim.Template) { t.Category, t.SubCategory = "MARKETING", "CUSTOM" }),
		template("legacy_category", func(t *graphsim.Template) { t.Category = "ACCOUNT_UPDATE" }),
		template("one_tap_without_app", func(t *graphsim.Template) {
			t.Category = "AUTHENTICATION"
			t.Components = json.RawMessage(`[{"type":"BODY"},{"type":"BUTTONS","buttons":[{"type":"OTP","otp_type":"ONE_TAP"}]}]`)
		}),
		template("recategorised", func(t *graphsim.Template) { t.CorrectCategory = "MARKETING" }),
	}
}

// fill brings every documented kind of template into the account, and all that else an account can have.
func fill(t *testing.T, w *harness.World) {
	t.Helper()
	meta, err := graph.NewClient(graph.Config{BaseURL: w.URL, Version: "v25.0", AccessToken: harness.AccessToken, Timeout: patience.Limit})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "api", "v1alpha1", "testdata", "examples", "*.yaml"))
	if err != nil || len(files) < 38 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var obj v1alpha1.MessageTemplate
		if err := yaml.UnmarshalStrict(raw, &obj); err != nil {
			t.Fatal(err)
		}
		content, problems := template.Content(&obj.Spec)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", file, problems)
		}
		handles := map[string]string{}
		for _, m := range template.MediaOf(&obj.Spec) {
			kind := map[string]string{"IMAGE": "image/jpeg", "DOCUMENT": "application/pdf"}[m.Format]
			if kind == "" {
				kind = "video/mp4"
			}
			handles[m.Path] = w.Sim.AddHandle(graphsim.Handle{AppID: harness.AppID, Type: kind, Size: 1000, ExpiresAt: w.Clock.Now().Add(time.Hour)})
		}
		content.Components = template.WithHandles(content.Components, handles)
		if _, err := meta.CreateTemplate(t.Context(), harness.AccountID, content); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, odd := range oddities() {
		w.Sim.AddTemplate(harness.AccountID, odd)
	}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) {
		n.CallbackURL = "https://number.acme.example/wa"
		n.Config.Profile.About, n.Config.Profile.Websites = "Open on: Sundays", []string{"https://acme.example/"}
		n.Config.Automation.Prompts = []string{"Where is my order?"}
		n.Config.Username, n.Config.UsernameStatus = "acme.store", "approved"
		n.Config.PublicKey, n.Config.PublicKeyStatus = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "MISMATCH"
	})
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{DisplayPhoneNumber: "+49 30 1234567", PlatformType: "NOT_APPLICABLE"})
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "https://bot.acme.example/wa")
	w.Sim.SetAppCallback(harness.AppID, "https://ops.acme.example/wa", "messages", "message_template_status_update")
	w.Clock.Step(2 * time.Minute) // Meta reviews
}

// exported runs the command until nothing is missing, and returns the resources it wrote.
func exported(t *testing.T, w *harness.World, args ...string) []*unstructured.Unstructured {
	t.Helper()
	var out, errs bytes.Buffer
	code := -1
	for range 10 { // in unknown mode a call fails now and then
		out.Reset()
		errs.Reset()
		code = cli.Run(t.Context(), "test", cli.Streams{In: strings.NewReader(harness.AccessToken), Out: &out, Err: &errs},
			append([]string{"export", harness.AccountID, "--access-token-file", "-", "--graph-base-url", w.URL}, args...))
		if code == cli.ExitOK {
			break
		}
	}
	if code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	t.Log(errs.String())
	if strings.Contains(out.String()+errs.String(), harness.AccessToken) || strings.Contains(out.String()+errs.String(), harness.AppSecret) {
		t.Error("a secret got out")
	}
	return documents(t, out.String())
}

// TestExportIsAppliedWithoutAWrite: an account with templates of every kind is exported, applied and left as it is: the
// operator finds all as described and writes nothing to Meta, even where Meta does what no documentation lists.
func TestExportIsAppliedWithoutAWrite(t *testing.T) { //nolint:tparallel // the environment is set for all of them
	t.Setenv("WABA_APP_SECRET", harness.AppSecret)
	for name, tc := range map[string]struct {
		opts []graphsim.Option
		args []string
	}{
		"managed":   {nil, []string{"--number-settings", "--include-samples"}},
		"observed":  {nil, []string{"--number-settings", "--include-samples", "--policy", "Observed"}},
		"archived":  {nil, []string{"--status", "ARCHIVED,PENDING_DELETION"}},
		"unknown 1": {[]graphsim.Option{graphsim.WithUnknownMode(1)}, []string{"--include-samples"}},
		"unknown 2": {[]graphsim.Option{graphsim.WithUnknownMode(2)}, []string{"--include-samples"}},
		"unknown 3": {[]graphsim.Option{graphsim.WithUnknownMode(3)}, []string{"--include-samples"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, tc.opts...)
			fill(t, w)
			objects := exported(t, w, tc.args...)
			before := len(w.Sim.Requests())
			w.Secret()
			for _, u := range wanted(w, objects) {
				w.Create(u)
			}
			op := w.Start()
			op.Settle()
			for range 3 {
				op.Observe()
			}
			op.Advance(90 * time.Minute) // the sections of numbers are read once an hour
			for range 3 {
				op.Observe() // in unknown mode the last one may have failed
			}
			for _, r := range w.Sim.Requests()[before:] {
				if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
					t.Errorf("a write: %s %s %s", r.Method, r.Path, r.Body)
				}
			}
			for _, u := range objects {
				asMetaHasIt(t, w, u)
			}
			w.CheckInvariants()
		})
	}
}

// asMetaHasIt: the resource is what Meta has, and nothing drifts.
func asMetaHasIt(t *testing.T, w *harness.World, exported *unstructured.Unstructured) {
	t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(exported.GroupVersionKind())
	if err := w.Client.Get(context.Background(), client.ObjectKey{Namespace: w.Namespace, Name: exported.GetName()}, u); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(u.Object["status"])
	if err != nil {
		t.Fatal(err)
	}
	var status struct {
		v1alpha1.CommonStatus `json:",inline"`
		Status                string `json:"status"`
	}
	if err := json.Unmarshal(raw, &status); err != nil {
		t.Fatal(err)
	}
	if synced := harness.Condition(status.Conditions, v1alpha1.ConditionSynced); synced.Status != metav1.ConditionTrue || len(status.Drift) > 0 {
		t.Errorf("%s %s: %s %s, drift %v", u.GetKind(), u.GetName(), synced.Reason, synced.Message, status.Drift)
	}
	ready := harness.Condition(status.Conditions, v1alpha1.ConditionReady)
	if u.GetKind() == "MessageTemplate" && status.Status == "APPROVED" && ready.Status != metav1.ConditionTrue {
		t.Errorf("%s isn't ready: %s %s", u.GetName(), ready.Reason, ready.Message)
	}
}
