// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// fieldMessages is the field of Meta's that an override has to do with above all.
const fieldMessages = "messages"

// routeWriteKind is what a step changes at Meta.
type routeWriteKind int

const (
	// writeSubscription subscribes the app to the account.
	writeSubscription routeWriteKind = iota + 1
	// writeAccountOverride sets the account's override.
	writeAccountOverride
	// writeNumberOverride sets or clears the override of a number.
	writeNumberOverride
	// writeAppPriming points the app at the service that gets the account's messages anyway. Meta takes no override for an app
	// without the field messages.
	writeAppPriming
	// writeApp sets the app's callback and fields.
	writeApp
)

// routeWrite is one write.
type routeWrite struct {
	kind routeWriteKind
	// at is the level that is written.
	at *route
	// fields are those the app shall have.
	fields []string
}

// route is where the events of one level go: the app, the account or a number.
type route struct {
	// path is that of the spec.
	path string
	// level is that of AppliedCallback: of a number its id, "" where that isn't known.
	level string
	// want is what the spec says, live what Meta shows, and applied what this resource set; "" = nothing.
	want, live, applied string
	// stale: the verify token that was applied isn't the wanted one, or isn't known.
	stale bool
	// blocked says why it can't be written now.
	blocked *lifecycle.Result
}

// settled: nothing is to be written. An address that another client set as wanted is left as it is.
func (l *route) settled() bool {
	return l.live == l.want && (l.applied != l.want || l.want == "" || !l.stale)
}

// appRoute is the level of the app, which all its accounts share.
type appRoute struct {
	route
	// operator is the address of this operator's receiver for the app, "" where it has none. service is that in spec.messages.
	operator, service string
	// liveKnown and fieldsKnown: an app's address can be read off any of the account's numbers, its fields only with the secret.
	liveKnown, fieldsKnown bool
	fields                 []string
	// base are the wanted fields, message fields that the app has aside; exact means that no other management field may stay.
	base  []string
	exact bool
	// secret: the account's Secret holds the app secret. unreadable says why the app can't be read with it.
	secret     bool
	unreadable *lifecycle.Result
	takeover   bool
	// holder is who manages the app, "" for this resource.
	holder string
	// refused: Meta refused an override because the app lacks messages.
	refused bool
	// uncovered are the other accounts whose messages go to the app's own address.
	uncovered []string
	// exposedUnconsenting are those of them without consent to what this resource does with the app. unconsenting are the
	// accounts in other namespaces without consent, wherever their messages go: the app's callback and fields are theirs too.
	exposedUnconsenting, unconsenting []string
	// refusedByOwner: the account's own owner doesn't let the resource decide about the app.
	refusedByOwner bool
	// exposed: messages of the account itself go there.
	exposed bool
}

// routes is everything that decides about the next step.
type routes struct {
	subscribed   bool
	subscription route
	account      route
	numbers      []route
	app          appRoute
}

// plan returns the next write, nil for none, and what stands against others. The order is what keeps messages from being
// diverted (docs/adr/0008-webhook-order.md): the app is subscribed, all overrides are set, and only then the app's address
// changes.
func (s *routes) plan() (*routeWrite, []*lifecycle.Result) {
	if !s.subscribed {
		if s.subscription.blocked != nil {
			return nil, []*lifecycle.Result{s.subscription.blocked}
		}
		return &routeWrite{kind: writeSubscription, at: &s.subscription}, nil
	}
	var complaints []*lifecycle.Result
	primed := true
	for _, l := range s.overrides() {
		switch {
		case l.settled():
		case l.blocked != nil:
			complaints = append(complaints, l.blocked)
		case l.want != "" && s.app.refused && !s.app.getsMessages():
			primed = false
		case l == &s.account:
			return &routeWrite{kind: writeAccountOverride, at: l}, nil
		default:
			return &routeWrite{kind: writeNumberOverride, at: l}, nil
		}
	}
	if !primed {
		step, complaint := s.prime()
		if step != nil {
			return step, nil
		}
		complaints = append(complaints, complaint)
	}
	step, complaint := s.app.plan(s.messageField())
	if complaint != nil {
		complaints = append(complaints, complaint)
	}
	return step, complaints
}

func (s *routes) overrides() []*route {
	levels := make([]*route, 0, 1+len(s.numbers))
	if s.account.want != "" {
		levels = append(levels, &s.account)
	}
	for i := range s.numbers {
		levels = append(levels, &s.numbers[i])
	}
	return levels
}

// messageField reports that the app must have messages: an override sends elsewhere only what the app is subscribed to. It
// is added when all overrides are in place.
func (s *routes) messageField() bool {
	wanted := false
	for _, l := range s.overrides() {
		if l.want != l.live {
			return false
		}
		wanted = wanted || l.want != ""
	}
	return wanted
}

// prime subscribes the app to messages at the account's own service, where they belong, for the moment until Meta takes the
// override.
func (s *routes) prime() (*routeWrite, *lifecycle.Result) {
	app := &s.app
	problem := ""
	switch {
	case app.want == "" && app.blocked != nil:
		return nil, app.blocked
	case app.want == "":
		problem = "add spec.app, or subscribe the app to messages in the App Dashboard (WhatsApp, Configuration)"
	case app.holder != "":
		problem = "have " + app.holder + ", which manages the app, list messages in spec.app.fields or set an override too"
	case !app.secret || !app.fieldsKnown:
		problem = "subscribe the app to messages in the App Dashboard (WhatsApp, Configuration), or put appSecret into the account's Secret"
	case s.account.want == "" || s.account.live == s.account.want:
		problem = "set spec.messages too, or subscribe the app to messages in the App Dashboard (WhatsApp, Configuration)"
	case app.setByOthers() && !app.takeover:
		return nil, app.taken()
	}
	if problem != "" {
		return nil, lifecycle.Waiting(v1alpha1.ReasonRefusedByMeta,
			"Meta takes no override while the app isn't subscribed to messages: "+problem, lifecycle.ConflictRecheck).AssetUnaffected()
	}
	if o := cmp.Or(app.primeBlocked(), app.blocked, s.account.blocked); o != nil {
		return nil, o
	}
	return &routeWrite{kind: writeAppPriming, at: &s.account, fields: union(messageFields(app.fields), []string{fieldMessages})}, nil
}

// getsMessages: the app is known to be subscribed to messages.
func (a *appRoute) getsMessages() bool {
	return a.fieldsKnown && slices.Contains(a.fields, fieldMessages)
}

// setByOthers: another client set the app's address. An app that this resource manages and that shows the account's own service
// was left so by an interrupted priming.
func (a *appRoute) setByOthers() bool {
	primed := a.applied != "" && a.live == a.service
	return a.live != "" && a.live != a.want && a.live != a.applied && !primed
}

// plan returns the write that the app needs. messages adds that field.
func (a *appRoute) plan(messages bool) (*routeWrite, *lifecycle.Result) {
	if a.want == "" {
		return nil, a.blocked // nil where the spec has no section
	}
	if a.holder != "" {
		return nil, a.follows()
	}
	if !a.secret || !a.fieldsKnown {
		return nil, a.unwritable()
	}
	target := a.target(messages)
	moved := a.live != a.want
	if !moved && slices.Equal(target, sorted(a.fields)) && a.settled() {
		return nil, a.reached(a.fields)
	}
	if o := cmp.Or(a.writeBlocked(target, moved), a.blocked); o != nil {
		return nil, o
	}
	return &routeWrite{kind: writeApp, at: &a.route, fields: target}, nil
}

// writeBlocked is the result where the owner of the account, a foreign address or other accounts of the app stand against a write to
// the app, else nil.
func (a *appRoute) writeBlocked(target []string, moved bool) *lifecycle.Result {
	more := moved || len(messageFields(target)) > len(messageFields(a.fields))
	switch {
	case a.refusedByOwner:
		return a.blocked
	case a.setByOthers() && !a.takeover:
		return a.taken()
	case len(a.unconsenting) > 0 && a.affectsOthers(target, moved):
		return a.unconsented()
	case a.want == a.operator && more:
		return a.diverts(target, moved)
	case more && len(messageFields(target)) > 0 && len(a.exposedUnconsenting) > 0:
		return diverted(a.exposedUnconsenting, shownURL(a.want))
	}
	return nil
}

// target are all fields that the app shall have. Fields that aren't known as management fields stay: another client needs them.
func (a *appRoute) target(messages bool) []string {
	kept := a.fields
	if a.exact {
		kept = slices.DeleteFunc(slices.Clone(a.fields), func(f string) bool { return slices.Contains(webhook.ManagementFields, f) })
	}
	target := union(a.base, kept)
	if messages {
		target = union(target, []string{fieldMessages})
	}
	return target
}

// follows compares the app with the spec of a resource that doesn't manage it.
func (a *appRoute) follows() *lifecycle.Result {
	missing := slices.DeleteFunc(slices.Clone(a.base), func(f string) bool { return slices.Contains(a.fields, f) })
	if a.liveKnown && a.live == a.want && (!a.fieldsKnown || len(missing) == 0) {
		return nil
	}
	return lifecycle.Waiting(v1alpha1.ReasonConflict, fmt.Sprintf(
		"%s manages the app, which has one callback for all its accounts, and wants another one or other fields; agree on one spec.app", a.holder),
		lifecycle.ConflictRecheck).AssetUnaffected()
}

// unwritable is about an app that can only be looked at.
func (a *appRoute) unwritable() *lifecycle.Result {
	if a.unreadable != nil && a.unreadable.Reason() != v1alpha1.ReasonActionRequired {
		return a.unreadable
	}
	if a.liveKnown && a.live == a.want {
		return a.reached(nil)
	}
	o := a.byHand("put the app secret into the key appSecret of the account's Secret, or ")
	if a.secret {
		o = a.byHand("")
	}
	return o
}

// byHand says what a person has to do in the App Dashboard.
func (a *appRoute) byHand(instead string) *lifecycle.Result {
	return lifecycle.NotSynced(v1alpha1.ReasonActionRequired, fmt.Sprintf(
		"%sset the callback %s, with the verify token of spec.app.verifyTokenSecretRef, and the fields by hand: App Dashboard, WhatsApp, Configuration",
		instead, shownURL(a.want))).AssetUnaffected()
}

// reached looks at an app that is as wanted: messages may still reach the operator, which drops them.
func (a *appRoute) reached(fields []string) *lifecycle.Result {
	names := a.uncovered
	if a.exposed {
		names = append([]string{"this account"}, names...)
	}
	if a.want != a.operator || len(names) == 0 || a.fieldsKnown && len(messageFields(fields)) == 0 {
		return nil
	}
	if !a.fieldsKnown {
		return nil // perhaps it has no message field at all
	}
	return diverted(names, "the operator, which drops them")
}

// taken says that another client's address is in the way.
func (a *appRoute) taken() *lifecycle.Result {
	return lifecycle.NotSynced(v1alpha1.ReasonAlreadyExists, fmt.Sprintf(
		"another client set the app's callback to %s; to replace it set spec.app.takeover: Always, else remove spec.app", shownURL(a.live))).AssetUnaffected()
}

// diverts refuses to point the app at the operator while it would get messages, which it drops.
func (a *appRoute) diverts(target []string, moved bool) *lifecycle.Result {
	if len(messageFields(target)) == 0 {
		return nil
	}
	names := a.uncovered
	if a.exposed {
		names = append([]string{"this account"}, names...)
	}
	if len(names) > 0 {
		return diverted(names, "the operator, which drops them")
	}
	fixed := slices.DeleteFunc(messageFields(a.fields), func(f string) bool { return slices.Contains(webhook.OverridableFields, f) })
	if moved && a.live != "" && len(fixed) > 0 {
		return lifecycle.NotSynced(v1alpha1.ReasonWouldDivertMessages, fmt.Sprintf(
			"the app is subscribed to %s, which no override can send elsewhere: %s would lose them; unsubscribe the app from them, or use delivery: Custom with a service that passes events on",
			strings.Join(fixed, ", "), shownURL(a.live))).AssetUnaffected()
	}
	return nil
}

func diverted(accounts []string, where string) *lifecycle.Result {
	return lifecycle.Waiting(v1alpha1.ReasonWouldDivertMessages, fmt.Sprintf(
		"messages of %s would reach %s; give each account an override in spec.messages, or one for each of its numbers",
		strings.Join(accounts, ", "), where), lifecycle.ConflictRecheck).AssetUnaffected()
}

// differences names what isn't as the spec says, whether it may be written or not.
func (s *routes) differences() []string {
	var out []string
	if !s.subscribed {
		out = append(out, s.subscription.path)
	}
	for _, l := range s.overrides() {
		if l.want != l.live {
			out = append(out, l.path+".callbackURL")
		}
	}
	if s.app.want == "" {
		return out
	}
	if s.app.liveKnown && s.app.live != s.app.want {
		out = append(out, s.app.path+".callbackURL")
	}
	if s.app.fieldsKnown && !slices.Equal(s.app.target(s.messageField()), sorted(s.app.fields)) {
		out = append(out, s.app.path+".fields")
	}
	return out
}

// messageFields are those that carry what customers write: all that aren't known to be about the management.
func messageFields(fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return !slices.Contains(webhook.MessageFields, f) })
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func union(a, b []string) []string { return sorted(slices.Concat(a, b)) }

// shownURL is an address without what could be a secret in it.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "(an unreadable address)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
