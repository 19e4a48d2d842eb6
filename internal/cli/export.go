// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const exportExamples = `  # Everything in one stream, with the token of the environment (WABA_ACCESS_TOKEN)
  kubectl waba export 102290129340398

  # A directory for Git, with a kustomization
  kubectl waba export 102290129340398 --output-dir acme

  # Only approved templates in two languages, for a WABA resource that is there already
  kubectl waba export 102290129340398 --kinds MessageTemplate --status APPROVED --language en_US,de --waba-name acme`

const exportLong = `Describe an account that exists at Meta as manifests, for Git and kubectl apply: the account, its phone numbers, its message
templates, and where its webhooks go. It only reads. Applying what it writes makes no write to Meta: what can't be described
completely, such as a template whose sample file Meta doesn't give back, is observed only, and a comment says what to add.
Secrets are only referred to.

It exits with 2 if something that was requested is missing: a line on the standard error names it and the reason.`

type exportCommand struct {
	export.Options
	version  string
	cluster  *clusterFlags
	graph    *graphFlags
	out      outputFlags
	settings bool
	policy   string
	progress *progress
}

func newExport(version string, s Streams) *cobra.Command {
	e := &exportCommand{progress: &progress{Streams: s}, version: version}
	c := &cobra.Command{
		Use:     "export [flags] ACCOUNT_ID",
		Short:   "Bring an account that exists at Meta into manifests",
		Long:    exportLong,
		Example: exportExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !accountID.MatchString(args[0]) {
				return fmt.Errorf("name one account by its id at Meta, 1 to 32 digits as shown in WhatsApp Manager, not %q", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return e.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	e.out.bind(f)
	f.StringSliceVar(&e.Kinds, "kinds", nil, "kinds to export: "+strings.Join(export.Kinds, ", ")+" (default all)")
	f.StringVar(&e.policy, "policy", string(v1alpha1.ManagementPolicyManaged), "Managed: manage what is described completely; Observed: write managementPolicy: Observed into every resource")
	bindFilter(f, &e.Templates, "export")
	f.BoolVar(&e.SkipForeign, "skip-foreign", false, "refuse an account of another business, and leave out numbers that the WhatsApp Business app or the On-Premises API runs")
	f.BoolVar(&e.settings, "number-settings", false, "describe the settings of numbers too: 7 calls for each")
	f.StringVar(&e.WABAName, "waba-name", "", "name of the WABA resource (default made of the account's name)")
	e.cluster, e.graph = newClusterFlags(f), newGraphFlags(f)
	f.Lookup("namespace").Usage = "namespace to write into every resource (default none)"
	_ = c.RegisterFlagCompletionFunc("policy", cobra.FixedCompletions(exportPolicies, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	_ = c.RegisterFlagCompletionFunc("kinds", cobra.FixedCompletions(export.Kinds, cobra.ShellCompDirectiveNoFileComp))    // fails only for unknown flags
	return c
}

// exportPolicies are what --policy may say.
var exportPolicies = []string{string(v1alpha1.ManagementPolicyManaged), string(v1alpha1.ManagementPolicyObserved)}

// memoryLimit makes the collector work harder before the largest account takes more than 150 MiB in all.
const memoryLimit = 64 << 20

func (e *exportCommand) run(ctx context.Context, id string) error {
	if err := e.check(); err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	}
	creds, err := e.graph.credentials(ctx, e.cluster, e.progress.In)
	if err != nil {
		return err
	}
	session, err := e.graph.accounts(e.version, e.progress.call).Ensure(account.Ref{Name: id, AccountID: id}, creds, e.graph.version)
	if err != nil {
		return err
	}
	e.progress.begin("reading the account")
	source, err := export.Read(ctx, session, &e.Options, e.settings)
	e.progress.end()
	if err != nil {
		return fmt.Errorf("account %s can't be read: %s", id, export.ExplainCall(err, creds.Source))
	}
	if err := e.owned(&source.Snapshot.Account); err != nil {
		return err
	}
	x, err := export.New(source, e.Options)
	if err != nil {
		return err
	}
	if e.out.dir != "" {
		err = x.Directory(ctx, e.out.dir)
	} else {
		err = x.Stream(ctx, e.progress.Out)
	}
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	return e.conclude(id, x.Report())
}

// check completes the options, and says what to write instead of what can't be used.
func (e *exportCommand) check() error {
	for i, kind := range e.Kinds {
		at := slices.IndexFunc(export.Kinds, func(k string) bool { return strings.EqualFold(k, kind) })
		if at < 0 {
			return fmt.Errorf("unknown kind %q: use %s", kind, strings.Join(export.Kinds, ", "))
		}
		e.Kinds[i] = export.Kinds[at]
	}
	at := slices.IndexFunc(exportPolicies, func(policy string) bool { return strings.EqualFold(policy, e.policy) })
	if at < 0 {
		return fmt.Errorf("--policy must be %s, not %q", strings.Join(exportPolicies, " or "), e.policy)
	}
	e.Observed = exportPolicies[at] == string(v1alpha1.ManagementPolicyObserved)
	if err := checkFilter(&e.Templates); err != nil {
		return err
	}
	if e.WABAName != "" {
		if err := checkName("--waba-name", e.WABAName); err != nil {
			return err
		}
	}
	e.Namespace = *e.cluster.Namespace
	if _, name, qualified := strings.Cut(e.graph.secret, "/"); qualified {
		e.SecretName = name
	} else {
		e.SecretName = e.graph.secret
	}
	return e.out.check()
}

// owned says whose account this is, if it isn't the token's business's own.
func (e *exportCommand) owned(a *graph.Account) error {
	if a.OwnershipType == "" || a.OwnershipType == "SELF_OWNED" {
		return nil
	}
	owner := "another business"
	if a.OwnerBusiness != nil {
		owner = fmt.Sprintf("%s (%s)", a.OwnerBusiness.Name, a.OwnerBusiness.ID)
	}
	if e.SkipForeign {
		return fmt.Errorf("account %s belongs to %s, and --skip-foreign leaves it out", a.ID, owner)
	}
	e.progress.say("note: account %s belongs to %s", a.ID, owner)
	return nil
}

// conclude reports the result for the account.
func (e *exportCommand) conclude(id string, r *export.Report) error {
	for _, line := range r.Warnings {
		e.progress.say("warning: %s", line)
	}
	if r.Samples > 0 && !e.Observed {
		e.progress.say("note: only observed, because Meta doesn't give sample files back; comments name what to add: %d", r.Samples)
	}
	for _, reason := range r.LeftOutReasons() {
		e.progress.say("note: left out %s: %d", reason, r.LeftOut[reason])
	}
	for _, line := range r.Missing {
		e.progress.say("incomplete: %s", line)
	}
	var counts []string
	for _, kind := range export.Kinds {
		if n := r.Written[kind]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	e.progress.say("account %s: exported %s, with %d calls to Meta", id, cmp.Or(strings.Join(counts, ", "), "nothing"), e.progress.calls.Load())
	if len(r.Missing) > 0 {
		return errFound
	}
	return nil
}
