// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/standing"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

const (
	notReported = "not reported by Meta"
	never       = "never observed"
	notAsked    = "Meta wasn't queried"
	// readOnlyFromMeta is for what the operator keeps nowhere.
	readOnlyFromMeta = "not kept in the cluster; only Meta reports it, and Meta wasn't or couldn't be queried"
)

// compile makes the record of the evidence. It makes no calls.
func (e *evidence) compile() *Record {
	r := &Record{
		TypeMeta: output.TypeOf(DocumentKind), GeneratedAt: e.now.UTC().Truncate(time.Second),
		Generator: Generator{Program: "kubectl waba report", Version: e.question.Version, GraphAPIVersion: e.version},
		Sources:   e.sources(), Account: e.account(), Apps: e.apps(), Users: e.userList(), Token: e.token(),
		Numbers: e.numberList(), Standing: e.standing(), Templates: e.templateList(), Callbacks: []Callback{},
	}
	r.Callbacks = e.callbacks(r)
	r.Gaps = append([]Gap{}, e.gaps...)
	hideSecrets(r, e.hide)
	// What follows is drawn from the record alone, and so hides what it hides. It may show addresses, which are clean.
	r.OfficialAPI = official(r)
	r.Findings, r.Checks = e.runChecks(r)
	return r
}

func (e *evidence) sources() []Source {
	var out []Source
	if e.snapshot != nil {
		out = append(out, Source{
			Name: SourceMeta, At: e.snapshot.Begun.UTC(),
			Description: "Meta's Graph API, version " + e.version + ", reading only",
		})
	}
	if !e.clustered {
		return out
	}
	cluster := Source{
		Name: SourceCluster, At: e.now.UTC(),
		Description: "Kubernetes: WABA " + e.waba.Namespace + "/" + e.waba.Name + " and the resources that refer to it, as the operator left their status",
	}
	if t := e.waba.Status.LastObservedTime; t != nil {
		cluster.Observed = utc(t)
	}
	return append(out, cluster,
		Source{Name: SourceWebhook, At: e.now.UTC(), Description: "events that Meta sent to the operator, as kept in status.webhook: the newest of each kind"},
		Source{Name: SourceCallLog, At: e.now.UTC(), Description: "the operator's record of its own calls, as kept in status: the recent ones"})
}

func utc(t *metav1.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// fact is what Meta says now, else what the operator observed last, else why neither is known.
func (e *evidence) fact(meta, cluster string) Fact {
	switch {
	case e.snapshot != nil:
		return valueOrUnknown(meta, SourceMeta)
	case e.clustered && e.waba.Status.LastObservedTime != nil:
		return valueOrUnknown(cluster, SourceCluster)
	default:
		return Fact{Unknown: never}
	}
}

// valueOrUnknown is the value of a source, or that it reported none.
func valueOrUnknown(value string, source SourceName) Fact {
	if strings.TrimSpace(value) == "" {
		return Fact{Unknown: notReported, Source: source}
	}
	return Fact{Value: value, Source: source}
}

// metaOnly is for what the cluster doesn't keep.
func (e *evidence) metaOnly(meta string) Fact {
	if e.snapshot == nil {
		return Fact{Unknown: readOnlyFromMeta}
	}
	return valueOrUnknown(meta, SourceMeta)
}

func yesNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (e *evidence) account() Account {
	s := &e.waba.Status
	var m graph.Account
	var o graph.AccountOptional
	if e.snapshot != nil {
		m = e.snapshot.Account
		if e.snapshot.Optional != nil {
			o = *e.snapshot.Optional
		}
	}
	owner, kept := cmp.Or(m.OwnerBusiness, &graph.Business{}), cmp.Or(s.OwnerBusiness, &v1alpha1.BusinessReference{})
	funded := m.PrimaryFundingID != ""
	a := Account{
		ID: e.waba.Spec.ID, Name: e.fact(m.Name, s.Name), Status: e.fact(m.Status, s.Status),
		Owner: e.fact(owner.Name, kept.Name), OwnerID: e.fact(owner.ID, kept.ID), Ownership: e.fact(m.OwnershipType, s.OwnershipType),
		Review: e.fact(m.ReviewStatus, s.ReviewStatus), Verification: e.fact(m.VerificationStatus, s.BusinessVerificationStatus),
		Country: e.fact(m.Country, s.Country), Currency: e.fact(m.Currency, s.Currency),
		MessagingLimit: e.fact(m.MessagingLimit, s.MessagingLimit), PaymentMethod: e.fact(yesNo(&funded), yesNo(s.PaymentMethodPresent)),
		Created: e.metaOnly(timeText(o.CreationTime)), SharedWithPartners: e.metaOnly(yesNo(o.SharedWithPartners)),
		Obstacles: []Obstacle{},
	}
	if e.clustered {
		a.Resource = e.waba.Namespace + "/" + e.waba.Name
	}
	health := e.health()
	a.CanSend = e.fact(health.CanSendMessage, health.CanSendMessage)
	for _, x := range health.Entities {
		if x.CanSendMessage == "" || x.CanSendMessage == "AVAILABLE" {
			continue
		}
		a.Obstacles = append(a.Obstacles, obstacle(x))
	}
	return a
}

// health is what Meta says now, else what the operator saw last, in the form of the status.
func (e *evidence) health() *v1alpha1.HealthStatus {
	if e.snapshot == nil {
		return cmp.Or(e.waba.Status.Health, &v1alpha1.HealthStatus{})
	}
	h := cmp.Or(e.snapshot.Account.Health, &graph.Health{})
	out := &v1alpha1.HealthStatus{CanSendMessage: h.CanSendMessage}
	for _, x := range h.Entities {
		entity := v1alpha1.HealthEntity{Type: x.Type, ID: x.ID, CanSendMessage: x.CanSendMessage, AdditionalInfo: x.AdditionalInfo}
		for _, problem := range x.Errors {
			entity.Errors = append(entity.Errors, v1alpha1.HealthError{
				Code: int64(problem.Code), Description: problem.Description, PossibleSolution: problem.PossibleSolution,
			})
		}
		out.Entities = append(out.Entities, entity)
	}
	return out
}

func obstacle(x v1alpha1.HealthEntity) Obstacle {
	o := Obstacle{Entity: x.Type, ID: x.ID, CanSend: x.CanSendMessage, Reasons: append([]string{}, x.AdditionalInfo...)}
	for _, problem := range x.Errors {
		o.Reasons = append(o.Reasons, strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", problem.Code, problem.Description, problem.PossibleSolution)), " "))
	}
	return o
}

// subscribed are the apps as Meta shows them now, else as the operator saw them last, by id.
func (e *evidence) subscribed() (apps []v1alpha1.SubscribedApp, from Listing) {
	switch {
	case e.snapshot != nil && e.snapshot.AppsSection.Complete:
		from.Source = SourceMeta
		for _, a := range e.snapshot.Apps {
			apps = append(apps, v1alpha1.SubscribedApp{ID: a.ID, Name: a.Name, OverrideCallbackURL: a.OverrideCallbackURI})
		}
	case e.clustered && e.waba.Status.LastObservedTime != nil:
		from.Source, apps = SourceCluster, slices.Clone(e.waba.Status.SubscribedApps)
	default:
		from.Unknown = never
	}
	slices.SortFunc(apps, func(a, b v1alpha1.SubscribedApp) int { return cmp.Compare(a.ID, b.ID) })
	return apps, from
}

func (e *evidence) apps() Apps {
	apps, from := e.subscribed()
	out := Apps{Listing: from, Items: []App{}, Own: e.ownSubscription()}
	judged := e.judgedApps(apps)
	unapproved := standing.UnapprovedApps(judged)
	for _, a := range apps {
		app := App{ID: a.ID, Name: valueOrUnknown(a.Name, from.Source), Approval: ApprovalListed, Override: addressOf(a.OverrideCallbackURL, e.hide)}
		switch {
		case a.ID == e.tokenApp():
			app.Approval = ApprovalOwn
		case len(judged.Spec.ApprovedApps) == 0:
			app.Approval = ApprovalOpen
		case slices.Contains(unapproved, strings.TrimSpace(a.ID+" "+a.Name)):
			app.Approval = ApprovalMissing
		}
		out.Items = append(out.Items, app)
	}
	return out
}

// judgedApps is the account with the newest list of apps, and all that approve of any.
func (e *evidence) judgedApps(apps []v1alpha1.SubscribedApp) *v1alpha1.WABA {
	w := &v1alpha1.WABA{
		Spec:   v1alpha1.WABASpec{ApprovedApps: slices.Clone(e.waba.Spec.ApprovedApps)},
		Status: v1alpha1.WABAStatus{SubscribedApps: apps, Credentials: &v1alpha1.CredentialsStatus{AppID: e.tokenApp()}},
	}
	for _, id := range e.question.ApprovedApps {
		w.Spec.ApprovedApps = append(w.Spec.ApprovedApps, v1alpha1.ApprovedApp{ID: id})
	}
	return w
}

// tokenApp is the app to which the token belongs, "" where that isn't known.
func (e *evidence) tokenApp() string {
	if e.appID != "" {
		return e.appID
	}
	if c := e.waba.Status.Credentials; c != nil {
		return c.AppID
	}
	return ""
}

func (e *evidence) ownSubscription() AppSubscription {
	out := AppSubscription{AppID: e.tokenApp(), Fields: []string{}, MessageFields: []string{}}
	switch {
	case e.subscription != nil:
		out.Source, out.Callback = SourceMeta, addressOf(e.subscription.CallbackURL, e.hide)
		out.Active, out.Fields = valueOrUnknown(yesNo(e.subscription.Active), SourceMeta), append(out.Fields, e.subscription.Fields...)
	case e.subscriptionErr != nil:
		out.Unknown = "Meta: " + reasonOf(e.subscriptionErr)
	default:
		out.Unknown = "only Meta reports it, and only with the app secret"
		for _, s := range e.subscriptions {
			if app := s.Status.App; app != nil && s.Status.AppID == out.AppID {
				out.Listing = Listing{Source: SourceCluster}
				out.Callback, out.Active = addressOf(app.CallbackURL, e.hide), valueOrUnknown(yesNo(app.Active), SourceCluster)
				out.Fields = append([]string{}, app.Fields...)
			}
		}
	}
	if out.Unknown != "" {
		out.Active = Fact{Unknown: out.Unknown}
	}
	slices.Sort(out.Fields)
	for _, field := range out.Fields {
		if slices.Contains(webhook.MessageFields, field) {
			out.MessageFields = append(out.MessageFields, field)
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
