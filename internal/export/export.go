// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package export describes an account that exists at Meta as resources of the operator, so that applying them writes nothing
// to Meta. Only Read makes calls.
package export

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
	"github.com/waba-operator/waba-operator/internal/schema"
)

// Kinds lists all kinds, in the order in which they are exported.
var Kinds = []string{v1alpha1.KindWABA, v1alpha1.KindPhoneNumber, v1alpha1.KindWebhookSubscription, v1alpha1.KindMessageTemplate}

// Options say what is exported, and how.
type Options struct {
	// Namespace is written into every resource; empty: none is.
	Namespace string
	// WABAName is the name of the WABA resource; empty: one derived from the account's name.
	WABAName string
	// SecretName is that of the account's credentials; empty: the name of the WABA and -meta.
	SecretName string
	// Observed makes every resource an observed one, whatever it says.
	Observed bool
	// SkipForeign omits numbers that other products run.
	SkipForeign bool
	// Kinds are the kinds to export; none: all.
	Kinds []string
	// Templates selects templates.
	Templates Filter
}

// Source is what was read of an account.
type Source struct {
	Snapshot *account.Snapshot
	// AppID is the app that the token belongs to; "" where Meta didn't report it.
	AppID string
	// App is what the app itself is subscribed to; nil: not read.
	App *graph.AppSubscription
	// Settings are the sections of numbers that were read, by the number's id.
	Settings map[string]map[number.Section]number.Live
	// Unregistered counts the numbers that have no settings, because they aren't on the Cloud API.
	Unregistered int
	// Missing says in a line each what couldn't be read.
	Missing []string
}

// Exporter describes one account. It isn't safe for concurrent use.
type Exporter struct {
	Options
	source    *Source
	validator *schema.Validator
	numbers   []graph.PhoneNumber
	names     map[string]string // of the PhoneNumber resources, by the number's id
	report    Report
}

// New returns an Exporter for what was read. Names that are empty in the options are filled in.
func New(source *Source, o Options) (*Exporter, error) {
	v, err := schema.New()
	if err != nil {
		return nil, err
	}
	o.WABAName = cmp.Or(o.WABAName, wabaName(&source.Snapshot.Account))
	o.SecretName = cmp.Or(o.SecretName, o.WABAName+"-meta")
	e := &Exporter{Options: o, source: source, validator: v, report: newReport()}
	for _, line := range source.Missing {
		e.report.miss("%s", line)
	}
	var left int
	if e.numbers, left = o.numbers(source.Snapshot.Numbers); left > 0 && o.wants(v1alpha1.KindPhoneNumber) {
		e.report.LeftOut["numbers that others run"] = left
	}
	if source.Unregistered > 0 {
		e.report.LeftOut["settings of numbers that aren't registered on the Cloud API"] = source.Unregistered
	}
	e.names = numberNames(e.numbers)
	return e, nil
}

// Report says what became of the account; it is complete once all resources were taken.
func (e *Exporter) Report() *Report { return &e.report }

// Resources describes the account, its numbers, the subscription and its templates, always in the same order. Each is one that
// the API server takes.
func (e *Exporter) Resources(ctx context.Context) iter.Seq[*Resource] {
	return func(yield func(*Resource) bool) {
		for r := range e.described(ctx) {
			e.report.Written[r.Kind]++
			if !yield(r) {
				return
			}
		}
	}
}

func (e *Exporter) described(ctx context.Context) iter.Seq[*Resource] {
	return func(yield func(*Resource) bool) {
		if e.wants(v1alpha1.KindWABA) && !yield(e.waba()) {
			return
		}
		if e.wants(v1alpha1.KindPhoneNumber) {
			for i := range e.numbers {
				if !yield(e.number(ctx, &e.numbers[i])) {
					return
				}
			}
		}
		if e.wants(v1alpha1.KindWebhookSubscription) {
			if r := e.subscription(ctx); r != nil && !yield(r) {
				return
			}
		}
		if !e.wants(v1alpha1.KindMessageTemplate) {
			return
		}
		names := map[string]bool{}
		for _, live := range e.Templates.Select(e.source.Snapshot.Templates, e.report.LeftOut) {
			if r := e.template(ctx, live, names); r != nil && !yield(r) {
				return
			}
		}
	}
}

func (o *Options) wants(kind string) bool {
	return len(o.Kinds) == 0 || slices.Contains(o.Kinds, kind)
}

// resource gives a spec its name and place.
func (e *Exporter) resource(kind, name string, spec any) *Resource {
	return &Resource{Kind: kind, Name: name, Namespace: e.Namespace, Spec: spec}
}

func (e *Exporter) common(observed bool) v1alpha1.CommonSpec {
	s := v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: e.WABAName}}
	if observed || e.Observed {
		s.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	}
	return s
}

// faults says why the API server would refuse a resource.
func (e *Exporter) faults(ctx context.Context, r *Resource) []string {
	return r.Faults(ctx, e.validator)
}

// Report is what became of an account besides resources.
type Report struct {
	// Written counts the resources by kind.
	Written map[string]int
	// Samples counts the templates that are observed only because Meta doesn't give sample files back.
	Samples int
	// LeftOut counts the assets that were left out, by the reason.
	LeftOut map[string]int
	// Warnings say in a line each what a resource can't say.
	Warnings []string
	// Missing names in a line each what is missing though it was requested.
	Missing []string
}

func newReport() Report { return Report{Written: map[string]int{}, LeftOut: map[string]int{}} }

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, OneLine(fmt.Sprintf(format, args...)))
}

func (r *Report) miss(format string, args ...any) {
	r.Missing = append(r.Missing, OneLine(fmt.Sprintf(format, args...)))
}

// Total is how many resources were written.
func (r *Report) Total() (n int) {
	for count := range maps.Values(r.Written) {
		n += count
	}
	return n
}
