// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func deployment(namespace, name, image string, args ...string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{labelPartOf: project}}}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "proxy", Image: "proxy:v9.9.9"}, {Name: "manager", Image: image, Args: args}}
	return d
}

func TestVersionOf(t *testing.T) {
	for _, tc := range []struct{ image, label, want string }{
		{"ghcr.io/waba-operator/waba-operator:v1.2.3", "", "v1.2.3"},
		{"ghcr.io/waba-operator/waba-operator:v1.2.3", "v1.2.0", "v1.2.3"},
		{"registry:5000/waba-operator", "v1.2.0", "v1.2.0"},
		{"registry:5000/waba-operator:v1.2.3@sha256:0123", "", "v1.2.3"},
		{"waba-operator@sha256:0123", "v1.2.0-rc.1", "v1.2.0-rc.1"},
		{"waba-operator:latest", "v1.2.0", "v1.2.0"},
		{"waba-operator:latest", "", ""},
		{"waba-operator:1.2.3-dirty", "", "1.2.3-dirty"},
	} {
		if got := versionOf(tc.image, tc.label); got != tc.want {
			t.Errorf("%s, label %q: %q, want %q", tc.image, tc.label, got, tc.want)
		}
	}
}

func TestFlags(t *testing.T) {
	d := deployment("platform", "a", "i:v1.0.0", "--leader-elect", "--webhook-url=$(SCHEME)://hooks.acme.example", "--namespaces", "a,b", "--namespaces=c",
		"--graph-api-version=v24.0", "--of-a-later-version=7", "--template-creates-per-hour=many", "--watch-label-selector=shard=$(SHARD)", "--read-only")
	d.Spec.Template.Spec.Containers[1].Env = []corev1.EnvVar{
		{Name: "SCHEME", Value: "https"}, {Name: "SHARD", ValueFrom: &corev1.EnvVarSource{}},
	}
	o := of(d).Options
	if o.WebhookURL != "https://hooks.acme.example" || len(o.Namespaces) != 3 || o.GraphAPIVersion != "v24.0" || o.CreatesPerHour != 100 || !o.ReadOnly ||
		o.LabelSelector != "" {
		t.Errorf("%+v", o)
	}
	d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers[:1]
	if of(d) != nil {
		t.Error("a Deployment without the operator's container")
	}
}

func TestFind(t *testing.T) {
	foreign := deployment("shop", "other", "i:v1.0.0")
	foreign.Labels = nil
	objects := []client.Object{deployment("shop", "b", "i:v1.0.0"), deployment(DefaultNamespace, "a", "i:v1.1.0"), deployment("else", "c", "i:v1.2.0"), foreign}
	allowed := map[string]bool{}
	c := fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			o := (&client.ListOptions{}).ApplyOptions(opts)
			if !allowed[o.Namespace] {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "deployments"}, "", errors.New("no rule"))
			}
			return c.List(ctx, list, opts...)
		},
	}).Build()
	for _, tc := range []struct {
		allowed []string
		want    string
	}{
		{[]string{""}, "else/c shop/b waba-operator-system/a "},
		{[]string{DefaultNamespace}, "waba-operator-system/a "},
		{[]string{"shop", DefaultNamespace}, "shop/b waba-operator-system/a "},
		{nil, ""},
	} {
		clear(allowed)
		for _, namespace := range tc.allowed {
			allowed[namespace] = true
		}
		found, err := Find(t.Context(), c, "shop")
		got := ""
		for i := range found {
			got += found[i].String() + " "
		}
		if got != tc.want || apierrors.IsForbidden(err) != (tc.want == "") {
			t.Errorf("%v: %s, %v", tc.allowed, got, err)
		}
	}
}

func TestForAll(t *testing.T) {
	all := func(deployments ...*appsv1.Deployment) (out []Installation) {
		for _, d := range deployments {
			out = append(out, *of(d))
		}
		return out
	}
	object := func(namespace, shard string) client.Object {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Labels: map[string]string{"shard": shard}}}
	}
	sameURL := func(a, b *Installation) bool { return a.Options.WebhookURL == b.Options.WebhookURL }
	shards := all(
		deployment("p", "a", "i", "--watch-label-selector=shard=a", "--webhook-url=https://a.example"),
		deployment("p", "b", "i", "--watch-label-selector=shard=b", "--webhook-url=https://b.example"), deployment("p", "receiver", "i", "--controllers=false"))
	teams := all(deployment("p", "a", "i", "--namespaces=shop,web"), deployment("p", "b", "i", "--namespaces=shop"), deployment("p", "c", "i", "--namespaces=x"))
	for name, tc := range map[string]struct {
		all     []Installation
		objects []client.Object
		want    string
		several bool
	}{
		"a shard":            {shards, []client.Object{object("shop", "b"), object("web", "b")}, "p/b", false},
		"two shards":         {shards, []client.Object{object("shop", "a"), object("web", "b")}, "", false},
		"no shard":           {shards, []client.Object{object("shop", "")}, "", false},
		"alike":              {teams, []client.Object{object("shop", "")}, "p/a", false},
		"of some namespaces": {teams, []client.Object{object("shop", ""), object("web", "")}, "p/a", false},
		"without a name":     {teams, []client.Object{object("", "")}, "p/a", false},
		"elsewhere":          {teams, []client.Object{object("elsewhere", "")}, "", false},
		"nothing to act on":  {teams, nil, "p/a", false},
		"different":          {append(all(deployment("p", "z", "i", "--webhook-url=https://z.example")), teams...), []client.Object{object("shop", "")}, "", true},
	} {
		got, several := ForAll(tc.all, tc.objects, "shop", sameURL)
		if several != tc.several || got == nil != (tc.want == "") || got != nil && got.String() != tc.want {
			t.Errorf("%s: %v, %v", name, got, several)
		}
	}
}
