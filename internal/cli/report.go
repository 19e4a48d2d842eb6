// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/compliance"
)

const reportExamples = `  # What the operator knows of an account, without asking Meta
  kubectl waba report acme --offline > acme.md

  # A page to print: cluster and Meta, with the token of the account's own Secret
  kubectl waba report acme -o html > acme.html

  # Without a cluster; the token comes from a file
  kubectl waba report --account 102290129340398 --access-token-file token -o json > acme.json

  # Say which app may be subscribed, and which host may get events
  kubectl waba report acme --approved-app 634974688087057 --callback-host hooks.acme.example > acme.md`

// reportFlags are the flags of report.
type reportFlags struct {
	cluster  *clusterFlags
	graph    *graphFlags
	progress *progress

	account, format         string
	offline, strict, all    bool
	approvedApps, hostnames []string
}

func newReport(version string, s Streams) *cobra.Command {
	f := &reportFlags{progress: &progress{Streams: s}}
	c := &cobra.Command{
		Use:   "report [flags] WABA | --account ID",
		Short: "The compliance record of an account, for an appeal or an auditor",
		Long: `Write the compliance record of an account, for an appeal at Meta or for an auditor. It contains the apps, users and callbacks with
access to the account, the permissions and the expiry of the access token, proof that only Meta's official API is used,
restrictions and violations with dates, and approved and rejected templates. Findings that an auditor would raise come first.

The command reads the WABA, all resources that refer to it, and Meta with the token of the WABA's own Secret or with the given
one. It changes nothing. Every statement names its source. The last section lists what couldn't be read; what you can change
about that is also on the standard error, with a summary. A report contains no secrets and nothing about recipients.

With --strict, the exit code is 2 if there are findings.`,
		Example: reportExamples,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return errors.New("one account at a time: name one WABA")
			case len(args) == 0 && f.account == "":
				return errors.New("no account: name a WABA, or give --account ID to do without a cluster")
			case len(args) == 1 && f.account != "":
				return errors.New("name a WABA or give --account, not both")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, version, append(args, "")[0]) },
	}
	f.cluster, f.graph = newClusterFlags(c.Flags()), newGraphFlags(c.Flags())
	c.Flags().StringVar(&f.account, "account", "", "id of the account at Meta; the cluster isn't read, so the history of the account is missing")
	c.Flags().BoolVar(&f.offline, "offline", false, "don't query Meta: only what the cluster holds")
	c.Flags().BoolVar(&f.strict, "strict", false, "exit with 2 if there are findings")
	c.Flags().BoolVar(&f.all, "all-templates", false, "show all templates, not only the first 50 of each table; json always has all")
	c.Flags().StringSliceVar(&f.approvedApps, "approved-app", nil, "id of an app that may be subscribed, besides spec.approvedApps of the WABA")
	c.Flags().StringSliceVar(&f.hostnames, "callback-host", nil, "host to which events may go, besides those of WebhookSubscription resources")
	bindFormat(c, &f.format, "markdown", compliance.Formats)
	return c
}

// run makes the whole report before it prints anything of it.
func (f *reportFlags) run(c *cobra.Command, version, name string) error {
	write, err := formatOf(f.format, compliance.Formats)
	switch {
	case err != nil:
		return err
	case f.account != "" && !accountID.MatchString(f.account):
		return fmt.Errorf("--account must be the account's id at Meta, 1 to 32 digits, not %q", f.account)
	case f.account != "" && f.offline:
		return errors.New("--account and --offline leave nothing to read: name a WABA, or leave out --offline")
	}
	q, err := f.question(c, version, name)
	if err != nil {
		return err
	}
	f.progress.begin("reading the account")
	r, err := compliance.Collect(c.Context(), q)
	f.progress.end()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := write(&out, r, compliance.Options{AllTemplates: f.all}); err != nil {
		return err
	}
	if _, err := out.WriteTo(c.OutOrStdout()); err != nil {
		return err
	}
	for _, g := range r.Gaps {
		if !g.Inherent {
			f.progress.say("note: not seen: %s: %s", g.What, g.Why)
		}
	}
	f.progress.say("%s", r.Summary())
	if f.strict && len(r.Findings) > 0 {
		return errFound
	}
	return nil
}

func (f *reportFlags) question(c *cobra.Command, version, name string) (compliance.Question, error) {
	q := compliance.Question{
		AccountID: f.account, GraphAPIVersion: f.graph.version, AlwaysVersion: c.Flags().Changed("graph-api-version"),
		ApprovedApps: f.approvedApps, CallbackHosts: f.hostnames, Version: version, Clock: f.progress.clock(),
	}
	if err := f.graph.validate(); err != nil {
		return q, err
	}
	if name != "" {
		namespace, err := f.cluster.namespace()
		if err != nil {
			return q, err
		}
		q.Resource = types.NamespacedName{Namespace: namespace, Name: name}
		if q.Cluster, err = f.cluster.client(); err != nil {
			return q, err
		}
		if !q.AlwaysVersion {
			q.GraphAPIVersion = installedAPIVersion(c.Context(), q.Cluster, q.Resource, q.GraphAPIVersion)
		}
	}
	if f.offline {
		return q, nil
	}
	q.Accounts = f.graph.accounts(version, f.progress.call)
	if name != "" && !f.graph.given() {
		return q, nil // the WABA names its Secret
	}
	var err error
	q.Credentials, err = f.token(c.Context(), c)
	return q, err
}

func (f *reportFlags) token(ctx context.Context, c *cobra.Command) (account.Credentials, error) {
	return f.graph.credentials(ctx, f.cluster, c.InOrStdin())
}
