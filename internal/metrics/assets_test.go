// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

var start = time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)

// store is a cache: it lists what it has, and hands out its own objects.
type store struct {
	objects []client.Object
	err     error
}

func (s *store) Each(kind v1alpha1.AssetKind, each func(runtime.Object) error) error {
	if s.err != nil {
		return s.err
	}
	for _, o := range s.objects {
		if reflect.TypeOf(o) != reflect.TypeOf(kind.New()) {
			continue
		}
		if err := each(o); err != nil {
			return err
		}
	}
	return nil
}

func leading() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func collector(s *store, change ...func(*AssetOptions)) *Assets {
	o := AssetOptions{
		Objects: s, Reconciled: func(string) int { return 1 }, Elected: leading(), Lease: "the-lease", GraphAPIVersion: "v25.0", Clock: clocktesting.NewFakePassiveClock(start), Log: logr.Discard(),
		Standing:   func(*v1alpha1.WABA, time.Time) Standing { return Standing{} },
		Usage:      func(types.UID) (int, time.Time, bool) { return 0, time.Time{}, false },
		VersionEnd: func(v string) (time.Time, bool) { return start.Add(time.Hour), v == "v25.0" },
	}
	for _, c := range change {
		c(&o)
	}
	return NewAssets(o)
}

// exported returns the series that a scrape gives, as text without help, sorted; those of the metrics named, or all.
func exported(t *testing.T, c prometheus.Collector, names ...string) []string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		if len(names) > 0 && !slices.Contains(names, f.GetName()) {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			out = append(out, fmt.Sprintf("%s{%s} %v", f.GetName(), strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	return out
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func at(d time.Duration) *metav1.Time { t := metav1.NewTime(start.Add(d)); return &t }

func conditions(list ...string) []metav1.Condition {
	var out []metav1.Condition
	for _, c := range list {
		parts := strings.Fields(c)
		out = append(out, metav1.Condition{Type: parts[0], Status: metav1.ConditionStatus(parts[1]), Reason: parts[2], LastTransitionTime: *at(0)})
	}
	return out
}

// well is an account of which everything is known and all is well, with what it has.
func well(name string) []client.Object {
	common := v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: name}}
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}, Spec: v1alpha1.WABASpec{ID: "1" + name}}
	waba.Status = v1alpha1.WABAStatus{
		Status: "ACTIVE", ReviewStatus: "APPROVED", BusinessVerificationStatus: "VERIFIED", MessagingLimit: "TIER_2K",
		Health: &v1alpha1.HealthStatus{CanSendMessage: "AVAILABLE"}, Templates: &v1alpha1.TemplateCounts{Total: 9, Limit: 250, Approved: 7, Pending: 1, Unmanaged: 6},
		PhoneNumbers: &v1alpha1.PhoneNumberCounts{Total: 2, Connected: 1, Unmanaged: 1}, EffectiveIntervalSeconds: 300, LastObservedTime: at(-time.Minute),
		Credentials: &v1alpha1.CredentialsStatus{ExpirationTime: at(time.Hour)}, RateLimit: &v1alpha1.RateLimitStatus{UsagePercent: 12},
	}
	waba.Status.AccountID = waba.Spec.ID
	waba.Status.Conditions = conditions("Ready True Observed", "Synced True Synced", "CredentialsValid True Valid", "Approved True Approved",
		"BusinessVerified True Verified", "CanSendMessages True Healthy", "PolicyCompliant True Compliant")
	out := []client.Object{waba}
	for i, category := range []string{"UTILITY", "UTILITY", "MARKETING"} {
		o := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%d", name, i)}}
		o.Spec.CommonSpec, o.Status.AccountID, o.Status.Status, o.Status.Category = common, waba.Spec.ID, "APPROVED", category
		o.Status.StatusChangedTime = at(-time.Hour)
		o.Status.Conditions = conditions("Ready True Approved", "Synced True Synced", "Approved True Approved", "CategoryAsRequested True AsRequested")
		out = append(out, o)
	}
	number := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	number.Spec.CommonSpec, number.Status.AccountID, number.Status.Status, number.Status.QualityRating = common, waba.Spec.ID, "CONNECTED", "GREEN"
	number.Status.MessagingLimit = "TIER_2K"
	hooks := &v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	hooks.Spec.CommonSpec, hooks.Spec.App = common, &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryOperator}
	hooks.Status.AccountID = waba.Spec.ID
	hooks.Status.Webhook = &v1alpha1.WebhookSubscriptionWebhookStatus{HandshakeTime: at(-2 * time.Hour)}
	return append(out, number, hooks)
}

// TestAccount: what is said of an account that is well, all of it.
func TestAccount(t *testing.T) {
	got := exported(t, collector(&store{objects: well("acme")}))
	const acme = `name="acme",namespace="shop"`
	got = slices.DeleteFunc(got, func(s string) bool { return !strings.Contains(s, acme) })
	if len(got) != UsualSeriesPerAccount {
		t.Errorf("%d series, but the reference says about %d", len(got), UsualSeriesPerAccount)
	}
	same(t, slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "whatsapp_account_condition{") }),
		`waba_operator_account_changes_held{`+acme+`} 0`,
		`whatsapp_account_info{graph_api_version="v25.0",health="AVAILABLE",messaging_limit="TIER_2K",`+acme+
			`,policy="Managed",review="APPROVED",status="ACTIVE",verification="VERIFIED"} 1`,
		`whatsapp_account_last_decision_timestamp_seconds{`+acme+`} 1.7908524e+09`,
		`whatsapp_account_last_observed_timestamp_seconds{`+acme+`} 1.79085594e+09`,
		`whatsapp_account_last_webhook_timestamp_seconds{`+acme+`} 1.7908488e+09`,
		`whatsapp_account_messaging_limit{`+acme+`} 2000`,
		`whatsapp_account_numbers{`+acme+`,status="CONNECTED"} 1`,
		`whatsapp_account_numbers{`+acme+`,status="OTHER"} 1`,
		`whatsapp_account_observation_interval_seconds{`+acme+`} 300`,
		`whatsapp_account_rate_usage_ratio{`+acme+`} 0.12`,
		`whatsapp_account_restrictions{`+acme+`} 0`,
		`whatsapp_account_template_limit{`+acme+`} 250`,
		`whatsapp_account_templates{`+acme+`,status="APPROVED"} 7`,
		`whatsapp_account_templates{`+acme+`,status="DISABLED"} 0`,
		`whatsapp_account_templates{`+acme+`,status="OTHER"} 1`,
		`whatsapp_account_templates{`+acme+`,status="PAUSED"} 0`,
		`whatsapp_account_templates{`+acme+`,status="PENDING"} 1`,
		`whatsapp_account_templates{`+acme+`,status="REJECTED"} 0`,
		`whatsapp_account_token_expiry_timestamp_seconds{`+acme+`} 1.7908596e+09`,
		`whatsapp_account_unapproved_apps{`+acme+`} 0`,
		`whatsapp_account_unmanaged_numbers{`+acme+`} 1`,
		`whatsapp_account_unmanaged_templates{`+acme+`} 6`,
		`whatsapp_account_violations{`+acme+`} 0`,
		`whatsapp_numbers_by_quality{`+acme+`,quality="GREEN"} 1`,
		`whatsapp_numbers{`+acme+`,status="CONNECTED"} 1`,
		`whatsapp_templates_by_category{category="MARKETING",`+acme+`} 1`,
		`whatsapp_templates_by_category{category="UTILITY",`+acme+`} 2`,
		`whatsapp_templates_by_quality{`+acme+`,quality="UNKNOWN"} 3`,
		`whatsapp_templates{`+acme+`,status="APPROVED"} 3`,
	)
}

// TestOnlyTheLeaderSpeaks: two replicas have the same cache, and sums over them must be true.
func TestOnlyTheLeaderSpeaks(t *testing.T) {
	follower := collector(&store{objects: well("acme")}, func(o *AssetOptions) { o.Elected = make(chan struct{}) })
	same(t, exported(t, follower), `waba_operator_leader{lease="the-lease"} 0`)
}

// TestErrorCostsNoScrape: what the process says of itself is there even if the cache can't be read.
func TestErrorCostsNoScrape(t *testing.T) {
	same(t, exported(t, collector(&store{err: errors.New("not now")})), `waba_operator_leader{lease="the-lease"} 1`)
}

// TestEmptyCluster: that there are no resources is said, not left out.
func TestEmptyCluster(t *testing.T) {
	same(t, exported(t, collector(&store{})), `waba_operator_leader{lease="the-lease"} 1`,
		`waba_operator_resources{kind="MessageTemplate"} 0`, `waba_operator_resources{kind="PhoneNumber"} 0`,
		`waba_operator_resources{kind="WABA"} 0`, `waba_operator_resources{kind="WebhookSubscription"} 0`,
		`waba_operator_unreconciled_resources{kind="MessageTemplate"} 0`, `waba_operator_unreconciled_resources{kind="PhoneNumber"} 0`,
		`waba_operator_unreconciled_resources{kind="WABA"} 0`, `waba_operator_unreconciled_resources{kind="WebhookSubscription"} 0`)
}

// TestStrangersAddNothing: a template that only names an account, or was found in another one, isn't the account's.
func TestStrangersAddNothing(t *testing.T) {
	objects := well("acme")
	stranger := func(name string, change func(*v1alpha1.MessageTemplate)) {
		o := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: name}}
		o.Spec.WABARef, o.Status.Status = v1alpha1.WABAReference{Name: "acme", Namespace: "shop"}, "REJECTED"
		o.Status.Conditions = conditions("Synced False ReferenceNotPermitted")
		change(o)
		objects = append(objects, o)
	}
	stranger("not-permitted", func(*v1alpha1.MessageTemplate) {})
	stranger("elsewhere", func(o *v1alpha1.MessageTemplate) { o.Status.AccountID = "999" })
	stranger("nowhere", func(o *v1alpha1.MessageTemplate) { o.Spec.WABARef.Name = "none" })
	got := exported(t, collector(&store{objects: objects}), templates.Name, unsynced.Name)
	same(t, got, `whatsapp_templates{name="acme",namespace="shop",status="APPROVED"} 3`)

	stranger("permitted", func(o *v1alpha1.MessageTemplate) { o.Status.Conditions = conditions("Synced False RefusedByMeta") })
	got = exported(t, collector(&store{objects: objects}), templates.Name, unsynced.Name)
	same(t, got, `whatsapp_templates{name="acme",namespace="shop",status="APPROVED"} 3`, `whatsapp_templates{name="acme",namespace="shop",status="REJECTED"} 1`,
		`waba_operator_unsynced_resources{kind="MessageTemplate",name="acme",namespace="shop",reason="RefusedByMeta"} 1`)
}

// TestUnknownValuesAreOneSeries: Meta adds to its enumerations; no new value becomes a new series.
func TestUnknownValuesAreOneSeries(t *testing.T) {
	objects := well("acme")
	for i, o := range objects {
		switch o := o.(type) {
		case *v1alpha1.MessageTemplate:
			o.Status.Status, o.Status.QualityScore, o.Status.Category = fmt.Sprintf("NEW_%d", i), fmt.Sprintf("PINK_%d", i), fmt.Sprintf("SERVICE_%d", i)
		case *v1alpha1.PhoneNumber:
			o.Status.Status, o.Status.QualityRating = "", "NA"
		}
	}
	got := exported(t, collector(&store{objects: objects}), templates.Name, templatesByQuality.Name, templatesByCategory.Name, numbers.Name, numbersByQuality.Name)
	const acme = `name="acme",namespace="shop"`
	same(t, got, `whatsapp_templates{`+acme+`,status="OTHER"} 3`, `whatsapp_templates_by_quality{`+acme+`,quality="OTHER"} 3`,
		`whatsapp_templates_by_category{category="OTHER",`+acme+`} 3`,
		`whatsapp_numbers{`+acme+`,status="NONE"} 1`, `whatsapp_numbers_by_quality{`+acme+`,quality="OTHER"} 1`)
}

// TestTrouble: what is left out while all is well.
func TestTrouble(t *testing.T) {
	objects := well("acme")
	waba, _ := objects[0].(*v1alpha1.WABA)
	waba.Status.Operator.HeldTime, waba.Spec.ManagementPolicy = at(0), v1alpha1.ManagementPolicyPaused
	first, _ := objects[1].(*v1alpha1.MessageTemplate)
	second, _ := objects[2].(*v1alpha1.MessageTemplate)
	first.Status.Conditions = conditions("CategoryAsRequested False Reclassified")
	second.Status.Conditions = conditions("CategoryAsRequested False ReclassificationPlanned")
	c := collector(&store{objects: objects}, func(o *AssetOptions) {
		o.Standing = func(*v1alpha1.WABA, time.Time) Standing {
			return Standing{Restrictions: 1, Violations: 2, UnapprovedApps: 3, Ban: "DISABLE"}
		}
		o.Usage = func(types.UID) (int, time.Time, bool) { return 97, start.Add(time.Minute), true }
	})
	const acme = `name="acme",namespace="shop"`
	same(t, exported(t, c, accountHeld.Name, accountRestrictions.Name, accountViolations.Name, accountUnapprovedApps.Name, accountBan.Name,
		accountRateUsage.Name, accountRateRegain.Name, templatesReclassified.Name, versionAccounts.Name, versionEnd.Name),
		`waba_operator_account_changes_held{`+acme+`} 1`, `whatsapp_account_restrictions{`+acme+`} 1`, `whatsapp_account_violations{`+acme+`} 2`,
		`whatsapp_account_unapproved_apps{`+acme+`} 3`, `whatsapp_account_ban{`+acme+`,state="DISABLE"} 1`,
		`whatsapp_account_rate_usage_ratio{`+acme+`} 0.97`, `whatsapp_account_rate_regain_timestamp_seconds{`+acme+`} 1.79085606e+09`,
		`whatsapp_templates_reclassified{`+acme+`,state="reclassified"} 1`, `whatsapp_templates_reclassified{`+acme+`,state="planned"} 1`,
		`waba_operator_graph_api_version_accounts{version="v25.0"} 1`, `waba_operator_graph_api_version_end_timestamp_seconds{version="v25.0"} 1.7908596e+09`)
}

// TestPerResource: series of single resources are there only if they are asked for.
func TestPerResource(t *testing.T) {
	per := []string{templateInfo.Name, numberInfo.Name, resourceReady.Name}
	if got := exported(t, collector(&store{objects: well("acme")}), per...); len(got) > 0 {
		t.Errorf("not asked for: %v", got)
	}
	got := exported(t, collector(&store{objects: well("acme")[:5]}, func(o *AssetOptions) { o.PerResource = true }), per...)
	template := func(i int, category string) string {
		return fmt.Sprintf(`whatsapp_template_info{account="shop/acme",category=%q,name="acme-%d",namespace="shop",quality="UNKNOWN",status="APPROVED"} 1`, category, i)
	}
	ready := func(kind, name, reason string, value int) string {
		return fmt.Sprintf(`waba_operator_resource_ready{kind=%q,name=%q,namespace="shop",reason=%q} %d`, kind, name, reason, value)
	}
	same(t, got, template(0, "UTILITY"), template(1, "UTILITY"), template(2, "MARKETING"),
		`whatsapp_number_info{account="shop/acme",messaging_limit="TIER_2K",name="acme",namespace="shop",quality="GREEN",status="CONNECTED"} 1`,
		ready("WABA", "acme", "Observed", 1), ready("PhoneNumber", "acme", "", 0),
		ready("MessageTemplate", "acme-0", "Approved", 1), ready("MessageTemplate", "acme-1", "Approved", 1), ready("MessageTemplate", "acme-2", "Approved", 1))
}

func TestMessagingLimit(t *testing.T) {
	for text, want := range map[string]string{
		"TIER_50": "50", "TIER_250": "250", "TIER_2K": "2000", "TIER_100K": "100000", "TIER_UNLIMITED": "+Inf", "-1": "+Inf", "250": "250",
		"": "none", "UNTIERED": "none", "TIER_NOT_SET": "none", "TIER_2M": "none",
	} {
		got := "none"
		if n, ok := messagingLimit(text); ok {
			got = fmt.Sprint(n)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestDecision: only what Meta decided about a template after it got its resource ought to have come by webhook.
func TestDecision(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		since  *metav1.Time
		told   bool
	}{
		"approved":            {"APPROVED", at(time.Hour), true},
		"rejected":            {"REJECTED", at(time.Hour), true},
		"in review":           {"PENDING", at(time.Hour), false},
		"there before":        {"APPROVED", at(-time.Hour), false},
		"found at once":       {"APPROVED", at(30 * time.Second), false},
		"nothing known of it": {"APPROVED", nil, false},
	} {
		o := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: *at(0)}}
		o.Status.Status, o.Status.StatusChangedTime = c.status, c.since
		if got := !decision(o).IsZero(); got != c.told {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestDefinitions: what the names promise.
func TestDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Definitions() {
		prefixed := strings.HasPrefix(d.Name, "waba_operator_") || strings.HasPrefix(d.Name, "whatsapp_")
		if !prefixed || seen[d.Name] || d.Help == "" {
			t.Errorf("%s: prefix %v, twice %v, help %q", d.Name, prefixed, seen[d.Name], d.Help)
		}
		seen[d.Name] = true
		if (d.Type == Counter) != strings.HasSuffix(d.Name, "_total") {
			t.Errorf("%s is a %s", d.Name, d.Type)
		}
		if d.Scope == Account && d.MaxSeries() == 0 && d.Name != unsynced.Name {
			t.Errorf("%s: no bound for each account", d.Name)
		}
		for _, l := range d.Labels {
			if len(l.Values) == 0 && l.Of == "" {
				t.Errorf("%s: nothing is said of %s", d.Name, l.Name)
			}
		}
	}
}

// TestLint asks Prometheus' own linter about what the process counts.
func TestLint(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	if _, err := New(reg, "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	reg.MustRegister(collector(&store{objects: well("acme")}, func(o *AssetOptions) { o.PerResource = true }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	// What the linter lets pass: https://prometheus.io/docs/practices/naming/#base-units
	for _, d := range Definitions() {
		if strings.Contains(d.Name, "percent") {
			t.Errorf("%s isn't in the base unit: name it ratio, from 0 to 1", d.Name)
		}
	}
}
