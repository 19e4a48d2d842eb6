// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/internal/lint"
)

const lintExamples = `  # All manifests below a directory
  kubectl waba lint templates/

  # What kubectl apply -k would apply
  kubectl waba lint -k overlays/production

  # What helm would apply
  helm template shop | kubectl waba lint -

  # Annotations in a pull request on GitHub, and warnings count too
  kubectl waba lint --strict -o github templates/`

func newLint() *cobra.Command {
	var (
		format string
		strict bool
		in     inputs
	)
	formats := slices.Sorted(maps.Keys(lint.Formats))
	c := &cobra.Command{
		Use:   "lint [flags] FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short: "Check manifests without a cluster and without Meta",
		Long: `Check manifests without a cluster and without Meta: by the schemas and rules that the API server would apply, by what the
operator checks before it sends a template, and for resources that are about the same asset. Warnings name what Meta tends to
reject. Objects of other projects are left alone.

It exits with 2 if there are errors, with --strict also if there are warnings, and with 1 if something can't be read.`,
		Example: lintExamples,
		Args:    in.args,
		RunE: func(c *cobra.Command, _ []string) error {
			write := lint.Formats[format]
			if write == nil {
				return fmt.Errorf("unknown format %q: use one of %s", format, strings.Join(formats, ", "))
			}
			l, err := lint.New()
			if err != nil {
				return err
			}
			documents, unreadable := in.Read(c.Context(), c.InOrStdin())
			r := l.Check(c.Context(), documents, unreadable)
			if err := write(c.OutOrStdout(), r); err != nil {
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
	c.Flags().StringVarP(&format, "output", "o", "text", "format of the report: "+strings.Join(formats, ", "))
	c.Flags().BoolVar(&strict, "strict", false, "exit with 2 for warnings, too")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	return c
}
