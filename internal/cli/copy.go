// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/promote"
)

const copyExamples = `  # The approved templates of a test account, for the account of the WABA resource acme
  kubectl waba copy 102290129340398 --status APPROVED --waba acme --output-dir production

  # From manifests, which have the sample files too; no call is made
  kubectl waba copy templates/ --waba acme -n production

  # Both: manifests where there are any, and what else the account has
  kubectl waba copy 102290129340398 templates/ --language en_US --waba acme --name-prefix shop_`

const copyLong = `Write manifests with which another account creates the templates of this one, for instance to bring the templates of a test account
into production. The templates come from an account at Meta, of which it only reads, from manifests, or from both: a manifest counts more
than what Meta has, because Meta gives neither sample files back nor the category that was requested.

A template that the other account can't create as it is becomes a draft, which is only observed and creates nothing: a comment in the manifest
and a line on the standard error say what to correct. It exits with 2 if there are drafts, or templates that can't be copied at all.`

// copyCommand copies templates.
type copyCommand struct {
	promote.Options
	version  string
	in       inputs
	cluster  *clusterFlags
	graph    *graphFlags
	out      outputFlags
	progress *progress
}

func newCopy(version string, s Streams) *cobra.Command {
	cp := &copyCommand{version: version, progress: &progress{Streams: s}}
	c := &cobra.Command{
		Use:     "copy [flags] --waba NAME ACCOUNT_ID|FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short:   "Bring the templates of one account into another one",
		Long:    copyLong,
		Example: copyExamples,
		Args: func(_ *cobra.Command, args []string) error {
			ids, paths := sources(args)
			if err := cp.in.take(paths); err != nil {
				return err
			}
			if len(ids)+len(cp.in.Names()) == 0 {
				return errors.New("nothing to copy: name an account by its id at Meta, files or directories, or - for the standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			ids, _ := sources(args)
			return cp.run(c.Context(), ids)
		},
	}
	f := c.Flags()
	f.StringVar(&cp.WABAName, "waba", "", "name of the WABA resource of the other account (required)")
	f.StringVar(&cp.WABANamespace, "waba-namespace", "", "namespace of that WABA resource (default that of the templates)")
	f.StringVar(&cp.NamePrefix, "name-prefix", "", "put this before the name of each template at Meta: lower-case letters, digits and underscores")
	f.StringToStringVar(&cp.Flows, "flow", nil, "write another Flow id into buttons: OLD=NEW,…")
	cp.in.bind(c)
	cp.out.bind(f)
	bindFilter(f, &cp.Templates, "copy")
	cp.cluster, cp.graph = newClusterFlags(f), newGraphFlags(f)
	f.Lookup("namespace").Usage = "namespace to write into every resource (default none)"
	return c
}

func (cp *copyCommand) run(ctx context.Context, ids []string) error {
	if err := cp.check(ids); err != nil {
		return err
	}
	documents, unreadable := cp.in.Read(ctx, cp.progress.In)
	if len(unreadable) > 0 {
		return unreadable[0]
	}
	c, err := promote.New(cp.Options)
	if err != nil {
		return err
	}
	if len(cp.in.Names()) > 0 {
		if err := cp.in.noteNothing(cp.progress.Err, "copied from manifests", documents); err != nil {
			return err
		}
	}
	var missing []string
	if len(ids) > 0 {
		source, err := cp.read(ctx, ids[0])
		if err != nil {
			return err
		}
		missing = source.Missing
		c.AddAccount(source.Snapshot.Templates)
	}
	c.AddManifests(documents)
	if cp.out.dir != "" {
		err = export.Directory(cp.out.dir, c.Resources(ctx))
	} else {
		err = export.Stream(cp.progress.Out, c.Resources(ctx))
	}
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	return cp.conclude(c.Report(), missing)
}

// sources separates the ids of accounts from paths.
func sources(args []string) (ids, paths []string) {
	for _, arg := range args {
		if accountID.MatchString(arg) {
			ids = append(ids, arg)
		} else {
			paths = append(paths, arg)
		}
	}
	return ids, paths
}

// templateNamePart is what a name of a template may consist of
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
var templateNamePart = regexp.MustCompile(`^[a-z0-9_]*$`)

// check says what to write instead of what can't be used.
func (cp *copyCommand) check(ids []string) error {
	switch {
	case cp.WABAName == "":
		return errors.New("--waba is missing: name the WABA resource of the account that gets the templates")
	case len(ids) > 1:
		return fmt.Errorf("one account at a time: %s and %s; a file with such a name is ./%s", ids[0], ids[1], ids[1])
	case len(ids) == 0 && len(cp.Templates.Statuses) > 0:
		return errors.New("--status goes with an account: manifests don't say which status a template has")
	case !templateNamePart.MatchString(cp.NamePrefix):
		return fmt.Errorf("--name-prefix takes lower-case letters, digits and underscores only, such as shop_, not %q", cp.NamePrefix)
	}
	if err := cp.in.checkStdin(cp.graph); err != nil {
		return err
	}
	if err := checkName("--waba", cp.WABAName); err != nil {
		return err
	}
	if err := checkFlows(cp.Flows); err != nil {
		return err
	}
	if err := checkFilter(&cp.Templates); err != nil {
		return err
	}
	cp.Namespace = *cp.cluster.Namespace
	return cp.out.check()
}

func checkFlows(flows map[string]string) error {
	for from, to := range flows {
		if !accountID.MatchString(from) || !accountID.MatchString(to) {
			return fmt.Errorf("--flow takes ids of Flows, 1 to 32 digits each, such as 111=222, not %s=%s", from, to)
		}
	}
	return nil
}

func (cp *copyCommand) read(ctx context.Context, id string) (*export.Source, error) {
	creds, err := cp.graph.credentials(ctx, cp.cluster, cp.progress.In)
	if err != nil {
		return nil, err
	}
	session, err := cp.graph.accounts(cp.version, cp.progress.call).Ensure(account.Ref{Name: id, AccountID: id}, creds, cp.graph.version)
	if err != nil {
		return nil, err
	}
	cp.progress.begin("reading the account")
	source, err := export.Read(ctx, session, &export.Options{Kinds: []string{v1alpha1.KindMessageTemplate}}, false)
	cp.progress.end()
	if err != nil {
		return nil, fmt.Errorf("account %s can't be read: %s", id, export.ExplainCall(err, creds.Source))
	}
	return source, nil
}

// conclude reports what became of the templates.
func (cp *copyCommand) conclude(r *promote.Report, missing []string) error {
	for _, line := range r.Warnings {
		cp.progress.say("warning: %s", line)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.LeftOut)) {
		cp.progress.say("note: left out %s: %d", reason, r.LeftOut[reason])
	}
	missing = append(missing, r.Missing...)
	for _, line := range missing {
		cp.progress.say("incomplete: %s", line)
	}
	cp.progress.say("copied for WABA %s: %d complete, %d to correct, with %d calls to Meta",
		strings.TrimPrefix(cp.WABANamespace+"/"+cp.WABAName, "/"), r.Complete, r.Drafts, cp.progress.calls.Load())
	if len(missing) > 0 {
		return errFound
	}
	return nil
}
