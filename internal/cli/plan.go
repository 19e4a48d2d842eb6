// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/plan"
)

const planExamples = `  # What applying these manifests would change at Meta
  kubectl waba plan templates/

  # What kubectl apply -k would apply, as a comment on a pull request
  kubectl waba plan -o markdown -k overlays/production

  # Without a cluster, as if nothing were managed yet; the token is in WABA_ACCESS_TOKEN
  kubectl waba plan --no-cluster templates/`

// planFlags are those of the command besides cluster's and Meta's.
type planFlags struct {
	format         string
	all, noCluster bool
	webhookURL     string
	createsPerHour int
	in             inputs
	// given reports whether the caller set a flag of this name.
	given func(flag string) bool
}

func newPlan(version string, s Streams) *cobra.Command {
	f := &planFlags{}
	c := &cobra.Command{
		Use:   "plan [flags] FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short: "Show what manifests would change at Meta",
		Long: `Show what manifests would change at Meta if they were applied: create, edit, adopt or nothing, with old and new values, or
the reason for which a change is blocked. The command runs the operator's own code, read-only, on a copy of the cluster's
resources in memory; neither the cluster nor Meta is changed. Resources that are missing from the manifests stay as they are.

The exit code is 2 if something would be written to Meta or is blocked, else 0. It is 1 if any resource can't be planned.`,
		Example: planExamples,
		Args:    f.in.args,
	}
	f.in.bind(c)
	cluster, meta := newClusterFlags(c.Flags()), newGraphFlags(c.Flags())
	defaults := operator.DefaultOptions()
	bindFormat(c, &f.format, "text", plan.Formats)
	c.Flags().BoolVar(&f.all, "all", false, "show resources without changes, too")
	c.Flags().BoolVar(&f.noCluster, "no-cluster", false, "plan without a cluster: every resource counts as new")
	c.Flags().StringVar(&f.webhookURL, "webhook-url", "", "public address of the operator's webhook receiver, as in the operator's flag, for WebhookSubscriptions that send events there (default that of the installed operator)")
	c.Flags().IntVar(&f.createsPerHour, "template-creates-per-hour", defaults.CreatesPerHour, "Meta's limit of new templates per account and hour, as in the operator's flag; the installed operator's goes before the default")
	f.given = c.Flags().Changed
	c.RunE = func(c *cobra.Command, _ []string) error {
		write, err := formatOf(f.format, plan.Formats)
		if err != nil {
			return err
		}
		if err := f.in.checkStdin(meta); err != nil {
			return err
		}
		p, err := f.plan(c.Context(), version, s, cluster, meta)
		if err != nil {
			return err
		}
		if err := write(c.OutOrStdout(), p, plan.Style{All: f.all, Colour: s.colour(), Width: s.width()}); err != nil {
			return err
		}
		if err := p.Problem(); err != nil {
			return err
		}
		if p.Changes() {
			return errFound
		}
		return nil
	}
	return c
}

// options are those of a plan without its manifests.
func (f *planFlags) options(ctx context.Context, version string, s *progress, cluster *clusterFlags, meta *graphFlags) (plan.Options, error) {
	o := plan.Options{
		Scheme: operator.Scheme(), Clock: s.clock(), Accounts: meta.accounts(version, s.call), GraphAPIVersion: meta.version,
		CreatesPerHour: f.createsPerHour, WebhookURL: (&operator.WebhookOptions{WebhookURL: f.webhookURL}).ReceiverURL(), Namespace: "default",
	}
	if meta.given() {
		creds, err := meta.credentials(ctx, cluster, s.In)
		if err != nil {
			return o, err
		}
		o.Token = plan.Token{Credentials: creds, Always: meta.tokenFile != "" || meta.secret != ""}
	}
	switch {
	case !f.noCluster:
		there, err := cluster.client()
		if err != nil {
			return o, fmt.Errorf("%w; with --no-cluster every resource counts as new", err)
		}
		if o.Namespace, err = cluster.namespace(); err != nil {
			return o, err
		}
		o.Cluster = there
	case *cluster.Namespace != "":
		o.Namespace = *cluster.Namespace
	}
	return o, nil
}

func (f *planFlags) plan(ctx context.Context, version string, s Streams, cluster *clusterFlags, meta *graphFlags) (*plan.Plan, error) {
	if err := errors.Join(meta.validate(), operator.CheckWebhookURL(f.webhookURL)); err != nil {
		return nil, err
	}
	progress := &progress{Streams: s}
	o, err := f.options(ctx, version, progress, cluster, meta)
	if err != nil {
		return nil, err
	}
	o.Documents, o.Unreadable = f.in.Read(ctx, s.In)
	if err := f.follow(ctx, version, s, &o, o.Documents); err != nil {
		return nil, err
	}
	progress.begin("planning")
	p, err := plan.Run(ctx, o)
	progress.end()
	if err != nil || len(o.Unreadable) > 0 {
		return p, err
	}
	return p, f.in.noteNothing(s.Err, "planned", o.Documents)
}
