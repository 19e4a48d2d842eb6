// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/recording"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	testWABA   = "102290129340398"
	testToken  = "EAAGdoctortoken0123456789abcdef"
	testApp    = "634974688087057"
	testSecret = "doctor-app-secret-made-up"
)

var testStart = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// strange are the account's own strings, which no report may show.
var strange = []string{
	"Zanzibar", "Quokka", "quokka", "zanz_", "555078", "555-078", "1310913", testToken, testSecret, testWABA, testApp, "Wombat", "wombat", "kakapo",
	"Numbat", "506914307656634",
}

// patient is a simulator with an account of many kinds of assets.
type patient struct {
	t     *testing.T
	sim   *graphsim.Simulator
	clock *clocktesting.FakeClock
	base  string
}

func newPatient(t *testing.T, options ...graphsim.Option) *patient {
	t.Helper()
	clk := clocktesting.NewFakeClock(testStart)
	p := &patient{t: t, clock: clk, sim: graphsim.New(append([]graphsim.Option{
		graphsim.WithClock(clk), graphsim.WithSeed(5), graphsim.WithReviewDelay(time.Minute),
	}, options...)...)}
	p.sim.AddApp(graphsim.App{ID: testApp, Name: "Quokka Ops", Secret: testSecret})
	p.sim.AddAccount(graphsim.Account{ID: testWABA, Name: "Zanzibar Quokka Ltd", OwnerBusinessID: "506914307656634", OwnerBusinessName: "Quokka Holding"})
	for i := range 12 {
		p.sim.AddNumber(testWABA, graphsim.Number{
			NameStatus: "APPROVED", AccountMode: "SANDBOX", DisplayPhoneNumber: fmt.Sprintf("+1 555-078-38%02d", i), VerifiedName: "Wombat Line",
			Config: graphsim.NumberConfig{
				Profile: graphsim.Profile{
					About: "Quokka Garden", Email: "wombat@quokka.example", Description: "Wombats, quokkas and more", Websites: []string{"https://quokka.example"},
				},
				Automation: graphsim.Automation{Prompts: []string{"Book a Wombat"}, Commands: []graphsim.Command{{Name: "kakapo", Description: "Numbat tours"}}},
				Username:   "zanz_quokka", UsernameStatus: "approved",
			},
		})
	}
	p.sim.SubscribeApp(testWABA, testApp, "https://hooks.quokka.example/numbat")
	p.sim.SetAppCallback(testApp, "https://hooks.quokka.example/meta", "messages", "account_update")
	p.sim.AddToken(graphsim.Token{
		Name: "acme", Value: testToken, AppID: testApp, Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging", "catalog_management"},
		Accounts: []string{testWABA},
	})
	p.sim.AssignUser(testWABA, graphsim.User{Name: "Numbat Wombat", Tasks: []string{"MANAGE"}})
	for i := range 40 {
		p.sim.AddTemplate(testWABA, graphsim.Template{
			Name: fmt.Sprintf("zanz_quokka_%d", i), Language: []string{"en_US", "de"}[i%2], Category: []string{"UTILITY", "MARKETING"}[i%2],
			Components: json.RawMessage(`[{"type":"BODY","text":"Hi {{1}}, the Quokka tour is on, see you.","example":{"body_text":[["Wombat"]]}},
				{"type":"BUTTONS","buttons":[{"type":"URL","text":"Numbat","url":"https://quokka.example/t/{{1}}","example":["https://quokka.example/t/1"]},
				{"type":"PHONE_NUMBER","text":"Call Wombat","phone_number":"+15550783899"}]}]`),
		})
	}
	p.base = p.sim.Start(t)
	return p
}

// examine examines the account at an address, which is that of the simulator or of a replay.
func (p *patient) examine(base, id string, change func(*Options)) (*Report, *recording.Recorder, error) {
	p.t.Helper()
	transport := &http.Transport{}
	p.t.Cleanup(transport.CloseIdleConnections)
	recorder := recording.NewRecorder(transport)
	creds := account.Credentials{AccessToken: testToken, AppSecret: testSecret}
	session, err := account.NewManager(account.Options{
		BaseURL: base, Transport: recorder, Timeout: patience.Limit, PageSize: 100, Clock: p.clock, Log: logr.Discard(),
	}).Ensure(account.Ref{Name: id, AccountID: id}, creds, "v25.0")
	if err != nil {
		p.t.Fatal(err)
	}
	o := Options{
		AccountID: id, Session: session, Recorder: recorder, Tool: "v1.2.3", GraphAPIVersion: "v25.0", Now: p.clock.Now,
		Wait: func(ctx context.Context, d time.Duration) error { p.clock.Step(d); return ctx.Err() },
		ClientFor: func(version string) (*graph.Client, error) {
			return graph.NewClient(graph.Config{
				BaseURL: base, Version: version, AccessToken: testToken, AppSecret: testSecret, Transport: recorder, Timeout: patience.Limit,
			})
		},
	}
	if change != nil {
		change(&o)
	}
	report, err := Examine(p.t.Context(), o)
	return report, recorder, err
}

func (p *patient) must(change func(*Options)) (*Report, *recording.Recorder) {
	p.t.Helper()
	report, recorder, err := p.examine(p.base, testWABA, change)
	if err != nil {
		p.t.Fatal(err)
	}
	return report, recorder
}

func withProbe(o *Options) { o.Probe = true }

func (r *Report) lines() (out []string) {
	for _, d := range r.Differences {
		out = append(out, fmt.Sprintf("%s: %s: %s", d.Kind, d.Where, d.What))
	}
	return out
}

func render(t *testing.T, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	for _, format := range []string{"markdown", "json"} {
		if err := Formats[format](&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestHealthy: what the simulator does is what the fact sheets say; nothing differs, with the probe too.
func TestHealthy(t *testing.T) {
	p := newPatient(t)
	report, _ := p.must(withProbe)
	if lines := report.lines(); len(lines) > 0 {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	for _, c := range report.Checks {
		if !c.Done {
			t.Errorf("%s: %s", c.Name, c.Why)
		}
	}
	all, err := probes()
	if err != nil || len(report.Probed) != len(all) {
		t.Errorf("%d of %d kinds were probed: %v", len(report.Probed), len(all), err)
	}
	for _, r := range report.Probed {
		if !r.Created || !r.Deleted {
			t.Errorf("%+v", r)
		}
	}
	if left := p.sim.Templates(testWABA); len(left) != 40 {
		t.Errorf("%d templates are left", len(left))
	}
	if leaks := p.sim.SecretsInURLs(); len(leaks) > 0 {
		t.Errorf("secrets in URLs: %v", leaks)
	}
}

// TestReadingOnly: without the probe nothing is written.
func TestReadingOnly(t *testing.T) {
	p := newPatient(t)
	if report, _ := p.must(nil); len(report.Differences) > 0 || report.Probe {
		t.Errorf("%v", report.lines())
	}
	if n := p.sim.Stats(); n.Writes != 0 {
		t.Errorf("%d writes", n.Writes)
	}
}

// TestUnknownMode: the report has what the unknown mode of the simulator does, all of it and nothing else.
func TestUnknownMode(t *testing.T) {
	properties := []string{
		"UnknownProperty: account: ai_review_lane", "UnknownProperty: account: surface_v2",
		"UnknownProperty: business profile: ai_review_lane", "UnknownProperty: business profile: surface_v2",
		"UnknownProperty: phone number: ai_review_lane", "UnknownProperty: phone number: surface_v2",
		"UnknownProperty: settings of a phone number: ai_review_lane", "UnknownProperty: settings of a phone number: surface_v2",
		"UnknownProperty: template: ai_review_lane", "UnknownProperty: template: surface_v2", "UnknownProperty: template: components.surface_v3",
	}
	statuses := []string{"IN_SECOND_REVIEW", "SUSPENDED_PENDING_SIGNAL", "WARMING_UP"}
	qualities := []string{"BLUE", "INSUFFICIENT_SIGNAL", "GREEN_PLUS"}
	for seed := range int64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := newPatient(t, graphsim.WithUnknownMode(seed))
			report, _ := p.must(withProbe)
			lines, seen := report.lines(), map[string]bool{}
			for _, line := range lines {
				kind, rest, _ := strings.Cut(line, ": ")
				value := rest[strings.LastIndex(rest, " ")+1:]
				switch Kind(kind) {
				case UnknownProperty:
					if !slices.Contains(properties, line) && rest != "template: components.buttons.label_color" {
						t.Errorf("%s", line)
					}
				case UnknownValue:
					ok := slices.Contains(qualities, value) && strings.Contains(rest, "quality") || slices.Contains(statuses, value) && strings.Contains(rest, ": status = ") ||
						strings.HasPrefix(rest, "answer to POST") && slices.Contains(statuses, value)
					seen[strings.TrimSuffix(rest, value)] = true
					if !ok {
						t.Errorf("%s", line)
					}
				case UnknownError:
					seen["error"] = true
					if !strings.HasPrefix(value, "100/2399") {
						t.Errorf("%s", line)
					}
				case Normalisation:
					seen["text"] = true
					if !strings.Contains(rest, ".text: sent ") {
						t.Errorf("%s", line)
					}
				default:
					t.Errorf("%s", line)
				}
			}
			for _, want := range properties {
				if !slices.Contains(lines, want) {
					t.Errorf("missing: %s", want)
				}
			}
			for _, want := range []string{
				"template: status = ", "template: quality_score.score = ", "phone number: status = ", "phone number: quality_rating = ", "error", "text",
			} {
				if !seen[want] {
					t.Errorf("missing: %s in\n%s", want, strings.Join(lines, "\n"))
				}
			}
			if left := p.sim.Templates(testWABA); len(left) != 40 {
				t.Errorf("%d templates are left", len(left))
			}
		})
	}
}

// TestNothingOfTheAccount: neither a report nor a recording has a string of the account, in any mode.
func TestNothingOfTheAccount(t *testing.T) {
	for name, options := range map[string][]graphsim.Option{"normal": nil, "unknown": {graphsim.WithUnknownMode(3)}} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t, options...)
			report, recorder := p.must(withProbe)
			file, err := json.Marshal(recording.Anonymise(recorder.Exchanges(), testWABA, "v1.2.3"))
			if err != nil {
				t.Fatal(err)
			}
			for what, text := range map[string]string{"report": render(t, report), "recording": string(file)} {
				own := slices.Clone(strange)
				for _, x := range p.sim.Templates(testWABA) {
					own = append(own, x.ID)
				}
				for _, x := range p.sim.Numbers(testWABA) {
					own = append(own, x.ID)
				}
				for _, word := range own {
					if i := strings.Index(text, word); i >= 0 {
						t.Errorf("the %s has %q: %s", what, word, text[max(i-60, 0):min(i+60, len(text))])
					}
				}
			}
		})
	}
}

// TestReplay: the answers of a recording give the report of the original.
func TestReplay(t *testing.T) {
	p := newPatient(t, graphsim.WithUnknownMode(3))
	report, recorder := p.must(nil)
	file := recording.Anonymise(recorder.Exchanges(), testWABA, "v1.2.3")
	server := httptest.NewServer(recording.NewReplay(file))
	defer server.Close()
	again, _, err := p.examine(server.URL, file.AccountID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := render(t, again), render(t, report); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
