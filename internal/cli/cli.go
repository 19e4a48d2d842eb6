// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is kubectl-waba: its commands, their flags and what they print.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/utils/clock"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/waba-operator/waba-operator/internal/terminal"
)

// Exit codes of every command.
const (
	// ExitOK: it worked, and found nothing to report.
	ExitOK = 0
	// ExitFailed: it didn't work: bad input, something that can't be read, a call that failed. One line on stderr says why.
	ExitFailed = 1
	// ExitFound: it worked, and found what it searches for.
	ExitFound = 2
)

// errFound ends a command that found something and has said so already.
var errFound = errors.New("found")

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTerminal and ErrTerminal say that the output is a terminal: colour and moving text are for terminals only.
	OutTerminal, ErrTerminal bool
	// OutWidth returns how many columns the terminal of Out has; nil is any number.
	OutWidth func() int
	// Clock is the time; nil is the real one.
	Clock clock.WithTicker
}

// FileStreams are files that may be terminals.
func FileStreams(in, out, err *os.File) Streams {
	return Streams{
		In: in, Out: out, Err: err, OutTerminal: isTerminal(out), ErrTerminal: isTerminal(err),
		OutWidth: func() int {
			columns, _, err := term.GetSize(int(out.Fd()))
			if err != nil {
				return 0
			}
			return columns
		},
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// colour reports whether to colour what goes to Out (https://no-color.org).
func (s Streams) colour() bool { return s.OutTerminal && os.Getenv("NO_COLOR") == "" }

// width is how many columns a line of Out may take, 0 for any number.
func (s Streams) width() int {
	if !s.OutTerminal || s.OutWidth == nil {
		return 0
	}
	return max(0, s.OutWidth())
}

func (s Streams) clock() clock.WithTicker {
	if s.Clock == nil {
		return clock.RealClock{}
	}
	return s.Clock
}

// Run runs the command that args name, and returns its exit code.
func Run(ctx context.Context, version string, s Streams, args []string) int {
	ctrllog.SetLogger(logr.Discard()) // commands report what matters themselves
	root := New(version, s)           //nolint:contextcheck // cobra hands the context to the commands
	root.SetArgs(args)
	err := checkArguments(args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errFound):
		return ExitFound
	default:
		_, _ = fmt.Fprintln(s.Err, "error:", terminal.Plain(strings.ReplaceAll(withoutTokens(err.Error()), "\n", "; ")))
		return ExitFailed
	}
}

// New returns the root command.
func New(version string, s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-waba",
		Short: "WhatsApp Business assets in Kubernetes, on the command line",
		Long: `The companion of waba-operator. Every command exits with 0 when it worked and has nothing to report,
with 1 when it didn't work, and with 2 when it found what it looks for.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl waba"},
		Args:          unknownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(unknownFlag)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	fitHelp(root, s.width())
	root.AddCommand(
		newCopy(version, s), newDoctor(version, s), newExport(version, s), newLint(s), newMigrate(version, s), newPlan(version, s), newReport(version, s), newSimulate(s), newStatus(s), newVersion(version, s),
	)
	root.AddCommand(newActions(s)...)
	completions(root)
	root.SetUsageFunc(groupedUsage(root.UsageFunc(), s.width()))
	separateTokens(root)
	return root
}

// unknownCommand says what to write instead of arguments that name no command.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	if suggestions := root.SuggestionsFor(args[0]); len(suggestions) > 0 {
		meant = ", did you mean " + strings.Join(suggestions, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q%s; see '%s --help'", args[0], meant, root.CommandPath())
}

// unknownFlag says where the flags are that can be written.
func unknownFlag(c *cobra.Command, err error) error {
	return fmt.Errorf("%w; see '%s --help'", err, c.CommandPath())
}
