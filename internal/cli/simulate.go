// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

const simulateExamples = `  # An account that is made up, until Ctrl-C
  kubectl waba simulate

  # Templates are decided at once, and Meta does what no document lists
  kubectl waba simulate --review-delay 0s --unknown 7`

// simulation are the flags of simulate.
type simulation struct {
	address, seedFile              string
	seed, unknown                  int64
	reviewDelay, latency           time.Duration
	maxPageSize                    int
	webhooks, plain, nasty, logged bool
	callbacks                      map[string]string
}

func newSimulate(streams Streams) *cobra.Command {
	var s simulation
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulator of Meta's Graph API, to try manifests without an account at Meta",
		Long: `Serve a simulator of Meta's Graph API, to try manifests without an account at Meta: an operator, and the other commands, reach
it by --graph-base-url. It keeps everything in memory, sends nothing to Meta or to phones, and has Meta's habits: reviews take
time, names stay locked, edits are counted, and what is read back differs from what was sent.

It runs until it is interrupted, and then exits with 0.`,
		Example: simulateExamples,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return s.run(c, streams) },
	}
	s.bind(c.Flags())
	return c
}

func (s *simulation) bind(flags *pflag.FlagSet) {
	flags.StringVar(&s.address, "address", "127.0.0.1:8099", "where to listen; the admin API below /_sim has no authentication, so keep it private")
	flags.StringVar(&s.seedFile, "seed-file", "", "JSON file with apps, tokens and accounts; absent: the built-in demo account")
	flags.Int64Var(&s.seed, "seed", 1, "seed of ids and of everything that Meta decides one way or the other")
	flags.DurationVar(&s.reviewDelay, "review-delay", 20*time.Second,
		"how long a template or a display name is in review; 0s: decided at once, negative: only by /_sim/decide")
	flags.DurationVar(&s.latency, "latency", 0, "delay of every answer")
	flags.Int64Var(&s.unknown, "unknown", 0, "seed of the unknown mode, in which Meta does what no document lists; 0: off")
	flags.IntVar(&s.maxPageSize, "max-page-size", 250, "most templates on one page")
	flags.BoolVar(&s.webhooks, "webhooks", false, "verify callbacks, and send events in the background")
	flags.BoolVar(&s.plain, "plain-callbacks", false, "allow callbacks with http, such as http://127.0.0.1:8080/…")
	flags.StringToStringVar(&s.callbacks, "map-callback", nil,
		"reach the callbacks of a host at another address, as HOST=URL: hooks.acme.example=http://127.0.0.1:8082")
	flags.Lookup("map-callback").DefValue = "" // none, which pflag shows as []
	flags.BoolVar(&s.nasty, "nasty-webhooks", false, "repeat, shuffle, batch and misplace events as badly as Meta does")
	flags.BoolVarP(&s.logged, "verbose", "v", false, "log every call, without secrets")
}

func (s *simulation) run(c *cobra.Command, streams Streams) error {
	sim, err := s.simulator(streams.Err)
	if err != nil {
		return err
	}
	ctx := c.Context()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	if err := s.describe(streams.Out, sim, listener.Addr()); err != nil {
		return err
	}
	if s.webhooks {
		defer sim.StartDelivery(ctx)()
	}
	return sim.Serve(ctx, listener)
}

func (s *simulation) simulator(log io.Writer) (*graphsim.Simulator, error) {
	options := []graphsim.Option{
		graphsim.WithClock(graphsim.NewOffsetClock(clock.RealClock{})), graphsim.WithSeed(s.seed),
		graphsim.WithReviewDelay(s.reviewDelay), graphsim.WithNameReviewDelay(s.reviewDelay),
		graphsim.WithLatency(s.latency), graphsim.WithMaxPageSize(s.maxPageSize),
	}
	if s.unknown != 0 {
		options = append(options, graphsim.WithUnknownMode(s.unknown))
	}
	if s.webhooks {
		options = append(options, graphsim.WithWebhooks())
	}
	if s.plain {
		options = append(options, graphsim.WithPlainCallbacks())
	}
	if s.nasty {
		options = append(options, graphsim.WithWebhookHabits(graphsim.NastyHabits()))
	}
	if s.logged {
		handler := slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.Level(-1)})
		options = append(options, graphsim.WithLog(logr.FromSlogHandler(handler)))
	}
	sim := graphsim.New(options...)
	for host, base := range s.callbacks {
		if u, err := url.Parse(base); err != nil || host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return nil, fmt.Errorf("--map-callback must be HOST=URL, such as hooks.acme.example=http://127.0.0.1:8082, not %q", host+"="+base)
		}
		sim.MapCallback(host, base)
	}
	if s.seedFile == "" {
		return sim, sim.LoadDemo()
	}
	raw, err := os.ReadFile(s.seedFile)
	if err != nil {
		return nil, fmt.Errorf("--seed-file: %w", err)
	}
	if err := sim.Load(raw); err != nil {
		return nil, fmt.Errorf("--seed-file: %s: %w", s.seedFile, err)
	}
	return sim, nil
}

// describe says what is served and how to use it. Values of tokens are shown for the demo only, where they are made up and public.
func (s *simulation) describe(out io.Writer, sim *graphsim.Simulator, address net.Addr) error {
	base, everywhere := local(address)
	text := fmt.Sprintf("Simulator of Meta's Graph API: %s (admin API: %s/_sim/state)\n", base, base)
	if everywhere {
		text += "It listens on all addresses of this machine, without authentication: clients in its network can use it, admin API included.\n"
	}
	accounts := sim.Summaries()
	for _, a := range accounts {
		text += fmt.Sprintf("  account %s  %s: %d numbers, %d templates\n", a.ID, a.Name, a.Numbers, a.Templates)
	}
	for _, name := range sim.TokenNames() {
		text += fmt.Sprintf("  token %s\n", name)
	}
	token := "…"
	if s.seedFile == "" {
		token = graphsim.DemoToken
	}
	text += "\nIn another shell:\n" +
		fmt.Sprintf("  export %s=%s\n", envAccessToken, token) +
		fmt.Sprintf("  kubectl waba export %s --graph-base-url %s\n", firstAccount(accounts), base) +
		fmt.Sprintf("  kubectl waba plan --no-cluster --graph-base-url %s manifests/\n", base) +
		"\nAn operator on this machine takes the same --graph-base-url.\nCtrl-C ends it.\n"
	_, err := io.WriteString(out, text)
	return err
}

// local is where this machine reaches a listener. Commands accept http on the loopback interface only, so it names that one
// for a listener on all addresses, which it reports.
func local(address net.Addr) (base string, everywhere bool) {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return "http://" + address.String(), false
	}
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port)), true
}

// firstAccount is the account that the command to try names.
func firstAccount(accounts []graphsim.Summary) string {
	if len(accounts) == 0 {
		return "ACCOUNT"
	}
	return accounts[0].ID
}
