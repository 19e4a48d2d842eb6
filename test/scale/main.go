// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command scale plays the operator's life with many resources, and measures what it costs: `make scale`, `make scale-large`. It runs a real
// API server, the simulator of Meta's Graph API, and the operator as a process of its own. Each value is compared with a floor that was
// measured in the same run, and with the ranges that are committed in ranges.yaml. docs/scale.md explains the table.
//
// The benchmarks of this package, `make bench`, measure single questions.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// interrupted is the exit code of a run that was stopped before its end, as shells have it for SIGINT.
const interrupted = 130

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	err := command(ctx, os.Args[1:])
	code := 0
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "scale: interrupted before its end")
		code = interrupted
	default:
		fmt.Fprintln(os.Stderr, "scale:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// command runs the suite, or what it started itself as.
func command(ctx context.Context, args []string) error {
	cfg, err := parse(args)
	if err != nil {
		return err
	}
	if cfg.bare {
		return listAndReport(ctx, os.Stdout)
	}
	limits, err := readRanges(cfg.ranges)
	if err != nil {
		return err
	}
	r, err := run(ctx, cfg)
	if r == nil {
		return err
	}
	compared := limits.compare(r)
	r.Compared = compared
	fmt.Print(render(r))
	if cfg.json != "" {
		err = errors.Join(err, writeJSON(cfg.json, r))
	}
	return errors.Join(err, failure(compared))
}
