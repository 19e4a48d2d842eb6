// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// taskMeanings explains the tasks that Meta names. The names are Meta's, the words are ours: Meta's reference has none.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/assigned_users/
var taskMeanings = map[string]string{
	"DEVELOP":                   "use the account's API for development",
	"FULL_CONTROL":              "everything, who else has access included",
	"MANAGE":                    "manage the account: its settings, numbers, templates and people",
	"MANAGE_BILLING":            "manage payment methods",
	"MANAGE_EXTENSIONS":         "manage extensions, such as flows",
	"MANAGE_PHONE":              "add and change phone numbers",
	"MANAGE_PHONE_ASSETS":       "change what belongs to phone numbers, such as profiles and QR codes",
	"MANAGE_TEMPLATES":          "create, edit and delete templates",
	"MANAGE_USERS":              "decide who has access",
	"MESSAGING":                 "send messages",
	"RECEIVE_INCOMING_MESSAGES": "receive what customers write",
	"VIEW_COST":                 "see what messages cost",
	"VIEW_INSIGHTS":             "see statistics",
	"VIEW_PHONE_ASSETS":         "see phone numbers",
	"VIEW_TEMPLATES":            "see templates",
}

// controlTasks let a user decide about the account as a whole.
var controlTasks = []string{"FULL_CONTROL", "MANAGE", "MANAGE_USERS"}

func (e *evidence) userList() Users {
	out := Users{Items: []User{}}
	switch {
	case e.snapshot == nil:
		out.Unknown = readOnlyFromMeta
	case e.business == "":
		out.Unknown = "Meta lists users by portfolio only, and didn't report which one owns the account"
	case e.usersErr != nil:
		out.Unknown = "Meta doesn't report it: " + reasonOf(e.usersErr)
		e.gap("Users", out.Unknown)
	default:
		out.Source = SourceMeta
		e.inherentGap("Users of other portfolios, such as partners", "Meta lists only those of portfolio "+e.business+", which owns the account")
	}
	for _, u := range e.users {
		user := User{ID: u.ID, Name: Fact{Value: u.Name, Source: SourceMeta}, Tasks: []Task{}}
		if u.Name == "" {
			user.Name = Fact{Unknown: "hidden by Meta", Source: SourceMeta}
		}
		if t := e.snapshot.Token; t != nil {
			user.Token = t.UserID == u.ID
		}
		if u.Tasks == nil {
			user.TasksUnknown = notReported
		}
		for _, task := range u.Tasks {
			user.Tasks = append(user.Tasks, Task{Name: task, Permits: taskMeanings[task]})
		}
		out.Items = append(out.Items, user)
	}
	slices.SortFunc(out.Items, func(a, b User) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) })
	return out
}

const (
	scopeManagement = "whatsapp_business_management"
	scopeMessaging  = "whatsapp_business_messaging"
)

// scopeNeeds are the scopes that the operator has a use for
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/permissions).
var scopeNeeds = map[string]string{
	scopeManagement: NeedYes, scopeMessaging: NeedRegistration,
	"public_profile": NeedImplied,
}

func (e *evidence) token() Token {
	switch {
	case e.snapshot != nil && e.snapshot.Token != nil:
		return metaToken(e.snapshot.Token)
	case e.snapshot != nil:
		return unknownToken("Meta was queried, and reported nothing about it")
	case e.waba.Status.Credentials != nil && e.waba.Status.Credentials.AppID != "":
		return clusterToken(e.waba.Status.Credentials)
	}
	return unknownToken(never)
}

func unknownToken(why string) Token {
	f := Fact{Unknown: why}
	return Token{
		Listing: Listing{Unknown: why}, AppID: f, Application: f, Type: f, UserID: f, Issued: f, Expires: f, DataAccessExpires: f,
		Scopes: []Scope{},
	}
}

// noExpiry is how Meta's 0 reads, and silence.
const noExpiry = "never, as far as Meta reports"

func metaToken(t *graph.TokenInfo) Token {
	out := Token{
		Listing: Listing{Source: SourceMeta}, AppID: valueOrUnknown(t.AppID, SourceMeta), Application: valueOrUnknown(t.Application, SourceMeta),
		Type: valueOrUnknown(t.Type, SourceMeta), UserID: valueOrUnknown(t.UserID, SourceMeta), Issued: valueOrUnknown(timeText(t.IssuedAt), SourceMeta),
		Expires:           valueOrUnknown(cmp.Or(timeText(t.ExpiresAt), noExpiry), SourceMeta),
		DataAccessExpires: valueOrUnknown(cmp.Or(timeText(t.DataAccessExpiresAt), noExpiry), SourceMeta),
		expires:           t.ExpiresAt, dataAccessExpires: t.DataAccessExpiresAt, neverExpires: t.ExpiresAt.IsZero(),
	}
	targets := map[string][]string{}
	for _, g := range t.GranularScopes {
		targets[g.Scope] = append(targets[g.Scope], g.TargetIDs...)
	}
	out.Scopes = scopesOf(t.Scopes, targets)
	return out
}

func clusterToken(c *v1alpha1.CredentialsStatus) Token {
	out := unknownToken(readOnlyFromMeta)
	out.Listing = Listing{Source: SourceCluster}
	out.AppID, out.Application = valueOrUnknown(c.AppID, SourceCluster), valueOrUnknown(c.Application, SourceCluster)
	if c.ExpirationTime != nil {
		out.expires = c.ExpirationTime.Time
	}
	out.neverExpires = out.expires.IsZero()
	out.Expires = valueOrUnknown(cmp.Or(timeText(out.expires), noExpiry), SourceCluster)
	out.Scopes = scopesOf(c.Scopes, nil)
	return out
}

func scopesOf(names []string, targets map[string][]string) []Scope {
	out := []Scope{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		out = append(out, Scope{Name: name, Need: cmp.Or(scopeNeeds[name], NeedNo), Targets: append([]string{}, slices.Sorted(slices.Values(targets[name]))...)})
	}
	return out
}

// callbacks are all addresses to which events of the account go.
func (e *evidence) callbacks(r *Record) []Callback {
	expected := e.expectedHosts()
	out := []Callback{}
	seen := map[Callback]bool{}
	add := func(level, subject string, address Address, source SourceName) {
		c := Callback{Level: level, Subject: subject, Address: address, Expected: "unknown", Source: source}
		switch {
		case address == "":
			return
		case expected[address.host()]:
			c.Expected = "yes"
		case len(expected) > 0:
			c.Expected = "no"
		}
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	add("app", r.Apps.Own.AppID, r.Apps.Own.Callback, r.Apps.Own.Source)
	for _, a := range r.Apps.Items {
		add("account", a.ID, a.Override, r.Apps.Source)
	}
	for _, n := range e.joined() {
		number, account, app := n.callbacks()
		source := n.source()
		add("number", n.id, addressOf(number, e.hide), source)
		// The other two are those of the token's app, which may be all that is known of it.
		add("account", r.Apps.Own.AppID, addressOf(account, e.hide), source)
		add("app", r.Apps.Own.AppID, addressOf(app, e.hide), source)
	}
	slices.SortStableFunc(out, func(a, b Callback) int {
		return cmp.Or(strings.Compare(a.Level, b.Level), strings.Compare(a.Subject, b.Subject), strings.Compare(string(a.Address), string(b.Address)))
	})
	return out
}

// expectedHosts are the hosts that WebhookSubscription resources name, or set, and those of the question.
func (e *evidence) expectedHosts() map[string]bool {
	hosts := map[string]bool{}
	for _, host := range e.question.CallbackHosts {
		hosts[strings.ToLower(host)] = true
	}
	add := func(raw string) {
		if host := addressOf(raw, e.hide).host(); host != "" {
			hosts[host] = true
		}
	}
	for i := range e.subscriptions {
		spec, status := &e.subscriptions[i].Spec, &e.subscriptions[i].Status
		if spec.App != nil {
			add(spec.App.CallbackURL)
		}
		if spec.Messages != nil {
			add(spec.Messages.CallbackURL)
		}
		for _, n := range spec.PhoneNumbers {
			add(n.CallbackURL)
		}
		add(status.Operator.Applied(v1alpha1.CallbackLevelApp).URL) // the operator's own receiver, with delivery: Operator
	}
	return hosts
}

// expiresSoon is how long before its end a token is reported, as in the condition CredentialsValid.
const expiresSoon = 14 * 24 * time.Hour
