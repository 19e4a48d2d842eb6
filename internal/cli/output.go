// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"

	"github.com/waba-operator/waba-operator/internal/export"
)

// outputFlags say where manifests are written.
type outputFlags struct {
	dir       string
	overwrite bool
}

func (o *outputFlags) bind(f *pflag.FlagSet) {
	o.bindFiles(f, "write a file for each resource into this directory, which must be empty or new; else one stream goes to the standard output")
}

// bindFiles is bind for a command that doesn't write streams.
func (o *outputFlags) bindFiles(f *pflag.FlagSet, usage string) {
	f.StringVar(&o.dir, "output-dir", "", usage)
	f.BoolVar(&o.overwrite, "overwrite", false, "let --output-dir replace files of the same names; others are left alone")
}

// check says what to write instead of a directory that can't be used.
func (o *outputFlags) check() error {
	if o.dir == "" {
		if o.overwrite {
			return errors.New("--overwrite goes with --output-dir")
		}
		return nil
	}
	entries, err := os.ReadDir(o.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--output-dir: %w", err)
	case len(entries) > 0 && !o.overwrite:
		return fmt.Errorf("%s isn't empty: name another directory, or add --overwrite to replace files of the same names", o.dir)
	}
	return nil
}

// bindFilter adds the flags that select templates; verb says what becomes of them.
func bindFilter(f *pflag.FlagSet, filter *export.Filter, verb string) {
	f.StringSliceVar(&filter.Names, "name", nil, verb+" only templates of these names; * is any text: shop_*")
	f.StringSliceVar(&filter.Languages, "language", nil, verb+" only templates in these languages: en_US,de")
	f.StringSliceVar(&filter.Categories, "category", nil, verb+" only templates of these categories: AUTHENTICATION, MARKETING, UTILITY")
	f.StringSliceVar(&filter.Statuses, "status", nil, verb+" only templates in these states at Meta: APPROVED,PAUSED")
	f.BoolVar(&filter.Samples, "include-samples", false, verb+" Meta's own sample templates too: hello_world, sample_*")
	f.BoolVar(&filter.Generated, "include-generated", false, verb+" templates too that Meta generated for messages sent without a template (Direct Send)")
}

func checkFilter(filter *export.Filter) error {
	if pattern := filter.Check(); pattern != "" {
		return fmt.Errorf("--name %q can't be understood: write a name, with * for any text", pattern)
	}
	return nil
}

// checkName says what to write instead of what can't be the name of a resource.
func checkName(flag, name string) error {
	if len(apivalidation.NameIsDNSSubdomain(name, false)) > 0 {
		return fmt.Errorf("%s must be the name of a resource, small letters, digits and hyphens such as acme, not %q", flag, name)
	}
	return nil
}
