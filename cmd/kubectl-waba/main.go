// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-waba is the companion of waba-operator on the command line; as a plugin kubectl finds it by its name.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/waba-operator/waba-operator/internal/build"
	"github.com/waba-operator/waba-operator/internal/cli"
)

// version is set by the linker; see build.Version.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, build.Version(version), cli.FileStreams(os.Stdin, os.Stdout, os.Stderr), os.Args[1:])
	stop()
	os.Exit(code)
}
