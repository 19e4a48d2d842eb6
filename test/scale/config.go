// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/waba-operator/waba-operator/test/testenv"
)

// config is what the flags say.
type config struct {
	size

	period    time.Duration
	periods   int
	outage    time.Duration
	throttle  bool
	load      time.Duration
	mostEdits int
	latency   time.Duration
	phases    []string
	json      string
	ranges    string
	// bare makes this process the list-watch client that the operator is compared with.
	bare bool
}

// shortestPeriod is what the operator accepts.
const shortestPeriod = 30 * time.Second

// parse reads the flags.
func parse(args []string) (config, error) {
	cfg := config{
		size: size{accounts: 20, templates: 250, numbers: 2, seed: 1}, period: shortestPeriod, periods: 3, outage: time.Minute,
		load: 15 * time.Second, mostEdits: 10_000, latency: latency, phases: phaseNames(),
	}
	fs := pflag.NewFlagSet("scale", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.IntVar(&cfg.accounts, "accounts", cfg.accounts, "accounts")
	fs.IntVar(&cfg.templates, "templates", cfg.templates, "templates of each account")
	fs.IntVar(&cfg.numbers, "numbers", cfg.numbers, "phone numbers of each account")
	fs.Uint64Var(&cfg.seed, "seed", cfg.seed, "seed of the contents and of the simulator")
	fs.DurationVar(&cfg.period, "period", cfg.period, "time between observations of an account, at least 30s")
	fs.IntVar(&cfg.periods, "periods", cfg.periods, "how many periods the phase steady lasts")
	fs.DurationVar(&cfg.outage, "outage", cfg.outage, "how long the Graph API is degraded")
	fs.BoolVar(&cfg.throttle, "throttle", cfg.throttle,
		"refuse calls for Meta's rate limit too while the Graph API is degraded: the operator observes such an account again after five minutes")
	fs.DurationVar(&cfg.load, "webhook-load", cfg.load, "how long webhooks are sent at each rate")
	fs.IntVar(&cfg.mostEdits, "edits", cfg.mostEdits, "manifests that are edited at most")
	fs.DurationVar(&cfg.latency, "latency", cfg.latency, "time that an answer of the Graph API takes")
	fs.StringSliceVar(&cfg.phases, "phases", cfg.phases, "phases to play, always in this order; cold-start is played in any case")
	fs.StringVar(&cfg.json, "json", cfg.json, "file for the results as JSON")
	fs.StringVar(&cfg.ranges, "ranges", cfg.ranges, "file with the allowed ranges (default: test/scale/ranges.yaml)")
	fs.BoolVar(&cfg.bare, bareFlag, false, "")
	if err := fs.MarkHidden(bareFlag); err != nil {
		return cfg, err
	}
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	if fs.NArg() > 0 {
		return cfg, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return cfg, cfg.complete()
}

// complete checks the flags, and fills in what depends on the repository.
func (c *config) complete() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.accounts >= 1 && c.accounts <= 9999, "--accounts must be 1 to 9999, not %d", c.accounts)
	check(c.templates >= 1 && c.templates <= 5000, "--templates must be 1 to 5000, not %d", c.templates)
	check(c.numbers >= 1 && c.numbers <= 20, "--numbers must be 1 to 20, not %d", c.numbers)
	check(c.period >= shortestPeriod, "--period must be at least %s, not %s", shortestPeriod, c.period)
	check(c.periods >= 1, "--periods must be at least 1, not %d", c.periods)
	check(c.outage > 0, "--outage must be positive")
	check(c.load > 0, "--webhook-load must be positive")
	check(c.mostEdits >= 1, "--edits must be at least 1, not %d", c.mostEdits)
	for _, name := range c.phases {
		check(slices.Contains(phaseNames(), name), "--phases: %q is none of %s", name, strings.Join(phaseNames(), ", "))
	}
	if c.ranges == "" {
		root, err := testenv.Root()
		if err != nil {
			return err
		}
		c.ranges = filepath.Join(root, "test", "scale", "ranges.yaml")
	}
	return errors.Join(errs...)
}

// plays reports whether a phase is wanted.
func (c *config) plays(name string) bool { return name == coldStart || slices.Contains(c.phases, name) }
