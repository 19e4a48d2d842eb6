// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the operator at work without a cluster and without an account at Meta (`make demo`): it starts a
// Kubernetes API server, the simulator of Meta's Graph API and the real operator, applies config/samples and shows what
// becomes of them. Then it stays up to be explored until it is interrupted.
//
// With DEMO_INSTALL=helm (`make demo-helm`) CRDs and permissions are those that helm installs, and the operator is started
// with the flags and as the service account that the installed Deployment names.
//
// With DEMO_ONCE=1 it ends by itself: with 0 when everything came out as it should, else with 1 and what was missing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the exit code of a demo that was stopped before its end, as shells have it for SIGINT.
const interrupted = 130

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	d := &demo{screen: newScreen(os.Stdout), once: wanted(os.Getenv("DEMO_ONCE"))}
	var err error
	switch install := os.Getenv("DEMO_INSTALL"); install {
	case "", "helm":
		d.helm = install != ""
		err = d.run(ctx)
	default:
		err = fmt.Errorf("DEMO_INSTALL is %q: leave it out, or write helm", install)
	}
	switch {
	case err == nil:
		return
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "demo: interrupted before its end")
		stop()
		os.Exit(interrupted) //nolint:gocritic // stop was called
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

// wanted reads a switch from the environment.
func wanted(value string) bool { return value != "" && value != "0" && value != "false" }
