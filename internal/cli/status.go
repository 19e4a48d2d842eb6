// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/waba-operator/waba-operator/internal/overview"
)

const statusExamples = `  # Accounts, numbers and templates of this namespace
  kubectl waba status

  # Problems in all namespaces, the worst first
  kubectl waba status -A --unhealthy

  # One account with all columns, until the command is interrupted
  kubectl waba status acme -o wide --watch

  # For an incident ticket
  kubectl waba status acme -o markdown`

// statusFlags are the flags of status.
type statusFlags struct {
	cluster                      *clusterFlags
	format, selector             string
	formatted                    overview.Format
	everywhere, unhealthy, watch bool
	allTemplates, noHeaders      bool
}

func newStatus(streams Streams) *cobra.Command {
	var f statusFlags
	c := &cobra.Command{
		Use:   "status [flags] [WABA …]",
		Short: "Show accounts with their resources and problems",
		Long: `Show accounts with their numbers, templates, webhooks and problems. The command reads the cluster, which has what the operator
last observed; it makes no call to Meta. The severity says how urgent a problem is:

  Critical  act now
  Warning   nothing gets better until you act
  Info      it resolves by itself, follows from another problem, or is intended
  OK        nothing to do

By default it shows the resources of one namespace, below the accounts to which they refer in any namespace. Name accounts (NAME
or NAMESPACE/NAME) to see only these. A note on the standard error lists what you may not read. Templates without problems are
counted; --all-templates lists each. On a narrow terminal, columns are left out and texts are cut.

With --unhealthy, the exit code is 2 if there are problems. With --watch, the command runs until it is interrupted.`,
		Example: statusExamples,
		RunE: func(c *cobra.Command, accounts []string) error {
			var err error
			if f.formatted, err = formatOf(f.format, overview.Formats); err != nil {
				return err
			}
			return f.run(c.Context(), streams, accounts)
		},
	}
	flags := c.Flags()
	f.cluster = newClusterFlags(flags)
	bindFormat(c, &f.format, "tree", overview.Formats)
	flags.StringVarP(&f.selector, "selector", "l", "", "show only resources with these labels, such as team=shop, and the accounts to which they refer")
	flags.BoolVar(&f.noHeaders, "no-headers", false, "leave out the names of the columns, and the summary")
	flags.BoolVarP(&f.everywhere, "all-namespaces", "A", false, "show the resources of all namespaces")
	flags.BoolVar(&f.unhealthy, "unhealthy", false, "show only problems, the worst first, and exit with 2 if there are any")
	flags.BoolVarP(&f.watch, "watch", "w", false, "show changes until the command is interrupted")
	flags.BoolVar(&f.allTemplates, "all-templates", false, "list every template, instead of counting those without problems")
	return c
}

func (f *statusFlags) run(ctx context.Context, streams Streams, accounts []string) error {
	selection := overview.Selection{Accounts: accounts}
	if f.selector != "" {
		selector, err := labels.Parse(f.selector)
		if err != nil {
			return fmt.Errorf("--selector must be labels such as team=shop or team in (shop,crm): %w", err)
		}
		selection.Labels = selector
	}
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
	progress := &progress{Streams: streams}
	progress.begin("reading the cluster")
	o, err := overview.Gather(ctx, cluster, selection, streams.clock().Now())
	progress.end()
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
	w := &overview.Watcher{Client: cluster, Selection: selection, Clock: view.clock(), Show: view.show, Note: view.note}
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
	opts := overview.Options{
		AllTemplates: v.allTemplates, Namespace: v.namespace, NoHeadings: v.noHeaders, Colour: v.colour(), Width: v.width(), Stream: v.watch,
	}
	if v.unhealthy {
		return v.formatted.Problems(w, o.Problems(), opts)
	}
	return v.formatted.Overview(w, o, opts)
}

// newScreen begins a terminal's screen anew.
const newScreen = "\x1b[H\x1b[2J"

// show writes an overview that is watched: on a terminal over the last one, else below it, and only if more than ages changed.
func (v *statusView) show(o *overview.Overview) error {
	v.explain(o)
	text := v.format != "json" && v.format != "yaml"
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
