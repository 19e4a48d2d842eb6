// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/template"
)

func planSpec() *v1alpha1.MessageTemplateSpec {
	return &v1alpha1.MessageTemplateSpec{
		Name: "order", Language: "en_US", Category: v1alpha1.TemplateCategory("UTILITY"),
		Body: &v1alpha1.TemplateBody{Text: "Your order is on its way. Thank you!"},
	}
}

// planState is the state of an approved template that the resource created, and that is equal to the spec.
func planState(t *testing.T) *state {
	t.Helper()
	spec := planSpec()
	w, problems := desiredBy(spec)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	live := &graph.Template{
		ID: "77", Name: "order", Language: "en_US", Status: "APPROVED", Category: "UTILITY", ParameterFormat: w.content.ParameterFormat,
		LastUpdatedTime: lifecycletest.Start.Add(-day), Components: w.content.Components,
	}
	s := &state{
		spec: spec, writable: true, desired: w, before: "APPROVED",
		observed: account.TemplateView{Template: live, Known: true, ReadBack: true, At: lifecycletest.Start},
	}
	s.status = &v1alpha1.MessageTemplateStatus{Status: "APPROVED", Operator: v1alpha1.MessageTemplateOperatorStatus{Baseline: baselineOf(spec, s.observed, w)}}
	s.status.ID = live.ID
	return s
}

// body gives the template another text at Meta, at a time.
func (s *state) body(text string, at time.Time) {
	spec := s.spec.DeepCopy()
	spec.Body.Text = text
	w, _ := desiredBy(spec)
	s.observed.Template.Components, s.observed.Template.LastUpdatedTime = w.content.Components, at
}

// respec changes the spec, and with it what is desired.
func (s *state) respec(change func(*v1alpha1.MessageTemplateSpec)) {
	change(s.spec)
	s.desired, _ = desiredBy(s.spec)
	s.changed = true
}

// brief is an action in a word or two: the step with its fields and cause, or the reason of the result.
func brief(a action) string {
	out := string(a.step)
	if a.step == stepEdit {
		out += " " + strings.Join(a.fields, ",") + " " + a.cause
	}
	if a.step == stepNone {
		out = a.result.Reason()
		if a.result.Unchanged() {
			out = "unchanged for " + a.result.After().String()
		}
	}
	if len(a.drift) > 0 {
		out += "; drift " + strings.Join(a.drift, ",")
	}
	if len(a.normalised) > 0 {
		out += "; normalised " + strings.Join(a.normalised, ",")
	}
	if a.gone {
		out += "; gone"
	}
	return out
}

func TestUnitPlan(t *testing.T) {
	later := lifecycletest.Start
	newText := func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text = "Your order has arrived. Thank you!" }
	marketing := func(spec *v1alpha1.MessageTemplateSpec) { spec.Category = "MARKETING" }
	status := func(status string) func(*state) { return func(s *state) { s.status.Status = status } }
	foreign := func(s *state) { s.body("Buy two, pay for one. Today only!", later) }
	repair := func(s *state) { s.spec.DriftPolicy = v1alpha1.DriftPolicyRepair }
	changed := func(s *state) { s.respec(newText) }
	awaits := func(s *state) { s.status.Operator.Baseline = pendingBaseline(s.spec, s.desired) }
	readOnly := func(s *state) { s.writable = false }
	refused := func(s *state) { s.refusedFor = time.Hour }
	absent := func(s *state) { s.observed.Template = nil }
	fresh := func(s *state) { s.status.ID, s.status.Operator.Baseline = "", nil }
	for name, c := range map[string]struct {
		change []func(*state)
		want   string
	}{
		"equal":                               {nil, "Synced"},
		"absent":                              {[]func(*state){absent, fresh}, "create"},
		"absent, and it was there":            {[]func(*state){absent}, "create"},
		"absent, and Meta refused it":         {[]func(*state){absent, fresh, refused}, "unchanged for 1h0m0s"},
		"was there, and Meta refused an edit": {[]func(*state){absent, refused}, "create"},
		"absent, and only observed":           {[]func(*state){absent, readOnly}, "NotFound; gone"},
		"only observed":                       {[]func(*state){readOnly}, "Synced"},
		"only observed, and different":        {[]func(*state){readOnly, foreign}, "DriftDetected; drift body.text"},
		"only observed, by an empty spec":     {[]func(*state){readOnly, foreign, func(s *state) { s.desired = desired{} }}, "Synced"},
		"written, and not read back":          {[]func(*state){foreign, func(s *state) { s.observed.ReadBack = false }}, "Synced"},
		"changed spec":                        {[]func(*state){changed}, "edit body.text Spec"},
		"changed spec, and Meta refused it":   {[]func(*state){changed, refused}, "unchanged for 1h0m0s"},
		"changed spec, in review":             {[]func(*state){changed, status("PENDING")}, "InReview"},
		"changed spec, in appeal":             {[]func(*state){changed, status("IN_APPEAL")}, "InReview"},
		"changed spec, rejected":              {[]func(*state){changed, status("REJECTED")}, "edit body.text Spec"},
		"changed spec, disabled":              {[]func(*state){changed, status("DISABLED")}, "RefusedByMeta"},
		"changed spec, being deleted":         {[]func(*state){changed, status("PENDING_DELETION")}, "NameLocked"},
		"changed to what is there":            {[]func(*state){changed, func(s *state) { s.body(s.spec.Body.Text, later) }}, "Synced"},
		"category of an approved template":    {[]func(*state){func(s *state) { s.respec(marketing) }}, "InvalidSpec"},
		"category of a rejected template":     {[]func(*state){func(s *state) { s.respec(marketing) }, status("REJECTED")}, "edit category Spec"},
		"category changed by Meta":            {[]func(*state){func(s *state) { s.observed.Template.Category = "MARKETING" }}, "Synced"},
		"category that Meta chose, accepted":  {[]func(*state){func(s *state) { s.observed.Template.Category = "MARKETING"; s.respec(marketing) }}, "Synced"},
		"normalised by Meta":                  {[]func(*state){awaits, foreign}, "Synced; normalised body.text"},
		"drift":                               {[]func(*state){foreign}, "DriftDetected; drift body.text"},
		"drift, to repair":                    {[]func(*state){foreign, repair}, "edit body.text Drift; drift body.text"},
		"drift, to repair, in review":         {[]func(*state){foreign, repair, status("PENDING")}, "InReview; drift body.text"},
		"another form, and never edited": {[]func(*state){func(s *state) {
			s.body("another form of the same text, as Meta has it", s.observed.Template.LastUpdatedTime)
		}, repair}, "Synced; normalised body.text"},
		"another form after a review": {[]func(*state){foreign, repair, func(s *state) { s.before = "PENDING" }}, "Synced; normalised body.text"},
		"another form with Meta's event": {[]func(*state){foreign, repair, func(s *state) {
			s.status.Webhook = &v1alpha1.MessageTemplateWebhookStatus{Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus)}
		}}, "Synced; normalised body.text"},
		"another client made it right, beside another form": {[]func(*state){repair, func(s *state) {
			s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.Footer = &v1alpha1.TemplateFooter{Text: "Acme"} })
			s.changed = false
			s.observed.Template.Components = s.desired.content.Components
			was := template.LiveFields(s.observed.Template)
			was["body.text"], was["footer.text"] = "Meta's form", "Acme Ltd"
			s.status.Operator.Baseline.SpecHash = s.desired.hash
			s.status.Operator.Baseline.Fields = was.Hashes()
			for i, c := range s.observed.Template.Components {
				if c.Type == "BODY" {
					s.observed.Template.Components = slices.Clone(s.observed.Template.Components)
					s.observed.Template.Components[i].Text = "Meta's form"
				}
			}
			s.observed.Template.LastUpdatedTime = later
		}}, "Synced"},
		"a new version of the operator":     {[]func(*state){foreign, repair, func(s *state) { s.status.Operator.Baseline.Version = -1 }}, "Synced; normalised body.text"},
		"a new version, and a changed spec": {[]func(*state){changed, func(s *state) { s.status.Operator.Baseline.Version = -1 }}, "edit body.text Spec"},
		"unpause":                           {[]func(*state){status("PAUSED"), func(s *state) { s.revival = stepUnpause }}, "unpause"},
		"unarchive":                         {[]func(*state){status("ARCHIVED"), func(s *state) { s.revival = stepUnarchive }}, "unarchive"},
		"unpause, refused a moment ago":     {[]func(*state){status("PAUSED"), func(s *state) { s.revival, s.byPerson, s.refusedFor = stepUnpause, true, time.Hour }}, "unpause"},
		"unarchive, refused a moment ago":   {[]func(*state){status("ARCHIVED"), func(s *state) { s.revival, s.refusedFor = stepUnarchive, time.Hour }}, "unchanged for 1h0m0s"},
	} {
		s := planState(t)
		for _, change := range c.change {
			change(s)
		}
		before := s.status.DeepCopy()
		a := planFor(*s)
		if got := brief(a); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if !lifecycle.SameStatus(before, s.status) {
			t.Errorf("%s: the plan changed the status", name)
		}
	}
}

// What a plan records makes the next plan find nothing to do.
func TestUnitPlanSettles(t *testing.T) {
	for name, change := range map[string]func(*state){
		"normalised": func(s *state) {
			s.status.Operator.Baseline = pendingBaseline(s.spec, s.desired)
			s.body("another form, as Meta has it", lifecycletest.Start)
		},
		"equal after all": func(s *state) {
			s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text = "Your order has arrived. Thank you!" })
			s.body(s.spec.Body.Text, lifecycletest.Start)
		},
		"another version": func(s *state) { s.status.Operator.Baseline.Version = -1 },
	} {
		s := planState(t)
		change(s)
		a := planFor(*s)
		if a.baseline == nil || a.baseline.Version != template.CanonicalVersion {
			t.Fatalf("%s: baseline %+v", name, a.baseline)
		}
		s.status.Operator.Baseline, s.changed = a.baseline, false
		if got := planFor(*s); brief(got) != "Synced" {
			t.Errorf("%s: then %s", name, brief(got))
		}
	}
}

func TestUnitOwnership(t *testing.T) {
	pending := func(hash string, ago time.Duration, answered bool) func(*state) {
		return func(s *state) {
			s.status.ID, s.status.Operator.Baseline = "", nil
			s.status.Operator.PendingCreate = &v1alpha1.PendingCreate{SpecHash: hash, Time: metav1.NewTime(s.observed.Template.LastUpdatedTime.Add(-ago)), Answered: answered}
		}
	}
	unknown := func(s *state) { s.status.ID, s.status.Operator.Baseline = "", nil }
	policy := func(p v1alpha1.AdoptionPolicy) func(*state) { return func(s *state) { s.spec.AdoptionPolicy = p } }
	foreign := func(s *state) { s.body("Buy two, pay for one. Today only!", s.observed.Template.LastUpdatedTime) }
	short := func(s *state) { s.observed.ReadBack = false }
	own := planState(t).desired.hash
	for name, c := range map[string]struct {
		change []func(*state)
		want   string
	}{
		"created before":                         {nil, "owned"},
		"created before, changed since":          {[]func(*state){foreign}, "owned"},
		"another id":                             {[]func(*state){func(s *state) { s.status.ID = "78" }, policy("Never")}, "AlreadyExists"},
		"equal":                                  {[]func(*state){unknown}, "adopted"},
		"different":                              {[]func(*state){unknown, foreign}, "AlreadyExists"},
		"different, to be overwritten":           {[]func(*state){unknown, foreign, policy("Always")}, "adopted"},
		"never adopted":                          {[]func(*state){unknown, policy("Never")}, "AlreadyExists"},
		"not read yet":                           {[]func(*state){unknown, short}, "unchanged"},
		"a lost create":                          {[]func(*state){pending(own, time.Second, false), policy("Never")}, "owned anew"},
		"a lost create, long ago":                {[]func(*state){pending(own, 30*day, false), policy("Never")}, "owned anew"},
		"a lost create, not read yet":            {[]func(*state){pending("other", time.Second, false), short}, "owned anew"},
		"a lost create, normalised":              {[]func(*state){pending("other", time.Second, false), foreign, policy("Never")}, "owned anew"},
		"made by another client, long after":     {[]func(*state){pending("other", 30*day, false), foreign, policy("Never")}, "AlreadyExists"},
		"made by another client, before":         {[]func(*state){pending("other", -time.Hour, false), foreign, policy("Never")}, "AlreadyExists"},
		"made by another client, after an error": {[]func(*state){pending(own, time.Second, true), policy("Never")}, "AlreadyExists"},
	} {
		s := planState(t)
		for _, change := range c.change {
			change(s)
		}
		o, got := ownershipOf(*s), "owned"
		switch {
		case o.stop.Unchanged():
			got = "unchanged"
		case o.stop != nil:
			got = o.stop.Reason()
		case o.adopted:
			got = "adopted"
		case o.baseline != nil:
			got = "owned anew"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The time of the last change at Meta moves with reviews: without a difference it is only recorded.
func TestUnitPlanRecordsTime(t *testing.T) {
	s := planState(t)
	s.observed.Template.LastUpdatedTime = lifecycletest.Start
	a := planFor(*s)
	if a.baseline == nil || !deadline.Value(a.baseline.LastUpdatedTime).Equal(lifecycletest.Start) {
		t.Errorf("baseline %+v", a.baseline)
	}
}
