// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// noon is when all tests take place.
var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// ago is a time before noon, or after it where d is negative.
func ago(d time.Duration) *metav1.Time { t := metav1.NewTime(noon.Add(-d)); return &t }

// conditions reads "Type=Status/Reason age message" lines.
func conditions(lines ...string) []metav1.Condition {
	out := make([]metav1.Condition, 0, len(lines))
	for _, line := range lines {
		words := strings.SplitN(line, " ", 3)
		kind, rest, _ := strings.Cut(words[0], "=")
		status, reason, _ := strings.Cut(rest, "/")
		d, err := time.ParseDuration(words[1])
		if err != nil {
			panic(err)
		}
		c := metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Reason: reason, ObservedGeneration: 1, LastTransitionTime: *ago(d)}
		if len(words) == 3 {
			c.Message = words[2]
		}
		out = append(out, c)
	}
	return out
}

func metadata(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: 1, CreationTimestamp: *ago(40 * 24 * time.Hour)}
}

func waba(name, id string, lines ...string) *v1alpha1.WABA {
	return &v1alpha1.WABA{
		ObjectMeta: metadata("platform", name), Spec: v1alpha1.WABASpec{ID: id},
		Status: v1alpha1.WABAStatus{
			CommonStatus: v1alpha1.CommonStatus{ID: id, ObservedGeneration: 1, Conditions: conditions(lines...)}, LastObservedTime: ago(2 * time.Minute), EffectiveIntervalSeconds: 300,
		},
	}
}

func reference(namespace, account string) v1alpha1.CommonSpec {
	ref := v1alpha1.WABAReference{Name: account}
	if namespace != "platform" {
		ref.Namespace = "platform"
	}
	return v1alpha1.CommonSpec{WABARef: ref}
}

func number(account, name, display, status, quality string, lines ...string) *v1alpha1.PhoneNumber {
	return &v1alpha1.PhoneNumber{
		ObjectMeta: metadata("platform", name), Spec: v1alpha1.PhoneNumberSpec{CommonSpec: reference("platform", account), Number: "+" + strings.Join(strings.FieldsFunc(display, func(r rune) bool { return r < '0' || r > '9' }), "")},
		Status: v1alpha1.PhoneNumberStatus{
			CommonStatus: v1alpha1.CommonStatus{ID: "10654035224" + name[:1], ObservedGeneration: 1, Conditions: conditions(lines...)}, DisplayPhoneNumber: display, VerifiedName: "Acme " + name,
			Status: status, QualityRating: quality, MessagingLimit: "TIER_2K",
		},
	}
}

func template(account, name, status, quality string, category v1alpha1.TemplateCategory, lines ...string) *v1alpha1.MessageTemplate {
	return &v1alpha1.MessageTemplate{
		ObjectMeta: metadata("shop", name),
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: reference("shop", account), Name: strings.ReplaceAll(name, "-", "_"), Language: "en_US", Category: category, Body: &v1alpha1.TemplateBody{Text: "never shown"},
		},
		Status: v1alpha1.MessageTemplateStatus{
			CommonStatus: v1alpha1.CommonStatus{ObservedGeneration: 1, Conditions: conditions(lines...)}, Status: status, QualityScore: quality, Category: string(category),
		},
	}
}

const (
	ready    = "Ready=True/Approved 240h approved by Meta and ready to be sent"
	synced   = "Synced=True/Synced 240h"
	approved = "Approved=True/Approved 240h"
	observed = "Ready=True/Observed 900h the account is observed and can be used"
)

// fixture is a cluster in which much isn't well.
func fixture() []client.Object {
	acme := waba("acme", "102290129340398", observed, synced,
		"CredentialsValid=True/ExpiringSoon 20h the access token expires on 2026-12-01; put a new one into the Secret before that day",
		"CanSendMessages=True/Healthy 900h", "PolicyCompliant=True/Compliant 900h", "BusinessVerified=False/NotVerified 900h business verification: PENDING")
	s := &acme.Status
	s.Name, s.MessagingLimit, s.ReviewStatus = "Acme | Shop", "TIER_2K", "APPROVED"
	s.Health = &v1alpha1.HealthStatus{CanSendMessage: "AVAILABLE"}
	s.Credentials = &v1alpha1.CredentialsStatus{AppID: "634974688087057", ExpirationTime: ago(-9 * 24 * time.Hour)}
	s.RateLimit = &v1alpha1.RateLimitStatus{UsagePercent: 23}
	s.Templates = &v1alpha1.TemplateCounts{Total: 27, Limit: 6000, Approved: 20, Unmanaged: 5}
	s.PhoneNumbers = &v1alpha1.PhoneNumberCounts{Total: 4, Connected: 3}

	initech := waba("initech", "202290129340398", observed, "Synced=False/RateLimited 10m Meta's rate limit is used up; waiting until it is lifted", "Reconciling=True/RateLimited 10m",
		"CredentialsValid=True/Valid 900h", "CanSendMessages=True/Limited 5h messages can be sent with limits; BUSINESS 1 is LIMITED", "PolicyCompliant=False/Restricted 26h")
	s = &initech.Status
	s.LastObservedTime, s.NextAttemptTime, s.Operator.HeldTime = ago(3*time.Hour), ago(-12*time.Minute), ago(4*time.Hour)
	s.Health = &v1alpha1.HealthStatus{CanSendMessage: "LIMITED"}
	s.RateLimit = &v1alpha1.RateLimitStatus{UsagePercent: 100, RegainAccessTime: ago(-12 * time.Minute)}
	s.Templates = &v1alpha1.TemplateCounts{Total: 241, Limit: 250}
	s.Webhook = &v1alpha1.WABAWebhookStatus{
		Events:       []v1alpha1.WebhookEvent{{Field: facts.MarkBan, Time: *ago(26 * time.Hour)}},
		Ban:          &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE", Time: ago(-50 * time.Hour)},
		Restrictions: []v1alpha1.Restriction{{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", Time: ago(26 * time.Hour), ExpirationTime: ago(-46 * time.Hour), Remediation: "Wait."}},
		Violations:   []v1alpha1.Violation{{Type: "ALCOHOL", Time: *ago(27 * time.Hour), PhoneNumber: "15550783881"}},
		Alerts: []v1alpha1.Alert{
			{Type: "OBA_REVOKED", Severity: "CRITICAL", Status: "ACTIVE", EntityType: "PHONE_NUMBER", EntityID: "7", Description: "The badge\x1b[2J was revoked.", Time: *ago(time.Hour)},
			{Type: "OLD", Severity: "CRITICAL", Status: "ACTIVE", Time: *ago(2 * time.Hour)}, {Type: "OLD", Severity: "CRITICAL", Status: "NONE", Time: *ago(time.Hour)},
		},
	}

	globex := waba("globex", "302290129340398", "Ready=False/CredentialsInvalid 2h Meta refuses the access token: expired; put a valid one into the account's Secret",
		"Synced=False/CredentialsInvalid 2h Meta refuses the access token: expired; put a valid one into the account's Secret", "Stalled=True/CredentialsInvalid 2h",
		"CredentialsValid=False/CredentialsInvalid 2h Meta refuses the access token: expired; put a valid one into the account's Secret")
	globex.Status.LastObservedTime = ago(2 * time.Hour)

	fresh := &v1alpha1.WABA{ObjectMeta: metadata("platform", "fresh"), Spec: v1alpha1.WABASpec{ID: "402290129340398"}}
	fresh.CreationTimestamp, fresh.Status.ObservedGeneration = *ago(time.Minute), -1
	paused := waba("hooli", "502290129340398", observed, "Synced=False/Paused 48h managementPolicy is Paused: no call is made")
	paused.Spec.ManagementPolicy, paused.Status.LastObservedTime = v1alpha1.ManagementPolicyPaused, ago(48*time.Hour)

	return slices.Concat([]client.Object{acme, initech, globex, fresh, paused}, numbers(), templates(), subscriptions())
}

func numbers() []client.Object {
	registered := []string{"Synced=True/Synced 240h", "Registered=True/Registered 240h", "Verified=False/NotVerified 240h", "CanSendMessages=True/Healthy 240h", "DisplayNameApproved=True/Approved 240h"}
	ready := "Ready=True/Registered 240h connected; messages can be sent"
	code := number("acme", "reserve", "+1 555-078-3883", "PENDING", "NA", "Ready=False/ActionRequired 25m put the code that was sent by SMS into the Secret reserve-code",
		"Synced=False/ActionRequired 25m put the code that was sent by SMS into the Secret reserve-code", "Stalled=True/ActionRequired 25m",
		"Registered=False/NotRegistered 25m not registered on the Cloud API", "Verified=False/NotVerified 25m the ownership of the number isn't proven", "CanSendMessages=False/NotRegistered 25m")
	return []client.Object{
		number("acme", "support", "+1 555-078-3881", "CONNECTED", "GREEN", append(registered, ready, "QualityHealthy=True/Healthy 240h")...),
		number("acme", "alerts", "+1 555-078-3882", "CONNECTED", "RED", append(registered, ready, "QualityHealthy=False/LowQuality 7h quality is low: recipients block or report messages of this number; Meta may limit it")...),
		code,
		number("initech", "fax", "+1 555-078-3884", "BANNED", "UNKNOWN", append(registered, "Ready=False/Blocked 3h Meta has banned the number; see WhatsApp Manager and Business Support Home", "Stalled=True/Blocked 3h")...),
	}
}

func templates() []client.Object {
	var out []client.Object
	for i := range 12 {
		out = append(out, template("acme", fmt.Sprintf("order-%02d", i), "APPROVED", "GREEN", "UTILITY", ready, synced, approved))
	}
	for i := range 3 {
		t := template("acme", fmt.Sprintf("review-%d", i), "PENDING", "UNKNOWN", "UTILITY", "Ready=False/InReview 2h in review at Meta, which takes up to a day", synced,
			"Approved=False/InReview 2h in review at Meta, which takes up to a day", "Reconciling=True/InReview 2h")
		t.Status.StatusChangedTime, t.Status.StatusEndTime = ago(2*time.Hour), ago(-22*time.Hour)
		out = append(out, t)
	}
	rejected := template("acme", "sale", "REJECTED", "UNKNOWN", "MARKETING", "Ready=False/Rejected 50h rejected by Meta: TAG_CONTENT_MISMATCH", synced, "Stalled=True/Rejected 50h",
		"Approved=False/Rejected 50h rejected by Meta: TAG_CONTENT_MISMATCH: The content says *sale* | <b>now</b> (don't ask for passwords)")
	rejected.Status.StatusChangedTime = ago(50 * time.Hour)
	turned := template("acme", "reminder", "APPROVED", "YELLOW", "UTILITY", ready, synced, approved,
		"CategoryAsRequested=False/Reclassified 30h requested UTILITY, but Meta classified it as MARKETING and charges for that; change the content, or set spec.category to MARKETING to accept it",
		"QualityHealthy=False/MediumQuality 3h quality is medium: recipients block or report these messages; if it gets low, Meta pauses the template")
	turned.Status.Category = "MARKETING"
	planned := template("acme", "survey", "APPROVED", "GREEN", "UTILITY", ready, synced, approved,
		"CategoryAsRequested=False/ReclassificationPlanned 30h Meta has announced that it will classify the template as MARKETING; ask for a review in WhatsApp Manager or change the content")
	planned.Status.CorrectCategory, planned.Status.Webhook = "MARKETING", &v1alpha1.MessageTemplateWebhookStatus{CategoryChangeTime: ago(-9 * 24 * time.Hour)}
	stopped := template("acme", "promo", "PAUSED", "RED", "MARKETING", "Ready=False/PausedByMeta 1h paused by Meta for low quality", synced,
		"Approved=False/PausedByMeta 1h paused by Meta for low quality", "QualityHealthy=False/LowQuality 1h quality is low: Meta pauses the template", "Reconciling=True/PausedByMeta 1h")
	stopped.Status.StatusChangedTime, stopped.Status.StatusEndTime = ago(time.Hour), ago(-2*time.Hour)
	gone := template("acme", "raffle", "DISABLED", "RED", "MARKETING", "Ready=False/Disabled 90h disabled by Meta for good; create a template with another name", synced,
		"Stalled=True/Disabled 90h", "Approved=False/Disabled 90h disabled by Meta for good; create a template with another name")
	gone.Status.StatusChangedTime = ago(90 * time.Hour)
	edited := template("acme", "welcome", "APPROVED", "GREEN", "UTILITY", ready, "Synced=False/EditBudgetExhausted 5h the template was edited today; waiting", approved)
	edited.Status.NextAttemptTime = ago(-19 * time.Hour)
	drifted := template("acme", "invoice", "APPROVED", "GREEN", "UTILITY", ready, "Synced=False/DriftDetected 72h another client changed body at Meta; change the spec or driftPolicy", approved)
	drifted.Status.Drift = []string{"body"}
	behind := template("acme", "changed", "APPROVED", "GREEN", "UTILITY", ready, "Synced=False/InvalidSpec 72h something that was corrected since", approved)
	behind.Generation = 2
	hanging := template("acme", "leaving", "APPROVED", "GREEN", "UTILITY", ready, synced, approved)
	hanging.DeletionTimestamp, hanging.Finalizers = ago(5*time.Hour), []string{v1alpha1.Finalizer}
	follows := template("globex", "follows", "APPROVED", "GREEN", "UTILITY", ready, "Synced=False/CredentialsInvalid 2h Meta refuses the access token", approved)
	orphan := template("ghost", "orphan", "", "", "UTILITY", "Ready=False/AccountNotReady 9h there is no WABA platform/ghost", "Synced=False/AccountNotReady 9h there is no WABA platform/ghost", "Reconciling=True/AccountNotReady 9h")
	return append(out, rejected, turned, planned, stopped, gone, edited, drifted, behind, hanging, follows, orphan)
}

func subscriptions() []client.Object {
	return []client.Object{&v1alpha1.WebhookSubscription{
		ObjectMeta: metadata("platform", "events"), Spec: v1alpha1.WebhookSubscriptionSpec{CommonSpec: reference("platform", "acme")},
		Status: v1alpha1.WebhookSubscriptionStatus{
			CommonStatus: v1alpha1.CommonStatus{ObservedGeneration: 1, Conditions: conditions("Ready=True/Subscribed 240h", synced, "Subscribed=True/Subscribed 240h", "CallbackVerified=True/Verified 240h")},
			AppID:        "634974688087057", Messages: &v1alpha1.WebhookOverrideStatus{CallbackURL: "https://bot.acme.example/wa"},
		},
	}}
}

// cluster reads objects as an API server would: in pages, and not all of them for everybody.
type cluster struct {
	client.Reader

	objects []client.Object
	// forbidden are "list KIND" and "get NAMESPACE/NAME".
	forbidden []string
	// expired is how often the API server has forgotten where a listing was.
	expired int
	pages   int
	largest int
}

func (c *cluster) may(what string) error {
	if slices.Contains(c.forbidden, what) {
		return apierrors.NewForbidden(v1alpha1.Resource("things"), what, nil)
	}
	return nil
}

func (c *cluster) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	kind := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", list), "*v1alpha1."), "List")
	if err := c.may("list " + kind); err != nil {
		return err
	}
	first, _ := strconv.Atoi(o.Continue)
	if first > 0 && c.expired > 0 {
		c.expired--
		return apierrors.NewResourceExpired("the continue token is too old")
	}
	var found []client.Object
	for _, obj := range c.objects {
		named := (o.FieldSelector == nil || o.FieldSelector.Matches(fields.Set{"metadata.name": obj.GetName()})) &&
			(o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(obj.GetLabels())))
		if k := obj.(v1alpha1.Asset).KindName(); k == kind && (o.Namespace == "" || o.Namespace == obj.GetNamespace()) && named {
			found = append(found, obj)
		}
	}
	last := len(found)
	if o.Limit > 0 {
		last = min(last, first+int(o.Limit))
	}
	list.SetResourceVersion("1")
	c.pages, c.largest = c.pages+1, max(c.largest, last-first)
	for _, obj := range found[first:last] {
		add(list, obj)
	}
	if last < len(found) {
		list.SetContinue(strconv.Itoa(last))
	}
	return nil
}

// add puts a copy of an object into a list.
func add(list client.ObjectList, obj client.Object) {
	switch l := list.(type) {
	case *v1alpha1.WABAList:
		l.Items = append(l.Items, *obj.(*v1alpha1.WABA).DeepCopy())
	case *v1alpha1.PhoneNumberList:
		l.Items = append(l.Items, *obj.(*v1alpha1.PhoneNumber).DeepCopy())
	case *v1alpha1.MessageTemplateList:
		l.Items = append(l.Items, *obj.(*v1alpha1.MessageTemplate).DeepCopy())
	case *v1alpha1.WebhookSubscriptionList:
		l.Items = append(l.Items, *obj.(*v1alpha1.WebhookSubscription).DeepCopy())
	}
}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if err := c.may("get " + key.String()); err != nil {
		return err
	}
	for _, o := range c.objects {
		if w, ok := o.(*v1alpha1.WABA); ok && client.ObjectKeyFromObject(w) == key {
			w.DeepCopyInto(obj.(*v1alpha1.WABA))
			return nil
		}
	}
	return apierrors.NewNotFound(v1alpha1.Resource("wabas"), key.Name)
}

// gathered is the fixture as it is shown to a user.
func gathered(t *testing.T, c *cluster, selection Selection) *Overview {
	t.Helper()
	o, err := Gather(t.Context(), c, selection, noon)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
