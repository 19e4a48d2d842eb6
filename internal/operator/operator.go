// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/build"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/receiver"
)

// Dependencies are what a test replaces. The zero value is the real world.
type Dependencies struct {
	Clock      clock.PassiveClock
	Transport  http.RoundTripper
	Registerer prometheus.Registerer
	Log        logr.Logger
	// Version of the operator, for the User-Agent and the metrics.
	Version string
	// Media gets the files that specs refer to by address.
	Media media.Source
	// Go runs what outlives the run of a reconciler; nil: in a goroutine.
	Go       func(func())
	NewQueue func(string, workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request]
	// NewCache makes the manager's cache; nil: that of controller-runtime.
	NewCache cache.NewCacheFunc
	// Reconcilers is called with the reconcilers before they start.
	Reconcilers func(*controllers.Reconcilers)
	// Receiver is called with the receiver of webhooks before it starts.
	Receiver func(*receiver.Server)
	// MetricsFilter admits requests for metrics that are secure. What authenticates them is a large part of Kubernetes' API server, which
	// kubectl waba doesn't need: the command only reads the options.
	MetricsFilter MetricsFilter
	// SkipNameValidation allows several managers in one process.
	SkipNameValidation bool
}

func (s Dependencies) withDefaults() Dependencies {
	if s.Clock == nil {
		s.Clock = clock.RealClock{}
	}
	if s.Registerer == nil {
		s.Registerer = ctrlmetrics.Registry
	}
	if s.Log.GetSink() == nil {
		s.Log = ctrl.Log
	}
	if s.Version == "" {
		s.Version = build.Version("")
	}
	return s
}

// Scheme knows all types that the operator handles.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // types compiled into this binary
		}
	}
	return scheme
}

// NewManager builds the manager with all controllers. Start it with Start; it stops when its context ends, and
// releases its lease.
func NewManager(ctx context.Context, cfg *rest.Config, o Options, s Dependencies) (ctrl.Manager, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	metricsOptions, certificate, err := o.metricsServer(s.MetricsFilter)
	if err != nil {
		return nil, err
	}
	found := &informers{}
	managerOptions, err := o.managerOptions(s, metricsOptions, found)
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(cfg, managerOptions)
	if err != nil {
		return nil, fmt.Errorf("connect to the API server: %w", err)
	}
	if certificate != nil {
		if err := mgr.Add(certificate); err != nil {
			return nil, err
		}
	}
	if err := o.startInformers(ctx, mgr.GetCache()); err != nil {
		return nil, err
	}
	exportClient()
	recorder, err := metrics.New(s.Registerer, s.Version)
	if err != nil {
		return nil, err
	}
	if err := o.addControllers(ctx, mgr, s, recorder, found); err != nil {
		return nil, err
	}
	if o.receives() {
		if err := addReceiver(ctx, mgr, &o, s, recorder); err != nil {
			return nil, err
		}
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("caches", func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return fmt.Errorf("caches aren't filled yet")
		}
		return nil
	})
}

// addControllers has the manager reconcile. Without controllers it only has the indexes that the receiver searches.
func (o Options) addControllers(ctx context.Context, mgr ctrl.Manager, s Dependencies, recorder *metrics.Recorder, found *informers) error {
	if !o.Controllers {
		return index.Setup(ctx, mgr.GetFieldIndexer())
	}
	downloads, err := addDownloads(mgr, &o, s)
	if err != nil {
		return err
	}
	accounts := account.NewManager(account.Options{
		BaseURL: o.GraphBaseURL, UserAgent: "waba-operator/" + s.Version, Transport: s.Transport, Timeout: o.GraphTimeout,
		PageSize: o.PageSize, Clock: s.Clock, Observe: recorder.Observe, ObserveUnknown: recorder.UnknownProperty,
		OnThrottled: recorder.Throttled, Log: s.Log.WithName("graph"),
	})
	reconcilers, err := controllers.Setup(ctx, mgr, controllers.Options{
		Accounts: accounts, GraphAPIVersion: o.GraphAPIVersion, ObservationInterval: o.ObservationInterval,
		MinObservationInterval: o.MinObservationInterval, MaxObservationInterval: o.MaxObservationInterval,
		Concurrency: o.Concurrency, ReadOnly: o.ReadOnly, CreatesPerHour: o.CreatesPerHour, WebhookURL: o.ReceiverURL(),
		WatchNamespaceLabels: o.WatchesNamespaces(), Cached: found.Len, Clock: s.Clock, Metrics: recorder,
		Log: s.Log.WithName("controllers"), Audit: s.Log.WithName("audit"), NewQueue: s.NewQueue, Media: downloads,
	})
	if err != nil {
		return err
	}
	if s.Reconcilers != nil {
		s.Reconcilers(reconcilers)
	}
	return exportAssets(mgr, &o, s, accounts, found, reconcilers)
}

// addDownloads has files fetched until the manager stops.
func addDownloads(mgr ctrl.Manager, o *Options, s Dependencies) (*media.Downloads, error) {
	if s.Media == nil {
		s.Media = media.NewFetcher(media.Options{AllowPrivateAddresses: o.MediaAllowPrivateAddresses, Clock: waitable(s.Clock)})
	}
	downloads := media.NewDownloads(media.DownloadOptions{Source: s.Media, Clock: waitable(s.Clock), Go: s.Go})
	return downloads, mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		downloads.Close()
		return nil
	}))
}

func (o Options) managerOptions(s Dependencies, metricsOptions metricsserver.Options, found *informers) (ctrl.Options, error) {
	cacheOptions, err := o.cacheOptions(found)
	if err != nil {
		return ctrl.Options{}, err
	}
	return ctrl.Options{
		Scheme: Scheme(), Logger: s.Log, Cache: cacheOptions, NewCache: s.NewCache, Client: uncached(), Metrics: metricsOptions,
		HealthProbeBindAddress: o.ProbeAddress, PprofBindAddress: o.ProfileAddress,
		LeaderElection: o.LeaderElection, LeaderElectionID: o.electionID(),
		LeaderElectionNamespace: o.LeaderElectionNamespace, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &o.LeaderElectionLeaseDuration, RenewDeadline: &o.LeaderElectionRenewDeadline, RetryPeriod: &o.LeaderElectionRetryPeriod,
		GracefulShutdownTimeout: ptr.To(30 * time.Second),
		Controller:              config.Controller{SkipNameValidation: ptr.To(s.SkipNameValidation)},
	}, nil
}

// electionID is one per shard: two deployments with different selectors each have their own leader.
func (o Options) electionID() string {
	if o.LabelSelector == "" {
		return "waba-operator.whatsapp.waba-operator.io"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(o.LabelSelector)) // never fails
	return fmt.Sprintf("waba-operator-%08x.whatsapp.waba-operator.io", h.Sum32())
}
