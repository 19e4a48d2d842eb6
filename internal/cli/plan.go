// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

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
	formats := slices.Sorted(maps.Keys(plan.Formats))
	c := &cobra.Command{
		Use:   "plan [flags] FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short: "Show what the operator would do to Meta for manifests",
		Long: `Show what the operator would do to Meta for manifests that aren't applied yet: create, edit, adopt, nothing, or why it would
have to wait. It runs the operator's own decisions over a copy of the cluster's resources in memory; neither the cluster nor
Meta is changed. Resources that are missing from the manifests are left alone.

It exits with 2 if something would be written to Meta or is blocked, with 0 if not, and with 1 if any of it can't be planned.`,
		Example: planExamples,
		Args:    f.in.args,
	}
	f.in.bind(c)
	cluster, meta := newClusterFlags(c.Flags()), newGraphFlags(c.Flags())
	defaults := operator.DefaultOptions()
	c.Flags().StringVarP(&f.format, "output", "o", "text", "format of the plan: "+strings.Join(formats, ", "))
	c.Flags().BoolVar(&f.all, "all", false, "name resources with which nothing would happen, too")
	c.Flags().BoolVar(&f.noCluster, "no-cluster", false, "plan without a cluster: every resource counts as new")
	c.Flags().StringVar(&f.webhookURL, "webhook-url", "", "public address of the operator's webhook receiver, as in the operator's flag, for WebhookSubscriptions that send events there (default that of the installed operator)")
	c.Flags().IntVar(&f.createsPerHour, "template-creates-per-hour", defaults.CreatesPerHour, "Meta's limit of new templates per account and hour, as in the operator's flag; the installed operator's goes before the default")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	f.given = c.Flags().Changed
	c.RunE = func(c *cobra.Command, _ []string) error {
		write := plan.Formats[f.format]
		if write == nil {
			return fmt.Errorf("unknown format %q: use one of %s", f.format, strings.Join(formats, ", "))
		}
		if err := f.in.checkStdin(meta); err != nil {
			return err
		}
		p, err := f.plan(c.Context(), version, s, cluster, meta)
		if err != nil {
			return err
		}
		if err := write(c.OutOrStdout(), p, plan.Style{All: f.all, Colour: s.colour()}); err != nil {
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
func (f *planFlags) options(ctx context.Context, version string, s Streams, cluster *clusterFlags, meta *graphFlags) (plan.Options, error) {
	o := plan.Options{
		Scheme: operator.Scheme(), Clock: clock.RealClock{}, Accounts: meta.accounts(version, nil), GraphAPIVersion: meta.version,
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
	o, err := f.options(ctx, version, s, cluster, meta)
	if err != nil {
		return nil, err
	}
	o.Documents, o.Unreadable = f.in.Read(ctx, s.In)
	if err := f.follow(ctx, version, s, &o, o.Documents); err != nil {
		return nil, err
	}
	p, err := plan.Run(ctx, o)
	if err != nil || len(o.Unreadable) > 0 {
		return p, err
	}
	return p, f.in.noteNothing(s.Err, "planned", o.Documents)
}
