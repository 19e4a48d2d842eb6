// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/operator"
)

type object = map[string]any

// parameter is a value of metrics, with settings to combine with those of others.
type parameter struct {
	path     string
	settings [2]any
}

var (
	credentials = object{"credentials": object{"name": "token", "key": "token"}}
	parameters  = []parameter{
		{"enabled", [2]any{true, false}},
		{"secure", [2]any{true, false}},
		{"perResource", [2]any{false, true}},
		{"tls.secretName", [2]any{"", "metrics-tls"}},
		{"rbac.create", [2]any{true, false}},
		{"rbac.createReader", [2]any{true, false}},
		{"rbac.readers", [2]any{[]any{}, []any{object{"name": "prometheus-k8s", "namespace": "monitoring"}}}},
		{"serviceMonitor.enabled", [2]any{false, true}},
		{"serviceMonitor.namespace", [2]any{"", "monitors-a"}},
		{"serviceMonitor.authorization", [2]any{object{}, credentials}},
		{"serviceMonitor.tlsConfig", [2]any{object{}, object{"ca": object{"configMap": object{"name": "ca", "key": "ca.crt"}}}}},
		{"serviceMonitor.endpointAdditionalProperties", [2]any{object{}, object{"enableHttp2": false}}},
		{"serviceMonitor.scrapeClass", [2]any{"", "default"}},
		{"podMonitor.enabled", [2]any{false, true}},
		{"podMonitor.namespace", [2]any{"", "monitors-a"}},
		{"podMonitor.authorization", [2]any{object{}, credentials}},
		{"podMonitor.tlsConfig", [2]any{object{}, object{"serverName": "waba-operator.example"}}},
		{"podMonitor.endpointAdditionalProperties", [2]any{object{}, object{"enableHttp2": false}}},
		{"podMonitor.scrapeClass", [2]any{"", "default"}},
		{"prometheusRule.enabled", [2]any{false, true}},
		{"prometheusRule.disabled", [2]any{object{}, object{"WhatsAppTemplateArchived": true}}},
		{"prometheusRule.customRules", [2]any{object{}, object{"WhatsAppTokenExpiring": object{"threshold": 30, "severity": "info"}}}},
		{"prometheusRule.namespace", [2]any{"", "monitors-a"}},
		{"dashboard.enabled", [2]any{false, true}},
		{"dashboard.namespace", [2]any{"", "monitors-a"}},
		{"grafanaDashboard.enabled", [2]any{false, true}},
		{"grafanaDashboard.namespace", [2]any{"", "monitors-a"}},
		{"grafanaDashboard.instanceSelector", [2]any{object{"matchLabels": object{"dashboards": "grafana"}}, object{}}},
	}
)

// row has the number of a setting for each parameter.
type row []int

// refusal is what the chart says instead of rendering the row; empty where it renders it.
func (r row) refusal() string {
	has := func(path string) bool {
		i := slices.IndexFunc(parameters, func(c parameter) bool { return c.path == path })
		setting := reflect.ValueOf(parameters[i].settings[r[i]])
		return !setting.IsZero() && (setting.Kind() == reflect.Bool || setting.Len() > 0)
	}
	withoutAuthority := func(monitor string) bool {
		return has(monitor+".enabled") && has("tls.secretName") && has(monitor+".namespace") && !has(monitor+".tlsConfig")
	}
	token := has("rbac.create") && has("rbac.createReader") || has("podMonitor.authorization") || has("podMonitor.scrapeClass") ||
		has("podMonitor.endpointAdditionalProperties")
	switch {
	case (has("serviceMonitor.enabled") || has("podMonitor.enabled")) && !has("enabled"):
		return "metrics.serviceMonitor and metrics.podMonitor need metrics.enabled"
	case has("serviceMonitor.enabled") && has("podMonitor.enabled"):
		return "metrics.serviceMonitor and metrics.podMonitor do the same: enable one"
	case has("perResource") && !has("enabled"):
		return "metrics.perResource needs metrics.enabled"
	case has("tls.secretName") && (!has("enabled") || !has("secure")):
		return "metrics.tls.secretName needs metrics.enabled and metrics.secure"
	case has("podMonitor.enabled") && has("secure") && !token:
		return "metrics.podMonitor needs a token for secure metrics: set metrics.podMonitor.authorization"
	case withoutAuthority("serviceMonitor"):
		return "metrics.serviceMonitor.namespace needs metrics.serviceMonitor.tlsConfig"
	case withoutAuthority("podMonitor"):
		return "metrics.podMonitor.namespace needs metrics.podMonitor.tlsConfig"
	case has("grafanaDashboard.enabled") && !has("grafanaDashboard.instanceSelector"):
		return "metrics.grafanaDashboard needs instanceSelector"
	}
	return ""
}

func (r row) values(t *testing.T) values {
	t.Helper()
	metrics := object{}
	for i, c := range parameters {
		at, path := metrics, c.path
		if parent, child, nested := strings.Cut(path, "."); nested {
			if metrics[parent] == nil {
				metrics[parent] = object{}
			}
			at, path = metrics[parent].(object), child
		}
		at[path] = c.settings[r[i]]
	}
	return marshal(t, object{"metrics": metrics})
}

// pair is a setting of each of two parameters.
type pair struct{ a, x, b, y int }

// pairs are those of the row that are among the given ones.
func (r row) pairs(among map[pair]bool) []pair {
	var out []pair
	for a := range r {
		for b := a + 1; b < len(r); b++ {
			if p := (pair{a, r[a], b, r[b]}); among[p] {
				out = append(out, p)
			}
		}
	}
	return out
}

// changed has another setting of one parameter.
func (r row) changed(i, x int) row {
	out := slices.Clone(r)
	out[i] = x
	return out
}

// rowFor returns a row with the pair that the chart renders, and with many of the open pairs; or one that it refuses, if it does so
// whatever another value is.
func rowFor(p pair, open map[pair]bool) row {
	r := make(row, len(parameters)).changed(p.a, p.x).changed(p.b, p.y)
	others := func(yield func(row) bool) {
		for i := range parameters {
			for x := range parameters[i].settings {
				if i != p.a && i != p.b && !yield(r.changed(i, x)) {
					return
				}
			}
		}
	}
	if r.refusal() != "" {
		for other := range others {
			if other.refusal() == "" {
				r = other
				break
			}
		}
	}
	for other := range others {
		if other.refusal() == "" && len(other.pairs(open)) > len(r.pairs(open)) {
			r = other
		}
	}
	return r
}

// TestEveryPair: whatever two values of metrics are combined, the API server takes what the chart renders, strictly and with the CRDs
// of the operators of Prometheus and Grafana, and the operator takes its flags; or the chart says what to set.
func TestEveryPair(t *testing.T) {
	prepare(t)
	var all []pair
	open := map[pair]bool{}
	for a := range parameters {
		for b := a + 1; b < len(parameters); b++ {
			for i := range 4 {
				all = append(all, pair{a, i / 2, b, i % 2})
				open[all[len(all)-1]] = true
			}
		}
	}
	applied, rendered, refused := map[[sha256.Size]byte]bool{}, 0, 0
	for _, p := range all {
		if !open[p] {
			continue
		}
		r := rowFor(p, open)
		text, err := template(t, r.values(t), "--set", "crds.enabled=false")
		if want := r.refusal(); want != "" {
			refused++
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q with\n%s", err, want, r.values(t))
			}
			delete(open, p)
			continue
		}
		rendered++
		if err != nil {
			t.Fatalf("%v\nwith %s", err, r.values(t))
		}
		for _, o := range decode(t, text) {
			apply(t, o, applied, r.values(t))
		}
		for _, covered := range r.pairs(open) {
			delete(open, covered)
		}
	}
	t.Logf("%d pairs: %d renderings with %d objects, %d pairs are refused", len(all), rendered, len(applied), refused)
	if rendered > 40 || refused > 20 {
		t.Errorf("%d renderings, %d refusals", rendered, refused)
	}
}

// apply has the API server and the operator check an object, unless the same one was applied before.
func apply(t *testing.T, o *unstructured.Unstructured, applied map[[sha256.Size]byte]bool, v values) {
	t.Helper()
	raw, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(raw)
	if applied[key] {
		return
	}
	applied[key] = true
	// Helm 4 applies on the server's side, which refuses any field that isn't declared.
	if err := env.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.DryRunAll, client.FieldOwner("helm")); err != nil {
		t.Errorf("%s %s: %v\nwith %s", o.GetKind(), o.GetName(), err, v)
	}
	if o.GetKind() != "Deployment" {
		return
	}
	for _, c := range as[appsv1.Deployment](t, objects{"": o}, "").Spec.Template.Spec.Containers {
		options := operator.DefaultOptions()
		fs := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
		options.BindFlags(fs)
		err := fs.Parse(c.Args)
		if err == nil {
			err = options.Validate()
		}
		if err != nil {
			t.Errorf("the operator doesn't start: %v\nwith %s", err, v)
		}
	}
}
