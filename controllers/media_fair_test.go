// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/test/harness"
)

// mediaServer is the server of two tenants: below /slow it sends a byte and no end, elsewhere a photo.
type mediaServer struct {
	*httptest.Server

	mu sync.Mutex
	// arrived are the requests below /slow.
	arrived int
}

func newMediaServer(t *testing.T) *mediaServer {
	t.Helper()
	s := &mediaServer{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			_, _ = w.Write(harness.JPEG)
			return
		}
		_, _ = w.Write(harness.JPEG[:1])
		_ = http.NewResponseController(w).Flush()
		s.mu.Lock()
		s.arrived++
		s.mu.Unlock()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s
}

// atServer is the real fetcher, for which the server is at the only port that manifests may name.
type atServer struct {
	*media.Fetcher

	server string
	// slow are the fetches of /slow. The server sees the end of one only after the next has begun.
	slow *counted
}

// counted counts what is under way.
type counted struct {
	mu        sync.Mutex
	now, most int
}

func (c *counted) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}

func (c *counted) peak() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

func (a atServer) Fetch(ctx context.Context, format media.Format, url, sha256 string) (*media.File, error) {
	if strings.HasSuffix(url, "/slow") {
		a.slow.add(1)
		defer a.slow.add(-1)
	}
	return a.Fetcher.Fetch(ctx, format, a.server+strings.TrimPrefix(url, cdn), sha256)
}

const cdn = "https://cdn.acme.example"

// saw reports that n requests below /slow have arrived.
func (s *mediaServer) saw(n int) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.arrived >= n
	}
}

// TestSlowServerHoldsNoOtherTenantUp: the templates of one tenant name a server that sends next to nothing. The other
// tenants' templates, with and without files, are written meanwhile; so is every number of files that the tenant itself wants.
func TestSlowServerHoldsNoOtherTenantUp(t *testing.T) {
	t.Parallel()
	for _, n := range []int{8, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			server, slowFetches := newMediaServer(t), &counted{}
			w := harness.New(t, env)
			w.Media = atServer{media.NewFetcher(media.Options{
				AllowPrivateAddresses: true, Clock: w.Clock, Dir: t.TempDir(),
				TLS: server.Client().Transport.(*http.Transport).TLSClientConfig,
			}), server.URL, slowFetches}
			w.Secret()
			w.WABA(allow([]string{"MessageTemplate"}, v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}))
			op := w.Start()
			op.Settle()
			photo := func(path string) func(*v1alpha1.MessageTemplate) {
				return func(m *v1alpha1.MessageTemplate) {
					behindAddress(harness.JPEG)(m)
					m.Spec.Header.Media.URL = cdn + path
				}
			}
			synced := func(m *v1alpha1.MessageTemplate) func() bool {
				return func() bool {
					w.Reload(m)
					c := harness.Condition(m.Status.Conditions, v1alpha1.ConditionSynced)
					return c.Status == metav1.ConditionTrue
				}
			}
			greedy, text, files := env.Namespace(t), env.Namespace(t), env.Namespace(t)
			var slow []*v1alpha1.MessageTemplate
			for i := range n {
				slow = append(slow, w.CreateTemplate(fmt.Sprintf("slow_%d", i), from(w, greedy), photo("/slow")))
			}
			w.Wait("a request to the slow server", server.saw(1))
			w.Wait("the plain template of another tenant", synced(w.CreateTemplate("plain", from(w, text))))
			w.Wait("the template with a file of another tenant", synced(w.CreateTemplate("with_photo", from(w, files), photo("/photo"))))
			op.Settle()
			w.Reload(slow[n-1])
			expect(t, slow[n-1].Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonProgressing)

			// A server that sends less than 64 KiB a second loses its slot after 20 seconds.
			for turn := 2; turn <= 4; turn++ {
				w.Clock.Step(20 * time.Second)
				w.Wait("the next request to the slow server", server.saw(turn))
				name := fmt.Sprintf("with_photo_%d", turn)
				w.Wait(name, synced(w.CreateTemplate(name, from(w, files), photo("/photo"))))
			}
			w.Wait("the first slow template fails", func() bool {
				w.Reload(slow[0])
				return harness.Condition(slow[0].Status.Conditions, v1alpha1.ConditionSynced).Reason == v1alpha1.ReasonMediaUnusable
			})
			if peak := slowFetches.peak(); peak != 1 {
				t.Errorf("%d downloads of one tenant at a time", peak)
			}
		})
	}
}
