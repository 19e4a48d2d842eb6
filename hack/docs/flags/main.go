// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command flags prints docs/reference/flags.md: the operator's flags as the operator itself knows them. `make docs` runs it.
package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/waba-operator/waba-operator/internal/operator"
)

const head = "<!-- Generated from internal/operator: edit that, then run `make docs`. -->\n\n" +
	"# Flags of the operator\n\n" +
	"`waba-operator --help` prints the same. How they are set: [install](../install.md#set-flags); what they are for:\n" +
	"[operations](../operations.md). A value that can't be used is refused at the start, with a message that says what to write instead.\n\n" +
	"| Flag | Default | Meaning |\n|---|---|---|\n"

func main() {
	options := operator.DefaultOptions()
	flags := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	options.BindFlags(flags)
	var page strings.Builder
	page.WriteString(head)
	escape := strings.NewReplacer("|", `\|`, "<", `\<`)
	flags.VisitAll(func(f *pflag.Flag) {
		value := strings.Trim(f.DefValue, "[]")
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&page, "| `--%s` | %s | %s |\n", f.Name, cmp.Or(value, "none"), escape.Replace(f.Usage))
	})
	if _, err := os.Stdout.WriteString(page.String()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
