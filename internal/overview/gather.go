// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// pageSize is how many objects one request lists.
const pageSize = 500

// maxRestarts bounds how often a listing begins anew, because the API server forgot where it was.
const maxRestarts = 3

// Selection says what to show.
type Selection struct {
	// Namespace of the resources; empty means all. Their accounts are shown wherever they are.
	Namespace string
	// Accounts by NAME or NAMESPACE/NAME; empty means all.
	Accounts []string
	// Labels of the resources; nil means any. Accounts to which these refer are shown whatever their labels are.
	Labels labels.Selector
}

// options select the resources of a kind. Accounts are selected when they are shown: others may refer to them.
func (s Selection) options(kind v1alpha1.AssetKind, namespace string) *client.ListOptions {
	o := &client.ListOptions{Namespace: namespace}
	if kind.Name != v1alpha1.KindWABA {
		o.LabelSelector = s.Labels
	}
	return o
}

// selects reports that an account's own labels are selected.
func (s Selection) selects(account v1alpha1.Asset) bool {
	return s.Labels == nil || s.Labels.Matches(labels.Set(account.GetLabels()))
}

// includes reports that an account is selected by its name.
func (s Selection) includes(account types.NamespacedName) bool {
	return len(s.Accounts) == 0 || slices.ContainsFunc(s.Accounts, func(name string) bool { return name == account.Name || name == account.String() })
}

// place names where the resources are read.
func (s Selection) place() string {
	if s.Namespace == "" {
		return "any namespace"
	}
	return "namespace " + s.Namespace
}

// Gather reads what is selected and judges it as of now. What the user may not read is named in Unreadable; only if that is
// everything, or something else fails, there is an error.
func Gather(ctx context.Context, reader client.Reader, selection Selection, now time.Time) (*Overview, error) {
	inventory, err := collect(ctx, reader, selection)
	if err != nil {
		return nil, err
	}
	return inventory.overview(selection, now)
}

// collect reads the kinds, and the accounts elsewhere to which something refers.
func collect(ctx context.Context, reader client.Reader, selection Selection) (*inventory, error) {
	inv := newInventory()
	for _, kind := range v1alpha1.AssetKinds {
		err := inv.read(ctx, reader, kind, selection)
		switch {
		case apierrors.IsForbidden(err):
			inv.closed[kind.Name] = true
			inv.unreadable = append(inv.unreadable, kind.Resource+" in "+selection.place())
		case meta.IsNoMatchError(err):
			return nil, errors.New("the cluster lacks the kinds of waba-operator: install its CRDs, or choose another --context")
		case err != nil:
			return nil, fmt.Errorf("listing %s: %w", kind.Resource, err)
		}
	}
	if len(inv.closed) == len(v1alpha1.AssetKinds) {
		return nil, fmt.Errorf("you may list nothing of waba-operator in %s; choose another namespace, or ask for the role view", selection.place())
	}
	for _, key := range inv.referenced() {
		if inv.has(key) || !selection.includes(key) {
			continue
		}
		account := &v1alpha1.WABA{}
		err := reader.Get(ctx, key, account)
		switch {
		case apierrors.IsNotFound(err):
			inv.noteMissing(key, missingNotFound)
		case apierrors.IsForbidden(err):
			inv.noteMissing(key, reasonForbidden)
			inv.unreadable = append(inv.unreadable, "waba "+key.String())
		case err != nil:
			return nil, fmt.Errorf("reading waba %s: %w", key, err)
		default:
			inv.put(account)
		}
	}
	return inv, nil
}

// read lists one kind in pages.
func (i *inventory) read(ctx context.Context, reader client.Reader, kind v1alpha1.AssetKind, selection Selection) error {
	restarts, next := 0, ""
	for {
		page := kind.NewList()
		err := reader.List(ctx, page, selection.options(kind, selection.Namespace), client.Limit(pageSize), client.Continue(next))
		if apierrors.IsResourceExpired(err) && next != "" && restarts < maxRestarts {
			restarts, next = restarts+1, "" // what was read already is replaced
			i.keep(kind.Name, func(types.NamespacedName) bool { return true }, nil)
			continue
		}
		if err != nil {
			return err
		}
		// Each object is copied out of the list, which would be kept alive as a whole.
		if err := meta.EachListItemWithAlloc(page, i.putItem); err != nil {
			return err
		}
		if next = page.GetContinue(); next == "" {
			return nil
		}
	}
}

// absent names selected accounts that aren't shown.
func (s Selection) absent(shown []*Account) error {
	var absent []string
	for _, name := range s.Accounts {
		if !slices.ContainsFunc(shown, func(a *Account) bool { return a.Name == name || a.Namespace+"/"+a.Name == name }) {
			absent = append(absent, name)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	return fmt.Errorf("no WABA %s in %s, and nothing there refers to one; choose another -n, or -A", strings.Join(absent, ", "), s.place())
}
