// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/internal/terminal"
)

// fitHelp makes the help of a command and its subcommands fit a terminal; 0 is any width. Examples stay as they are.
func fitHelp(root *cobra.Command, width int) {
	if width == 0 {
		return
	}
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.Long = reflow(c.Long, width)
		help(c, args)
	})
}

// reflow breaks the lines of paragraphs anew. An indented line is one by itself.
func reflow(text string, width int) string {
	var out []string
	paragraph := ""
	end := func() {
		if paragraph != "" {
			out = append(out, terminal.Wrap(paragraph, width)...)
			paragraph = ""
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			end()
			out = append(out, line)
			continue
		}
		paragraph = strings.TrimPrefix(paragraph+" "+line, " ")
	}
	end()
	return strings.Join(out, "\n")
}
