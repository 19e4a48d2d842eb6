// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// receiverURL is this operator's address for an app, "" where it has none.
func (h *subscriptions) receiverURL(appID string) string {
	if h.WebhookURL == "" {
		return ""
	}
	return h.WebhookURL + appID
}

// lookup is what one run knows of Meta and of the Secrets.
type lookup struct {
	*subscriptionRun
	situation routes
	appID     string
	numbers   map[string]account.NumberView
	// tokens are the verify tokens by path of the level.
	tokens map[string]lifecycle.SecretValue
	// unresolved are the names of the PhoneNumber resources in the spec whose number isn't known now. Their overrides stay as they are.
	unresolved map[string]bool
	active     *bool
}

// refresh brings what is known of the account's apps and numbers up to date. Only a resource that has work to do asks Meta before
// the next observation.
func (h *subscriptions) refresh(ctx context.Context, p *subscriptionRun) *lifecycle.Result {
	apps := p.Session.Apps()
	numbers, known := p.Session.Numbers()
	oldest := apps.At
	for _, n := range numbers {
		if n.At.Before(oldest) {
			oldest = n.At
		}
	}
	if apps.Known && known && (!p.Requested() || !oldest.Before(p.Now)) {
		return nil
	}
	if p.Settled() {
		return lifecycle.Unchanged(p.UntilNextAttempt()) // nothing new since before the restart; the next observation brings an event
	}
	lifecycle.LogStep(ctx, "Looking the account's apps and numbers up")
	for _, look := range []func(context.Context) error{p.Session.LookupApps, p.Session.LookupNumbers} {
		if err := look(ctx); err != nil {
			return lifecycle.Failed("list the account's apps and numbers", err)
		}
	}
	return nil
}

// appID is the app that the account's token belongs to according to Meta: the id in the Secret could be that of any app.
func (h *subscriptions) appID(p *subscriptionRun) (string, *lifecycle.Result) {
	id := p.Session.TokenAppID()
	if id == "" && p.WABA.Status.Credentials != nil {
		id = p.WABA.Status.Credentials.AppID
	}
	if id == "" {
		return "", lifecycle.Waiting(v1alpha1.ReasonAccountNotReady, "Meta hasn't said yet to which app the account's token belongs", lifecycle.ConflictRecheck).AssetUnaffected()
	}
	return id, nil
}

// lookup gathers what decides about the next step.
func (h *subscriptions) lookup(ctx context.Context, p *subscriptionRun, appID string) (*lookup, *lifecycle.Result) {
	numbers, _ := p.Session.Numbers()
	l := &lookup{subscriptionRun: p, appID: appID, numbers: numbers, tokens: map[string]lifecycle.SecretValue{}}
	s := &l.situation
	own := p.Session.Apps().App(appID)
	s.subscribed = own != nil
	s.subscription = route{path: "subscribed", want: "subscribed", live: "subscribed"}
	if !s.subscribed {
		s.subscription.live = ""
	}
	if was := p.Object.Status.Subscribed; !s.subscribed && was != nil && *was {
		s.subscription.blocked = h.driftHeld(p, &s.subscription)
	} else if !s.subscribed {
		s.subscription.blocked = h.Retries.Held(routeKey(p.Object.UID, s.subscription.path), p.Fingerprint())
	}
	h.lookupAccount(ctx, l, own)
	h.lookupNumbers(ctx, l)
	if o := h.lookupApp(ctx, l); o != nil {
		return nil, o
	}
	s.app.refused = h.memory.lacks(p.Object.UID, s.app.fieldsKnown)
	h.guardClearing(l)
	h.Retries.ReleaseParts(p.Object.UID, callbackPrefix, l.callbackKeys()...)
	return l, nil
}

// routeOf prepares one level: what was applied, the verify token, and what stands against a write.
func (h *subscriptions) routeOf(
	ctx context.Context, l *lookup, v route, ref *v1alpha1.SecretKeyReference,
) route {
	known := l.Object.Status.Operator.Applied(v.level)
	v.applied = known.URL
	version := known.VerifyTokenSecret
	if v.want != "" && v.live == v.want && v.applied != "" && v.applied != v.want {
		v.applied, version = v.want, nil // a crash came between the write and its record
	}
	if v.want == "" || !l.Writable() || ref == nil {
		return v
	}
	value, problem := h.ReadSecretKey(ctx, l.Object, *ref, v1alpha1.SecretPurposeVerifyToken)
	if problem != nil {
		v.blocked = problem.AssetUnaffected().Saying(v.path + ": " + problem.Message())
		return v
	}
	l.tokens[v.path] = value
	if lifecycle.RestoredSecret(version, value.Version) {
		*version = *value.Version // Meta has its content; the status says so from now on
	}
	v.stale = !value.Content.Same(version)
	for _, key := range []lifecycle.RetryKey{routeKey(l.Object.UID, v.path), callbackKey(l.Object.UID, v.want)} {
		if v.blocked == nil {
			v.blocked = h.Retries.Held(key, l.attempt(&v))
		}
	}
	if v.blocked == nil && v.drifted() {
		v.blocked = h.driftHeld(l.subscriptionRun, &v)
	}
	return v
}

// drifted: what was applied, with the token that is still the right one, isn't what Meta shows.
func (l *route) drifted() bool {
	return l.want != "" && l.applied == l.want && !l.stale && l.live != l.want
}

// attempt is what makes another try of a write worthwhile when it changes.
func (l *lookup) attempt(v *route) string {
	s := l.Fingerprint() + "|" + v.want
	if version := l.tokens[v.path].Version; version != nil {
		s += "|" + version.UID + "|" + version.ResourceVersion
	}
	return s
}

func (l *lookup) callbackKeys() []lifecycle.RetryKey {
	keys := []lifecycle.RetryKey{callbackKey(l.Object.UID, l.situation.app.want)}
	for _, v := range l.situation.overrides() {
		keys = append(keys, callbackKey(l.Object.UID, v.want))
	}
	return keys
}

func (h *subscriptions) lookupAccount(ctx context.Context, l *lookup, own *graph.SubscribedApp) {
	v := route{path: "messages", level: v1alpha1.CallbackLevelMessages}
	if own != nil {
		v.live = own.OverrideCallbackURI
	}
	var ref *v1alpha1.SecretKeyReference
	if m := l.Object.Spec.Messages; m != nil {
		v.want, ref = m.CallbackURL, &m.VerifyTokenSecretRef
	}
	v = h.routeOf(ctx, l, v, ref)
	if v.want != "" {
		v.blocked = cmp.Or(h.levelRefused(ctx, l.subscriptionRun, v1alpha1.WebhookLevelMessages, v.path), v.blocked)
	}
	l.situation.account = v
}

// lookupNumbers gathers the numbers of the spec, and those that were in it and still have our override.
func (h *subscriptions) lookupNumbers(ctx context.Context, l *lookup) {
	wanted := map[string]bool{}
	l.unresolved = map[string]bool{}
	var refused *lifecycle.Result
	if len(l.Object.Spec.PhoneNumbers) > 0 {
		refused = h.levelRefused(ctx, l.subscriptionRun, v1alpha1.WebhookLevelPhoneNumbers, "phoneNumbers")
	}
	for i := range l.Object.Spec.PhoneNumbers {
		entry := &l.Object.Spec.PhoneNumbers[i]
		v := route{path: "phoneNumbers[" + entry.PhoneNumberRef.Name + "]", want: entry.CallbackURL}
		number, problem := h.number(ctx, l, entry.PhoneNumberRef.Name)
		if problem != nil {
			v.blocked = problem.Saying(v.path + ": " + problem.Message())
			l.unresolved[entry.PhoneNumberRef.Name] = true
			l.situation.numbers = append(l.situation.numbers, v)
			continue
		}
		v.level, v.live = number.ID, numberCallback(number)
		wanted[v.level] = true
		v = h.routeOf(ctx, l, v, &entry.VerifyTokenSecretRef)
		v.blocked = cmp.Or(refused, v.blocked)
		l.situation.numbers = append(l.situation.numbers, v)
	}
	for _, known := range l.Object.Status.Operator.AppliedCallbacks {
		number := l.numbers[known.Level].Number
		name := l.resourceOf(known.Level)
		if wanted[known.Level] || l.unresolved[name] || number == nil || numberCallback(number) != known.URL {
			continue
		}
		v := route{path: "phoneNumbers[" + name + "]", level: known.Level, live: known.URL, applied: known.URL}
		v.blocked = h.Retries.Held(routeKey(l.Object.UID, v.path), l.attempt(&v))
		l.situation.numbers = append(l.situation.numbers, v)
	}
}

// resourceOf names the PhoneNumber resource by which the spec named a number, else its id.
func (l *lookup) resourceOf(id string) string {
	for _, known := range l.Object.Status.PhoneNumbers {
		if known.ID == id {
			return known.Name
		}
	}
	return id
}

func numberCallback(n *graph.PhoneNumber) string {
	if n.Webhook == nil {
		return ""
	}
	return n.Webhook.PhoneNumber
}

// lookupApp gathers the level of the app.
func (h *subscriptions) lookupApp(ctx context.Context, l *lookup) *lifecycle.Result {
	app := &l.situation.app
	app.path, app.level, app.operator = "app", v1alpha1.CallbackLevelApp, h.receiverURL(l.appID)
	app.secret = l.Session.Client().HasAppSecret()
	at := l.appFromNumbers()
	spec := l.Object.Spec.App
	app.applied, app.service = l.Object.Status.Operator.Applied(app.level).URL, l.situation.account.want
	if spec == nil {
		return nil
	}
	app.base, app.takeover = webhook.ManagementFields, spec.Takeover == v1alpha1.TakeoverPolicyAlways
	if len(spec.Fields) > 0 {
		app.base, app.exact = spec.Fields, true
	}
	app.base = sorted(app.base)
	app.want = h.callbackOf(spec, l.appID)
	h.readApp(ctx, l, at)
	if app.want == "" {
		app.blocked = lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec,
			"delivery: Operator needs the operator's public address; start the operator with --webhook-url=https://…, or use delivery: Custom").AssetUnaffected()
		return nil
	}
	app.route = h.routeOf(ctx, l, app.route, spec.VerifyTokenSecretRef)
	if refused := h.levelRefused(ctx, l.subscriptionRun, v1alpha1.WebhookLevelApp, app.path); refused != nil {
		app.blocked, app.refusedByOwner = refused, true
	}
	if app.blocked == nil && app.fieldsDrifted(l) {
		app.blocked = h.driftHeld(l.subscriptionRun, &app.route)
	}
	var err error
	if app.holder, err = h.appHolder(ctx, l.subscriptionRun); err == nil {
		err = h.findLeaks(ctx, l)
	}
	if err != nil {
		return lifecycle.Failed("look for other users of the app", err)
	}
	return nil
}

// fieldsDrifted: the fields differ though no change of a spec requested others.
func (a *appRoute) fieldsDrifted(l *lookup) bool {
	c := l.Synced()
	asked := l.ChangedByUser() || l.Requested() || c == nil || lifecycle.Unsettled[c.Reason]
	return !asked && a.fieldsKnown && a.live == a.want && a.applied == a.want && !a.stale &&
		!slices.Equal(a.target(l.situation.messageField()), sorted(a.fields))
}

// appFromNumbers takes the app's address from the newest number that shows it: every client that may read the number sees it
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override).
func (l *lookup) appFromNumbers() (at time.Time) {
	for _, id := range slices.Sorted(maps.Keys(l.numbers)) {
		n := l.numbers[id]
		if n.Number.Webhook == nil || n.At.Before(at) {
			continue
		}
		at = n.At
		l.situation.app.live, l.situation.app.liveKnown = n.Number.Webhook.Application, true
	}
	return at
}

// readApp reads the app with its own token, at most once an hour and where a number shows another address.
func (h *subscriptions) readApp(ctx context.Context, l *lookup, seen time.Time) {
	app := &l.situation.app
	if !app.secret {
		return
	}
	reading, ok := h.memory.app(l.Object.UID, l.appID)
	moved := app.liveKnown && seen.After(reading.at) && app.live != reading.subscription.CallbackURL
	if !ok || moved || !deadline.Within(reading.at, h.Clock.Now(), appReadPeriod) || l.Requested() && reading.at.Before(l.Now) {
		key, attempt := routeKey(l.Object.UID, "app reading"), l.Fingerprint()
		if app.unreadable = h.Retries.Held(key, attempt); app.unreadable != nil {
			return
		}
		begun := h.Clock.Now()
		subscription, err := l.Session.Client().ReadAppSubscription(ctx, l.appID)
		if err != nil {
			app.unreadable = h.hold(key, attempt, lifecycle.Failed("read the app's subscription", err))
			return
		}
		reading = appReading{subscription: *subscription, appID: l.appID, at: begun}
		h.memory.sawApp(l.Object.UID, reading)
	}
	app.live, app.liveKnown = reading.subscription.CallbackURL, true
	app.fields, app.fieldsKnown, l.active = reading.subscription.Fields, true, reading.subscription.Active
	if slices.Contains(app.fields, fieldMessages) {
		h.memory.setLacking(l.Object.UID, false)
	}
}

// guardClearing keeps an override from being cleared while the number's messages would go to the operator then.
func (h *subscriptions) guardClearing(l *lookup) {
	s := &l.situation
	reaches := s.account.live == "" && s.app.operator != "" && s.app.live == s.app.operator &&
		(!s.app.fieldsKnown || len(messageFields(s.app.fields)) > 0)
	for i := range s.numbers {
		if v := &s.numbers[i]; v.want == "" && reaches && number.OnCloudAPI(l.numbers[v.level].Number) {
			v.blocked = diverted([]string{"number " + v.level}, "the operator, which drops them")
		}
	}
}

// driftHeld says why a difference that no change of a spec requested isn't repaired, nil where it may be.
func (h *subscriptions) driftHeld(p *subscriptionRun, v *route) *lifecycle.Result {
	if !p.Writable() {
		return nil
	}
	asked := p.Requested() || p.ChangedByUser()
	if !asked {
		h.CountDrift(p.Object, []string{v.path}, p.Before.Status.Drift)
	}
	switch {
	case asked:
		return nil
	case p.Object.Spec.DriftPolicy == v1alpha1.DriftPolicyReport:
		return lifecycle.NotSynced(v1alpha1.ReasonDriftDetected, fmt.Sprintf("%s: another client changed it at Meta, and driftPolicy is Report", v.path)).AssetUnaffected()
	}
	return h.RepairHeld(p.Session, lifecycle.RepairsOf(p.Object, p.Now).Contested(v.path),
		v.path+": another client keeps reverting the operator's changes; agree who manages this, or set driftPolicy: Report")
}
