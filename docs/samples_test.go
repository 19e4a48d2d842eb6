// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.RunAlone(m, &env)) }

// samples returns the manifests of one page.
func samples(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, block := range sample.FindAllStringSubmatch(text, -1) {
		for document := range strings.SplitSeq(block[1], "\n---\n") {
			if kind.FindString(document) == "" {
				continue // a part of a manifest
			}
			u := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
				t.Fatalf("%v in\n%s", err, document)
			}
			out = append(out, u)
		}
	}
	return out
}

// decode makes a typed object of a manifest; it must know every field.
func decode(t *testing.T, u *unstructured.Unstructured, into client.Object) {
	t.Helper()
	raw, err := u.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatal(err)
	}
}

// TestSamplesAreAccepted sends every manifest of every page to an API server that knows every field.
func TestSamplesAreAccepted(t *testing.T) {
	testenv.Require(t)
	strict := client.NewNamespacedClient(client.WithFieldValidation(env.Client, metav1.FieldValidationStrict), env.Namespace(t))
	count := 0
	for path, text := range pages(t) {
		for _, u := range samples(t, text) {
			if namespaced := u.GetNamespace() != ""; namespaced {
				u.SetNamespace("") // the one of the test
			}
			if group := u.GroupVersionKind().Group; strings.Contains(group, ".") && group != v1alpha1.GroupName && !strings.HasSuffix(group, ".k8s.io") ||
				group == "gateway.networking.k8s.io" || group == "kustomize.config.k8s.io" {
				continue // another project's: that it can be parsed has to do
			}
			count++
			if err := strict.Create(context.Background(), u, client.DryRunAll); err != nil {
				t.Errorf("%s: %s %s: %v", path, u.GetKind(), u.GetName(), err)
			}
		}
	}
	if count < 8 {
		t.Errorf("only %d samples were found", count)
	}
}

// TestTemplateSamplesRun brings every sample of the page about templates to approval.
func TestTemplateSamplesRun(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Files = map[string][]byte{"https://cdn.acme.example/spring.mp4": harness.MP4}
	w.Create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "template-media"}, BinaryData: map[string][]byte{"photo.jpg": harness.JPEG},
	})
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "hello_world", Language: "en_US", Status: "APPROVED", Category: "UTILITY"})
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "parcel_packed", Language: "en_US", Status: "APPROVED", Category: "UTILITY",
		Components: json.RawMessage(`[{"type":"BODY","text":"{{1}}, your parcel is packed."}]`)})
	var all []*v1alpha1.MessageTemplate
	for _, u := range samples(t, pages(t)[filepath.Join("..", "docs", "messagetemplate.md")]) {
		tmpl := &v1alpha1.MessageTemplate{}
		decode(t, u, tmpl)
		w.Create(tmpl)
		all = append(all, tmpl)
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	for _, tmpl := range all {
		w.Reload(tmpl)
		if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			t.Errorf("%s: %s: %s", tmpl.Name, c.Reason, c.Message)
		}
	}
	if len(all) < 4 {
		t.Errorf("only %d samples were found", len(all))
	}
	w.CheckInvariants()
}

// TestNumberSamplesRun brings every number of the page about numbers to CONNECTED, with a person who follows the page.
func TestNumberSamplesRun(t *testing.T) {
	page := pages(t)[filepath.Join("..", "docs", "phonenumber.md")]
	w := harness.New(t, env)
	w.Sim.SetMessagingLimit(harness.AccountID, "TIER_10K") // less is too little for calls
	for _, id := range []string{"106540352242923", "106540352242924"} {
		w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: id, DisplayPhoneNumber: "+1 555-078-" + id[len(id)-4:], PlatformType: "CLOUD_API"})
	}
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	var all []*v1alpha1.PhoneNumber
	for _, u := range samples(t, page) {
		if u.GetKind() == "Secret" {
			secret := &corev1.Secret{}
			decode(t, u, secret)
			w.Create(secret)
			continue
		}
		number := &v1alpha1.PhoneNumber{}
		decode(t, u, number)
		w.Create(number)
		all = append(all, number)
	}
	op.Settle()
	op.Advance(10 * time.Second)
	codes := 0
	for _, number := range all {
		w.Reload(number)
		if number.Spec.Verification == nil {
			continue
		}
		codes++
		if c := harness.Condition(number.Status.Conditions, v1alpha1.ConditionSynced); c.Reason != v1alpha1.ReasonActionRequired {
			t.Fatalf("%s: %s: %s", number.Name, c.Reason, c.Message)
		}
		sent, ok := w.Sim.SentCode(number.Status.ID)
		if !ok {
			t.Fatalf("%s: Meta sent no code", number.Name)
		}
		putCode(t, w, page, number.Spec.Verification.CodeSecretRef, sent.Code)
	}
	op.Advance(time.Minute)
	op.Observe() // shows that the name is processed
	op.Observe() // shows that the number is connected
	for _, number := range all {
		expectConnected(t, w, number)
	}
	if len(all) < 2 || codes == 0 {
		t.Errorf("only %d samples were found, %d of them with a code", len(all), codes)
	}
	w.CheckInvariants()
}

// putCode does what the page's commands do for a person.
func putCode(t *testing.T, w *harness.World, page string, ref v1alpha1.SecretKeyReference, code string) {
	t.Helper()
	for _, command := range []string{
		fmt.Sprintf(`kubectl create secret generic %s --from-literal=%s="$CODE"`, ref.Name, ref.Key),
		fmt.Sprintf("kubectl label secret %s %s=%s", ref.Name, v1alpha1.LabelSecretPurpose, v1alpha1.SecretPurposeCode),
	} {
		if !strings.Contains(page, command+"\n") {
			t.Errorf("the page doesn't say: %s", command)
		}
	}
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: ref.Name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeCode}},
		Data:       map[string][]byte{ref.Key: []byte(code)},
	})
}

// expectConnected checks that a number works, and that its sections are at Meta as the spec says.
func expectConnected(t *testing.T, w *harness.World, number *v1alpha1.PhoneNumber) {
	t.Helper()
	w.Reload(number)
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionSynced, v1alpha1.ConditionRegistered, v1alpha1.ConditionVerified} {
		if c := harness.Condition(number.Status.Conditions, kind); c.Status != metav1.ConditionTrue {
			t.Errorf("%s: %s: %s: %s", number.Name, kind, c.Reason, c.Message)
		}
	}
	live, _ := w.Sim.NumberByID(number.Status.ID)
	if live.Status != "CONNECTED" {
		t.Errorf("%s: %s at Meta", number.Name, live.Status)
	}
	if p := number.Spec.Profile; p != nil && p.About != nil && live.Config.Profile.About != *p.About {
		t.Errorf("%s: the profile at Meta is %+v", number.Name, live.Config.Profile)
	}
	if c := number.Spec.Commerce; c != nil && c.CatalogVisible != nil && live.Config.CatalogVisible != *c.CatalogVisible {
		t.Errorf("%s: the catalogue at Meta is visible: %t", number.Name, live.Config.CatalogVisible)
	}
}

// TestAccountSamplesRun observes the account of the page about accounts, with a token that works.
func TestAccountSamplesRun(t *testing.T) {
	w := harness.New(t, env)
	secret, waba := &corev1.Secret{}, &v1alpha1.WABA{}
	for _, u := range samples(t, pages(t)[filepath.Join("..", "docs", "waba.md")]) {
		raw, err := u.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var into client.Object = waba
		if u.GetKind() == "Secret" {
			into = secret
		}
		if err := yaml.UnmarshalStrict(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	secret.StringData = map[string]string{v1alpha1.SecretKeyAccessToken: harness.AccessToken, v1alpha1.SecretKeyAppSecret: harness.AppSecret}
	w.Create(secret)
	w.Create(waba)
	op := w.Start()
	op.Settle()
	w.Wait("the account", func() bool {
		w.Reload(waba)
		return harness.Condition(waba.Status.Conditions, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
	})
	w.CheckInvariants()
}

// TestWebhookSamplesRun sets up where events go as the page about webhooks says.
func TestWebhookSamplesRun(t *testing.T) {
	w := harness.New(t, env, graphsim.WithWebhooks())
	services := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Query().Get("hub.challenge"))
	}))
	t.Cleanup(services.Close)
	w.Sim.MapCallback("hooks.acme.example", services.URL)
	w.Sim.MapCallback("bot.acme.example", services.URL)
	w.Secret()
	w.WABA()
	page, subscription := pages(t)[filepath.Join("..", "docs", "webhooksubscription.md")], &v1alpha1.WebhookSubscription{}
	for _, u := range samples(t, page) {
		switch u.GetKind() {
		case "Secret":
			secret := &corev1.Secret{}
			decode(t, u, secret)
			w.Create(secret)
		case "WebhookSubscription":
			decode(t, u, subscription)
			w.Create(subscription)
		}
	}
	const flag = "--webhook-url=https://hooks.acme.example"
	if !strings.Contains(page, flag) {
		t.Errorf("the page doesn't say: %s", flag)
	}
	op := w.Start(func(o *operator.Options) { o.WebhookURL = "https://hooks.acme.example" })
	op.Settle()
	op.Advance(20 * time.Second)
	w.Reload(subscription)
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionSynced} {
		if c := harness.Condition(subscription.Status.Conditions, kind); c.Status != metav1.ConditionTrue {
			t.Errorf("%s: %s: %s", kind, c.Reason, c.Message)
		}
	}
	if address, _ := w.Sim.AppCallback(harness.AppID); address != "https://hooks.acme.example/webhooks/"+harness.AppID {
		t.Errorf("the app's callback is %s", address)
	}
	w.CheckInvariants()
}
