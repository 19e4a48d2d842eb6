// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// exportClient adds how long the API server takes, and how often requests to it are repeated, to what controller-runtime
// exports: by verb, host and status code, of which there are few.
func exportClient() {
	ctrlmetrics.RegisterRESTClientMetrics(ctrlmetrics.MetricRequestLatency, ctrlmetrics.MetricRateLimiterLatency, ctrlmetrics.MetricRequestRetry)
}

// exportAssets registers the metrics of assets.
func exportAssets(mgr ctrl.Manager, o *Options, s Dependencies, accounts *account.Manager) error {
	return s.Registerer.Register(metrics.NewAssets(metrics.AssetOptions{
		Reader: mgr.GetCache(), Elected: mgr.Elected(), Lease: o.electionID(),
		Standing: func(w *v1alpha1.WABA, now time.Time) metrics.Standing {
			return metrics.Standing{
				Restrictions: len(standing.Restrictions(&w.Status, now)), Violations: len(standing.Violations(&w.Status, now)),
				UnapprovedApps: len(standing.UnapprovedApps(w)), Ban: standing.Ban(&w.Status, now),
			}
		},
		Usage: func(uid types.UID) (percent int, regain time.Time, ok bool) {
			session := accounts.Get(string(uid))
			if session == nil {
				return 0, time.Time{}, false
			}
			percent, regain = session.Usage()
			return percent, regain, true
		},
		GraphAPIVersion: o.GraphAPIVersion, VersionEnd: graph.VersionEnd, PerResource: o.MetricsPerResource,
		Clock: s.Clock, Log: s.Log.WithName("metrics"),
	}))
}
