// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command release makes what a release consists of and a compiler doesn't, without a Docker daemon:
//
//	release image -program waba-operator -version v1.2.3 -revision SHA -created 1700000000 -out DIR BINARY-amd64 BINARY-arm64
//	release sbom -version v1.2.3 BINARY >FILE
//	release roots >FILE
//	release check -program waba-operator -version v1.2.3 DIR
//	release push DIR REFERENCE
//
// image writes an OCI image layout for both platforms, sbom what a binary is made of, roots the certificates that the image
// has. check judges a layout as a user would find it, and push sends it to a registry.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// options are the flags of all commands.
type options struct {
	program, version, revision, created, out string
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("name a command: image, sbom, roots, check or push")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&o.program, "program", "waba-operator", "what the image runs: waba-operator or kubectl-waba")
	flags.StringVar(&o.version, "version", "", "version of the release, such as v1.2.3")
	flags.StringVar(&o.revision, "revision", "", "commit of the release")
	flags.StringVar(&o.created, "created", "0", "time of the commit, in seconds since 1970: the same commit makes the same image")
	flags.StringVar(&o.out, "out", "", "directory of the layout; it must not exist")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	runs, err := programNamed(o.program)
	if err != nil {
		return err
	}
	rest := flags.Args()
	switch {
	case args[0] == "image" && len(rest) == len(platforms):
		created, err := strconv.ParseInt(o.created, 10, 64)
		if err != nil {
			return fmt.Errorf("-created: %w", err)
		}
		return writeLayout(o.out, facts{program: runs, version: o.version, revision: o.revision, created: time.Unix(created, 0).UTC()}, rest)
	case args[0] == "sbom" && len(rest) == 1:
		return writeSBOM(ctx, out, rest[0], o.version)
	case args[0] == "roots" && len(rest) == 0:
		_, err := out.Write(roots())
		return err
	case args[0] == "check" && len(rest) == 1:
		return check(ctx, out, rest[0], runs, o.version)
	case args[0] == "push" && len(rest) == 2:
		return push(ctx, out, rest[0], rest[1])
	}
	return fmt.Errorf("unknown command or wrong number of arguments: %v", args)
}
