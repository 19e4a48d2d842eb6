// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// accountSetting is one of the few things about an account that can be written
// (https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account).
type accountSetting struct {
	field string
	want  string
	// live is what Meta shows, "" where it doesn't say.
	live string
	// without is said where Meta takes the write and keeps its own value: by its pages the setting can't be had.
	without string
	// untouched is why the setting isn't written though it differs.
	untouched *lifecycle.Result
	// scopes are said where Meta doesn't permit the write.
	scopes string
	// call names the write where it isn't an update of the account.
	call  string
	write func(context.Context, *graph.Client) error
}

// accountSettings are those that the spec names.
func accountSettings(p *accountRun) []accountSetting {
	spec, id, snapshot := &p.Object.Spec, p.Object.Spec.ID, observedBy(p).snapshot
	var out []accountSetting
	if spec.Insights == v1alpha1.InsightsEnabled {
		out = append(out, accountSetting{
			field: "insights", want: string(spec.Insights), live: position(snapshot.Account.InsightsEnabled, false),
			write: func(ctx context.Context, c *graph.Client) error { return c.EnableInsights(ctx, id) },
		})
	}
	optional := snapshot.Optional
	if optional == nil {
		return out
	}
	if want := spec.MarketingMessages; want != "" {
		disable := want == v1alpha1.FeatureDisabled
		out = append(out, accountSetting{
			field: "marketingMessages", want: string(want), live: position(optional.DisableMarketingMessages, true),
			write: func(ctx context.Context, c *graph.Client) error {
				return c.UpdateAccount(ctx, id, graph.AccountUpdate{DisableMarketingMessages: &disable})
			},
		})
	}
	if want := spec.TemplateAutoArchival; want != "" {
		out = append(out, accountSetting{
			field: "templateAutoArchival", want: string(want), live: position(optional.TemplateAutoArchival, false),
			without: "Meta keeps archiving unused templates, from which its pages let no account opt out; remove spec.templateAutoArchival, " +
				"and set archivedPolicy: Unarchive on templates that must stay",
			write: func(ctx context.Context, c *graph.Client) error {
				return c.UpdateAccount(ctx, id, graph.AccountUpdate{TemplateAutoArchival: ptr.To(want == v1alpha1.FeatureEnabled)})
			},
		})
	}
	if len(spec.CreativeFeatures) > 0 && optional.CreativeFeaturesRead {
		out = append(out, creativeFeatures(id, spec.CreativeFeatures, optional.CreativeFeatures))
	}
	return out
}

// creativeFeatures compares the features that the spec names. One that Meta doesn't show was never set, and so is off. They are written
// together, because Meta doesn't document what becomes of those that aren't sent.
func creativeFeatures(id string, wanted []v1alpha1.CreativeFeature, live []graph.CreativeFeature) accountSetting {
	shown := map[string]string{}
	for _, f := range live {
		shown[f.Feature] = f.EnrollStatus
	}
	var update []graph.CreativeFeature
	var want, is []string
	for _, f := range wanted {
		name := strings.ToLower(f.Feature)
		update = append(update, graph.CreativeFeature{Feature: name, EnrollStatus: string(f.EnrollStatus)})
		want = append(want, name+"="+string(f.EnrollStatus))
		is = append(is, name+"="+cmp.Or(shown[name], string(v1alpha1.CreativeEnrollStatusOptOut)))
	}
	return accountSetting{
		field: "creativeFeatures", want: strings.Join(want, ","), live: strings.Join(is, ","),
		write: func(ctx context.Context, c *graph.Client) error {
			return c.UpdateAccount(ctx, id, graph.AccountUpdate{CreativeFeatures: update})
		},
	}
}

// position reads a switch, which may be a negative one at Meta.
func position(value *bool, negative bool) string {
	switch {
	case value == nil:
		return ""
	case *value != negative:
		return string(v1alpha1.FeatureEnabled)
	}
	return string(v1alpha1.FeatureDisabled)
}

// manage writes the settings that the spec requests and Meta lets be written. What it returns is a complaint: the account was
// observed all the same.
func (a *accounts) manage(ctx context.Context, p *accountRun) *lifecycle.Result {
	repairs := lifecycle.RepairsOf(p.Object, p.Now)
	if repairs.Prune(); p.ChangedByUser() {
		repairs.Reset()
	}
	settings := accountSettings(p)
	catalog, complaint := a.catalog(ctx, p)
	if catalog != nil {
		settings = append(settings, *catalog)
	}
	settings = slices.DeleteFunc(settings, func(s accountSetting) bool { return s.live == "" || s.live == s.want })
	p.Object.Status.Drift = nil
	a.Compare(func() lifecycle.Comparison {
		c := lifecycle.Comparison{Object: p.Object, Want: map[string]string{}, Live: map[string]string{}}
		for _, s := range settings {
			c.Want[s.field], c.Live[s.field] = strings.ReplaceAll(s.want, ",", "\n"), strings.ReplaceAll(s.live, ",", "\n")
		}
		return c
	})
	for _, s := range settings {
		if o := a.manageOne(ctx, p, repairs, s); o != nil {
			complaint = o
		}
	}
	return complaint
}

func (a *accounts) manageOne(ctx context.Context, p *accountRun, repairs lifecycle.Repairs, s accountSetting) *lifecycle.Result {
	changed := p.ChangedByUser()
	key, generation := lifecycle.RetryKey{Object: p.Object.UID, Part: s.field}, strconv.FormatInt(p.Object.Generation, 10)
	held := a.Retries.Held(key, generation)
	if held == nil {
		held = s.held(repairs)
	}
	if p.Policy == v1alpha1.ManagementPolicyManaged && !changed && held == nil {
		a.CountDrift(p.Object, []string{s.field}, p.Before.Status.Drift)
	}
	if p.Policy != v1alpha1.ManagementPolicyManaged || p.Object.Spec.DriftPolicy == v1alpha1.DriftPolicyReport && !changed {
		p.Object.Status.Drift = append(p.Object.Status.Drift, s.field)
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected, "differs from the spec at Meta: "+strings.Join(p.Object.Status.Drift, ", "), 0).AssetUnaffected()
	}
	if s.untouched != nil {
		p.Object.Status.Drift = append(p.Object.Status.Drift, s.field)
		return s.untouched
	}
	if held != nil {
		return held
	}
	return a.write(ctx, p, repairs, s, func(o *lifecycle.Result) { a.Retries.Hold(key, generation, o) })
}

// write sets one setting. hold keeps what Meta refused from being tried at every observation.
func (a *accounts) write(ctx context.Context, p *accountRun, repairs lifecycle.Repairs, s accountSetting, hold func(*lifecycle.Result)) *lifecycle.Result {
	call := cmp.Or(s.call, CallUpdateAccount)
	if a.ReadOnly {
		a.DryRun(p.Object, call, s.field)
		return nil
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", call, "field", s.field)
	err := s.write(ctx, p.Session.Client())
	p.AuditWrite(a.Base, call, []string{s.field}, err)
	p.Session.RefreshOptional() // read back at the next observation
	repairs.Note(s.field)
	if err == nil {
		return nil
	}
	o := lifecycle.Failed("set spec."+s.field, err)
	o = o.Saying("spec." + s.field + ": " + o.Message()).AssetUnaffected().RetryAfter(o.After()).Showing(false)
	class := graph.ClassOf(err)
	if class == graph.ClassPermission && s.scopes != "" {
		o = o.Because(v1alpha1.ReasonActionRequired, s.scopes)
	}
	if class == graph.ClassRefused || class == graph.ClassInvalidSpec || class == graph.ClassPermission {
		hold(o.RetryAfter(lifecycle.RefusedRecheck))
	}
	return o
}

// held says why a setting isn't written any more, nil where it is.
func (s accountSetting) held(repairs lifecycle.Repairs) *lifecycle.Result {
	switch {
	case s.without != "" && repairs.Noted(s.field):
		return lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, s.without).AssetUnaffected()
	case repairs.Contested(s.field) > 0:
		return lifecycle.Waiting(v1alpha1.ReasonContested,
			"another client keeps reverting the operator's changes of the account's settings; agree who manages them, or remove them from the spec", 0).AssetUnaffected()
	}
	return nil
}

// observedReasons are those with which an account counts as observed though not all of its spec could be fulfilled.
var observedReasons = map[string]bool{
	v1alpha1.ReasonPaused: true, v1alpha1.ReasonConflict: true, v1alpha1.ReasonDriftDetected: true,
	v1alpha1.ReasonActionRequired: true,
	v1alpha1.ReasonContested:      true, v1alpha1.ReasonRefusedByMeta: true, v1alpha1.ReasonInvalidSpec: true,
}
