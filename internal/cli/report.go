// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

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
	cluster *clusterFlags
	graph   *graphFlags

	account, format         string
	offline, strict, all    bool
	approvedApps, hostnames []string
}

func newReport(version string) *cobra.Command {
	formats := slices.Sorted(maps.Keys(compliance.Formats))
	f := &reportFlags{}
	c := &cobra.Command{
		Use:   "report [flags] WABA | --account ID",
		Short: "The compliance record of an account, for an appeal or an auditor",
		Long: `The compliance record of an account, fit to hand to Meta in an appeal or to an auditor: which apps, users and callbacks touch it,
what the access token may do and for how long, whether only Meta's official API is used, restrictions and violations with dates,
approved and rejected templates. What an auditor would object to comes first.

It reads the WABA with all that refers to it, and queries Meta with the token of the WABA's own Secret, or with the one given. It
writes nothing, neither here nor at Meta. Every statement names its source; what can't be seen is listed at the end, and what of
it you could change on the standard error. No secret and nothing about recipients is in a report.

With --strict it exits with 2 if there are findings.`,
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
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, version, append(args, "")[0], formats) },
	}
	f.cluster, f.graph = newClusterFlags(c.Flags()), newGraphFlags(c.Flags())
	c.Flags().StringVar(&f.account, "account", "", "id of the account at Meta; no cluster is read then, so that its history is missing")
	c.Flags().BoolVar(&f.offline, "offline", false, "don't query Meta: only what the cluster holds")
	c.Flags().BoolVar(&f.strict, "strict", false, "exit with 2 if there are findings")
	c.Flags().BoolVar(&f.all, "all-templates", false, "show all templates, not only the first 50 of each table; json always has all")
	c.Flags().StringSliceVar(&f.approvedApps, "approved-app", nil, "id of an app that may be subscribed, besides spec.approvedApps of the WABA")
	c.Flags().StringSliceVar(&f.hostnames, "callback-host", nil, "host to which events may go, besides those of WebhookSubscription resources")
	c.Flags().StringVarP(&f.format, "output", "o", "markdown", "format of the report: "+strings.Join(formats, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	return c
}

// run makes the whole report before it prints anything of it.
func (f *reportFlags) run(c *cobra.Command, version, name string, formats []string) error {
	write := compliance.Formats[f.format]
	switch {
	case write == nil:
		return fmt.Errorf("unknown format %q: use one of %s", f.format, strings.Join(formats, ", "))
	case f.account != "" && !accountID.MatchString(f.account):
		return fmt.Errorf("--account must be the account's id at Meta, 1 to 32 digits, not %q", f.account)
	case f.account != "" && f.offline:
		return errors.New("--account and --offline leave nothing to read: name a WABA, or leave out --offline")
	}
	q, err := f.question(c, version, name)
	if err != nil {
		return err
	}
	r, err := compliance.Collect(c.Context(), q)
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
		if g.Inherent {
			continue
		}
		if _, err := fmt.Fprintf(c.ErrOrStderr(), "note: not seen: %s: %s\n", g.What, g.Why); err != nil {
			return err
		}
	}
	if f.strict && len(r.Findings) > 0 {
		return errFound
	}
	return nil
}

func (f *reportFlags) question(c *cobra.Command, version, name string) (compliance.Question, error) {
	q := compliance.Question{
		AccountID: f.account, GraphAPIVersion: f.graph.version, AlwaysVersion: c.Flags().Changed("graph-api-version"),
		ApprovedApps: f.approvedApps, CallbackHosts: f.hostnames, Version: version, Clock: clock.RealClock{},
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
	q.Accounts = f.graph.accounts(version, nil)
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
