// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command graphsim serves the simulator of Meta's Graph API, to try manifests without an account at Meta.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "graphsim:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

type settings struct {
	address, seedFile    string
	seed, unknown        int64
	reviewDelay, latency time.Duration
	maxPageSize          int
	verbose              bool
	webhooks, plain      bool
	nasty                bool
}

func parse(args []string, out io.Writer) (settings, error) {
	var c settings
	set := flag.NewFlagSet("graphsim", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&c.address, "address", "127.0.0.1:8099", "where to listen; the admin API has no authentication, so keep it private")
	set.StringVar(&c.seedFile, "seed-file", "", "JSON file with apps, tokens and accounts; empty: the built-in demo account")
	set.Int64Var(&c.seed, "seed", 1, "seed of ids and of everything that Meta decides one way or the other")
	set.DurationVar(&c.reviewDelay, "review-delay", 20*time.Second, "how long a template or a display name is in review; 0: decided at once, negative: only by /_sim/decide")
	set.DurationVar(&c.latency, "latency", 0, "delay of every answer")
	set.Int64Var(&c.unknown, "unknown", 0, "seed of the unknown mode, in which Meta does what no document lists; 0: off")
	set.IntVar(&c.maxPageSize, "max-page-size", 250, "most templates on one page")
	set.BoolVar(&c.webhooks, "webhooks", false, "verify callbacks, and send events in the background")
	set.BoolVar(&c.plain, "plain-callbacks", false, "allow callbacks with http, such as http://127.0.0.1:8080/…")
	set.BoolVar(&c.nasty, "nasty-webhooks", false, "repeat, shuffle, batch and misplace events as badly as Meta does")
	set.BoolVar(&c.verbose, "v", false, "log every call, without secrets")
	if err := set.Parse(args); err != nil {
		return c, err
	}
	if set.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return c, nil
}

func build(c settings) (*graphsim.Simulator, error) {
	options := []graphsim.Option{
		graphsim.WithClock(graphsim.NewOffsetClock(clock.RealClock{})), graphsim.WithSeed(c.seed),
		graphsim.WithReviewDelay(c.reviewDelay), graphsim.WithNameReviewDelay(c.reviewDelay),
		graphsim.WithLatency(c.latency), graphsim.WithMaxPageSize(c.maxPageSize),
	}
	if c.unknown != 0 {
		options = append(options, graphsim.WithUnknownMode(c.unknown))
	}
	if c.webhooks {
		options = append(options, graphsim.WithWebhooks())
	}
	if c.plain {
		options = append(options, graphsim.WithPlainCallbacks())
	}
	if c.nasty {
		options = append(options, graphsim.WithWebhookHabits(graphsim.NastyHabits()))
	}
	if c.verbose {
		handler := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.Level(-1)})
		options = append(options, graphsim.WithLog(logr.FromSlogHandler(handler)))
	}
	sim := graphsim.New(options...)
	if c.seedFile == "" {
		return sim, sim.LoadDemo()
	}
	raw, err := os.ReadFile(c.seedFile)
	if err != nil {
		return nil, err
	}
	return sim, sim.Load(raw)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	c, err := parse(args, out)
	if err != nil {
		return err
	}
	sim, err := build(c)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	describe(out, sim, "http://"+listener.Addr().String(), c.seedFile == "")
	if c.webhooks {
		defer sim.StartDelivery(ctx)()
	}
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(last)
}

// describe prints what is served. Token values are printed for the demo only, where they are made up and public.
func describe(out io.Writer, sim *graphsim.Simulator, base string, demo bool) {
	_, _ = fmt.Fprintf(out, "Graph API simulator: %s (admin API: %s/_sim/state)\n", base, base)
	for _, a := range sim.Summaries() {
		_, _ = fmt.Fprintf(out, "  account %s  %s: %d numbers, %d templates\n", a.ID, a.Name, a.Numbers, a.Templates)
	}
	for _, name := range sim.TokenNames() {
		_, _ = fmt.Fprintf(out, "  token %s\n", name)
	}
	if demo {
		_, _ = fmt.Fprintf(out, "  try: curl -H 'Authorization: Bearer graphsim-demo-token' %s/v25.0/102290129340398/message_templates\n", base)
	}
}
