// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// checkResult is the result of a check: the findings, and why not everything could be checked.
type checkResult struct {
	findings []Finding
	missing  string
	note     string
}

func (v *checkResult) found(source SourceName, statement string, evidence ...string) {
	v.findings = append(v.findings, Finding{Statement: statement, Evidence: append([]string{}, evidence...), Source: source})
}

// checks are the questions that every record answers, in the order of the record.
var checks = []struct {
	id, question string
	ask          func(*evidence, *Record) checkResult
}{
	{"official-api", "Is every number on Meta's official Cloud API?", checkOfficial},
	{"ban", "Is the account free of a ban, and of the announcement of one?", checkBan},
	{"restrictions", "Is the account free of restrictions in force?", checkRestrictions},
	{"violations", "Has Meta reported no violation of its policies in the last 30 days?", checkViolations},
	{"reviews", "Has Meta refused neither the account nor the business?", checkReviews},
	{"sending", "Does Meta block no part of the account from sending?", checkSending},
	{"apps", "Are only approved apps subscribed to the account?", checkApps},
	{"callbacks", "Do events go only to expected hosts, encrypted?", checkCallbacks},
	{"users", "Does every user who may decide about the account have a name?", checkUsers},
	{"token-expiry", "Is the access token valid for 14 days or more, and without an end only if it is a system user's?", checkExpiry},
	{"token-scopes", "Has the access token no more permissions than needed?", checkScopes},
	{"token-reach", "Does the access token reach this account alone?", checkReach},
	{"two-step", "Is two-step verification on for every number that can send?", checkPIN},
	{"templates", "Has Meta disabled no template, and refused none as abusive or fraudulent?", checkTemplates},
	{"api-version", "Is the version of the Graph API still served by Meta?", checkVersion},
}

func (e *evidence) runChecks(r *Record) ([]Finding, []Check) {
	findings, done := []Finding{}, []Check{}
	for _, c := range checks {
		v := c.ask(e, r)
		check := Check{ID: c.id, Question: c.question, Result: ResultPassed, Reason: v.missing, Note: v.note}
		switch {
		case len(v.findings) > 0:
			check.Result = ResultFound
		case v.missing != "":
			check.Result = ResultNotChecked
		}
		for _, f := range v.findings {
			f.Check = c.id
			findings = append(findings, f)
		}
		done = append(done, check)
	}
	return findings, done
}

func checkOfficial(_ *evidence, r *Record) (v checkResult) {
	for i := range r.Numbers.Items {
		if n := &r.Numbers.Items[i]; offCloud(n) {
			v.found(n.Platform.Source, "number "+nameOf(n)+" isn't on the Cloud API",
				"platform "+n.Platform.Value+": "+n.PlatformMeaning, "status "+orUnknown(n.Status))
		}
	}
	if r.OfficialAPI.Conclusion == OfficialUnproven {
		v.missing = "not every number shows on which platform it is, or none is registered"
	}
	return v
}

func orUnknown(f Fact) string {
	if f.Value == "" {
		return f.Unknown
	}
	return f.Value
}

func checkBan(_ *evidence, r *Record) (v checkResult) {
	if v.missing = r.Standing.Unknown; r.Standing.Ban != nil && r.Standing.Ban.State == StateInForce {
		evidence := []string{"state " + r.Standing.Ban.Type}
		if d := r.Standing.Ban.Expires; d != nil {
			evidence = append(evidence, "date "+when(d, ""))
		}
		statement := "Meta has banned the account"
		if r.Standing.Ban.Type == standing.BanScheduled {
			statement = "Meta announced that it will disable the account"
		}
		v.found(SourceWebhook, statement, evidence...)
	}
	return v
}

func checkRestrictions(_ *evidence, r *Record) (v checkResult) {
	v.missing = r.Standing.Unknown
	for _, x := range r.Standing.Restrictions {
		if x.State == StateInForce {
			v.found(SourceWebhook, "Meta restricts the account: "+x.Type, dated(x)...)
		}
	}
	return v
}

func dated(x Event) []string {
	var out []string
	if x.Time != nil {
		out = append(out, "reported "+when(x.Time, ""))
	}
	if x.Expires != nil {
		out = append(out, "ends "+when(x.Expires, ""))
	}
	if x.Subject != "" {
		out = append(out, "about "+x.Subject)
	}
	if x.Detail != "" {
		out = append(out, "Meta: "+x.Detail)
	}
	return out
}

func checkViolations(_ *evidence, r *Record) (v checkResult) {
	v.missing = r.Standing.Unknown
	for _, x := range r.Standing.Violations {
		if x.State == StateRecent {
			v.found(SourceWebhook, "Meta reported a violation of its policies: "+x.Type, dated(x)...)
		}
	}
	return v
}

// refusals are the results of reviews that an auditor would object to. A business without a request for verification isn't one.
var refusals = []string{"REJECTED", "FAILED", "REVOKED", "EXPIRED", "INELIGIBLE"}

func checkReviews(_ *evidence, r *Record) (v checkResult) {
	for _, review := range []struct {
		of   string
		fact Fact
	}{{"account review", r.Account.Review}, {"business verification", r.Account.Verification}} {
		switch {
		case slices.Contains(refusals, strings.ToUpper(review.fact.Value)):
			v.found(review.fact.Source, review.of+": "+review.fact.Value, "as reported by Meta")
		case review.fact.Value == "":
			v.missing = review.of + ": " + review.fact.Unknown
		}
	}
	return v
}

func checkSending(_ *evidence, r *Record) (v checkResult) {
	for _, o := range r.Account.Obstacles {
		if o.CanSend == "BLOCKED" {
			v.found(r.Account.CanSend.Source, "Meta blocks messages: "+strings.TrimSpace(o.Entity+" "+o.ID), o.Reasons...)
		}
	}
	if r.Account.CanSend.Value == "" {
		v.missing = "health: " + r.Account.CanSend.Unknown
	}
	return v
}

func checkApps(_ *evidence, r *Record) (v checkResult) {
	v.missing = r.Apps.Unknown
	for _, a := range r.Apps.Items {
		switch a.Approval {
		case ApprovalMissing:
			v.found(r.Apps.Source, "app "+strings.TrimSpace(a.ID+" "+a.Name.Value)+" receives the account's events, and isn't approved",
				"subscribed to the account", "not in spec.approvedApps of the WABA, nor named by --approved-app")
		case ApprovalOpen:
			v.missing = "apps are subscribed, and neither spec.approvedApps of the WABA nor --approved-app names the permitted ones"
		}
	}
	return v
}

func checkCallbacks(_ *evidence, r *Record) (v checkResult) {
	for _, c := range r.Callbacks {
		where := c.Level + " " + c.Subject
		if !c.Address.encrypted() {
			v.found(c.Source, "events go to "+string(c.Address)+", which isn't https", "callback of "+where)
		}
		switch c.Expected {
		case "no":
			v.found(c.Source, "events go to "+c.Address.host()+", which isn't an expected host", "callback of "+where+": "+string(c.Address),
				"no WebhookSubscription, and no --callback-host, names the host")
		case "unknown":
			v.missing = "no WebhookSubscription, and no --callback-host, names expected hosts"
		}
	}
	if v.missing == "" && len(r.Callbacks) == 0 {
		v.missing = "no callback is known"
	}
	return v
}

func checkUsers(_ *evidence, r *Record) (v checkResult) {
	v.missing = r.Users.Unknown
	for _, u := range r.Users.Items {
		var control []string
		for _, t := range u.Tasks {
			if slices.Contains(controlTasks, t.Name) {
				control = append(control, "task "+t.Name+": "+t.Permits)
			}
		}
		if u.Name.Value == "" && len(control) > 0 {
			v.found(SourceMeta, "user "+u.ID+" may decide about the account, and Meta doesn't report who that is", control...)
		}
	}
	return v
}

// typeSystemUser is the type of a system user's token, for which Meta offers that it never expires
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/access-tokens).
const typeSystemUser = "SYSTEM_USER"

func checkExpiry(e *evidence, r *Record) (v checkResult) {
	t := &r.Token
	v.missing = t.Unknown
	if t.Unknown != "" {
		return v
	}
	switch {
	case t.neverExpires && t.Type.Value == typeSystemUser:
		v.note = "the token of a system user has no end, which Meta recommends for servers; if it leaks, it can be used until it is revoked"
	case t.neverExpires && t.Type.Value == "":
		v.missing = "the access token has no end; whether it is a system user's is known only from Meta"
	case t.neverExpires:
		v.found(t.Source, "the access token doesn't expire: if it leaks, it can be used until it is revoked", "expires: "+say(t.Expires))
	case !t.expires.After(e.now):
		v.found(t.Source, "the access token has expired", "expires: "+say(t.Expires))
	case within(t.expires, e.now, expiresSoon):
		v.found(t.Source, "the access token expires within 14 days", "expires: "+say(t.Expires))
	}
	if !t.dataAccessExpires.IsZero() && !t.dataAccessExpires.After(e.now) {
		v.found(t.Source, "the access token's access to data has expired", "data access expires: "+say(t.DataAccessExpires))
	}
	return v
}

func checkScopes(e *evidence, r *Record) (v checkResult) {
	t := &r.Token
	v.missing = t.Unknown
	if v.missing == "" && len(t.Scopes) == 0 {
		v.missing = "scopes: " + notReported
	}
	if v.missing != "" {
		return v
	}
	if !slices.ContainsFunc(t.Scopes, func(s Scope) bool { return s.Name == scopeManagement }) {
		v.found(t.Source, "the access token lacks the scope "+scopeManagement, "scopes: "+scopeNames(t.Scopes))
	}
	var needless []string
	for _, s := range t.Scopes {
		switch s.Need {
		case NeedNo:
			needless = append(needless, s.Name)
		case NeedRegistration:
			if e.registers() == "no" {
				v.found(t.Source, "the access token may send messages ("+s.Name+"), though no number is registered by the operator",
					"no PhoneNumber resource of the account has spec.registration", "scopes: "+scopeNames(t.Scopes))
			}
			if e.registers() == "" {
				v.missing = s.Name + " is needed only where the operator registers numbers, which only a cluster shows"
			}
		}
	}
	if len(needless) > 0 {
		v.found(t.Source, "the access token has scopes that the operator doesn't need: "+strings.Join(needless, ", "), "scopes: "+scopeNames(t.Scopes))
	}
	return v
}

// registers says whether the operator registers numbers of the account: yes, no, or "" where that isn't known.
func (e *evidence) registers() string {
	if !e.clustered || slices.ContainsFunc(e.gaps, func(g Gap) bool { return strings.HasPrefix(g.What, "PhoneNumber resources") }) {
		return ""
	}
	for i := range e.numbers {
		if e.numbers[i].Spec.Registration != nil {
			return "yes"
		}
	}
	return "no"
}

func scopeNames(scopes []Scope) string {
	var names []string
	for _, s := range scopes {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func checkReach(e *evidence, r *Record) (v checkResult) {
	t := &r.Token
	v.missing = t.Unknown
	if v.missing != "" {
		return v
	}
	listed := false
	var reaches []string
	for _, s := range t.Scopes {
		var others []string
		for _, id := range s.Targets {
			listed = true
			if id != r.Account.ID && id != e.business {
				others = append(others, id)
			}
		}
		if len(others) > 0 {
			reaches = append(reaches, "scope "+s.Name+": "+strings.Join(others, ", "))
		}
	}
	if len(reaches) > 0 {
		v.found(t.Source, "the access token reaches other assets", reaches...)
	}
	if !listed {
		v.missing = "Meta lists no targets of the scopes: they hold for all that is assigned to the token's user"
	}
	return v
}

func checkPIN(_ *evidence, r *Record) (v checkResult) {
	if v.missing = r.Numbers.Unknown; v.missing == "" && !r.Numbers.Complete {
		v.missing = "not all numbers could be read"
	}
	for i := range r.Numbers.Items {
		n := &r.Numbers.Items[i]
		if n.Platform.Value != metavalues.PlatformCloudAPI {
			continue
		}
		switch n.PIN.Value {
		case "not set":
			v.found(n.PIN.Source, "number "+nameOf(n)+" has no two-step verification PIN", "is_pin_enabled: false")
		case "":
			v.missing = "number " + nameOf(n) + ": " + n.PIN.Unknown
		}
	}
	return v
}

// gravest are the reasons of rejections that are about policy, and not about form.
var gravest = []string{"ABUSIVE_CONTENT", "SCAM"}

// namedTemplates bounds how many templates a finding names; all are in the list.
const namedTemplates = 10

func checkTemplates(_ *evidence, r *Record) (v checkResult) {
	v.missing = r.Templates.Unknown
	if v.missing == "" && !r.Templates.Complete {
		v.missing = "not all templates could be read"
	}
	groups := map[string][]string{}
	for i := range r.Templates.Items {
		t := &r.Templates.Items[i]
		name := t.Name + " (" + t.Language + ")"
		if at := t.since(); at != nil {
			name += " " + when(at, "")
		}
		switch {
		case t.Status == metavalues.TemplateDisabled:
			groups["disabled by Meta"] = append(groups["disabled by Meta"], name)
		case t.Status == metavalues.TemplateRejected && t.Rejection != nil && slices.Contains(gravest, t.Rejection.Reason):
			why := "refused as " + t.Rejection.Reason
			groups[why] = append(groups[why], name)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(groups)) {
		names := groups[why]
		evidence := names[:min(len(names), namedTemplates)]
		if left := len(names) - len(evidence); left > 0 {
			evidence = append(slices.Clone(evidence), fmt.Sprintf("and %d more", left))
		}
		v.found(r.Templates.Source, fmt.Sprintf("templates %s: %d", why, len(names)), evidence...)
	}
	return v
}

func checkVersion(e *evidence, _ *Record) (v checkResult) {
	end, known := graph.VersionEnd(e.version)
	switch {
	case !known:
		v.missing = "when Meta ends version " + e.version + " isn't known"
	case !end.After(e.now):
		v.found(SourceProgram, "version "+e.version+" of the Graph API has ended: Meta answers its calls by another version",
			"ended "+end.Format(time.DateOnly)+", according to Meta's changelog")
	}
	return v
}
