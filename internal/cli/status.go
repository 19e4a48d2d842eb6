// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/overview"
)

const statusExamples = `  # Accounts, numbers and templates of this namespace
  kubectl waba status

  # What needs a person, anywhere, the worst first
  kubectl waba status -A --unhealthy

  # One account with everything about it, again whenever something changes
  kubectl waba status acme -o wide --watch

  # For an incident ticket
  kubectl waba status acme -o markdown`

// statusFlags are the flags of status.
type statusFlags struct {
	cluster                                    *clusterFlags
	format                                     string
	everywhere, unhealthy, watch, allTemplates bool
}

func newStatus(streams Streams) *cobra.Command {
	var f statusFlags
	formats := slices.Sorted(maps.Keys(overview.Formats))
	c := &cobra.Command{
		Use:   "status [flags] [WABA …]",
		Short: "Show accounts with all that belongs to them, and what isn't well",
		Long: `Show accounts with their numbers, templates and webhooks, and what of it isn't well, by what the operator last wrote into the
cluster; Meta isn't queried. The severity is what to do: Critical act now, Warning a person has to act, Info it passes by itself,
follows from something else that is shown or is meant so, OK nothing.

Shown are the resources of one namespace and the accounts to which they refer, wherever those are; with names (NAME or
NAMESPACE/NAME) only these accounts. What you may not read is named on the standard error. Templates that need no action are
counted, unless --all-templates lists each.

With --unhealthy it exits with 2 if something needs a person. With --watch it goes on until it is interrupted, and then exits
with 0.`,
		Example: statusExamples,
		RunE: func(c *cobra.Command, accounts []string) error {
			if _, ok := overview.Formats[f.format]; !ok {
				return fmt.Errorf("unknown format %q: use one of %s", f.format, strings.Join(formats, ", "))
			}
			return f.run(c.Context(), streams, accounts)
		},
	}
	flags := c.Flags()
	f.cluster = newClusterFlags(flags)
	flags.StringVarP(&f.format, "output", "o", "tree", "format: "+strings.Join(formats, ", "))
	flags.BoolVarP(&f.everywhere, "all-namespaces", "A", false, "look in all namespaces")
	flags.BoolVar(&f.unhealthy, "unhealthy", false, "show only what needs a person, the worst first, and exit with 2 if there is something")
	flags.BoolVarP(&f.watch, "watch", "w", false, "show it again whenever something changes")
	flags.BoolVar(&f.allTemplates, "all-templates", false, "list every template instead of counting those that need no action")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	return c
}

func (f *statusFlags) run(ctx context.Context, streams Streams, accounts []string) error {
	selection := overview.Selection{Accounts: accounts}
	if !f.everywhere {
		namespace, err := f.cluster.namespace()
		if err != nil {
			return err
		}
		selection.Namespace = namespace
	}
	view := &statusView{statusFlags: f, Streams: streams, namespace: selection.Namespace}
	if f.watch {
		return f.follow(ctx, view, selection)
	}
	cluster, err := f.cluster.client()
	if err != nil {
		return err
	}
	o, err := overview.Gather(ctx, cluster, selection, clock.RealClock{}.Now())
	if err != nil {
		return err
	}
	view.explain(o)
	if err := view.write(streams.Out, o); err != nil {
		return err
	}
	if f.unhealthy && len(o.Problems().Problems) > 0 {
		return errFound
	}
	return nil
}

func (f *statusFlags) follow(ctx context.Context, view *statusView, selection overview.Selection) error {
	cluster, err := f.cluster.watcher()
	if err != nil {
		return err
	}
	w := &overview.Watcher{Client: cluster, Selection: selection, Clock: clock.RealClock{}, Show: view.show, Note: view.note}
	return w.Run(ctx)
}

// statusView writes overviews, and remembers the last one.
type statusView struct {
	*statusFlags
	Streams

	namespace string
	explained bool
	// last is what was written last, and at what time it was so.
	last []byte
	at   metav1.Time
}

// note writes a line beside the output.
func (v *statusView) note(text string) { _, _ = fmt.Fprintln(v.Err, "note:", text) }

// explain says once why there is nothing, or not everything.
func (v *statusView) explain(o *overview.Overview) {
	if v.explained {
		return
	}
	v.explained = true
	if len(o.Unreadable) > 0 {
		v.note("you may not read " + strings.Join(o.Unreadable, ", ") + ": what is shown is incomplete")
	}
	if len(o.Accounts) == 0 {
		place := "any namespace"
		if v.namespace != "" {
			place = "namespace " + v.namespace
		}
		v.note("no resource of waba-operator in " + place)
	}
}

// write writes one overview.
func (v *statusView) write(w io.Writer, o *overview.Overview) error {
	format, opts := overview.Formats[v.format], overview.Options{AllTemplates: v.allTemplates, Colour: v.colour(), Stream: v.watch}
	if v.unhealthy {
		return format.Problems(w, o.Problems(), opts)
	}
	return format.Overview(w, o, opts)
}

// newScreen begins a terminal's screen anew.
const newScreen = "\x1b[H\x1b[2J"

// show writes an overview that is watched: on a terminal over the last one, else below it, and only if more than ages changed.
func (v *statusView) show(o *overview.Overview) error {
	v.explain(o)
	text := v.format == "tree" || v.format == "wide" || v.format == "markdown"
	redraw := v.OutTerminal && text
	var out bytes.Buffer
	if v.last != nil && !redraw {
		same := *o
		same.Time = v.at
		if err := v.write(&out, &same); err != nil {
			return err
		}
		if bytes.Equal(out.Bytes(), v.last) {
			return nil
		}
		out.Reset()
	}
	if err := v.write(&out, o); err != nil {
		return err
	}
	v.last, v.at = bytes.Clone(out.Bytes()), o.Time
	switch {
	case redraw:
		_, _ = io.WriteString(v.Out, newScreen)
	case text:
		_, _ = fmt.Fprintf(v.Out, "--- %s\n", o.Time.UTC().Format(time.RFC3339))
	}
	_, err := v.Out.Write(out.Bytes())
	return err
}
