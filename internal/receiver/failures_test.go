// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// logBook keeps the log lines of level 0.
type logBook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logBook) configure(o *Options) {
	o.Log = funcr.New(func(_, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, args)
	}, funcr.Options{})
}

func (l *logBook) failures() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.lines), func(line string) bool { return !strings.Contains(line, "Step failed") })
}

// TestFailuresAreLogged: responses and metrics don't contain the cause of a failure, so the log has to.
func TestFailuresAreLogged(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "acme", errors.New("no rule"))
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "WABA"}, "acme", nil)
	for name, c := range map[string]struct {
		begin  func(*rig)
		status int
		want   []string
		hidden string
	}{
		"a Secret may not be read": {func(r *rig) { r.secrets.fail(forbidden) }, http.StatusUnauthorized, []string{"read the app secret of an account", "forbidden", "shop/acme"}, ""},
		"a Secret can't be read":   {func(r *rig) { r.secrets.fail(errors.New("away")) }, http.StatusServiceUnavailable, []string{"read the app secret of an account", "away"}, ""},
		"it can't be recorded":     {func(r *rig) { r.recorder.err = errors.New("away") }, http.StatusServiceUnavailable, []string{"record a delivery", "away", theApp}, ""},
		"it is refused": {func(r *rig) { r.recorder.err = invalid }, http.StatusServiceUnavailable,
			[]string{"record a delivery", "the API server refuses what would be written: Invalid"}, "is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			book := &logBook{}
			r := newRig(t, book.configure, oneAccount()...)
			c.begin(r)
			body := changesOf(t, theAccount)
			for range 3 {
				if got := r.post(body, theSecret); got != c.status {
					t.Errorf("answered %d", got)
				}
				r.clock.Step(2 * time.Second) // the rate limit permits another read
			}
			got := book.failures()
			if len(got) != 1 {
				t.Fatalf("want one line, got %q", got)
			}
			for _, part := range c.want {
				if !strings.Contains(got[0], part) {
					t.Errorf("%q isn't in %s", part, got[0])
				}
			}
			if c.hidden != "" && strings.Contains(got[0], c.hidden) || strings.Contains(got[0], theSecret) {
				t.Errorf("got %s", got[0])
			}
		})
	}
}

// brokenCache is a cache whose lists of one kind fail.
type brokenCache struct {
	client.Client

	kind client.ObjectList
}

func (b brokenCache) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if reflect.TypeOf(list) == reflect.TypeOf(b.kind) {
		return errors.New("the cache isn't there")
	}
	return b.Client.List(ctx, list, opts...)
}

// TestCacheThatCantBeRead: the response asks for a retry, and the log has the cause.
func TestCacheThatCantBeRead(t *testing.T) {
	var log logBook
	r := newRig(t, log.configure, oneAccount()...)
	if got := r.post("[]", theSecret); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	if _, err := r.server.apps.subscriptions(t.Context(), theApp); err != nil {
		t.Fatal(err)
	}
	r.server.apps.client = brokenCache{r.client, &v1alpha1.WebhookSubscriptionList{}}
	if _, err := r.server.apps.subscriptions(t.Context(), theApp); err == nil {
		t.Error("no error of the list of subscriptions")
	}
	r.server.apps.client = brokenCache{r.client, &v1alpha1.WABAList{}}
	if got := r.post("[]", theSecret); got != http.StatusServiceUnavailable {
		t.Errorf("a delivery got %d", got)
	}
	if err := r.server.Forget(t.Context(), &v1alpha1.WABA{}); err == nil {
		t.Error("freed without knowing whether there are others")
	}
	got := strings.Join(log.failures(), "\n")
	for _, part := range []string{"list the accounts of an app", "list the subscriptions", "the cache isn't there"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q isn't in %s", part, got)
		}
	}
}
