// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/waba-operator/waba-operator/internal/operator"
)

const password = "a-password-in-an-address"

// optionCase is one set of options.
type optionCase struct {
	name   string
	change func(*operator.Options)
	want   string // part of the error; empty for none
}

func checkOptions(t *testing.T, cases []optionCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			o := operator.DefaultOptions()
			tc.change(&o)
			err := o.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password is repeated: %v", err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	checkOptions(t, []optionCase{
		{"defaults", func(*operator.Options) {}, ""},
		{"simulator on this machine", func(o *operator.Options) { o.GraphBaseURL = "http://127.0.0.1:8099" }, ""},
		{"clear text elsewhere", func(o *operator.Options) { o.GraphBaseURL = "http://graph.example" }, "must begin with https://"},
		{"token in the URL", func(o *operator.Options) { o.GraphBaseURL = "https://a:b@graph.example" }, "must not contain user information"},
		{"version", func(o *operator.Options) { o.GraphAPIVersion = "25" }, "must look like v25.0"},
		{"interval", func(o *operator.Options) { o.ObservationInterval = time.Second }, "at least 30s"},
		{"page", func(o *operator.Options) { o.PageSize = 1000 }, "1 to 250"},
		{"concurrency", func(o *operator.Options) { o.Concurrency = 0 }, "at least 1"},
		{"selector", func(o *operator.Options) { o.LabelSelector = "a=b=c" }, "--watch-label-selector"},
		{"log level that would print Secrets", func(o *operator.Options) { o.LogLevel = 8 }, "0 to 5"},
		{"receiver alone", func(o *operator.Options) { o.Controllers = false }, ""},
		{"nothing at all", func(o *operator.Options) { o.Controllers, o.WebhookAddress = false, "0" }, "--controllers=false leaves nothing to do"},
		{"receiver as leader", func(o *operator.Options) { o.Controllers, o.LeaderElection = false, true }, "needs no --leader-elect"},
		{"slow lease", func(o *operator.Options) {
			o.LeaderElectionLeaseDuration, o.LeaderElectionRenewDeadline, o.LeaderElectionRetryPeriod = 60*time.Second, 40*time.Second, 5*time.Second
		}, ""},
		{"lease that ends first", func(o *operator.Options) { o.LeaderElectionLeaseDuration = 10 * time.Second }, "must be longer than --leader-election-renew-deadline: 10s, 10s"},
		{"one attempt to renew", func(o *operator.Options) {
			o.LeaderElectionRenewDeadline, o.LeaderElectionRetryPeriod = 12*time.Second, 10*time.Second
		}, "must be longer than 1.2 times --leader-election-retry-period: 12s, 10s"},
		{"attempts without a pause", func(o *operator.Options) { o.LeaderElectionRetryPeriod = 0 }, "--leader-election-retry-period must be positive"},
		{"reviews too often", func(o *operator.Options) { o.MinObservationInterval = 10 * time.Second }, "--min-observation-interval must be at least 30s, not 10s"},
		{"no longer intervals", func(o *operator.Options) { o.MaxObservationInterval = 0 }, ""},
		{"profiles", func(o *operator.Options) { o.ProfileAddress = "127.0.0.1:6060" }, ""},
		{"profiles by IPv6", func(o *operator.Options) { o.ProfileAddress = "[::1]:6060" }, ""},
		{"profiles by name", func(o *operator.Options) { o.ProfileAddress = "localhost:6060" }, ""},
		{"no profiles", func(o *operator.Options) { o.ProfileAddress = "0" }, ""},
		{"profiles for all", func(o *operator.Options) { o.ProfileAddress = ":6060" }, "--pprof-bind-address must be a loopback address"},
		{"profiles of the Pod's address", func(o *operator.Options) { o.ProfileAddress = "10.0.0.7:6060" }, "kubectl port-forward"},
		{"profiles without a port", func(o *operator.Options) { o.ProfileAddress = "127.0.0.1" }, "such as 127.0.0.1:6060"},
		{"log format", func(o *operator.Options) { o.LogFormat = "xml" }, "json or console"},
	})
}

// hooked are options with a change of those about webhooks.
func hooked(name, want string, change func(*operator.WebhookOptions)) optionCase {
	return optionCase{name, func(o *operator.Options) { change(&o.WebhookOptions) }, want}
}

func addressed(name, want, url string) optionCase {
	return hooked(name, want, func(o *operator.WebhookOptions) { o.WebhookURL = url })
}

func relayed(name, want string, targets ...string) optionCase {
	return hooked(name, want, func(o *operator.WebhookOptions) { o.WebhookRelay = targets })
}

func TestWebhookOptions(t *testing.T) {
	checkOptions(t, []optionCase{
		hooked("off", "", func(o *operator.WebhookOptions) { o.WebhookAddress = "0" }),
		hooked("any port of this machine", "", func(o *operator.WebhookOptions) { o.WebhookAddress = "127.0.0.1:0" }),
		hooked("port alone", "such as :8082", func(o *operator.WebhookOptions) { o.WebhookAddress = "8082" }),

		addressed("public address", "", "https://hooks.acme.example"),
		addressed("port and path", "", "https://hooks.acme.example:8443/meta/"),
		addressed("clear text", "--webhook-url must be an https address", "http://hooks.acme.example"),
		addressed("no scheme", "--webhook-url", "hooks.acme.example"),
		addressed("no host", "--webhook-url", "https:///meta"),
		addressed("query", "--webhook-url", "https://hooks.acme.example/?token="+password),
		addressed("empty query", "--webhook-url", "https://hooks.acme.example?"),
		addressed("fragment", "--webhook-url", "https://hooks.acme.example/#a"),
		addressed("user", "--webhook-url", "https://me:"+password+"@hooks.acme.example"),
		addressed("plus", "--webhook-url", "https://hooks.acme.example/a+b"),
		addressed("not an address", "--webhook-url", "https://hooks.acme.example:http"),

		hooked("TLS", "", func(o *operator.WebhookOptions) { o.WebhookCertFile, o.WebhookKeyFile = "tls.crt", "tls.key" }),
		hooked("mTLS", "", func(o *operator.WebhookOptions) {
			o.WebhookCertFile, o.WebhookKeyFile, o.WebhookClientCAFile = "tls.crt", "tls.key", "ca.crt"
		}),
		hooked("certificate alone", "go together", func(o *operator.WebhookOptions) { o.WebhookCertFile = "tls.crt" }),
		hooked("key alone", "go together", func(o *operator.WebhookOptions) { o.WebhookKeyFile = "tls.key" }),
		hooked("client certificates without TLS", "--webhook-client-ca-file needs --webhook-cert-file", func(o *operator.WebhookOptions) {
			o.WebhookClientCAFile = "ca.crt"
		}),

		relayed("relay of all", "", "https://bot.acme.example/wa"),
		relayed("relay of some", "", "messages,calls=https://bot.acme.example/wa", "https://archive.acme.example"),
		relayed("relay on this machine", "", "http://127.0.0.1:9000"),
		relayed("relay in clear text", "--webhook-relay: relay target 2: the address must begin with https://", "https://a.example", "http://b.example"),
		relayed("relay nowhere", "--webhook-relay", "messages="),
		relayed("relay of no field", "is no field", "Messages!=https://bot.acme.example"),
		relayed("relay with a password", "user name", "https://me:"+password+"@bot.acme.example"),
		relayed("relay twice", "twice", "messages=https://bot.acme.example", "calls=https://bot.acme.example"),
		hooked("memory for the relay", "at least 1048576", func(o *operator.WebhookOptions) { o.WebhookRelayMemory = 1000 }),
	})
}

// TestAllProblemsAtOnce: who has three flags wrong needn't start the operator three times.
func TestAllProblemsAtOnce(t *testing.T) {
	o := operator.DefaultOptions()
	o.PageSize, o.WebhookURL, o.WebhookKeyFile = 0, "http://hooks.acme.example", "tls.key"
	err := o.Validate()
	for _, flag := range []string{"--graph-page-size", "--webhook-url", "--webhook-cert-file"} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s isn't named: %v", flag, err)
		}
	}
}

// TestHelp: every flag is explained, and what the flags set is what is validated.
func TestHelp(t *testing.T) {
	o := operator.DefaultOptions()
	flags := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	o.BindFlags(flags)
	help := flags.FlagUsages()
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Usage == "" || !strings.Contains(help, "--"+f.Name) {
			t.Errorf("--%s isn't explained", f.Name)
		}
	})
	for flag, value := range map[string]string{
		"webhook-bind-address": "127.0.0.1:4711", "webhook-url": "https://hooks.acme.example", "webhook-cert-file": "tls.crt",
		"webhook-key-file": "tls.key", "webhook-client-ca-file": "ca.crt", "webhook-client-name": "somebody.example",
		"webhook-relay": "messages,calls=https://bot.acme.example/wa", "webhook-relay-memory": "2097152",
	} {
		if err := flags.Set(flag, value); err != nil {
			t.Errorf("--%s: %v", flag, err)
		}
	}
	got := o.WebhookOptions
	if got.WebhookAddress != "127.0.0.1:4711" || got.WebhookURL != "https://hooks.acme.example" || got.WebhookCertFile != "tls.crt" ||
		got.WebhookKeyFile != "tls.key" || got.WebhookClientCAFile != "ca.crt" || got.WebhookClientName != "somebody.example" ||
		len(got.WebhookRelay) != 1 || got.WebhookRelayMemory != 2<<20 {
		t.Errorf("the flags set %+v", got)
	}
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
}
