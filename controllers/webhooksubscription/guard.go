// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
)

// findLeaks returns the known other accounts of the app whose messages go to the app's own address, and those without consent to
// a change of the app. It also reports whether messages of the own account go there.
func (h *subscriptions) findLeaks(ctx context.Context, l *lookup) error {
	accounts, err := h.appAccounts(ctx, l)
	if err != nil {
		return err
	}
	app, apps := &l.situation.app, l.Session.Apps()
	app.uncovered = accountNames(accounts, func(a appAccount) bool { return a.exposed })
	app.exposedUnconsenting = accountNames(accounts, func(a appAccount) bool { return a.exposed && !a.consents })
	app.unconsenting = accountNames(accounts, func(a appAccount) bool { return !a.consents && !a.sameOwner })
	app.exposed = leaksMessages(apps.Known, override(apps, l.appID), l.numbers, app.operator)
	return nil
}

// leaksMessagesOf decides about another account by its session, and where there is none yet by its status. What isn't known
// counts as exposed.
func (h *subscriptions) leaksMessagesOf(w *v1alpha1.WABA, appID, operator string) bool {
	if s := h.Accounts.Get(string(w.UID)); s != nil && s.Ref().AccountID == w.Spec.ID {
		numbers, known := s.Numbers()
		if apps := s.Apps(); apps.Known && known {
			return leaksMessages(true, override(apps, appID), numbers, operator)
		}
	}
	i := slices.IndexFunc(w.Status.SubscribedApps, func(a v1alpha1.SubscribedApp) bool { return a.ID == appID })
	if i < 0 {
		return w.Status.LastObservedTime == nil
	}
	address := w.Status.SubscribedApps[i].OverrideCallbackURL
	return address == "" || address == operator
}

// override is the address to which an account sends messages for an app; nil where the app isn't subscribed.
func override(apps account.AppsView, appID string) *string {
	if app := apps.App(appID); app != nil {
		return &app.OverrideCallbackURI
	}
	return nil
}

// assume makes the situation what it is after a step, as far as that follows from the step alone.
func (l *lookup) assume(step *routeWrite) {
	s := &l.situation
	switch step.kind {
	case writeSubscription:
		s.subscribed = true
	case writeAppPriming:
		s.app.live, s.app.fields = step.at.want, step.fields
	default:
		step.at.live, step.at.applied, step.at.stale = step.at.want, step.at.want, false
		if step.kind == writeApp {
			s.app.fields = step.fields
		}
	}
	callbacks := map[string]string{}
	for i := range s.numbers {
		callbacks[s.numbers[i].level] = s.numbers[i].live
	}
	numbers := map[string]account.NumberView{}
	for id, view := range l.numbers {
		if callback, set := callbacks[id]; set {
			after := *view.Number
			after.Webhook = &graph.WebhookConfiguration{PhoneNumber: callback}
			view.Number = &after
		}
		numbers[id] = view
	}
	s.app.exposed = leaksMessages(true, &s.account.live, numbers, s.app.operator)
}

// leaksMessages reports that messages of an account go to the app's own address. It is subscribed, and a registered number has
// neither an override of its own nor that of the account.
func leaksMessages(known bool, address *string, numbers map[string]account.NumberView, operator string) bool {
	elsewhere := func(address string) bool { return address != "" && address != operator }
	if known && address == nil || address != nil && elsewhere(*address) {
		return false
	}
	for _, n := range numbers {
		if number.OnCloudAPI(n.Number) && !elsewhere(numberCallback(n.Number)) {
			return true
		}
	}
	return false
}
