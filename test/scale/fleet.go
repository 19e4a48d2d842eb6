// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// latency is what an answer of the simulated Graph API takes.
const latency = 20 * time.Millisecond

// size is how much there is, and the seed of its contents.
type size struct {
	accounts, templates, numbers int
	seed                         uint64
}

func (s size) totalTemplates() int { return s.accounts * s.templates }
func (s size) totalNumbers() int   { return s.accounts * s.numbers }

// resources are all that have a status.
func (s size) resources() int { return s.accounts + s.totalNumbers() + s.totalTemplates() }

// fleet is a number of accounts at Meta, and the manifests for all that is there.
type fleet struct {
	size

	namespace string
	sim       *graphsim.Simulator
	// manifests of accounts come before those of what belongs to them.
	manifests []client.Object
	// objects and ids are the templates of each account.
	objects [][]*v1alpha1.MessageTemplate
	ids     [][]string
}

// reviewDelay is how long a new template is in review.
const reviewDelay = 10 * time.Second

// newFleet fills a new simulator. Budgets for calls are off, because calls are counted here and not refused: Meta's are for an hour, and a
// run has a much shorter period.
func newFleet(s size, namespace string, opts ...graphsim.Option) (*fleet, error) {
	base := []graphsim.Option{
		graphsim.WithSeed(int64(s.seed)), //nolint:gosec // any number
		graphsim.WithTemplateLimit(6000), graphsim.WithCallBudget(0, 0), graphsim.WithAppCallBudget(0), graphsim.WithMaxPageSize(pageSize),
		graphsim.WithReviewDelay(reviewDelay), graphsim.WithEditReview(graphsim.EditReviewKeep),
	}
	f := &fleet{size: s, namespace: namespace, sim: graphsim.New(append(base, opts...)...)}
	f.sim.AddApp(graphsim.App{ID: harness.AppID, Name: "Acme Ops", Secret: harness.AppSecret})
	random := rand.New(rand.NewPCG(s.seed, 1)) //nolint:gosec // reproducible on purpose
	f.objects, f.ids = make([][]*v1alpha1.MessageTemplate, s.accounts), make([][]string, s.accounts)
	for a := range s.accounts {
		f.addAccount(a)
		f.addNumbers(a)
		for i := range s.templates {
			obj := f.template(a, fmt.Sprintf("parcel_%04d_%04d", a, i), random)
			components, err := componentsOf(obj)
			if err != nil {
				return nil, err
			}
			id := f.sim.AddTemplate(f.account(a), graphsim.Template{
				Name: obj.Spec.Name, Language: obj.Spec.Language, Category: string(obj.Spec.Category), ParameterFormat: "POSITIONAL",
				QualityScore: "GREEN", Components: components,
			})
			f.objects[a], f.ids[a] = append(f.objects[a], obj), append(f.ids[a], id)
			f.manifests = append(f.manifests, obj)
		}
	}
	return f, nil
}

// pageSize is that of the operator's default, and the largest that the simulator gives.
const pageSize = 100

// pages are the calls that reading an account takes.
func (s size) pages() int { return (s.templates + pageSize - 1) / pageSize }

// account is the id of an account at Meta.
func (f *fleet) account(a int) string { return fmt.Sprintf("10229012934%04d", a) }

func accountName(a int) string { return fmt.Sprintf("acme-%04d", a) }

func (f *fleet) addAccount(a int) {
	id, name, token := f.account(a), accountName(a), fmt.Sprintf("EAAGsimulatedToken%04d", a)
	f.sim.AddToken(graphsim.Token{
		Name: name, Value: token, AppID: harness.AppID, Accounts: []string{id},
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
	})
	f.sim.AddAccount(graphsim.Account{ID: id, Name: name})
	meta := metav1.ObjectMeta{Name: name, Namespace: f.namespace}
	secret := &corev1.Secret{
		ObjectMeta: *meta.DeepCopy(),
		StringData: map[string]string{v1alpha1.SecretKeyAccessToken: token, v1alpha1.SecretKeyAppSecret: harness.AppSecret},
	}
	secret.Labels = map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}
	f.manifests = append(f.manifests, secret, &v1alpha1.WABA{
		ObjectMeta: meta, Spec: v1alpha1.WABASpec{ID: id, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: name}},
	})
}

func (f *fleet) addNumbers(a int) {
	for n := range f.numbers {
		id := fmt.Sprintf("1065403522%04d%02d", a, n)
		f.sim.AddNumber(f.account(a), graphsim.Number{ID: id, DisplayPhoneNumber: fmt.Sprintf("+1 555-%03d-%04d", n+100, a)})
		f.manifests = append(f.manifests, &v1alpha1.PhoneNumber{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%02d", accountName(a), n), Namespace: f.namespace},
			Spec: v1alpha1.PhoneNumberSpec{
				CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: accountName(a)}}, ID: id,
			},
		})
	}
}

// template is the manifest of a template: some have a header, more variables, or buttons.
func (f *fleet) template(a int, name string, random *rand.Rand) *v1alpha1.MessageTemplate {
	obj := harness.Template(name)
	obj.Namespace, obj.Spec.WABARef.Name = f.namespace, accountName(a)
	if random.IntN(2) == 0 {
		obj.Spec.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Your parcel"}
	}
	if random.IntN(2) == 0 {
		obj.Spec.Body.Text += " It is expected on {{2}} between {{3}} and the evening."
		obj.Spec.Body.Examples = append(obj.Spec.Body.Examples,
			v1alpha1.ParameterExample{Name: "2", Value: "Monday"}, v1alpha1.ParameterExample{Name: "3", Value: "noon"})
	}
	if random.IntN(3) == 0 {
		obj.Spec.Buttons = []v1alpha1.TemplateButton{{Type: "QUICK_REPLY", Text: "Where is it?"}, {Type: "QUICK_REPLY", Text: "Stop"}}
	}
	return obj
}

// componentsOf is the content of a manifest as Meta has it.
func componentsOf(obj *v1alpha1.MessageTemplate) (json.RawMessage, error) {
	var out []map[string]any
	if h := obj.Spec.Header; h != nil {
		out = append(out, map[string]any{"type": "HEADER", "format": h.Format, "text": h.Text})
	}
	examples := make([]string, 0, len(obj.Spec.Body.Examples))
	for _, e := range obj.Spec.Body.Examples {
		examples = append(examples, e.Value)
	}
	out = append(out,
		map[string]any{"type": "BODY", "text": obj.Spec.Body.Text, "example": map[string]any{"body_text": [][]string{examples}}},
		map[string]any{"type": "FOOTER", "text": obj.Spec.Footer.Text})
	if len(obj.Spec.Buttons) > 0 {
		var buttons []map[string]any
		for _, b := range obj.Spec.Buttons {
			buttons = append(buttons, map[string]any{"type": b.Type, "text": b.Text})
		}
		out = append(out, map[string]any{"type": "BUTTONS", "buttons": buttons})
	}
	return json.Marshal(out)
}

// create creates one of the manifests.
func (f *fleet) create(ctx context.Context, c client.Client, i int) error {
	return c.Create(ctx, f.manifests[i].DeepCopyObject().(client.Object)) //nolint:forcetypeassert // a copy is of the same type
}
