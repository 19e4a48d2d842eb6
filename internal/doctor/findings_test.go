// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/recording"
	"github.com/waba-operator/waba-operator/internal/schema"
	"github.com/waba-operator/waba-operator/internal/template"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// expect compares the differences with lines such as "Kind: where: what".
func expect(t *testing.T, r *Report, want ...string) {
	t.Helper()
	if got := r.lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRefusals: what Meta refuses is named, and the rest is examined nevertheless.
func TestRefusals(t *testing.T) {
	node := "/" + testWABA
	unknownField := func(name string) graphsim.Fault {
		return graphsim.Fault{Method: http.MethodGet, Path: node, Code: 100, Message: "(#100) Tried accessing nonexisting field (" + name + ") on node type (WhatsAppBusinessAccount)"}
	}
	for name, c := range map[string]struct {
		fault graphsim.Fault
		want  []string
	}{
		"a field of the account": {unknownField("ownership_type"), []string{"RefusedField: account: ownership_type"}},
		"the composite":          {graphsim.Fault{Method: http.MethodGet, Path: node, Code: 200, Message: "(#200) Requires a permission"}, []string{"RefusedComposite: GET /{waba}: 200"}},
		"for a moment":           {graphsim.Fault{Method: http.MethodGet, Path: node + "/assigned_users", Code: 2, Message: "Service temporarily unavailable"}, nil},
		"an unknown error": {
			graphsim.Fault{Method: http.MethodGet, Path: node + "/assigned_users", Code: 987654, Message: "Something of Quokka is odd"},
			[]string{"UnknownError: GET /{waba}/assigned_users: 987654"},
		},
		"no JSON": {
			graphsim.Fault{Method: http.MethodGet, Path: node + "/assigned_users", Status: http.StatusBadGateway, Body: "<html>Quokka proxy</html>"},
			[]string{"UnreadableAnswer: GET /{waba}/assigned_users: not JSON"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.sim.Fail(c.fault)
			report, _ := p.must(nil)
			expect(t, report, c.want...)
			if text := render(t, report); strings.Contains(text, "Quokka") {
				t.Error("Meta's text is in the report")
			}
		})
	}
	t.Run("a part of the calls", func(t *testing.T) {
		p := newPatient(t)
		p.sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: node + "/assigned_users", Code: 200, Message: "(#200) Permissions error", Times: -1})
		report, _ := p.must(nil)
		expect(t, report)
		if i := slices.IndexFunc(report.Checks, func(c Check) bool { return !c.Done }); i < 0 || report.Checks[i].Why != "Meta answers with code 200 (Permission)" {
			t.Errorf("%+v", report.Checks)
		}
	})
	t.Run("everything", func(t *testing.T) {
		p := newPatient(t)
		p.sim.RevokeToken(testToken, 460)
		if _, _, err := p.examine(p.base, testWABA, nil); graph.ClassOf(err) != graph.ClassCredentials {
			t.Errorf("%v", err)
		}
	})
}

// TestStudy: what answers show by themselves.
func TestStudy(t *testing.T) {
	exchange := func(change func(*recording.Exchange)) recording.Exchange {
		e := recording.Exchange{
			Operation: graph.OpReadAccount, Path: "/v25.0/1", Status: http.StatusOK, Body: []byte(`{"id":"1"}`),
			Header: http.Header{"Facebook-Api-Version": {"v25.0"}, "X-App-Usage": {`{"call_count":1,"total_cputime":2,"total_time":3}`}, "X-Business-Use-Case-Usage": {`{"1":[{"type":"whatsapp_business_management","call_count":1}]}`}},
		}
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		change func(*recording.Exchange)
		want   []string
	}{
		"as known":       {func(*recording.Exchange) {}, nil},
		"version":        {func(e *recording.Exchange) { e.Header.Set("Facebook-Api-Version", "v26.0") }, []string{"Version: v25.0: answered by another version"}},
		"no version":     {func(e *recording.Exchange) { e.Header.Del("Facebook-Api-Version") }, nil},
		"usage as text":  {func(e *recording.Exchange) { e.Header.Set("X-App-Usage", "12 %") }, []string{"Header: X-App-Usage: no JSON object"}},
		"usage by name":  {func(e *recording.Exchange) { e.Header.Set("X-Business-Use-Case-Usage", `{"Quokka":[{"burst":1}]}`) }, []string{"Header: X-Business-Use-Case-Usage: burst", "Header: X-Business-Use-Case-Usage: the key of an account"}},
		"new property":   {func(e *recording.Exchange) { e.Body = []byte(`{"id":"1","health_status":{"entities":[{"lane":1}]}}`) }, []string{"UnknownProperty: account: health_status.entities.lane"}},
		"new value":      {func(e *recording.Exchange) { e.Body = []byte(`{"ownership_type":"LEASED"}`) }, []string{"UnknownValue: account: ownership_type = LEASED"}},
		"a text instead": {func(e *recording.Exchange) { e.Body = []byte(`{"ownership_type":"of Quokka Ltd"}`) }, []string{"UnknownValue: account: ownership_type = ?"}},
		"another type":   {func(e *recording.Exchange) { e.Body = []byte(`{"health_status":"AVAILABLE"}`) }, []string{"UnexpectedType: account: health_status"}},
		"nested": {
			func(e *recording.Exchange) {
				e.Body = []byte(`{"message_templates":{"data":[{"status":"NEW","components":[{"type":"BODY","mood":"x"}]}],"cost":1}}`)
			},
			[]string{"UnknownProperty: account: message_templates.cost", "UnknownProperty: template: components.mood", "UnknownValue: template: status = NEW"},
		},
		"a batch": {
			func(e *recording.Exchange) {
				e.Operation, e.Body = graph.OpDebugToken, []byte(`[{"code":200,"body":"{\"data\":{\"type\":\"ROBOT\",\"owner\":\"Quokka\"}}"}]`)
			},
			[]string{"UnknownProperty: access token: owner", "UnknownValue: access token: type = ROBOT"},
		},
		"an error": {
			func(e *recording.Exchange) {
				e.Body = []byte(`{"error":{"code":100,"error_subcode":2399001,"hint":"Quokka"}}`)
			},
			[]string{"UnknownError: GET /{waba}: 100/2399001", "UnknownProperty: account: error.hint"},
		},
	} {
		r := &Report{}
		r.study([]recording.Exchange{exchange(c.change)})
		r.sort()
		t.Log(name)
		expect(t, r, c.want...)
	}
}

// TestProbesAreValid: Meta has no documented reason to refuse a probe.
func TestProbesAreValid(t *testing.T) {
	all, err := probes()
	if err != nil {
		t.Fatal(err)
	}
	validator, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range all {
		p := &all[i]
		p.Spec.Name = "x"
		if seen[p.Kind] {
			t.Errorf("%s is there twice", p.Kind)
		}
		seen[p.Kind] = true
		for _, breach := range append(template.Creatable(&p.Spec), template.Warnings(&p.Spec)...) {
			t.Errorf("%s: %s: %s", p.Kind, breach.Path, breach.Rule.Message)
		}
		for _, fault := range validator.Validate(t.Context(), manifestOf(t, p)) {
			t.Errorf("%s: %s: %s", p.Kind, fault.Field, schema.Explain(fault))
		}
	}
}

// TestProbeNeedsATestAccount: an account with which messages are sent isn't touched, unless that was allowed.
func TestProbeNeedsATestAccount(t *testing.T) {
	p := newPatient(t)
	p.sim.AddNumber(testWABA, graphsim.Number{NameStatus: "APPROVED", DisplayPhoneNumber: "+1 555-078-3999"})
	if _, _, err := p.examine(p.base, testWABA, withProbe); err == nil || !strings.Contains(err.Error(), "--allow-live-account") {
		t.Errorf("%v", err)
	}
	if n := p.sim.Stats(); n.Writes != 0 {
		t.Errorf("%d writes", n.Writes)
	}
	report, _ := p.must(func(o *Options) { o.Probe, o.AllowLiveAccount = true, true })
	expect(t, report)
	if len(report.Probed) == 0 {
		t.Error("nothing was probed")
	}
}

// TestProbeCleansUp: whatever happens, no template of the probe is left, and a limit ends it.
func TestProbeCleansUp(t *testing.T) {
	creates := "/" + testWABA + "/message_templates"
	t.Run("the answer to a creation is lost", func(t *testing.T) {
		p := newPatient(t)
		p.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: creates, Cut: graphsim.AfterCommit})
		report, _ := p.must(withProbe)
		expect(t, report)
		p.nothingLeft()
	})
	t.Run("interrupted", func(t *testing.T) {
		p := newPatient(t)
		ctx, cancel := context.WithCancel(t.Context())
		p.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: creates, AfterHook: func(*http.Request) { cancel() }})
		report := p.withContext(ctx)
		p.nothingLeft()
		if last := report.Checks[len(report.Checks)-1]; last.Done || !strings.Contains(last.Why, "interrupted after 1 of") {
			t.Errorf("%+v", last)
		}
	})
	t.Run("the template limit is reached", func(t *testing.T) {
		p := newPatient(t, graphsim.WithTemplateLimit(40))
		report, _ := p.must(withProbe)
		p.nothingLeft()
		if len(report.Probed) != 1 || report.Probed[0].Created || report.Probed[0].Code != "100/2388019" {
			t.Errorf("%+v", report.Probed)
		}
		expect(t, report)
	})
	t.Run("a deletion fails", func(t *testing.T) {
		p := newPatient(t)
		var lines []string
		p.sim.Fail(graphsim.Fault{Method: http.MethodDelete, Path: creates, Code: 200, Message: "(#200) Permissions error"})
		report, _ := p.must(func(o *Options) { o.Probe, o.Progress = true, func(line string) { lines = append(lines, line) } })
		expect(t, report, "NotDeleted: template: text: its deletion failed: Meta answers with code 200 (Permission)")
		left := p.sim.Templates(testWABA)
		if len(left) != 41 || !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "waba_doctor_") }) {
			t.Errorf("%d templates, %q", len(left), lines)
		}
	})
	t.Run("the token may not upload", func(t *testing.T) {
		p := newPatient(t)
		p.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + testApp + "/uploads", Code: 200, Message: "(#200) Permissions error", Times: -1})
		report, _ := p.must(withProbe)
		expect(t, report)
		p.nothingLeft()
		without := 0
		for _, r := range report.Probed {
			if !r.Created {
				without++
			}
		}
		if without != 7 || len(report.Probed) < 20 {
			t.Errorf("%d of %d kinds weren't created", without, len(report.Probed))
		}
	})
	t.Run("a kind is refused", func(t *testing.T) {
		p := newPatient(t)
		p.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: creates, Code: 100, Subcode: 2388299, Message: "Invalid parameter"})
		report, _ := p.must(withProbe)
		expect(t, report, "RefusedTemplate: template: text: 100/2388299")
		p.nothingLeft()
	})
}

func (p *patient) nothingLeft() {
	p.t.Helper()
	for _, x := range p.sim.Templates(testWABA) {
		if strings.HasPrefix(x.Name, probePrefix) {
			p.t.Errorf("%s is left", x.Name)
		}
	}
}

// withContext probes until the context ends.
func (p *patient) withContext(ctx context.Context) *Report {
	p.t.Helper()
	var x *examination
	_, _, err := p.examine(p.base, testWABA, func(o *Options) { //nolint:contextcheck // before the context ends
		x = &examination{Options: *o, client: o.Session.Client(), report: &Report{}}
		x.Progress = func(string) {}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	x.probe(ctx)
	return x.report
}

// FuzzStudy: whatever Meta answers, only words of Meta's form are in the report.
func FuzzStudy(f *testing.F) {
	f.Add(`{"id":"1","phone_numbers":{"data":[{"status":"Ana's","x y":1}]}}`)
	f.Add(`{"error":{"code":100,"message":"Ana B"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := &Report{}
		r.study([]recording.Exchange{{Operation: graph.OpReadAccount, Path: "/v25.0/1", Header: http.Header{"X-App-Usage": {body}}, Body: []byte(body)}})
		for _, d := range r.Differences {
			if strings.Trim(d.What, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.[]?/= -") != "" {
				t.Errorf("%q", d.What)
			}
		}
		for _, s := range r.Shapes {
			for _, word := range append([]string{s.Path}, s.Values...) {
				if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.?") != "" {
					t.Errorf("%q", word)
				}
			}
		}
	})
}

// manifestOf is the manifest that the spec of a probe would have.
func manifestOf(t *testing.T, p *probe) *unstructured.Unstructured {
	t.Helper()
	m := &v1alpha1.MessageTemplate{Spec: p.Spec}
	m.Name, m.Spec.WABARef.Name = "probe", "acme"
	m.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindMessageTemplate))
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(m)
	if err != nil {
		t.Fatal(err)
	}
	delete(object, "status")
	return &unstructured.Unstructured{Object: object}
}
