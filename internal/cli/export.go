// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"

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
	streams           Streams
	version           string
	cluster           *clusterFlags
	graph             *graphFlags
	dir               string
	overwrite         bool
	managed, settings bool
	calls             atomic.Int64
}

func newExport(version string, s Streams) *cobra.Command {
	e := &exportCommand{streams: s, version: version}
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
	f.StringVar(&e.dir, "output-dir", "", "write a file for each resource into this directory, which must be empty or new; else one stream goes to the standard output")
	f.BoolVar(&e.overwrite, "overwrite", false, "let --output-dir replace files of the same names; others are left alone")
	f.StringSliceVar(&e.Kinds, "kinds", nil, "kinds to export: "+strings.Join(export.Kinds, ", ")+" (default all)")
	f.BoolVar(&e.managed, "managed", false, "manage what is described completely (default)")
	f.BoolVar(&e.Observed, "observed", false, "only observe everything")
	f.StringSliceVar(&e.Templates.Names, "name", nil, "export only templates of these names; * is any text: shop_*")
	f.StringSliceVar(&e.Templates.Languages, "language", nil, "export only templates in these languages: en_US,de")
	f.StringSliceVar(&e.Templates.Categories, "category", nil, "export only templates of these categories: AUTHENTICATION, MARKETING, UTILITY")
	f.StringSliceVar(&e.Templates.Statuses, "status", nil, "export only templates in these states at Meta: APPROVED,PAUSED")
	f.BoolVar(&e.Templates.Samples, "include-samples", false, "export Meta's own sample templates too: hello_world, sample_*")
	f.BoolVar(&e.Templates.Generated, "include-generated", false, "export templates too that Meta generated for messages sent without a template (Direct Send)")
	f.BoolVar(&e.SkipForeign, "skip-foreign", false, "refuse an account of another business, and leave out numbers that the WhatsApp Business app or the On-Premises API runs")
	f.BoolVar(&e.settings, "number-settings", false, "describe the settings of numbers too: 7 calls for each")
	f.StringVar(&e.WABAName, "waba-name", "", "name of the WABA resource (default made of the account's name)")
	e.cluster, e.graph = newClusterFlags(f), newGraphFlags(f)
	c.MarkFlagsMutuallyExclusive("managed", "observed")
	_ = c.RegisterFlagCompletionFunc("kinds", cobra.FixedCompletions(export.Kinds, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	return c
}

// memoryLimit makes the collector work harder before the largest account takes more than 150 MiB in all.
const memoryLimit = 64 << 20

func (e *exportCommand) run(ctx context.Context, id string) error {
	if err := e.check(); err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	}
	creds, err := e.graph.credentials(ctx, e.cluster, e.streams.In)
	if err != nil {
		return err
	}
	session, err := e.graph.accounts(e.version, e.progress).Ensure(account.Ref{Name: id, AccountID: id}, creds, e.graph.version)
	if err != nil {
		return err
	}
	source, err := export.Read(ctx, session, &e.Options, e.settings)
	e.clear()
	if err != nil {
		return fmt.Errorf("account %s can't be read: %s", id, export.Explain(err))
	}
	if err := e.owned(&source.Snapshot.Account); err != nil {
		return err
	}
	x, err := export.New(source, e.Options)
	if err != nil {
		return err
	}
	if e.dir != "" {
		err = x.Directory(ctx, e.dir)
	} else {
		err = x.Stream(ctx, e.streams.Out)
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
	if pattern := e.Templates.Check(); pattern != "" {
		return fmt.Errorf("--name %q can't be understood: write a name, with * for any text", pattern)
	}
	if e.WABAName != "" && len(apivalidation.NameIsDNSSubdomain(e.WABAName, false)) > 0 {
		return fmt.Errorf("--waba-name must be the name of a resource, small letters, digits and hyphens such as acme, not %q", e.WABAName)
	}
	if e.overwrite && e.dir == "" {
		return errors.New("--overwrite goes with --output-dir")
	}
	e.Namespace = *e.cluster.Namespace
	if _, name, qualified := strings.Cut(e.graph.secret, "/"); qualified {
		e.SecretName = name
	} else {
		e.SecretName = e.graph.secret
	}
	return e.checkDir()
}

func (e *exportCommand) checkDir() error {
	if e.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(e.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--output-dir: %w", err)
	case len(entries) > 0 && !e.overwrite:
		return fmt.Errorf("%s isn't empty: name another directory, or add --overwrite to replace files of the same names", e.dir)
	}
	return nil
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
	e.say("note: account %s belongs to %s", a.ID, owner)
	return nil
}

// conclude reports the result for the account.
func (e *exportCommand) conclude(id string, r *export.Report) error {
	for _, line := range r.Warnings {
		e.say("warning: %s", line)
	}
	if r.Samples > 0 && !e.Observed {
		e.say("note: only observed, because Meta doesn't give sample files back; comments name what to add: %d", r.Samples)
	}
	for _, reason := range r.LeftOutReasons() {
		e.say("note: left out %s: %d", reason, r.LeftOut[reason])
	}
	for _, line := range r.Missing {
		e.say("incomplete: %s", line)
	}
	var counts []string
	for _, kind := range export.Kinds {
		if n := r.Written[kind]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	e.say("account %s: exported %s, with %d calls to Meta", id, cmp.Or(strings.Join(counts, ", "), "nothing"), e.calls.Load())
	if len(r.Missing) > 0 {
		return errFound
	}
	return nil
}

func (e *exportCommand) say(format string, args ...any) {
	_, _ = fmt.Fprintf(e.streams.Err, format+"\n", args...)
}

// progress is called after every call.
func (e *exportCommand) progress(graph.CallInfo) {
	if n := e.calls.Add(1); e.streams.ErrTerminal {
		_, _ = fmt.Fprintf(e.streams.Err, "\r\x1b[Kreading from Meta: %d calls", n)
	}
}

func (e *exportCommand) clear() {
	if e.streams.ErrTerminal {
		_, _ = fmt.Fprint(e.streams.Err, "\r\x1b[K")
	}
}
