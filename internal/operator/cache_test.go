// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/harness"
)

// requests are what a manager asks of the API server, as "verb resource".
type requests struct {
	mu   sync.Mutex
	made []string
}

func (r *requests) of(resource string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.made), func(s string) bool { return !strings.HasSuffix(s, " "+resource) })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// running starts the operator's manager as it is, and returns it with what it asks of the API server.
func running(t *testing.T, w *harness.World, change func(*operator.Options)) (ctrl.Manager, *requests) {
	t.Helper()
	o := operator.DefaultOptions()
	o.GraphBaseURL, o.MetricsAddress, o.ProbeAddress, o.WebhookAddress, o.LeaderElection = w.URL, "0", "0", "0", false
	change(&o)
	asked := &requests{}
	cfg := rest.CopyConfig(w.Config)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if info, err := requestInfo.NewRequestInfo(r); err == nil {
				asked.mu.Lock()
				asked.made = append(asked.made, info.Verb+" "+info.Resource)
				asked.mu.Unlock()
			}
			return next.RoundTrip(r)
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	mgr, err := operator.NewManager(ctx, cfg, o, operator.Dependencies{
		Clock: w.Clock, Registerer: prometheus.NewRegistry(), Log: o.Logger(t.Output()), SkipNameValidation: true,
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("caches didn't sync")
	}
	return mgr, asked
}

// TestUnplannedInformerIsAnError: to read a kind that isn't watched through the manager's client is a fault of the program,
// and must not become a watch of all objects of that kind.
func TestUnplannedInformerIsAnError(t *testing.T) {
	w := harness.New(t, env)
	mgr, asked := running(t, w, func(o *operator.Options) { o.Namespaces = []string{w.Namespace} })
	c := mgr.GetClient()
	pod := &metav1.PartialObjectMetadata{}
	pod.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	for what, err := range map[string]error{
		"get":                c.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "any"}, &corev1.Pod{}),
		"list":               c.List(t.Context(), &corev1.PodList{}, client.InNamespace(w.Namespace)),
		"get metadata":       c.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "any"}, pod),
		"other form of ours": c.Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "any"}, metadataOf("WABA")),
	} {
		var uncached *cache.ErrResourceNotCached
		if !errors.As(err, &uncached) || !slices.Contains([]string{"Pod", "WABA"}, uncached.GVK.Kind) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if got := asked.of("pods"); len(got) > 0 {
		t.Errorf("the API server was asked: %v", got)
	}
}

func metadataOf(kind string) *metav1.PartialObjectMetadata {
	obj := &metav1.PartialObjectMetadata{}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	return obj
}

// TestSecretsAreNeverCached: each read of a Secret or ConfigMap is one request, also through the manager's client.
func TestSecretsAreNeverCached(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	w.Create(&corev1.ConfigMap{ObjectMeta: harness.Named("media"), Data: map[string]string{"a": "b"}})
	mgr, asked := running(t, w, func(o *operator.Options) { o.Namespaces = []string{w.Namespace} })
	for range 2 {
		var secret corev1.Secret
		if err := mgr.GetClient().Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "acme-meta"}, &secret); err != nil {
			t.Fatal(err)
		}
		if string(secret.Data[v1alpha1.SecretKeyAccessToken]) != harness.AccessToken {
			t.Error("not the Secret")
		}
		var file corev1.ConfigMap
		if err := mgr.GetClient().Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "media"}, &file); err != nil {
			t.Fatal(err)
		}
	}
	for _, resource := range []string{"secrets", "configmaps"} {
		if got := asked.of(resource); !slices.Equal(got, []string{"get " + resource, "get " + resource}) {
			t.Errorf("got %v", got)
		}
	}
}

// TestPlannedInformers: in every mode, what is read from the cache can be read as soon as the caches are filled.
func TestPlannedInformers(t *testing.T) {
	w := harness.New(t, env)
	namespace := func() *metav1.PartialObjectMetadata {
		obj := &metav1.PartialObjectMetadata{}
		obj.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		return obj
	}
	for name, mode := range map[string]struct {
		change     func(*operator.Options)
		namespaces bool
	}{
		"everything": {func(o *operator.Options) {
			o.WebhookAddress, o.LabelSelector = "127.0.0.1:0", "acme.example/shard=none"
		}, true},
		"some namespaces":   {func(o *operator.Options) { o.Namespaces = []string{w.Namespace} }, false},
		"only the receiver": {func(o *operator.Options) { o.Controllers, o.WebhookAddress = false, "127.0.0.1:0" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			mgr, asked := running(t, w, mode.change)
			for _, list := range []client.ObjectList{
				&v1alpha1.WABAList{}, &v1alpha1.PhoneNumberList{}, &v1alpha1.MessageTemplateList{}, &v1alpha1.WebhookSubscriptionList{},
			} {
				if err := mgr.GetClient().List(t.Context(), list); err != nil {
					t.Errorf("%T: %v", list, err)
				}
			}
			err := mgr.GetClient().Get(t.Context(), client.ObjectKey{Name: w.Namespace}, namespace())
			if watched := len(asked.of("namespaces")) > 0; (err == nil) != mode.namespaces || watched != mode.namespaces {
				t.Errorf("namespaces: watched %t, %v", watched, err)
			}
		})
	}
}
