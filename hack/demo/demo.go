// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/test/testenv"
)

const (
	// namespace is where the samples are applied.
	namespace = "demo"
	// reviewDelay is how long the simulated reviewers take; Meta's take up to a day.
	reviewDelay = 10 * time.Second
	// nameReview is how long they take for the name of a number.
	nameReview = 2 * reviewDelay
	// observationInterval is the shortest the operator accepts.
	observationInterval = 30 * time.Second
	// patience is how long the samples may take; normally it is two observation intervals: a number waits for its name.
	patience = 4 * time.Minute
	// glance is the time between two looks at the resources.
	glance = 300 * time.Millisecond
)

// demo is one run.
type demo struct {
	screen *screen
	once   bool
	// helm says that the chart is installed, and the operator run as it says.
	helm bool

	root     string
	files    *workDir
	cluster  *testenv.Env
	meta     *meta
	operator *operator
	// metricsURL is where the operator that helm installed serves its metrics.
	metricsURL string
}

// run plays the whole demo. Whatever it started has ended when it returns.
func (d *demo) run(ctx context.Context) (err error) {
	if d.root, err = testenv.Root(); err != nil {
		return err
	}
	if d.files, err = openWorkDir(filepath.Join(d.root, ".demo")); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, d.stop(err == nil || ctx.Err() != nil)) //nolint:contextcheck // the context may be why it stops
	}()
	acts := []func(context.Context) error{d.startCluster, d.startMeta, d.startOperator, d.connect, d.submit}
	if d.helm {
		acts = append(acts, d.scrape)
	}
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return d.explain(ctx, err)
		}
	}
	if d.once {
		d.screen.step("Everything came out as it should.")
		return nil
	}
	d.explore()
	select {
	case <-ctx.Done():
		return nil
	case <-d.operator.exited:
		return d.explain(ctx, d.operator.failure())
	}
}

// stop ends everything in the reverse order of its start. The operator's log is kept when it may be needed.
func (d *demo) stop(tidy bool) error {
	d.screen.step("Stopping the operator, the simulator and the API server …")
	var errs []error
	if d.operator != nil {
		errs = append(errs, d.operator.stop())
	}
	if d.meta != nil {
		errs = append(errs, d.meta.stop())
	}
	if d.cluster != nil {
		errs = append(errs, d.cluster.Stop())
	}
	errs = append(errs, d.files.close(tidy))
	return errors.Join(errs...)
}

// explain adds the end of the operator's log to an error, unless the demo was interrupted.
func (d *demo) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if d.operator == nil {
		return err
	}
	return fmt.Errorf("%w\nThe end of the operator's log, which is kept in %s:\n%s",
		err, d.relative(d.operator.log), indent(tail(d.operator.log, 25)))
}

// relative shortens a path for the reader.
func (d *demo) relative(path string) string {
	if short, err := filepath.Rel(d.root, path); err == nil {
		return short
	}
	return path
}

func indent(lines []string) string { return "    " + strings.Join(lines, "\n    ") }

func (d *demo) startCluster(context.Context) error {
	d.screen.step("Starting a Kubernetes API server …")
	env, err := testenv.New(testenv.Options{WithoutCRDs: d.helm})
	if err != nil {
		return err
	}
	d.cluster = env
	if err := writeKubeconfig(env.Config, d.files.path("kubeconfig"), ""); err != nil {
		return err
	}
	d.screen.say("it listens at %s", env.Config.Host)
	return nil
}

func (d *demo) startMeta(ctx context.Context) error {
	d.screen.step("Starting the simulator of Meta's Graph API …")
	m, err := newMeta(ctx)
	if err != nil {
		return err
	}
	d.meta = m
	d.screen.say("%s serves account %s with one phone number and %d templates that no resource manages;",
		m.url, accountID, len(unmanaged))
	d.screen.say("a review takes %s there (up to a day at Meta)", reviewDelay)
	return nil
}

func (d *demo) startOperator(ctx context.Context) error {
	install := d.byHand
	if d.helm {
		install = d.byHelm
	}
	installed, err := install(ctx)
	if err != nil {
		return err
	}
	d.screen.step("Building and starting the operator …")
	kubeconfig := d.files.path("operator.kubeconfig")
	if err := writeKubeconfig(d.cluster.Config, kubeconfig, installed.user, installed.groups...); err != nil {
		return err
	}
	binary := filepath.Join(d.root, "bin", "waba-operator")
	if err := build(ctx, d.root, binary); err != nil {
		return err
	}
	op, err := startOperator(binary, kubeconfig, d.files.path("operator.log"), installed.flags)
	if err != nil {
		return err
	}
	d.operator = op
	d.screen.say("%s %s", d.relative(binary), strings.Join(op.flags, " "))
	d.screen.say("as %s, %s; log: %s", installed.user, installed.permissions, d.relative(op.log))
	return nil
}

// connect applies the account and has Meta send its events.
func (d *demo) connect(ctx context.Context) error {
	d.screen.step("Applying account, webhook subscription and phone numbers of config/samples to namespace %s …", namespace)
	if err := d.applySamples(ctx, accountSamples); err != nil {
		return err
	}
	d.screen.step("Waiting until Meta sends management events to the operator, and messages to the bot of the sample")
	if _, err := d.watch(ctx, unconnected); err != nil {
		return err
	}
	d.customer()
	return nil
}

// submit applies the templates and waits for all decisions.
func (d *demo) submit(ctx context.Context) error {
	d.screen.step("Applying the message templates of config/samples …")
	if err := d.applySamples(ctx, templateSamples); err != nil {
		return err
	}
	d.screen.step("Waiting for Meta's decisions: the operator creates the templates at once, the review ends after %s,", reviewDelay)
	d.screen.say("and a webhook reports so; that a number is connected is seen at the looks at the account, every %s", observationInterval)
	s, err := d.watch(ctx, d.missing)
	if err == nil {
		d.report(s)
	}
	return err
}

// watch shows the resources until nothing is missing.
func (d *demo) watch(ctx context.Context, missing func(*state) []string) (*state, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	var lacks []string
	for {
		now, err := look(ctx, d.cluster.Client)
		if err == nil {
			d.screen.table(now.rows())
			if err := d.person(ctx, now); err != nil {
				return nil, err
			}
			if lacks = missing(now); len(lacks) == 0 {
				return now, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("after %s this is missing:\n%s", patience, indent(lacks))
		case <-d.operator.exited:
			return nil, d.operator.failure()
		case <-ticker.C:
		}
	}
}
