// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command shared runs a command, such as `go test ./...`, with one API server for all test packages that don't need one of their
// own: go run ./test/testenv/shared go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/waba-operator/waba-operator/test/testenv"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: shared command [argument ...]")
		os.Exit(2)
	}
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "shared:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run returns the command's exit code. An interrupt from the keyboard reaches the command, too; the server goes when that has ended.
func run(command []string) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env, err := testenv.New(testenv.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // what to run is the caller's
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), testenv.SharedVariable+"="+env.KubeconfigFile)
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return max(failed.ExitCode(), 1), nil
	}
	return 0, err
}
