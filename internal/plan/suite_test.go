// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// counted counts requests to the API server that aren't reads.
type counted struct {
	next   http.RoundTripper
	writes *atomic.Int64
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		c.writes.Add(1)
	}
	return c.next.RoundTrip(r)
}

// shard sees only the resources of one world, as an operator with a selector does.
type shard struct {
	client.Reader

	world *harness.World
}

func (s shard) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return s.Reader.List(ctx, list, append(opts, s.world.Shard())...)
}

// manifests writes objects down as a user would.
func manifests(tb testing.TB, objects ...client.Object) []manifest.Document {
	tb.Helper()
	var all bytes.Buffer
	for _, obj := range objects {
		obj, _ := obj.DeepCopyObject().(client.Object)
		gvk, err := apiutil.GVKForObject(obj, operator.Scheme())
		if err != nil {
			tb.Fatal(err)
		}
		obj.GetObjectKind().SetGroupVersionKind(gvk)
		raw, err := json.Marshal(obj)
		if err != nil {
			tb.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			tb.Fatal(err)
		}
		delete(fields, "status")
		text, err := yaml.Marshal(fields)
		if err != nil {
			tb.Fatal(err)
		}
		all.WriteString("---\n")
		all.Write(text)
	}
	documents, unreadable := manifest.Read([]string{manifest.Stdin}, &all)
	if len(unreadable) > 0 {
		tb.Fatal(unreadable[0])
	}
	return documents
}

func accounts(w *harness.World) *account.Manager {
	return account.NewManager(account.Options{
		BaseURL: w.URL, UserAgent: "plan-test", Timeout: patience.Limit, PageSize: 100, Clock: w.Clock, Log: logr.Discard(),
	})
}

// options are those of a plan over the world's cluster. writes counts what the plan writes there.
func options(w *harness.World, objects ...client.Object) (o plan.Options, writes *atomic.Int64) {
	w.T.Helper()
	writes = &atomic.Int64{}
	cfg := rest.CopyConfig(w.Config)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return counted{next, writes} })
	c, err := client.New(cfg, client.Options{Scheme: operator.Scheme()})
	if err != nil {
		w.T.Fatal(err)
	}
	return plan.Options{
		Documents: manifests(w.T, objects...), Cluster: shard{c, w}, Namespace: w.Namespace, Scheme: operator.Scheme(),
		Accounts: accounts(w), Clock: w.Clock, GraphAPIVersion: operator.DefaultOptions().GraphAPIVersion,
		CreatesPerHour: operator.DefaultOptions().CreatesPerHour, WebhookURL: receiverURL,
	}, writes
}

// planned makes a plan, and sees to it that neither Meta nor the cluster is written to.
func planned(w *harness.World, objects ...client.Object) *plan.Plan {
	w.T.Helper()
	o, writes := options(w, objects...)
	before := len(w.Sim.Requests())
	p, err := plan.Run(w.T.Context(), o)
	if err != nil {
		w.T.Fatal(err)
	}
	if n := writes.Load(); n != 0 {
		w.T.Errorf("%d writes to the API server", n)
	}
	if made := writesOf(w, before); len(made) > 0 {
		w.T.Errorf("the plan wrote to Meta: %v", made)
	}
	return p
}

// writesOf are the writes to Meta since a request: the call and, for templates, the name.
func writesOf(w *harness.World, since int) (out []string) {
	names := map[string]string{}
	for _, t := range w.Sim.Templates(harness.AccountID) {
		names[t.ID] = t.Name
	}
	for _, r := range w.Sim.Requests()[since:] {
		if r.Method == http.MethodGet || r.Op == graphsim.OpBatch || r.Op == graphsim.OpSendUpload {
			continue
		}
		subject := ""
		switch r.Op {
		case graphsim.OpCreateTemplate:
			var body struct{ Name string }
			_ = json.Unmarshal(r.Body, &body) // shows as a name that nobody expects
			subject = " " + body.Name
		case graphsim.OpEditTemplate, graphsim.OpUnpauseTemplate:
			parts := strings.Split(strings.TrimSuffix(r.Path, "/unpause"), "/")
			subject = " " + names[parts[len(parts)-1]]
		}
		out = append(out, r.Op+subject)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func find(tb testing.TB, p *plan.Plan, kind, name string) plan.Resource {
	tb.Helper()
	for _, a := range p.Accounts {
		for _, r := range a.Resources {
			if r.Kind == kind && r.Name == name {
				return r
			}
		}
	}
	tb.Fatalf("%s %s isn't in the plan: %+v", kind, name, p)
	return plan.Resource{}
}
