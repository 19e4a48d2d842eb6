// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/receiver"
	"github.com/waba-operator/waba-operator/internal/relay"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// WebhookOptions are the flags about the receiver of Meta's webhooks.
type WebhookOptions struct {
	WebhookAddress string
	WebhookURL     string

	WebhookCertFile     string
	WebhookKeyFile      string
	WebhookClientCAFile string
	WebhookClientName   string

	WebhookRelay       []string
	WebhookRelayMemory int64
}

func (o *WebhookOptions) bindWebhookFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.WebhookAddress, "webhook-bind-address", o.WebhookAddress,
		"address at which every replica receives Meta's webhooks, under /webhooks/<id of the Meta app>; 0 switches it off")
	fs.StringVar(&o.WebhookURL, "webhook-url", o.WebhookURL,
		"public address of the receiver, such as https://hooks.acme.example; needed by a WebhookSubscription with delivery: Operator")
	fs.StringVar(&o.WebhookCertFile, "webhook-cert-file", o.WebhookCertFile,
		"certificate of the receiver, read again when it changes; absent: no TLS, for use behind a proxy that ends it")
	fs.StringVar(&o.WebhookKeyFile, "webhook-key-file", o.WebhookKeyFile, "key of that certificate")
	fs.StringVar(&o.WebhookClientCAFile, "webhook-client-ca-file", o.WebhookClientCAFile,
		"authorities that issue Meta's client certificate; with it the receiver demands one (mTLS, switched on per app at Meta)")
	fs.StringVar(&o.WebhookClientName, "webhook-client-name", o.WebhookClientName, "common name of Meta's client certificate")
	fs.StringArrayVar(&o.WebhookRelay, "webhook-relay", o.WebhookRelay,
		"forward verified deliveries to a further address, as in messages,calls=https://bot.acme.example/wa "+
			"(no fields: all; ids of apps among them: of these apps only); may be repeated. Best effort: what waits is lost with the process")
	fs.Int64Var(&o.WebhookRelayMemory, "webhook-relay-memory", o.WebhookRelayMemory, "bytes of deliveries that may wait to be forwarded")
}

// webhookURLPattern allows what spec.app.callbackURL of a WebhookSubscription allows: Meta takes more, but a plus sign would
// arrive as a blank, and a query would end up before the path that is added.
var webhookURLPattern = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$`)

// CheckWebhookURL says what --webhook-url must be, nil where the address will do. Empty, there is no receiver.
func CheckWebhookURL(address string) error {
	if address == "" || webhookURLPattern.MatchString(address) {
		return nil
	}
	return errors.New("--webhook-url must be an https address whose path, if any, has only letters, digits and . _ ~ / -, " +
		"such as https://hooks.acme.example; " + receiver.PathPrefix + " and the id of the Meta app are added to it")
}

// validateWebhooks repeats no addresses but the one to listen at: there may be passwords in them.
func (o *WebhookOptions) validateWebhooks() error {
	var errs []error
	if _, _, err := net.SplitHostPort(o.WebhookAddress); err != nil && o.receives() {
		errs = append(errs, fmt.Errorf("--webhook-bind-address must be an address with a port, such as :8082, or 0 for no receiver, not %q", o.WebhookAddress))
	}
	if err := CheckWebhookURL(o.WebhookURL); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, together("--webhook-cert-file", o.WebhookCertFile, "--webhook-key-file", o.WebhookKeyFile))
	if o.WebhookClientCAFile != "" && o.WebhookCertFile == "" {
		errs = append(errs, errors.New("--webhook-client-ca-file needs --webhook-cert-file: only a TLS server can ask for client certificates"))
	}
	if o.WebhookRelayMemory < 1<<20 {
		errs = append(errs, errors.New("--webhook-relay-memory must be at least 1048576 (1 MiB)"))
	}
	if _, err := relay.ParseTargets(o.WebhookRelay); err != nil {
		errs = append(errs, fmt.Errorf("--webhook-relay: %w", err))
	}
	return errors.Join(errs...)
}

// receives reports whether this process receives webhooks.
func (o *WebhookOptions) receives() bool { return o.WebhookAddress != "" && o.WebhookAddress != "0" }

// ReceiverURL is the public address at which the receiver takes events, without the app's id; "" where there is none.
func (o *WebhookOptions) ReceiverURL() string {
	if o.WebhookURL == "" {
		return ""
	}
	return strings.TrimRight(o.WebhookURL, "/") + receiver.PathPrefix
}

// addReceiver has the manager run the receiver, on every replica.
func addReceiver(ctx context.Context, mgr ctrl.Manager, o *Options, s Dependencies, recorder *metrics.Recorder) error {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return err
	}
	log := s.Log.WithName("receiver")
	writer := facts.NewWriter(facts.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Namespaces: o.Namespaces, Selector: selector,
		Clock: waitable(s.Clock), Log: s.Log.WithName("facts"),
	})
	options := receiver.Options{
		Address: o.WebhookAddress, CertFile: o.WebhookCertFile, KeyFile: o.WebhookKeyFile,
		ClientCAFile: o.WebhookClientCAFile, ClientCommonName: o.WebhookClientName,
		Client: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Parse: webhook.Parse,
		Recorder: writer, Ready: cachesFilled(mgr), Clock: waitable(s.Clock), Log: log, Metrics: recorder,
	}
	targets, err := relay.ParseTargets(o.WebhookRelay)
	if err != nil {
		return err
	}
	run := receiving{}
	if len(targets) > 0 {
		run.relay = relay.New(targets, relay.Options{
			MaxBytes: o.WebhookRelayMemory, Clock: waitable(s.Clock), Log: s.Log.WithName("relay"), Metrics: recorder,
		})
		options.Relay = run.relay
	}
	if run.server, err = receiver.New(options); err != nil {
		return err
	}
	if err := (memoryCleaner{server: run.server, writer: writer, log: log}).watch(ctx, mgr.GetCache()); err != nil {
		return err
	}
	if s.Receiver != nil {
		s.Receiver(run.server)
	}
	return mgr.Add(run)
}

// receiving runs the receiver, and its relay for as long as deliveries may still arrive.
type receiving struct {
	server *receiver.Server
	relay  *relay.Relay // nil without targets
}

// NeedLeaderElection is false: Meta's requests arrive at any replica.
func (receiving) NeedLeaderElection() bool { return false }

// Start runs until the context ends and all that was received is dealt with.
func (r receiving) Start(ctx context.Context) error {
	if r.relay == nil {
		return r.server.Start(ctx)
	}
	relaying, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- r.relay.Start(relaying) }()
	err := r.server.Start(ctx)
	stop()
	return errors.Join(err, <-done)
}

// cachesFilled reports whether the caches are filled, once it is asked. It doesn't wait for them.
func cachesFilled(mgr ctrl.Manager) func(context.Context) bool {
	return func(ctx context.Context) bool {
		ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		return mgr.GetCache().WaitForCacheSync(ctx)
	}
}

// waitable is the clock for what has to wait by itself.
func waitable(c clock.PassiveClock) clock.WithTicker {
	if c, ok := c.(clock.WithTicker); ok {
		return c
	}
	return clock.RealClock{}
}
