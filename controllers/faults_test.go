// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const newToken = "EAAGanotherGoodTokenOfTheSameUser"

// faultWorld is a world with a fault.
type faultWorld struct {
	*harness.World
	op     *harness.Operator
	secret *corev1.Secret
	waba   *v1alpha1.WABA
	tmpl   *v1alpha1.MessageTemplate
}

// fault is one fault, with what the operator must report about it and how it is recovered.
type fault struct {
	name string
	// The objects may be wrong themselves.
	noSecret bool
	secret   func(*corev1.Secret)
	waba     func(*v1alpha1.WABA)
	tmpl     func(*harness.World, *v1alpha1.MessageTemplate)
	// begin makes Meta misbehave before the operator starts.
	begin   func(*harness.World)
	recover func(*faultWorld)
	// account and template are the reasons of Synced=False; an empty one means Synced=True.
	account, template string
	// says are parts of the message of the account, or of the template when the account is fine.
	says []string
	// within is how long recovery may take; 0 means one minute.
	within time.Duration
}

// oneObservation is how long recovery may take where only a call to Meta shows that it is possible.
const oneObservation = 6 * time.Minute

func replaceToken(p *faultWorld) {
	p.Edit(p.secret, func() {
		p.secret.Data[v1alpha1.SecretKeyAccessToken] = []byte(newToken)
	})
}

func clearFaults(p *faultWorld) { p.Sim.ClearFaults() }

func always(f graphsim.Fault) func(*harness.World) {
	return func(w *harness.World) {
		f.Times = -1
		w.Sim.Fail(f)
	}
}

// onCreate makes every create of a template fail.
func onCreate(f graphsim.Fault) func(*harness.World) {
	f.Method, f.Path = http.MethodPost, "/*/message_templates"
	return always(f)
}

func (i *fault) inject(t *testing.T) *faultWorld {
	t.Helper()
	w := harness.New(t, env)
	w.Sim.AddToken(graphsim.Token{
		Name: "new", Value: newToken, AppID: harness.AppID,
		Scopes: []string{"whatsapp_business_management"}, Accounts: []string{harness.AccountID, otherAccount},
	})
	p := &faultWorld{World: w}
	if i.begin != nil {
		i.begin(w)
	}
	if !i.noSecret {
		p.secret = w.Secret(func(s *corev1.Secret) {
			if i.secret != nil {
				i.secret(s)
			}
		})
	}
	p.waba = w.WABA(func(a *v1alpha1.WABA) {
		if i.waba != nil {
			i.waba(a)
		}
	})
	p.tmpl = w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		if i.tmpl != nil {
			i.tmpl(w, m)
		}
	})
	p.op = w.Start()
	return p
}

// assert lets ten minutes pass, and checks what was done and said.
func (i *fault) assert(t *testing.T, p *faultWorld) {
	t.Helper()
	p.op.Advance(10 * time.Minute)
	writes := len(beyondObservation(p.World, 0))
	if others := len(p.Sim.Requests()) - writes; writes > 10 || others > 10 {
		t.Errorf("%d calls for the template and %d for the account in ten minutes, want at most 10 each", writes, others)
	}
	for _, kind := range []string{"wabas/status", "messagetemplates/status"} {
		if n := p.APIWrites("PATCH " + kind); n > 3 {
			t.Errorf("%d writes of %s in ten minutes, want at most 3", n, kind)
		}
	}
	p.Reload(p.waba)
	p.Reload(p.tmpl)
	reported := p.tmpl.Status.Conditions
	if i.account != "" {
		expectRefused(t, p.waba.Status.Conditions, i.account, i.says...)
		reported = p.waba.Status.Conditions
		c := harness.Condition(p.tmpl.Status.Conditions, v1alpha1.ConditionSynced)
		if i.template != v1alpha1.ReasonRateLimited && !strings.Contains(c.Message, "WABA acme") {
			t.Errorf("the template doesn't point to the account: %s", c.Message)
		}
	} else {
		expect(t, p.waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		expectRefused(t, reported, i.template, i.says...)
	}
	expectRefused(t, p.tmpl.Status.Conditions, i.template)
	if c := harness.Condition(p.tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionFalse {
		t.Errorf("Ready is %s", c.Status)
	}
	t.Logf("%s: %s", harness.Condition(reported, v1alpha1.ConditionSynced).Reason, harness.Condition(reported, v1alpha1.ConditionSynced).Message)
	p.CheckInvariants()
}

func TestFaultsAreReportedAndRecovered(t *testing.T) {
	t.Parallel()
	var all []fault
	for _, group := range [][]fault{credentialFaults(), accountFaults(), metaFaults(), templateFaults()} {
		all = append(all, group...)
	}
	for _, i := range all {
		t.Run(i.name, func(t *testing.T) {
			t.Parallel()
			p := i.inject(t)
			i.assert(t, p)
			i.recover(p)
			within := i.within
			if within == 0 {
				within = time.Minute
			}
			p.op.Advance(within)
			p.Reload(p.waba)
			expect(t, p.waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			p.Reload(p.tmpl)
			expect(t, p.tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			p.CheckInvariants()
			if log := p.Logs(); strings.Contains(log, "panic") {
				t.Error("a panic was caught")
			}
		})
	}
}

func credentialFaults() []fault {
	relabel := func(purpose string) func(*corev1.Secret) {
		return func(s *corev1.Secret) { s.Labels[v1alpha1.LabelSecretPurpose] = purpose }
	}
	release := func(p *faultWorld) {
		p.Edit(p.secret, func() { p.secret.Labels[v1alpha1.LabelSecretPurpose] = v1alpha1.SecretPurposeAccount })
	}
	rows := []fault{
		{
			name: "wrong token", recover: replaceToken,
			secret: func(s *corev1.Secret) {
				s.StringData[v1alpha1.SecretKeyAccessToken] = "EAAGthisTokenWasNeverGivenOutAtAll"
			},
			says: []string{"Meta refuses the access token", "put a valid one into the account's Secret"},
		},
		{
			name: "expired token", recover: replaceToken,
			begin: func(w *harness.World) {
				w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.ExpiresAt = w.Clock.Now().Add(-time.Hour) })
			},
			says: []string{"has expired", "put a valid one into the account's Secret"},
		},
		{
			name: "revoked token", recover: replaceToken,
			begin: func(w *harness.World) { w.Sim.RevokeToken(harness.AccessToken, 460) },
			says:  []string{"changed their password", "put a valid one into the account's Secret"},
		},
		{
			name: "missing Secret", noSecret: true, recover: func(p *faultWorld) { p.Secret() },
			says: []string{"Secret acme-meta doesn't exist", "create it with the label " + v1alpha1.LabelSecretPurpose + "=account"},
		},
		{
			name: "Secret without label", secret: func(s *corev1.Secret) { delete(s.Labels, v1alpha1.LabelSecretPurpose) },
			recover: release, says: []string{"run: kubectl label secret acme-meta"},
		},
		{
			name: "Secret of another purpose", secret: relabel(v1alpha1.SecretPurposePIN), recover: release,
			says: []string{"use a Secret of its own for each purpose"},
		},
		{
			name: "missing key", secret: func(s *corev1.Secret) { delete(s.StringData, v1alpha1.SecretKeyAccessToken) }, recover: replaceToken,
			says: []string{"has no key accessToken", "put the access token of a system user there"},
		},
	}
	for i := range rows {
		rows[i].account, rows[i].template = v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonCredentialsInvalid
	}
	return rows
}

func accountFaults() []fault {
	return []fault{
		{
			name: "unknown account", account: v1alpha1.ReasonPermissionDenied, template: v1alpha1.ReasonPermissionDenied,
			waba: func(a *v1alpha1.WABA) { a.Spec.ID = otherAccount },
			says: []string{"account " + otherAccount + " doesn't exist or isn't assigned", "check spec.id, and assign the account"},
			recover: func(p *faultWorld) {
				p.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Other"})
				replaceToken(p)
			},
		},
		{
			name: "token without the permission", account: v1alpha1.ReasonPermissionDenied, template: v1alpha1.ReasonPermissionDenied,
			begin: func(w *harness.World) {
				w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.Scopes = []string{"whatsapp_business_messaging"} })
			},
			says: []string{"lacks the scope whatsapp_business_management", "create one with it"}, recover: replaceToken,
		},
		{
			name: "account locked by Meta", account: v1alpha1.ReasonAccountBlocked, template: v1alpha1.ReasonAccountBlocked,
			begin: always(graphsim.Fault{Path: "/" + harness.AccountID, Code: 131031}),
			says:  []string{"locked", "see Business Support Home"}, recover: clearFaults, within: oneObservation,
		},
		{
			name: "reference not permitted", template: v1alpha1.ReasonReferenceNotPermitted,
			tmpl: func(w *harness.World, m *v1alpha1.MessageTemplate) { from(w, env.Namespace(w.T))(m) },
			says: []string{"its owner can allow it in spec.allowedReferences"},
			recover: func(p *faultWorld) {
				p.Edit(p.waba, func() {
					allow([]string{"MessageTemplate"}, v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll})(p.waba)
				})
			},
		},
		{
			name: "account doesn't exist", template: v1alpha1.ReasonAccountNotReady,
			tmpl: func(_ *harness.World, m *v1alpha1.MessageTemplate) { m.Spec.WABARef.Name = "acme-two" },
			says: []string{"WABA acme-two doesn't exist; create it or correct spec.wabaRef"},
			recover: func(p *faultWorld) {
				p.Delete(p.waba)
				p.waba = p.WABA(func(a *v1alpha1.WABA) { a.Name = "acme-two" })
			},
		},
	}
}

func metaFaults() []fault {
	transient := func(name string, f graphsim.Fault) fault {
		return fault{
			name: name, account: v1alpha1.ReasonTransientError, template: v1alpha1.ReasonAccountNotReady, begin: always(f),
			says: []string{"can't be reached or failed", "tried again with growing pauses"}, recover: clearFaults, within: oneObservation,
		}
	}
	throttled := func(name string, f graphsim.Fault, within time.Duration) fault {
		return fault{
			name: name, account: v1alpha1.ReasonRateLimited, template: v1alpha1.ReasonAccountNotReady, begin: always(f),
			says: []string{"rate limit"}, recover: clearFaults, within: within,
		}
	}
	return []fault{
		transient("Meta answers 500", graphsim.Fault{Status: 500, Code: 2}),
		transient("Meta answers 500 without an error", graphsim.Fault{Status: 500, Body: "{}"}),
		transient("connections are cut", graphsim.Fault{Cut: graphsim.BeforeCommit}),
		transient("a proxy answers in HTML", graphsim.Fault{Status: 502, Body: "<html><body>Bad gateway</body></html>"}),
		throttled("throttled, with a time", graphsim.Fault{Code: 80008, RegainMinutes: 20}, 11*time.Minute),
		throttled("throttled, without a time", graphsim.Fault{Code: 80008}, oneObservation),
		throttled("the app is throttled", graphsim.Fault{Code: 4}, oneObservation),
		{
			name: "an unknown error", account: v1alpha1.ReasonUnknownError, template: v1alpha1.ReasonAccountNotReady,
			begin: always(graphsim.Fault{Code: 987654, Message: "(#987654) The moon is in the wrong phase"}),
			says:  []string{"The moon is in the wrong phase", "tried again"}, recover: clearFaults, within: oneObservation,
		},
	}
}

func templateFaults() []fault {
	edit := func(p *faultWorld) {
		p.Sim.ClearFaults()
		p.Edit(p.tmpl, func() { p.tmpl.Spec.Body.Text = changedBody })
	}
	return []fault{
		{
			name: "exists with other content", template: v1alpha1.ReasonAlreadyExists,
			begin:   func(w *harness.World) { seed(w, "parcel_left", "en_US", changedBody) },
			says:    []string{"exists with other content (body.text)", "correct the spec or set adoptionPolicy: Always"},
			recover: func(p *faultWorld) { p.Edit(p.tmpl, func() { p.tmpl.Spec.Body.Text = changedBody }) },
		},
		{
			name: "refused as malformed", template: v1alpha1.ReasonInvalidSpec, recover: edit,
			begin: onCreate(graphsim.Fault{Code: 100, Subcode: 2388072, UserTitle: "Header format is incorrect", UserMessage: "The message header can't have newlines."}),
			says:  []string{"Header format is incorrect: The message header can't have newlines."},
		},
		{
			name: "refused with an unknown code", template: v1alpha1.ReasonUnknownError, recover: clearFaults, within: oneObservation,
			begin: onCreate(graphsim.Fault{Code: 987654, Subcode: 7}), says: []string{"(#987654)", "tried again"},
		},
		{
			name: "not permitted to create", template: v1alpha1.ReasonPermissionDenied, recover: clearFaults, within: oneObservation,
			begin: onCreate(graphsim.Fault{Code: 10}), says: []string{"assign the asset to the token's system user and check the token's scopes"},
		},
		{
			name: "name locked", template: v1alpha1.ReasonNameLocked, recover: edit,
			begin: onCreate(graphsim.Fault{Code: 100, Subcode: 2388023, UserTitle: "Content is being deleted", UserMessage: "Try again in 4 weeks or use another name."}),
			says:  []string{"use another name"},
		},
		{
			name: "too many templates", template: v1alpha1.ReasonQuotaExceeded, recover: edit,
			begin: onCreate(graphsim.Fault{Code: 100, Subcode: 2388019, UserTitle: "Message template limit exceeded", UserMessage: "Delete templates that you don't use."}),
			says:  []string{"limit exceeded", "Delete templates"},
		},
		{
			name: "creating is throttled", account: v1alpha1.ReasonRateLimited, template: v1alpha1.ReasonRateLimited, recover: clearFaults, within: 12 * time.Minute,
			begin: onCreate(graphsim.Fault{Code: 80008, RegainMinutes: 15}), says: []string{"rate limit"},
		},
		{
			name: "creating fails", template: v1alpha1.ReasonTransientError, recover: clearFaults, within: oneObservation,
			begin: onCreate(graphsim.Fault{Cut: graphsim.BeforeCommit}), says: []string{"tried again with growing pauses"},
		},
	}
}

// TestRefusedCreateClaimsNothing: what a person makes after Meta refused our create isn't taken for ours.
func TestRefusedCreateClaimsNothing(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	onCreate(graphsim.Fault{Code: 10})(w)
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Settle()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonPermissionDenied)
	w.Clock.Step(time.Second)
	id := seed(w, "parcel_left", "en_US", changedBody)
	w.Sim.EditInManager(id, func(*graphsim.Template) {})
	op.Observe()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAlreadyExists, "exists with other content")
	w.CheckInvariants()
}

// TestInvalidManifestIsRefusedAtOnce: what can be known to be wrong never becomes an object.
func TestInvalidManifestIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	tmpl := harness.Template("Parcel Left", func(m *v1alpha1.MessageTemplate) { m.Name = "parcel-left" })
	w.Label(tmpl)
	err := w.Client.Create(context.Background(), tmpl)
	if err == nil || !strings.Contains(err.Error(), "spec.name") {
		t.Errorf("want a refusal that names spec.name, got %v", err)
	}
}
