// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/internal/lint"
)

const lintExamples = `  # All manifests below a directory
  kubectl waba lint templates/

  # What kubectl apply -k would apply
  kubectl waba lint -k overlays/production

  # What helm would apply
  helm template shop | kubectl waba lint -

  # Annotations in a pull request on GitHub; warnings count as failures, too
  kubectl waba lint --strict -o github templates/`

func newLint(s Streams) *cobra.Command {
	var (
		format string
		strict bool
		in     inputs
	)
	c := &cobra.Command{
		Use:   "lint [flags] FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short: "Check manifests without a cluster and without Meta",
		Long: `Check manifests without a cluster and without calls to Meta. Errors are what the API server would refuse, what the operator
couldn't send to Meta, and resources that describe the same asset. Warnings are what Meta often rejects. Objects of other
projects are ignored.

The exit code is 2 if there are errors, with --strict also if there are warnings, and 1 if something can't be read.`,
		Example: lintExamples,
		Args:    in.args,
		RunE: func(c *cobra.Command, _ []string) error {
			write, err := formatOf(format, lint.Formats)
			if err != nil {
				return err
			}
			l, err := lint.New()
			if err != nil {
				return err
			}
			documents, unreadable := in.Read(c.Context(), c.InOrStdin())
			r := l.Check(c.Context(), documents, unreadable)
			if err := write(c.OutOrStdout(), r, lint.Style{Colour: s.colour()}); err != nil {
				return err
			}
			if err := notRead(unreadable); err != nil {
				return err
			}
			if r.Count(lint.Error) > 0 || strict && r.Count(lint.Warning) > 0 {
				return errFound
			}
			return in.noteNothing(c.ErrOrStderr(), "checked", documents)
		},
	}
	in.bind(c)
	bindFormat(c, &format, "text", lint.Formats)
	c.Flags().BoolVar(&strict, "strict", false, "exit with 2 if there are warnings, too")
	return c
}
