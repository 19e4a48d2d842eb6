// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// observeInto copies what is known into the status.
func (h *subscriptions) observeInto(l *lookup) {
	s, v := &l.Object.Status, &l.situation
	s.Subscribed = &v.subscribed
	s.Operator.AppliedSubscription = s.Operator.AppliedSubscription && v.subscribed
	h.observeAppInto(l)
	s.Messages = nil
	if v.account.live != "" {
		s.Messages = &v1alpha1.WebhookOverrideStatus{CallbackURL: shownCallback(v.account.live)}
	}
	l.observeNumbersInto()
	l.rememberApplied()
	l.Status.Drift = v.differences()
}

// observeNumbersInto shows the numbers that were looked at, and those that aren't known now as they were.
func (l *lookup) observeNumbersInto() {
	s := &l.Object.Status
	numbers := map[string]v1alpha1.PhoneNumberWebhookOverrideStatus{}
	for _, n := range s.PhoneNumbers {
		if l.unresolved[n.Name] {
			numbers[n.ID] = n
		}
	}
	for i := range l.situation.numbers {
		if n := &l.situation.numbers[i]; n.level != "" {
			numbers[n.level] = v1alpha1.PhoneNumberWebhookOverrideStatus{
				Name: l.nameOf(n), ID: n.level, WebhookOverrideStatus: v1alpha1.WebhookOverrideStatus{CallbackURL: shownCallback(n.live)},
			}
		}
	}
	s.PhoneNumbers = nil
	for _, id := range slices.Sorted(maps.Keys(numbers)) {
		s.PhoneNumbers = append(s.PhoneNumbers, numbers[id])
	}
}

// rememberApplied brings what was set up to date: an address that an interrupted run had set counts, and one of a number that the
// resource has nothing to do with any more doesn't.
func (l *lookup) rememberApplied() {
	s := &l.Object.Status
	levels := []*route{&l.situation.app.route, &l.situation.account}
	for i := range l.situation.numbers {
		if n := &l.situation.numbers[i]; n.level != "" {
			levels = append(levels, n)
		}
	}
	for _, known := range s.Operator.AppliedCallbacks {
		looked := slices.ContainsFunc(levels, func(r *route) bool { return r.level == known.Level })
		if !looked && !l.unresolved[l.resourceOf(known.Level)] {
			s.Operator.SetApplied(v1alpha1.AppliedCallback{Level: known.Level})
		}
	}
	for _, r := range levels {
		applied := v1alpha1.AppliedCallback{Level: r.level, URL: r.applied}
		if known := s.Operator.Applied(r.level); known.URL == r.applied {
			applied = known
		}
		s.Operator.SetApplied(applied)
	}
}

// shownCallback is an address of Meta's as the status shows it.
func shownCallback(url string) string { return metavalues.Truncate(url, metavalues.MessageLimit) }

// nameOf is the name of the PhoneNumber resource in the path of a level.
func (l *lookup) nameOf(n *route) string {
	const prefix = "phoneNumbers["
	return n.path[len(prefix) : len(n.path)-1]
}

// comparison has the addresses of all levels, and the fields of the app.
func (l *lookup) comparison() lifecycle.Comparison {
	s := &l.situation
	c := lifecycle.Comparison{Object: l.Object, Want: map[string]string{"app": l.appID}, Live: map[string]string{}}
	levels := s.overrides()
	if s.app.want != "" {
		levels = append(levels, &s.app.route)
	}
	for _, r := range levels {
		if r.want != "" {
			c.Want[r.path+".callbackURL"] = shownURL(r.want)
		}
		if r.live != "" {
			c.Live[r.path+".callbackURL"] = shownURL(r.live)
		}
	}
	if s.app.want != "" && s.app.fieldsKnown {
		c.Want[s.app.path+".fields"] = strings.Join(s.app.target(s.messageField()), "\n")
		c.Live[s.app.path+".fields"] = strings.Join(sorted(s.app.fields), "\n")
	}
	return c
}

func (h *subscriptions) observeAppInto(l *lookup) {
	s, app := &l.Object.Status, &l.situation.app
	known := s.App
	if !app.liveKnown && app.applied == "" {
		s.App = nil
		return
	}
	s.App = &v1alpha1.AppWebhookStatus{Active: l.active}
	if app.liveKnown {
		s.App.CallbackURL = shownCallback(app.live)
	}
	for _, field := range sorted(app.fields)[:min(len(app.fields), metavalues.ListLimit)] {
		s.App.Fields = append(s.App.Fields, metavalues.Clip(field))
	}
	if known != nil && !app.fieldsKnown && app.secret {
		s.App.Fields, s.App.Active = known.Fields, known.Active // as last read
	}
}

// intend notes which address is about to be set.
func (h *subscriptions) intend(l *lookup, step *routeWrite) { h.note(l, step, nil) }

// remember notes what was set and with which version of the verify token.
func (h *subscriptions) remember(l *lookup, step *routeWrite) {
	if step.kind == writeSubscription {
		l.Object.Status.Operator.AppliedSubscription = true
		return
	}
	h.note(l, step, l.tokens[step.at.path].Version)
}

func (h *subscriptions) note(l *lookup, step *routeWrite, version *v1alpha1.SecretVersion) {
	if step.kind == writeSubscription {
		return
	}
	s := &l.Object.Status
	applied := v1alpha1.AppliedCallback{Level: step.at.level, URL: step.at.want, VerifyTokenSecret: version}
	switch {
	case step.kind == writeAppPriming:
		// What it leads to is noted: the account's own service is recognised without.
		applied = v1alpha1.AppliedCallback{Level: v1alpha1.CallbackLevelApp, URL: l.situation.app.want}
	case step.at.want == "":
		s.PhoneNumbers = slices.DeleteFunc(slices.Clone(s.PhoneNumbers), func(n v1alpha1.PhoneNumberWebhookOverrideStatus) bool { return n.ID == step.at.level })
	}
	s.Operator.SetApplied(applied)
}

// Describe sets the conditions of a subscription and decides whether the events go where the spec says.
func (h *subscriptions) Describe(p *subscriptionRun, c *lifecycle.Conditions) lifecycle.Readiness {
	s := &p.Object.Status
	if s.Subscribed == nil {
		for _, kind := range []string{v1alpha1.ConditionSubscribed, v1alpha1.ConditionCallbackVerified} {
			c.Set(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "nothing is known yet")
		}
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing, Message: "not looked at yet"}
	}
	if *s.Subscribed {
		c.Set(v1alpha1.ConditionSubscribed, metav1.ConditionTrue, v1alpha1.ReasonSubscribed, "app "+s.AppID+" gets the account's events")
	} else {
		c.Set(v1alpha1.ConditionSubscribed, metav1.ConditionFalse, v1alpha1.ReasonNotSubscribed, "app "+s.AppID+" isn't subscribed to the account")
	}
	missing := h.missing(p.Object)
	h.verified(p, c, missing)
	switch {
	case !*s.Subscribed:
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotSubscribed, Message: "app " + s.AppID + " isn't subscribed to the account"}
	case missing != "":
		return lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotSubscribed, Message: missing + " isn't what the spec says"}
	case p.Object.Spec.App != nil && s.App.Active != nil && !*s.App.Active:
		return lifecycle.Readiness{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonActionRequired,
			Message: "Meta has switched the app's callback off (status.app.active); save it again in the App Dashboard: WhatsApp, Configuration",
		}
	}
	return lifecycle.Readiness{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSubscribed, Message: "the events go where the spec says"}
}

// missing names the first level whose address isn't the wanted one, "" for none.
func (h *subscriptions) missing(obj *v1alpha1.WebhookSubscription) string {
	s := &obj.Status
	if m := obj.Spec.Messages; m != nil && (s.Messages == nil || s.Messages.CallbackURL != m.CallbackURL) {
		return "messages.callbackURL"
	}
	for _, want := range obj.Spec.PhoneNumbers {
		there := slices.ContainsFunc(s.PhoneNumbers, func(n v1alpha1.PhoneNumberWebhookOverrideStatus) bool {
			return n.Name == want.PhoneNumberRef.Name && n.CallbackURL == want.CallbackURL
		})
		if !there {
			return fmt.Sprintf("phoneNumbers[%s].callbackURL", want.PhoneNumberRef.Name)
		}
	}
	if app := obj.Spec.App; app != nil {
		want := app.CallbackURL
		if app.Delivery == v1alpha1.WebhookDeliveryOperator {
			want = h.receiverURL(s.AppID)
		}
		if want == "" || s.App == nil || s.App.CallbackURL != want {
			return "app.callbackURL"
		}
	}
	return ""
}

// verified shows the result of Meta's handshake. An address that Meta shows answered it when it was set.
func (h *subscriptions) verified(p *subscriptionRun, c *lifecycle.Conditions, missing string) {
	set := func(status metav1.ConditionStatus, reason, message string) {
		c.Set(v1alpha1.ConditionCallbackVerified, status, reason, message)
	}
	failures := slices.Sorted(maps.Values(h.Retries.Failures(p.Object.UID, callbackPrefix)))
	failed := strings.Join(failures[:min(len(failures), 1)], "")
	switch {
	case failed != "":
		set(metav1.ConditionFalse, v1alpha1.ReasonNotVerified, failed)
	case missing == "":
		set(metav1.ConditionTrue, v1alpha1.ReasonVerified, "every address answered Meta's handshake when it was set")
	case c.KeepPrevious(v1alpha1.ConditionCallbackVerified):
	default:
		set(metav1.ConditionUnknown, v1alpha1.ReasonPending, "Meta hasn't verified "+missing+" yet")
	}
}
