// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Calls for a number, as status.registrations of a WABA has them.
const (
	callRegister = "Register"
	callDone     = "Done"
)

// joinedNumber is one number as Meta shows it now and as the cluster has it; either may be missing.
type joinedNumber struct {
	id       string
	meta     *graph.PhoneNumber
	resource *v1alpha1.PhoneNumber
}

func (n *joinedNumber) source() SourceName {
	if n.meta != nil {
		return SourceMeta
	}
	return SourceCluster
}

func (n *joinedNumber) callbacks() (number, account, app string) {
	if n.meta != nil {
		w := cmp.Or(n.meta.Webhook, &graph.WebhookConfiguration{})
		return w.PhoneNumber, w.Account, w.Application
	}
	u := cmp.Or(n.resource.Status.CallbackURLs, &v1alpha1.CallbackURLs{})
	return u.PhoneNumber, u.Account, u.Application
}

// joined are the account's numbers, by id. Where Meta listed them all, a resource alone makes no number.
func (e *evidence) joined() []joinedNumber {
	byID := map[string]*joinedNumber{}
	if e.snapshot != nil {
		for id, n := range e.snapshot.Numbers {
			byID[id] = &joinedNumber{id: id, meta: &n}
		}
	}
	complete := e.snapshot != nil && e.snapshot.NumbersSection.Complete
	for i := range e.numbers {
		resource := &e.numbers[i]
		id := resource.Status.ID
		switch known := byID[id]; {
		case known != nil:
			known.resource = resource
		case id != "" && !complete:
			byID[id] = &joinedNumber{id: id, resource: resource}
		}
	}
	out := make([]joinedNumber, 0, len(byID))
	for _, n := range byID {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b joinedNumber) int { return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id)) })
	return out
}

func (e *evidence) numberList() Numbers {
	out := Numbers{Items: []Number{}}
	for _, n := range e.joined() {
		out.Items = append(out.Items, e.number(&n))
	}
	counts := e.waba.Status.PhoneNumbers
	switch {
	case e.snapshot != nil:
		out.Source, out.Complete = SourceMeta, e.snapshot.NumbersSection.Complete
	case counts == nil:
		out.Unknown = never
	default:
		out.Source, out.Complete = SourceCluster, e.complete("Phone numbers", v1alpha1.KindPhoneNumber, len(out.Items), int(counts.Total), int(counts.Unmanaged))
	}
	return out
}

// complete reports whether the resources that were read are all that the operator counted at Meta.
func (e *evidence) complete(what, kind string, read, total, unmanaged int) bool {
	missing := max(unmanaged, total-read)
	if missing > 0 {
		e.gap(what+" without a "+kind+" resource that could be read", "the cluster holds only their count: "+itoa(missing)+" of "+itoa(total))
	}
	return missing <= 0
}

func (e *evidence) number(n *joinedNumber) Number {
	var m graph.PhoneNumber
	var s v1alpha1.PhoneNumberStatus
	if n.meta != nil {
		m = *n.meta
	}
	if n.resource != nil {
		s = n.resource.Status
	}
	fact := func(meta, cluster string) Fact {
		if n.meta != nil {
			return valueOrUnknown(meta, SourceMeta)
		}
		return valueOrUnknown(cluster, SourceCluster)
	}
	out := Number{
		ID: n.id, Number: fact(m.DisplayPhoneNumber, s.DisplayPhoneNumber), VerifiedName: fact(m.VerifiedName, s.VerifiedName),
		NameStatus: fact(m.NameStatus, s.NameStatus), Status: fact(m.Status, s.Status), Platform: fact(m.PlatformType, s.PlatformType),
		Ownership: fact(m.CodeVerificationStatus, s.CodeVerificationStatus), Quality: fact(m.QualityRating, s.QualityRating),
		PIN: fact(onOff(m.PinEnabled), onOff(s.PINEnabled)), OfficialAccount: fact(yesNo(m.OfficialBusinessAccount), yesNo(s.OfficialBusinessAccount)),
		BusinessApp: fact(yesNo(m.OnBizApp), yesNo(s.OnBizApp)), Mode: fact(m.AccountMode, s.AccountMode),
		Onboarded: fact(timeText(m.LastOnboardedTime), lastOnboarded(&s)), DataRegion: e.region(n, &s), Calls: e.callsOf(n),
	}
	out.PlatformMeaning = platformMeaning(out.Platform.Value, out.BusinessApp.Value == "yes")
	if n.resource != nil {
		out.Resource = n.resource.Namespace + "/" + n.resource.Name
	}
	return out
}

func lastOnboarded(s *v1alpha1.PhoneNumberStatus) string {
	if s.LastOnboardedTime == nil {
		return ""
	}
	return timeText(s.LastOnboardedTime.Time)
}

func onOff(b *bool) string {
	switch yesNo(b) {
	case "yes":
		return "set"
	case "no":
		return "not set"
	}
	return ""
}

// region is where Meta keeps messages, else with which region the operator registered the number.
func (e *evidence) region(n *joinedNumber, s *v1alpha1.PhoneNumberStatus) Fact {
	if region := e.regions[n.id]; region != "" {
		return valueOrUnknown(region, SourceMeta)
	}
	if s.Operator.Registration != nil && s.Operator.Registration.DataLocalizationRegion != "" {
		return valueOrUnknown(s.Operator.Registration.DataLocalizationRegion, SourceCallLog)
	}
	return Fact{Unknown: notReported}
}

func platformMeaning(platform string, inApp bool) string {
	switch platform {
	case metavalues.PlatformCloudAPI:
		if inApp {
			return "registered on Meta's official Cloud API, and used in the WhatsApp Business app as well (coexistence, which Meta offers)"
		}
		return "registered on Meta's official Cloud API"
	case metavalues.PlatformNotApplicable:
		return "not registered on any platform: it can't send or receive by an API"
	case metavalues.PlatformOnPremise:
		return "on the On-Premises API, which Meta has ended: not on the Cloud API"
	case "":
		return "Meta doesn't report the number's platform"
	}
	return "a platform that this version doesn't know: not the Cloud API"
}

// callsOf are the scarce calls that the operator made for a number. The account's ledger and the number's own overlap.
func (e *evidence) callsOf(n *joinedNumber) []Call {
	attempts := slices.Clone(e.waba.Status.Operator.CallLog)
	if n.resource != nil && n.resource.Status.Operator.Registration != nil {
		attempts = append(attempts, n.resource.Status.Operator.Registration.Attempts...)
	}
	out := []Call{}
	for _, a := range attempts {
		if a.Number != n.id {
			continue
		}
		call := Call{Kind: cmp.Or(a.Kind, "unnamed"), Time: a.Time.UTC(), Result: valueOrUnknown(a.Result, SourceCallLog)}
		if a.Result == "" {
			call.Result.Unknown = "not known: the operator was interrupted"
		}
		same := func(c Call) bool { return c.Kind == call.Kind && c.Time.Equal(call.Time) }
		if i := slices.IndexFunc(out, same); i < 0 {
			out = append(out, call)
		} else if out[i].Result.Value == "" {
			out[i] = call
		}
	}
	slices.SortStableFunc(out, func(a, b Call) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

// official weighs what the record says about the platforms.
func official(r *Record) OfficialAPI {
	o := OfficialAPI{Proofs: []Statement{}, Contradictions: []Statement{}, Open: []Statement{}}
	if r.Numbers.Unknown != "" {
		o.Open = append(o.Open, Statement{Text: "the account's numbers: " + r.Numbers.Unknown})
	} else if !r.Numbers.Complete {
		o.Open = append(o.Open, Statement{Text: "numbers that are missing here: not all could be read", Source: r.Numbers.Source})
	}
	proven := 0
	for i := range r.Numbers.Items {
		n := &r.Numbers.Items[i]
		text := "number " + nameOf(n) + ": platform " + cmp.Or(n.Platform.Value, n.Platform.Unknown) + ", " + n.PlatformMeaning
		statement := Statement{Text: text, Source: n.Platform.Source}
		switch {
		case n.Platform.Value == metavalues.PlatformCloudAPI:
			o.Proofs, proven = append(o.Proofs, statement), proven+1
		case offCloud(n):
			o.Contradictions = append(o.Contradictions, statement)
		default:
			o.Open = append(o.Open, statement)
		}
		if c := lastRegistration(n.Calls); c != nil {
			o.Proofs = append(o.Proofs, Statement{
				Text: "number " + nameOf(n) + ": the operator registered it by Meta's call POST /{number}/register at " + when(&c.Time, ""), Source: SourceCallLog,
			})
		}
	}
	switch {
	case len(o.Contradictions) > 0:
		o.Conclusion = OfficialContradicted
	case proven > 0 && len(o.Open) == 0:
		o.Conclusion = OfficialProven
	default:
		o.Conclusion = OfficialUnproven
	}
	return o
}

// offCloud reports that a number is on something else than the Cloud API. One that isn't registered is on nothing, unless it
// sends all the same.
func offCloud(n *Number) bool {
	switch n.Platform.Value {
	case "", metavalues.PlatformCloudAPI:
		return false
	case metavalues.PlatformNotApplicable:
		return n.Status.Value == metavalues.NumberConnected
	}
	return true
}

func lastRegistration(calls []Call) *Call {
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].Kind == callRegister && calls[i].Result.Value == callDone {
			return &calls[i]
		}
	}
	return nil
}

// nameOf is the number as people write it, with its id.
func nameOf(n *Number) string {
	return strings.TrimSpace(n.Number.Value + " (" + n.ID + ")")
}
