// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Objects are those of a cache.
type Objects interface {
	// Each calls each with the cached objects of a kind, which it may not change.
	Each(kind v1alpha1.AssetKind, each func(runtime.Object) error) error
}

// Standing is what touches an account's standing at present.
type Standing struct {
	Restrictions, Violations, UnapprovedApps int
	// Ban is the state of a ban in force or announced, "" without one.
	Ban string
}

// AssetOptions are where the metrics of assets come from.
type AssetOptions struct {
	// Objects are the resources. Their cache is filled long before there is a leader.
	Objects Objects
	// Reconciled is how many resources of a kind were reconciled since the process started.
	Reconciled func(kind string) int
	// Elected is closed once this replica leads. Only the leader says anything of assets, so that sums over all replicas are true.
	Elected <-chan struct{}
	// Lease is the name of the lease.
	Lease string
	// Standing judges an account.
	Standing func(*v1alpha1.WABA, time.Time) Standing
	// Usage is what this process knows of the account's rate limit; ok is false where it has made no call yet.
	Usage func(types.UID) (percent int, regain time.Time, ok bool)
	// GraphAPIVersion is used where an account names none.
	GraphAPIVersion string
	// VersionEnd returns when Meta ends a version of the Graph API.
	VersionEnd func(string) (time.Time, bool)
	// PerResource adds series of each resource.
	PerResource bool
	Clock       clock.PassiveClock
	Log         logr.Logger
}

// Assets collects the metrics of assets from the cache at each scrape: nothing is counted twice, nothing is left behind.
type Assets struct {
	AssetOptions
}

// NewAssets returns the collector.
func NewAssets(o AssetOptions) *Assets { return &Assets{AssetOptions: o} }

// Describe names all metrics that the collector may have.
func (a *Assets) Describe(ch chan<- *prometheus.Desc) {
	ch <- leader.desc
	for _, d := range definitions {
		if d.Scope != Process && (d.Scope != Resource || a.PerResource) {
			ch <- d.desc
		}
	}
}

// Collect reads the cache. An error costs the metrics of assets, not the whole scrape.
func (a *Assets) Collect(ch chan<- prometheus.Metric) {
	s := &scrape{Assets: a, ch: ch, now: a.Clock.Now(), fixed: map[count]int{}, accounts: map[types.NamespacedName]*tally{}}
	select {
	case <-a.Elected:
		s.gauge(leader, 1, a.Lease)
	default:
		s.gauge(leader, 0, a.Lease)
		return
	}
	if err := s.read(); err != nil {
		a.Log.Error(err, "Can't collect the metrics of assets")
		return
	}
	s.write()
}

// scrape is what one scrape gathers.
type scrape struct {
	*Assets
	ch       chan<- prometheus.Metric
	now      time.Time
	fixed    map[count]int
	accounts map[types.NamespacedName]*tally
}

// count counts what has the same labels, but for those of the account.
type count struct {
	of     *Definition
	values [4]string
}

func counted(of *Definition, values ...string) count {
	c := count{of: of}
	copy(c.values[:], values)
	return c
}

// tally is what is counted of the resources of one account.
type tally struct {
	waba   *v1alpha1.WABA
	counts map[count]int
	// decided is when Meta last decided about a template.
	decided time.Time
	// archivedEnd is when Meta deletes the first archived template.
	archivedEnd time.Time
	// webhook is when something last came by webhook, as far as it has to.
	webhook time.Time
}

// gauge emits one value.
func (s *scrape) gauge(d *Definition, value float64, labels ...string) {
	m, err := prometheus.NewConstMetric(d.desc, prometheus.GaugeValue, value, labels...)
	if err != nil { // a label that isn't UTF-8, which the API server refuses
		s.Log.Error(err, "Can't export a metric", "metric", d.Name)
		return
	}
	s.ch <- m
}

// read goes through all resources once. They are the cache's own: nothing here may change them.
func (s *scrape) read() error {
	for _, kind := range v1alpha1.AssetKinds { // accounts first
		s.fixed[counted(resources, kind.Name)] += 0
		if err := s.Objects.Each(kind, s.add); err != nil {
			return err
		}
		s.fixed[counted(unreconciled, kind.Name)] = max(0, s.fixed[counted(resources, kind.Name)]-s.Reconciled(kind.Name))
	}
	return nil
}

// add counts one resource.
func (s *scrape) add(item runtime.Object) error {
	switch o := item.(type) {
	case *v1alpha1.WABA:
		s.waba(o)
	case *v1alpha1.PhoneNumber:
		s.number(o)
	case *v1alpha1.MessageTemplate:
		s.template(o)
	case *v1alpha1.WebhookSubscription:
		s.subscription(o)
	default:
		return fmt.Errorf("no metrics of %T", item)
	}
	return nil
}

// waba counts an account, and prepares the tally of what belongs to it.
func (s *scrape) waba(w *v1alpha1.WABA) {
	s.accounts[client.ObjectKeyFromObject(w)] = &tally{waba: w, counts: map[count]int{}}
	s.resource(w)
	s.fixed[counted(versionAccounts, s.version(w))]++
}

func (s *scrape) version(w *v1alpha1.WABA) string {
	if v := w.Spec.GraphAPIVersion; v != "" {
		return v
	}
	return s.GraphAPIVersion
}

// write emits what was counted.
func (s *scrape) write() {
	for c, n := range s.fixed {
		s.gauge(c.of, float64(n), c.values[:len(c.of.Labels)]...)
		if end, ok := s.VersionEnd(c.values[0]); ok && c.of == versionAccounts {
			s.gauge(versionEnd, seconds(end), c.values[0])
		}
	}
	for key, t := range s.accounts {
		s.account(key, t)
	}
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// of returns the tally of the account to which a resource belongs, nil where it is none of this account's: it isn't
// permitted to refer to it, or was found in another one. Otherwise strangers could add to what is said of an account.
func (s *scrape) of(obj v1alpha1.Asset) *tally {
	common := obj.CommonStatus()
	t := s.accounts[index.AccountOf(obj)]
	switch {
	case t == nil, common.AccountID != "" && common.AccountID != t.waba.Spec.ID:
		return nil
	case common.AccountID == "":
		if c := condition(common, v1alpha1.ConditionSynced); c != nil && c.Reason == v1alpha1.ReasonReferenceNotPermitted {
			return nil
		}
	}
	return t
}
