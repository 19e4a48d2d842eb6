// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operator turns flags into a running manager.
package operator

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/leaderelection"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/receiver"
)

// Options are the operator's flags.
type Options struct {
	GraphBaseURL        string
	GraphAPIVersion     string
	GraphTimeout        time.Duration
	PageSize            int
	ObservationInterval time.Duration
	// MinObservationInterval and MaxObservationInterval bound the interval of accounts that need more or less attention.
	MinObservationInterval, MaxObservationInterval time.Duration
	CreatesPerHour                                 int
	Concurrency                                    int
	ReadOnly                                       bool
	Controllers                                    bool
	Check                                          bool

	MediaAllowPrivateAddresses bool

	Namespaces    []string
	LabelSelector string

	MetricsOptions
	ProbeAddress   string
	ProfileAddress string

	LeaderElection              bool
	LeaderElectionNamespace     string
	LeaderElectionLeaseDuration time.Duration
	LeaderElectionRenewDeadline time.Duration
	LeaderElectionRetryPeriod   time.Duration

	LogLevel  int
	LogFormat string

	WebhookOptions
}

// DefaultOptions are what absent flags mean.
func DefaultOptions() Options {
	return Options{
		GraphBaseURL: graph.DefaultBaseURL, GraphAPIVersion: graph.DefaultVersion, GraphTimeout: 30 * time.Second,
		PageSize: 100, ObservationInterval: 5 * time.Minute, MinObservationInterval: time.Minute, MaxObservationInterval: 30 * time.Minute, CreatesPerHour: 100, Concurrency: 8, Controllers: true,
		ProbeAddress: ":8081", LogFormat: "json",
		LeaderElectionLeaseDuration: 15 * time.Second, LeaderElectionRenewDeadline: 10 * time.Second, LeaderElectionRetryPeriod: time.Second,
		MetricsOptions: MetricsOptions{MetricsAddress: ":8443", MetricsSecure: true},
		WebhookOptions: WebhookOptions{
			WebhookAddress: ":8082", WebhookClientName: receiver.MetaClientCommonName, WebhookRelayMemory: 64 << 20,
		},
	}
}

// BindFlags adds the flags; the current values are their defaults.
func (o *Options) BindFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.GraphBaseURL, "graph-base-url", o.GraphBaseURL,
		"where Meta's Graph API is; access tokens are sent there. Anything but https is refused, except on this machine")
	fs.StringVar(&o.GraphAPIVersion, "graph-api-version", o.GraphAPIVersion,
		"Graph API version of accounts without spec.graphAPIVersion")
	fs.DurationVar(&o.GraphTimeout, "graph-timeout", o.GraphTimeout, "limit for one call to the Graph API")
	fs.IntVar(&o.PageSize, "graph-page-size", o.PageSize,
		"templates or numbers per page of a listing, 1 to 250; halved by itself where Meta requests less data")
	fs.DurationVar(&o.ObservationInterval, "observation-interval", o.ObservationInterval,
		"time between observations of accounts without spec.observationIntervalSeconds, at least 30s; longer where Meta's quota demands it")
	fs.DurationVar(&o.MinObservationInterval, "min-observation-interval", o.MinObservationInterval,
		"time after which an account is observed while Meta has something to decide, such as a review, at least 30s; it grows with each observation")
	fs.DurationVar(&o.MaxObservationInterval, "max-observation-interval", o.MaxObservationInterval,
		"longest time between observations of quiet accounts whose webhooks work; not longer than --observation-interval: they are observed like others")
	fs.IntVar(&o.CreatesPerHour, "template-creates-per-hour", o.CreatesPerHour,
		"new templates per account and hour (Meta's limit is 100); 0 for no limit of the operator's")
	fs.IntVar(&o.Concurrency, "concurrency", o.Concurrency, "resources of each kind reconciled at the same time")
	fs.BoolVar(&o.MediaAllowPrivateAddresses, "media-allow-private-addresses", o.MediaAllowPrivateAddresses,
		"fetch media files from private and loopback addresses too; any user who may write a manifest can then have files of internal hosts fetched")
	fs.BoolVar(&o.ReadOnly, "read-only", o.ReadOnly, "never write to Meta; report what would be written as events")
	fs.BoolVar(&o.Controllers, "controllers", o.Controllers,
		"reconcile resources; false: only receive webhooks, for all shards of an installation that is split by --watch-label-selector")
	fs.BoolVar(&o.Check, "check", o.Check,
		"report whether the flags are valid and the cluster has the CRDs and permissions that the operator needs to read its resources, and end")
	fs.StringSliceVar(&o.Namespaces, "namespaces", o.Namespaces,
		"namespaces to watch, separated by commas; absent: all. References across namespaces need both of them here")
	fs.StringVar(&o.LabelSelector, "watch-label-selector", o.LabelSelector,
		"watch only resources with these labels; an account and all that refers to it must carry the same ones")
	o.bindMetricsFlags(fs)
	fs.StringVar(&o.ProbeAddress, "health-probe-bind-address", o.ProbeAddress, "address of /healthz and /readyz; 0 switches them off")
	fs.StringVar(&o.ProfileAddress, "pprof-bind-address", o.ProfileAddress,
		"loopback address of Go's profiles, such as 127.0.0.1:6060, at /debug/pprof; absent: none")
	fs.BoolVar(&o.LeaderElection, "leader-elect", o.LeaderElection, "let only one replica write; needed with more than one")
	fs.StringVar(&o.LeaderElectionNamespace, "leader-election-namespace", o.LeaderElectionNamespace,
		"namespace of the lease; absent: the operator's own")
	fs.DurationVar(&o.LeaderElectionLeaseDuration, "leader-election-lease-duration", o.LeaderElectionLeaseDuration,
		"time without a renewal after which another replica takes the lease; longer where the API server is slow")
	fs.DurationVar(&o.LeaderElectionRenewDeadline, "leader-election-renew-deadline", o.LeaderElectionRenewDeadline,
		"time within which the leader must renew the lease; otherwise it stops")
	fs.DurationVar(&o.LeaderElectionRetryPeriod, "leader-election-retry-period", o.LeaderElectionRetryPeriod,
		"time between two attempts to take or renew the lease")
	o.bindWebhookFlags(fs)
	fs.IntVar(&o.LogLevel, "log-level", o.LogLevel, "0 to 5: 0 errors and writes to Meta, 1 changes of conditions, 2 steps, 4 each call to Meta; never content or secrets")
	fs.StringVar(&o.LogFormat, "log-format", o.LogFormat, "json or console")
}

// highestLogLevel is below the levels at which Kubernetes' client library logs requests and their bodies: they would
// contain Secrets.
const highestLogLevel = 5

// Validate says what to write instead of a flag that can't be used.
func (o *Options) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.PageSize >= 1 && o.PageSize <= 250, "--graph-page-size must be 1 to 250, not %d", o.PageSize)
	check(o.ObservationInterval >= 30*time.Second, "--observation-interval must be at least 30s, not %s", o.ObservationInterval)
	check(o.MinObservationInterval >= 30*time.Second, "--min-observation-interval must be at least 30s, not %s", o.MinObservationInterval)
	check(o.Concurrency >= 1, "--concurrency must be at least 1, not %d", o.Concurrency)
	check(o.CreatesPerHour >= 0, "--template-creates-per-hour must not be negative")
	check(o.GraphTimeout > 0, "--graph-timeout must be positive")
	check(o.LogLevel >= 0 && o.LogLevel <= highestLogLevel, "--log-level must be 0 to %d, not %d", highestLogLevel, o.LogLevel)
	check(o.LogFormat == "json" || o.LogFormat == "console", "--log-format must be json or console, not %q", o.LogFormat)
	check(o.Controllers || o.receives(), "--controllers=false leaves nothing to do with --webhook-bind-address=0")
	check(o.Controllers || !o.LeaderElection, "--controllers=false needs no --leader-elect: it would take the lease from those who reconcile")
	check(o.LeaderElectionLeaseDuration > o.LeaderElectionRenewDeadline,
		"--leader-election-lease-duration must be longer than --leader-election-renew-deadline: %s, %s", o.LeaderElectionLeaseDuration, o.LeaderElectionRenewDeadline)
	check(o.LeaderElectionRenewDeadline.Seconds() > leaderelection.JitterFactor*o.LeaderElectionRetryPeriod.Seconds(),
		"--leader-election-renew-deadline must be longer than %g times --leader-election-retry-period: %s, %s",
		leaderelection.JitterFactor, o.LeaderElectionRenewDeadline, o.LeaderElectionRetryPeriod)
	check(o.LeaderElectionRetryPeriod > 0, "--leader-election-retry-period must be positive")
	if _, err := labels.Parse(o.LabelSelector); err != nil {
		errs = append(errs, fmt.Errorf("--watch-label-selector: %w", err))
	}
	if _, err := graph.CheckBaseURL(o.GraphBaseURL); err != nil {
		errs = append(errs, fmt.Errorf("--graph-base-url %w", err))
	}
	if err := graph.CheckVersion(o.GraphAPIVersion); err != nil {
		errs = append(errs, fmt.Errorf("--graph-api-version %w, not %q", err, o.GraphAPIVersion))
	}
	return errors.Join(append(errs, checkProfiling(o.ProfileAddress), o.validateMetrics(), o.validateWebhooks())...)
}

// together says that a server needs its certificate and the key of it, or none of them.
func together(certFlag, cert, keyFlag, key string) error {
	if (cert == "") != (key == "") {
		return fmt.Errorf("%s and %s go together: set both or none", certFlag, keyFlag)
	}
	return nil
}
