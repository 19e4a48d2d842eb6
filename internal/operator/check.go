// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// checkTimeout is how long the API server may take to answer all questions of a check.
const checkTimeout = 30 * time.Second

// Check asks the API server for the resources that an operator with these flags would watch, and says what is missing.
// It writes nothing.
func Check(ctx context.Context, cfg *rest.Config, o Options, out io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c, err := client.New(cfg, client.Options{Scheme: Scheme()})
	if err != nil {
		return fmt.Errorf("connect to the API server: %w", err)
	}
	namespaces, where := o.Namespaces, strings.Join(o.Namespaces, ", ")
	if len(namespaces) == 0 {
		namespaces, where = []string{""}, "all namespaces"
	}
	var errs []error
	for _, list := range []client.ObjectList{
		&v1alpha1.WABAList{}, &v1alpha1.PhoneNumberList{}, &v1alpha1.MessageTemplateList{}, &v1alpha1.WebhookSubscriptionList{},
	} {
		for _, namespace := range namespaces {
			err := c.List(ctx, list, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector}, client.Limit(1))
			if apimeta.IsNoMatchError(err) {
				err = fmt.Errorf("the CRDs aren't installed, or not all of them: %w", err)
			}
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The flags are valid, and the resources of all four kinds can be read in %s.\n", where)
	return err
}
