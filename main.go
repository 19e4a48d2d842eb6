// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command waba-operator reconciles WhatsApp Business assets with Meta's WhatsApp Business Management API.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"

	"github.com/waba-operator/waba-operator/internal/build"
	"github.com/waba-operator/waba-operator/internal/operator"
)

// version is set by the linker; see build.Version.
var version string

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "waba-operator:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	options := operator.DefaultOptions()
	flags := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	options.BindFlags(flags)
	showVersion := flags.Bool("version", false, "print the version and end")
	flags.Usage = func() {
		fmt.Fprintf(os.Stderr, "Reconciles WhatsApp Business assets with Meta's WhatsApp Business Management API.\n\n"+
			"Usage:\n  waba-operator [flags]\n\nThe cluster is found as kubectl finds it (KUBECONFIG, or the pod's service account).\n\nFlags:\n%s",
			flags.FlagUsagesWrapped(100))
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *showVersion {
		_, err := fmt.Fprintf(out, "waba-operator %s %s %s/%s\n", build.Version(version), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
	if err := options.Validate(); err != nil {
		return err
	}
	if err := operator.LimitMemory(); err != nil {
		return err
	}
	log := options.Logger(os.Stderr)
	ctrl.SetLogger(log)
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	if options.Check {
		return operator.Check(ctx, cfg, options, out)
	}
	manager, err := operator.NewManager(ctx, cfg, options, operator.Dependencies{
		Log: log, Version: build.Version(version), MetricsFilter: filters.WithAuthenticationAndAuthorization,
	})
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}
