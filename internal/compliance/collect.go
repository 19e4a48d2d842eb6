// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Question is which account's record is wanted, and which sources may be read.
type Question struct {
	// Cluster is read for the resource named Resource; nil: there is no cluster, and AccountID names the account.
	Cluster   client.Reader
	Resource  types.NamespacedName
	AccountID string
	// Accounts queries Meta; nil: only the cluster is read. Credentials are those to use; without an access token those of
	// the WABA's Secret.
	Accounts    *account.Manager
	Credentials account.Credentials
	// GraphAPIVersion is for accounts that name none, and for all if AlwaysVersion is set.
	GraphAPIVersion string
	AlwaysVersion   bool
	// ApprovedApps and CallbackHosts are approved, or expected, besides those that the resources name.
	ApprovedApps, CallbackHosts []string
	// Version is that of the program.
	Version string
	Clock   clock.PassiveClock
}

// evidence is all that was read, before anything is made of it.
type evidence struct {
	question *Question
	now      time.Time
	version  string
	// waba is made up where there is no cluster; see clustered.
	waba          *v1alpha1.WABA
	clustered     bool
	numbers       []v1alpha1.PhoneNumber
	templates     []v1alpha1.MessageTemplate
	subscriptions []v1alpha1.WebhookSubscription
	// snapshot is nil where Meta wasn't, or couldn't be, queried.
	snapshot *account.Snapshot
	users    []graph.AssignedUser
	usersErr error
	// business is the portfolio whose users were requested.
	business        string
	appID           string
	subscription    *graph.AppSubscription
	subscriptionErr error
	regions         map[string]string
	gaps            []Gap
	hide            func(string) string
}

// Collect reads the sources and makes the record. The record names what can't be read; Collect fails only if there is nothing to
// make a record of.
func Collect(ctx context.Context, q Question) (*Record, error) {
	e := &evidence{question: &q, now: q.Clock.Now(), version: q.GraphAPIVersion, regions: map[string]string{}, hide: graph.Redactor("", "")}
	if err := e.readCluster(ctx); err != nil {
		return nil, err
	}
	if own := e.waba.Spec.GraphAPIVersion; own != "" && !q.AlwaysVersion {
		e.version = own
	}
	if err := e.readMeta(ctx); err != nil {
		return nil, err
	}
	return e.compile(), nil
}

func (e *evidence) gap(what, why string) { e.gaps = append(e.gaps, Gap{What: what, Why: why}) }

func (e *evidence) inherentGap(what, why string) {
	e.gaps = append(e.gaps, Gap{What: what, Why: why, Inherent: true})
}

func (e *evidence) readCluster(ctx context.Context) error {
	q := e.question
	e.waba = &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: q.AccountID}}
	if q.Cluster == nil {
		e.gap("History: restrictions, violations, bans, alerts and the operator's calls",
			"only a cluster in which the operator receives the account's webhooks holds them, and none was read")
		return nil
	}
	if err := q.Cluster.Get(ctx, q.Resource, e.waba); err != nil {
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("there is no WABA %s in namespace %s", q.Resource.Name, q.Resource.Namespace)
		}
		return fmt.Errorf("WABA %s: %w", q.Resource, err)
	}
	e.clustered = true
	if e.waba.Status.LastObservedTime == nil {
		e.gap("What the operator observed", "it has never observed the account")
	}
	var (
		numbers       v1alpha1.PhoneNumberList
		templates     v1alpha1.MessageTemplateList
		subscriptions v1alpha1.WebhookSubscriptionList
	)
	for _, kind := range []struct {
		name string
		list client.ObjectList
	}{{v1alpha1.KindPhoneNumber, &numbers}, {v1alpha1.KindMessageTemplate, &templates}, {v1alpha1.KindWebhookSubscription, &subscriptions}} {
		if err := e.list(ctx, kind.name, kind.list); err != nil {
			return err
		}
	}
	e.numbers = slices.DeleteFunc(numbers.Items, func(n v1alpha1.PhoneNumber) bool { return !e.refers(n.Spec.WABARef, n.Namespace) })
	e.templates = slices.DeleteFunc(templates.Items, func(t v1alpha1.MessageTemplate) bool { return !e.refers(t.Spec.WABARef, t.Namespace) })
	e.subscriptions = slices.DeleteFunc(subscriptions.Items, func(s v1alpha1.WebhookSubscription) bool { return !e.refers(s.Spec.WABARef, s.Namespace) })
	return nil
}

// list reads the resources of one kind in all namespaces, or in the WABA's alone where no more is permitted.
func (e *evidence) list(ctx context.Context, kind string, list client.ObjectList) error {
	err := e.question.Cluster.List(ctx, list)
	if apierrors.IsForbidden(err) {
		e.gap(kind+" resources in other namespaces", "you may not list them in all namespaces")
		err = e.question.Cluster.List(ctx, list, client.InNamespace(e.waba.Namespace))
	}
	if apierrors.IsForbidden(err) {
		e.gap(kind+" resources in namespace "+e.waba.Namespace, "you may not list them")
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s resources: %w", kind, err)
	}
	return nil
}

func (e *evidence) refers(ref v1alpha1.WABAReference, namespace string) bool {
	return ref.Name == e.waba.Name && cmp.Or(ref.Namespace, namespace) == e.waba.Namespace
}

// readMeta reads the account at Meta. Without a cluster there must be an answer.
func (e *evidence) readMeta(ctx context.Context) error {
	const what = "What Meta reports now"
	if e.question.Accounts == nil {
		e.gap(what, "Meta wasn't queried (--offline)")
		return nil
	}
	creds, err := e.credentials(ctx)
	if err != nil {
		var unusable *credentials.Error
		if !errors.As(err, &unusable) {
			return err
		}
		why := unusable.Message
		if unusable.Forbidden {
			why = "you may not get Secret " + e.waba.Spec.CredentialsSecretRef.Name + " in namespace " + e.waba.Namespace
		}
		e.gap(what, why)
		return nil
	}
	e.hide = graph.Redactor(creds.AccessToken, creds.AppSecret)
	id := e.waba.Spec.ID
	session, err := e.question.Accounts.Ensure(account.Ref{
		Namespace: e.waba.Namespace, Name: cmp.Or(e.waba.Name, id), UID: cmp.Or(string(e.waba.UID), id), AccountID: id,
	}, creds, e.version)
	if err == nil {
		e.snapshot, _, err = session.Observe(ctx)
	}
	switch {
	case err == nil:
		e.readMetaDetails(ctx, session, creds)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case e.clustered:
		e.gap(what, "account "+id+" can't be read: "+callReason(err, creds.Source))
		return nil
	default:
		return fmt.Errorf("account %s can't be read: %s", id, callReason(err, creds.Source))
	}
}

func (e *evidence) credentials(ctx context.Context) (account.Credentials, error) {
	if q := e.question; q.Credentials.AccessToken != "" || q.Cluster == nil {
		return q.Credentials, nil
	}
	return credentials.ReadAccount(ctx, e.question.Cluster,
		types.NamespacedName{Namespace: e.waba.Namespace, Name: e.waba.Spec.CredentialsSecretRef.Name})
}

// reasonOf is Meta's own explanation where there is one.
func reasonOf(err error) string {
	if failure, ok := graph.AsError(err); ok {
		return failure.Explain()
	}
	return err.Error()
}

// callReason is reasonOf for the account as a whole: the caller may have to give another token.
func callReason(err error, tokenSource string) string {
	if failure, ok := graph.AsError(err); ok {
		return failure.ExplainCall(tokenSource)
	}
	return err.Error()
}

// readMetaDetails reads what an observation of an account doesn't: it isn't needed to manage one.
func (e *evidence) readMetaDetails(ctx context.Context, session *account.Session, creds account.Credentials) {
	for _, part := range []struct {
		what string
		err  error
	}{
		{"Some phone numbers", e.snapshot.NumbersSection.Err}, {"Some templates", e.snapshot.TemplatesSection.Err},
		{"Subscribed apps", e.snapshot.AppsSection.Err},
	} {
		if part.err != nil {
			e.gap(part.what, "Meta: "+reasonOf(part.err))
		}
	}
	client := session.Client()
	if owner := e.snapshot.Account.OwnerBusiness; owner != nil && owner.ID != "" {
		e.business = owner.ID
		e.users, e.usersErr = client.ListAssignedUsers(ctx, e.waba.Spec.ID, owner.ID)
	}
	if e.appID = creds.AppID; e.snapshot.Token != nil {
		e.appID = e.snapshot.Token.AppID
	}
	if client.HasAppSecret() && e.appID != "" {
		e.subscription, e.subscriptionErr = client.ReadAppSubscription(ctx, e.appID)
	}
	for id, n := range e.snapshot.Numbers {
		if n.PlatformType != metavalues.PlatformCloudAPI {
			continue
		}
		if settings, err := client.ReadSettings(ctx, id); err == nil && settings.Storage != nil {
			e.regions[id] = cmp.Or(settings.Storage.Region, settings.Storage.Status)
		}
	}
}
