// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// MetricsFilter makes what admits requests for metrics.
type MetricsFilter func(*rest.Config, *http.Client) (metricsserver.Filter, error)

// MetricsOptions are the flags about the metrics.
type MetricsOptions struct {
	MetricsAddress     string
	MetricsSecure      bool
	MetricsCertFile    string
	MetricsKeyFile     string
	MetricsPerResource bool
}

func (o *MetricsOptions) bindMetricsFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "address of the metrics endpoint; 0 switches it off")
	fs.BoolVar(&o.MetricsSecure, "metrics-secure", o.MetricsSecure,
		"serve metrics over https to clients that Kubernetes authenticates and authorises")
	fs.StringVar(&o.MetricsCertFile, "metrics-cert-file", o.MetricsCertFile,
		"certificate of the metrics endpoint, read again when it changes; absent: the operator makes one that no client can verify")
	fs.StringVar(&o.MetricsKeyFile, "metrics-key-file", o.MetricsKeyFile, "key of that certificate")
	fs.BoolVar(&o.MetricsPerResource, "metrics-per-resource", o.MetricsPerResource,
		"export series of each template, number and other resource too: two for each template and number, one for each other resource")
}

func (o *MetricsOptions) validateMetrics() error {
	var errs []error
	served := o.MetricsAddress != "0" && o.MetricsAddress != ""
	if o.MetricsPerResource && !served {
		errs = append(errs, errors.New("--metrics-per-resource needs --metrics-bind-address: without it nothing is exported"))
	}
	if o.MetricsCertFile != "" && !served {
		errs = append(errs, errors.New("--metrics-cert-file needs --metrics-bind-address: without it nothing is served"))
	}
	if o.MetricsCertFile != "" && !o.MetricsSecure {
		errs = append(errs, errors.New("--metrics-cert-file needs --metrics-secure: without it metrics are served in clear text"))
	}
	return errors.Join(append(errs, together("--metrics-cert-file", o.MetricsCertFile, "--metrics-key-file", o.MetricsKeyFile))...)
}

// metricsServer returns how metrics are served, and what keeps their certificate up to date while it runs; that is nil where
// the server makes a certificate itself. Secure metrics need the filter.
func (o *MetricsOptions) metricsServer(filter MetricsFilter) (metricsserver.Options, *certwatcher.CertWatcher, error) {
	options := metricsserver.Options{BindAddress: o.MetricsAddress, SecureServing: o.MetricsSecure}
	if o.MetricsSecure {
		if filter == nil && o.MetricsAddress != "0" {
			return options, nil, errors.New("secure metrics need a filter")
		}
		options.FilterProvider = filter
	}
	if o.MetricsCertFile == "" {
		return options, nil, nil
	}
	certificate, err := certwatcher.New(o.MetricsCertFile, o.MetricsKeyFile)
	if err != nil {
		return options, nil, fmt.Errorf("certificate of the metrics (--metrics-cert-file, --metrics-key-file): %w", err)
	}
	options.TLSOpts = append(options.TLSOpts, func(c *tls.Config) { c.GetCertificate = certificate.GetCertificate })
	return options, certificate, nil
}

// exportClient adds how long the API server takes, and how often requests to it are repeated, to what controller-runtime
// exports: by verb, host and status code, of which there are few.
func exportClient() {
	ctrlmetrics.RegisterRESTClientMetrics(ctrlmetrics.MetricRequestLatency, ctrlmetrics.MetricRateLimiterLatency, ctrlmetrics.MetricRequestRetry)
}

// exportAssets registers the metrics of assets.
func exportAssets(mgr ctrl.Manager, o *Options, s Dependencies, accounts *account.Manager, found *informers, r *controllers.Reconcilers) error {
	return s.Registerer.Register(metrics.NewAssets(metrics.AssetOptions{
		Objects: found, Reconciled: r.Reconciled, Elected: mgr.Elected(), Lease: o.electionID(),
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
