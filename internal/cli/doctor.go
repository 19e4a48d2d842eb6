// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/doctor"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/recording"
)

const doctorExamples = `  # What differs at Meta from what this version knows; the token is that of the environment (WABA_ACCESS_TOKEN)
  kubectl waba doctor 102290129340398

  # The same for programs, and the answers for the project's tests
  kubectl waba doctor 102290129340398 -o json --record answers.json > doctor.json

  # On a test account: create and delete a template of every documented kind
  kubectl waba doctor 102290129340398 --probe --allow-live-account`

const doctorLong = `Make the operator's own calls with an account, and report what differs at Meta from what this version knows: properties, values of
enumerations, errors, fields that are refused, pages, headers and versions of the API. It only reads.

With --probe it also creates a template of every documented kind under a random name, reads it back, compares it as the operator
does, and deletes it: use a test account. Accounts with phone numbers that aren't test numbers are refused without
--allow-live-account.

The report is fit for an issue: it has no ids, names, texts or tokens of the account, only names of Meta's properties, values of
enumerations and counts. --record writes the answers, with stand-ins for everything that identifies the account: read the file
before you share it.

It exits with 2 if something differs.`

type doctorCommand struct {
	streams             Streams
	version             string
	cluster             *clusterFlags
	graph               *graphFlags
	format, recordFile  string
	probe, liveAccounts bool
}

func newDoctor(version string, s Streams) *cobra.Command {
	d := &doctorCommand{streams: s, version: version}
	c := &cobra.Command{
		Use:     "doctor [flags] ACCOUNT_ID",
		Short:   "Report what differs at Meta from what this version knows",
		Long:    doctorLong,
		Example: doctorExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !accountID.MatchString(args[0]) {
				return fmt.Errorf("name one account by its id at Meta, 1 to 32 digits as shown in WhatsApp Manager, not %q", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return d.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.BoolVar(&d.probe, "probe", false, "create, read back, compare and delete templates, one of every documented kind")
	f.BoolVar(&d.liveAccounts, "allow-live-account", false, "let --probe use an account with phone numbers that aren't test numbers")
	f.StringVar(&d.recordFile, "record", "", "write the answers, anonymised, into this file, which must not exist")
	bindFormat(c, &d.format, "markdown", doctor.Formats)
	d.cluster, d.graph = newClusterFlags(f), newGraphFlags(f)
	return c
}

func (d *doctorCommand) run(ctx context.Context, id string) error {
	write, err := formatOf(d.format, doctor.Formats)
	switch {
	case err != nil:
		return err
	case d.liveAccounts && !d.probe:
		return errors.New("--allow-live-account is for --probe")
	}
	creds, err := d.graph.credentials(ctx, d.cluster, d.streams.In)
	if err != nil {
		return err
	}
	record, err := d.openRecord()
	if err != nil {
		return err
	}
	recorder := recording.NewRecorder(graph.SharedTransport())
	progress := &progress{Streams: d.streams}
	options := d.graph.options(d.version, progress.call)
	options.Transport = recorder
	session, err := account.NewManager(options).Ensure(account.Ref{Name: id, AccountID: id}, creds, d.graph.version)
	if err != nil {
		return err
	}
	progress.begin("examining the account")
	defer progress.end()
	report, err := doctor.Examine(ctx, doctor.Options{
		AccountID: id, Session: session, Recorder: recorder, Tool: d.version, GraphAPIVersion: d.graph.version, Probe: d.probe,
		AllowLiveAccount: d.liveAccounts, Wait: waitFor, Now: d.streams.clock().Now,
		Progress: func(line string) { d.step(progress, line) }, Note: func(line string) { progress.say("note: %s", line) },
		ClientFor: func(version string) (*graph.Client, error) {
			return graph.NewClient(graph.Config{
				BaseURL: options.BaseURL, Version: version, AccessToken: creds.AccessToken, AppSecret: creds.AppSecret, AccountID: id,
				UserAgent: options.UserAgent, Timeout: options.Timeout, Transport: recorder,
			})
		},
	})
	progress.end()
	if _, ofMeta := graph.AsError(err); ofMeta {
		err = fmt.Errorf("the account can't be read: %s", export.ExplainCall(err, creds.Source))
	}
	if err := errors.Join(err, d.record(record, recorder, id)); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := write(&out, report); err != nil {
		return err
	}
	if _, err := out.WriteTo(d.streams.Out); err != nil {
		return err
	}
	if len(report.Differences) > 0 {
		return errFound
	}
	return nil
}

// step shows what is done: on a terminal as progress, elsewhere line by line, because a probe takes minutes.
func (d *doctorCommand) step(p *progress, line string) {
	if d.streams.ErrTerminal {
		p.begin(line)
		return
	}
	p.say("doctor: %s", line)
}

// openRecord makes the file before any call, so that no answers are lost.
func (d *doctorCommand) openRecord() (*os.File, error) {
	if d.recordFile == "" {
		return nil, nil //nolint:nilnil // no file was requested
	}
	file, err := os.OpenFile(d.recordFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	return file, nil
}

// record writes what was answered, also after a failure.
func (d *doctorCommand) record(file *os.File, recorder *recording.Recorder, id string) error {
	if file == nil {
		return nil
	}
	encoder := json.NewEncoder(file)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(recording.Anonymise(recorder.Exchanges(), id, d.version))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}

// waitFor waits for Meta.
func waitFor(ctx context.Context, d time.Duration) error {
	timer := clock.RealClock{}.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	}
}
