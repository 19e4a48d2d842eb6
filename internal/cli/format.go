// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// formatAliases are other names of formats.
var formatAliases = map[string]string{"md": "markdown"}

// bindFormat adds the flag that selects one of a command's formats.
func bindFormat[F any](c *cobra.Command, format *string, absent string, formats map[string]F) {
	names := slices.Sorted(maps.Keys(formats))
	c.Flags().StringVarP(format, "output", "o", absent, "output format: "+strings.Join(names, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
}

// formatOf returns the format of that name, or says which names there are.
func formatOf[F any](name string, formats map[string]F) (F, error) {
	format, ok := formats[cmp.Or(formatAliases[name], name)]
	if !ok {
		return format, fmt.Errorf("unknown format %q: use one of %s", name, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	}
	return format, nil
}
