// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/internal/migrate"
	"github.com/waba-operator/waba-operator/internal/operator"
)

const migrateExamples = `  # What would become of these manifests; nothing is written
  kubectl waba migrate --from 102290129340398 --to 104996122399160 --no-check acme/

  # New manifests beside the old ones, and whether the operator would adopt what is in the new account
  kubectl waba migrate --from 102290129340398 --to 104996122399160 --waba-name acme-inr --output-dir acme-inr acme/ > migration.md

  # In the files themselves, without a cluster; the token is in WABA_ACCESS_TOKEN
  kubectl waba migrate --from 102290129340398 --to 104996122399160 --no-cluster --in-place acme/`

const migrateLong = `Rewrite the manifests of an account whose id changes at Meta, as when its currency does, and print the order of steps. The resource of
an account can't change its id, and the resource of a template can't change its account: the rewritten resources have other names and stand
beside the old ones. Only the fields that change are touched; comments and order stay.

It checks, by the plan that kubectl waba plan makes, that each template is in the new account with the same content, so that the operator
adopts it without a write, and names the differences. It never migrates anything at Meta: that costs money and can't be undone.

It exits with 2 if a template differs or is missing. If any of it can't be checked, it exits with 1 and rewrites nothing.`

// migrateFlags are those of the command besides cluster's and Meta's.
type migrateFlags struct {
	migrate.Options
	waba, webhookURL   string
	keepNames, inPlace bool
	noCheck, noCluster bool
	in                 inputs
	out                outputFlags
	given              func(flag string) bool
}

func newMigrate(version string, s Streams) *cobra.Command {
	m := &migrateFlags{}
	c := &cobra.Command{
		Use:     "migrate [flags] --from ID --to ID FILE|DIRECTORY|- … | -f FILE | -k DIRECTORY",
		Short:   "Rewrite the manifests of an account whose id changes at Meta",
		Long:    migrateLong,
		Example: migrateExamples,
		Args:    m.in.args,
	}
	f := c.Flags()
	m.in.bind(c)
	f.StringVar(&m.From, "from", "", "id of the old account at Meta (required)")
	f.StringVar(&m.To, "to", "", "id of the new account at Meta (required)")
	f.StringVar(&m.waba, "waba", "", "the old account's WABA resource, [NAMESPACE/]NAME, if the manifests don't contain it")
	f.StringVar(&m.WABAName, "waba-name", "", "name of the new account's WABA resource (default the old name with the suffix)")
	f.StringVar(&m.Suffix, "name-suffix", "-2", "put this behind the name of each resource")
	f.BoolVar(&m.keepNames, "keep-names", false, "keep the names of resources: the old ones must be deleted before, or be in another namespace or cluster")
	f.StringToStringVar(&m.Flows, "flow", nil, "write another Flow id into buttons: OLD=NEW,…")
	f.BoolVar(&m.inPlace, "in-place", false, "rewrite the files themselves")
	f.BoolVar(&m.noCheck, "no-check", false, "only rewrite: read neither Meta nor the cluster")
	f.BoolVar(&m.noCluster, "no-cluster", false, "check without a cluster")
	f.StringVar(&m.webhookURL, "webhook-url", "", "public address of the operator's webhook receiver, as in the operator's flag, for WebhookSubscriptions that send events there (default that of the installed operator)")
	m.out.bindFiles(f, "write rewritten files into this directory, which must be empty or new")
	cluster, meta := newClusterFlags(f), newGraphFlags(f)
	c.MarkFlagsMutuallyExclusive("in-place", "output-dir")
	c.MarkFlagsMutuallyExclusive("keep-names", "name-suffix")
	m.given = c.Flags().Changed
	c.RunE = func(c *cobra.Command, _ []string) error {
		return m.run(c.Context(), version, s, cluster, meta)
	}
	return c
}

func (m *migrateFlags) run(ctx context.Context, version string, s Streams, cluster *clusterFlags, meta *graphFlags) error {
	if err := m.check(cluster, meta); err != nil {
		return err
	}
	documents, unreadable := m.in.Read(ctx, s.In)
	if len(unreadable) > 0 {
		return unreadable[0]
	}
	if err := m.in.noteNothing(s.Err, "rewritten", documents); err != nil {
		return err
	}
	r, err := migrate.Rewrite(documents, m.Options)
	if err != nil {
		return err
	}
	targets, err := m.targets(r)
	if err != nil {
		return err
	}
	var v *migrate.Verdict
	if !m.noCheck {
		if v, err = m.verdict(ctx, version, s, cluster, meta, r); err != nil {
			return err
		}
	}
	if v != nil && v.Problem != nil { // nothing is rewritten that couldn't be checked
		return cmp.Or(r.WriteReport(s.Out, v, ""), v.Problem)
	}
	for i, path := range targets {
		if err := writeFile(path, r.Files[i].Text); err != nil {
			return err
		}
	}
	if err := r.WriteReport(s.Out, v, m.written()); err != nil {
		return err
	}
	if v != nil && len(v.Differences) > 0 {
		return errFound
	}
	return nil
}

// check completes the options, and says what to write instead of what can't be used.
func (m *migrateFlags) check(cluster *clusterFlags, meta *graphFlags) error {
	for flag, id := range map[string]string{"--from": m.From, "--to": m.To} {
		if !accountID.MatchString(id) {
			return fmt.Errorf("%s must be an account's id at Meta, 1 to 32 digits as shown in WhatsApp Manager, not %q", flag, id)
		}
	}
	switch {
	case m.From == m.To:
		return fmt.Errorf("--from and --to are the same account %s", m.From)
	case m.inPlace && m.in.noFile() != "":
		return fmt.Errorf("%s can't be rewritten in place: give --output-dir DIRECTORY", m.in.noFile())
	}
	if err := errors.Join(m.in.checkStdin(meta), m.checkNames(), checkFlows(m.Flows), meta.validate(), operator.CheckWebhookURL(m.webhookURL)); err != nil {
		return err
	}
	m.Namespace = *cluster.Namespace
	if !m.noCheck && !m.noCluster {
		var err error
		if m.Namespace, err = cluster.namespace(); err != nil {
			return fmt.Errorf("%w; with --no-cluster every resource counts as new", err)
		}
	}
	return m.out.check()
}

// checkNames completes the names of resources.
func (m *migrateFlags) checkNames() error {
	namespace, name, qualified := strings.Cut(m.waba, "/")
	if !qualified {
		namespace, name = "", m.waba
	}
	m.WABA = types.NamespacedName{Namespace: namespace, Name: name}
	if m.keepNames {
		m.Suffix = ""
	}
	for flag, name := range map[string]string{"--waba": name, "--waba-name": m.WABAName} {
		if name == "" {
			continue
		}
		if err := checkName(flag, name); err != nil {
			return err
		}
	}
	return nil
}

// verdict makes the operator's plan.
func (m *migrateFlags) verdict(ctx context.Context, version string, s Streams, cluster *clusterFlags, meta *graphFlags, r *migrate.Result) (*migrate.Verdict, error) {
	p := &planFlags{noCluster: m.noCluster, webhookURL: m.webhookURL, createsPerHour: operator.DefaultOptions().CreatesPerHour, given: m.given}
	progress := &progress{Streams: s}
	o, err := p.options(ctx, version, progress, cluster, meta)
	if err != nil {
		return nil, err
	}
	if err := p.follow(ctx, version, s, &o, r.Documents()); err != nil {
		return nil, err
	}
	progress.begin("checking")
	defer progress.end()
	return r.Check(ctx, o)
}

// targets are the paths to which the rewritten files go, in their order; none where nothing is written.
func (m *migrateFlags) targets(r *migrate.Result) ([]string, error) {
	var out []string
	for _, f := range r.Files {
		switch {
		case m.inPlace:
			out = append(out, f.Source)
		case m.out.dir != "":
			path := filepath.Join(m.out.dir, m.in.below(f.Source))
			if slices.Contains(out, path) {
				return nil, fmt.Errorf("two files would become %s: name the directory in which they are", path)
			}
			out = append(out, path)
		}
	}
	return out, nil
}

// written says where the files are.
func (m *migrateFlags) written() string {
	switch {
	case m.inPlace:
		return "in place"
	case m.out.dir != "":
		return "to " + m.out.dir
	}
	return ""
}

// writeFile replaces a file, or makes it with its directory.
func writeFile(path string, text []byte) error {
	mode := fs.FileMode(0o644) // manifests are no secrets
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // manifests are no secrets
		return err
	}
	return os.WriteFile(path, text, mode)
}
