// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

func (c *churn) create(obj client.Object) {
	c.t.Helper()
	if err := c.cluster.Create(c.t.Context(), obj); err != nil {
		c.t.Fatal(err)
	}
}

func forgetApp(i int) string     { return fmt.Sprintf("7%05d", i%forgetApps) }
func forgetAccount(i int) string { return fmt.Sprintf("8%05d", i) }
func forgetNumber(i int) string  { return fmt.Sprintf("9%05d", i) }
func forgetToken(i int) string   { return fmt.Sprintf("EAAGtokenOfTheApp%05d", i%forgetApps) }

func forgetSecret(i int) string { return fmt.Sprintf("the-secret-of-app-%05d", i%forgetApps) }

func forgetName(i int) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("a%05d", i)}
}

// seed puts the accounts, their numbers and their apps into the simulator.
func (c *churn) seed() {
	byApp := map[int][]string{}
	for i := range c.n {
		c.sim.AddAccount(graphsim.Account{ID: forgetAccount(i), Name: "Acme"})
		c.sim.AddNumber(forgetAccount(i), graphsim.Number{ID: forgetNumber(i), DisplayPhoneNumber: fmt.Sprintf("+1 555-07%05d", i)})
		byApp[i%forgetApps] = append(byApp[i%forgetApps], forgetAccount(i))
	}
	for i, ids := range byApp {
		c.sim.AddApp(graphsim.App{ID: forgetApp(i), Name: "Acme Ops", Secret: forgetSecret(i)})
		c.sim.AddToken(graphsim.Token{
			Name: forgetApp(i), Value: forgetToken(i), AppID: forgetApp(i), Accounts: ids,
			Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
		})
		c.create(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "app-" + forgetApp(i), Labels: map[string]string{
				v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount,
			}},
			StringData: map[string]string{v1alpha1.SecretKeyAccessToken: forgetToken(i), v1alpha1.SecretKeyAppSecret: forgetSecret(i), v1alpha1.SecretKeyAppID: forgetApp(i)},
		})
	}
	c.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "media"}, BinaryData: map[string][]byte{"photo.jpg": harness.JPEG}})
}

// Variants of the resources: one account in ten has each.
const (
	waitsForFile = iota
	deletesAtMeta
	fails
	observed
	isPaused
	isPausedAccount
	hasSample
	refusedSetting
	replaced
	undone
)

// resources returns the four resources of an account.
func (c *churn) resources(i int) []client.Object {
	name := forgetName(i)
	common := v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: name.Name}}
	waba := &v1alpha1.WABA{ObjectMeta: name, Spec: v1alpha1.WABASpec{
		ID: forgetAccount(i), CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "app-" + forgetApp(i)},
	}}
	number := &v1alpha1.PhoneNumber{ObjectMeta: name, Spec: v1alpha1.PhoneNumberSpec{
		CommonSpec: common, ID: forgetNumber(i), Profile: &v1alpha1.PhoneNumberProfile{About: ptr.To("Open")},
	}}
	template := harness.Template(fmt.Sprintf("parcel_%05d", i))
	template.ObjectMeta, template.Spec.CommonSpec, template.Spec.DriftPolicy = name, common, v1alpha1.DriftPolicyRepair
	subscription := &v1alpha1.WebhookSubscription{ObjectMeta: name, Spec: v1alpha1.WebhookSubscriptionSpec{CommonSpec: common}}
	switch i % 10 {
	case deletesAtMeta:
		number.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDeregister
		template.Spec.DeletionPolicy, subscription.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyDelete
	case observed:
		number.Spec.ManagementPolicy, template.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved, v1alpha1.ManagementPolicyObserved
		subscription.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	case isPaused:
		number.Spec.ManagementPolicy, template.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused, v1alpha1.ManagementPolicyPaused
		subscription.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused
	case isPausedAccount:
		waba.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused
	case hasSample:
		template.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
			ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "media", Key: "photo.jpg"},
		}}
	case waitsForFile:
		behindAddress(harness.JPEG)(template)
	case refusedSetting:
		waba.Spec.Insights = v1alpha1.InsightsEnabled
	}
	return []client.Object{waba, number, template, subscription}
}

// each calls f for every resource.
func (c *churn) each(f func(i int, obj client.Object)) {
	for i := range c.n {
		for _, obj := range c.resources(i) {
			f(i, obj)
		}
	}
}

func kindName(obj client.Object) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", obj), "*v1alpha1.")
}

// start creates all resources. Some of them fail, at once or later.
func (c *churn) start() {
	for i := range c.n {
		switch i % 10 {
		case fails:
			c.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + forgetAccount(i) + "/*", Status: 503, Code: 2, Times: -1})
			c.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + forgetNumber(i) + "/*", Code: 100, Message: "no", Times: -1})
		case hasSample:
			c.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + forgetAccount(i) + "/message_templates", Status: 503, Code: 2, Times: -1})
		case refusedSetting:
			c.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + forgetAccount(i), Code: 200005, Message: "no", Times: -1})
			c.sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + forgetAccount(i) + "/subscribed_apps", Code: 100, Message: "no", Times: -1})
		}
	}
	c.each(func(_ int, obj client.Object) {
		c.create(obj)
		c.wakeUp(kindName(obj), client.ObjectKeyFromObject(obj))
	})
	c.settle()
	c.sample()
	c.advance(3*time.Minute, time.Minute)
}

// drift undoes at Meta what the operator set, and delivers events about templates with and without a resource.
func (c *churn) drift() {
	for i := range c.n {
		for _, t := range c.sim.Templates(forgetAccount(i)) {
			if i%10 == undone {
				c.sim.DeleteInManager(t.ID)
			}
		}
		if i%10 == undone {
			c.unsubscribe(i)
		}
		for _, name := range []string{fmt.Sprintf("parcel_%05d", i), "unmanaged"} {
			if got := c.deliver(i, name); got != http.StatusOK && i%10 != isPausedAccount {
				c.t.Errorf("a delivery about account %d: %d", i, got)
			}
		}
	}
	c.each(func(_ int, obj client.Object) { c.wakeUp(kindName(obj), client.ObjectKeyFromObject(obj)) })
	c.settle()
	c.sample()
	c.advance(75*time.Minute, 15*time.Minute)
	c.sample()
}

// unsubscribe removes the app from an account, as another program with its token would.
func (c *churn) unsubscribe(i int) {
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodDelete, "/v25.0/"+forgetAccount(i)+"/subscribed_apps", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+forgetToken(i))
	w := httptest.NewRecorder()
	if c.sim.ServeHTTP(w, r); w.Code != http.StatusOK {
		c.t.Errorf("unsubscribe: %d %s", w.Code, w.Body)
	}
}

// deliver sends a signed event of an account to the receiver, a second after the last one. The receiver asks the API server at
// most once a second for a resource that the cache doesn't show.
func (c *churn) deliver(i int, template string) int {
	c.clock.Step(time.Second)
	body := fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":%q,"time":%d,"changes":[{"field":"message_template_quality_update",`+
		`"value":{"previous_quality_score":"GREEN","new_quality_score":"YELLOW","message_template_id":12,"message_template_name":%q,"message_template_language":"en_US"}}]}]}`,
		forgetAccount(i), c.clock.Now().Unix(), template)
	mac := hmac.New(sha256.New, []byte(forgetSecret(i)))
	mac.Write(body)
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/webhooks/"+forgetApp(i), bytes.NewReader(body))
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Code
}

// stop deletes all resources, half of the accounts before what belongs to them. Some are created again under the same name, and
// deleted again, before any run has seen it.
func (c *churn) stop() {
	deleted := func(obj client.Object) {
		if err := c.cluster.Delete(c.t.Context(), obj); client.IgnoreNotFound(err) != nil {
			c.t.Fatal(err)
		}
	}
	c.each(func(i int, obj client.Object) {
		deleted(obj)
		if i%10 == replaced {
			if err := c.cluster.Create(c.t.Context(), obj); err == nil && i%20 == replaced {
				deleted(obj)
			}
		}
	})
	c.settle()
	c.sample()
	c.each(func(_ int, obj client.Object) { deleted(obj) })
	c.settle()
	c.advance(3*time.Hour, 10*time.Minute)
	c.downloads.Wait() // those of resources that are gone have ended
}

// left is what is left in the cluster.
func (c *churn) left() int {
	n := 0
	for _, kind := range []string{"WABA", "PhoneNumber", "MessageTemplate", "WebhookSubscription"} {
		n += len(c.cluster.kinds[kind].ListKeys())
	}
	return n
}

// series are the time series that the operator's process exports.
func (c *churn) series() map[string]bool {
	families, err := c.registry.Gather()
	if err != nil {
		c.t.Fatal(err)
	}
	out := map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			out[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = true
		}
	}
	return out
}
