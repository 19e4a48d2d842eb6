// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/action"
	"github.com/waba-operator/waba-operator/internal/operator"
)

// Values of --dry-run, as kubectl has them.
var dryRuns = []string{"none", "client", "server"}

// actFormats are the formats of what actions print; absent means a line for each resource.
var actFormats = []string{"json", "name", "yaml"}

// act is a command that has an action done with resources.
type act struct {
	*action.Action
	Streams

	cluster                  *clusterFlags
	selector, format, dryRun string
	all, everywhere, wait    bool
	timeout                  time.Duration

	client  client.WithWatch
	printer printers.ResourcePrinter
	// mu guards what is printed, and objected: the operator has answered, and something is wrong.
	mu       sync.Mutex
	objected bool
}

// newAct returns the command of an action. texts are its Short, Long and Example.
func newAct(s Streams, a *action.Action, texts [3]string) *cobra.Command {
	v := &act{Action: a, Streams: s}
	c := &cobra.Command{
		Use:               a.Name + " [flags] KIND NAME … | KIND/NAME …",
		Short:             texts[0],
		Long:              texts[1],
		Example:           texts[2],
		ValidArgsFunction: completeResources,
		RunE:              func(c *cobra.Command, args []string) error { return v.run(c.Context(), args) },
	}
	f := c.Flags()
	v.cluster = newClusterFlags(f)
	f.BoolVar(&v.all, "all", false, "all resources of the kind in the namespace")
	f.BoolVarP(&v.everywhere, "all-namespaces", "A", false, "with --all or -l, in all namespaces")
	f.StringVarP(&v.selector, "selector", "l", "", "resources with these labels: app=shop,tier!=test")
	f.BoolVar(&v.wait, "wait", false, "wait until the operator has answered")
	f.DurationVar(&v.timeout, "timeout", 5*time.Minute, "how long --wait waits for all resources together")
	f.StringVar(&v.dryRun, "dry-run", "none", strings.Join(dryRuns, ", ")+": change nothing, and only name the resources, or have the API server check the change")
	f.StringVarP(&v.format, "output", "o", "", "format: "+strings.Join(actFormats, ", ")+" (default a line for each resource)")
	c.MarkFlagsMutuallyExclusive("all", "selector")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(actFormats, cobra.ShellCompDirectiveNoFileComp)) // fails only for unknown flags
	_ = c.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions(dryRuns, cobra.ShellCompDirectiveNoFileComp))   // fails only for unknown flags
	return c
}

func (v *act) run(ctx context.Context, args []string) error {
	if err := v.check(); err != nil {
		return err
	}
	found, err := v.find(args)
	if err != nil && len(found) == 0 {
		return err
	}
	failed := []error{err}
	if v.client, err = v.cluster.watcher(); err != nil {
		return err
	}
	var answers []*answer
	for _, obj := range found {
		done, r, err := v.one(ctx, obj)
		switch {
		case err != nil && (v.all || v.selector != "") && errors.As(err, new(*action.RefusedError)):
			v.note(titleOf(obj), err.Error())
		case err != nil:
			failed = append(failed, fmt.Errorf("%s %w", titleOf(obj), err))
		case v.wait:
			answers = append(answers, &answer{Request: r, requested: done, latest: done})
		default:
			failed = append(failed, v.print(done, v.did(r)))
		}
	}
	if err := errors.Join(append(failed, v.await(ctx, answers))...); err != nil {
		return err
	}
	if v.objected {
		return errFound
	}
	return nil
}

// check says what to write instead of flags that can't be used.
func (v *act) check() error {
	switch {
	case !slices.Contains(dryRuns, v.dryRun):
		return fmt.Errorf("--dry-run must be one of %s, not %q", strings.Join(dryRuns, ", "), v.dryRun)
	case v.wait && v.dryRun != "none":
		return errors.New("--wait and --dry-run exclude each other: the operator doesn't see a dry run")
	case v.timeout <= 0:
		return fmt.Errorf("--timeout must be longer than 0, not %s", v.timeout)
	}
	switch v.format {
	case "", "name":
	case "json":
		v.printer = &printers.OmitManagedFieldsPrinter{Delegate: &printers.JSONPrinter{}}
	case "yaml":
		v.printer = &printers.OmitManagedFieldsPrinter{Delegate: &printers.YAMLPrinter{}}
	default:
		return fmt.Errorf("unknown format %q: use one of %s", v.format, strings.Join(actFormats, ", "))
	}
	return nil
}

// find reads the resources that arguments and flags name, as kubectl does.
func (v *act) find(args []string) ([]v1alpha1.Asset, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("no resource: name a kind and resources, such as waba acme or waba/acme, or a kind with --all or -l; see 'kubectl waba %s --help'", v.Name)
	}
	namespace, err := v.cluster.namespace()
	if err != nil {
		return nil, err
	}
	infos, err := resource.NewBuilder(ownKinds{v.cluster}).
		WithScheme(operator.Scheme(), v1alpha1.GroupVersion).
		ContinueOnError().NamespaceParam(namespace).DefaultNamespace().AllNamespaces(v.everywhere).
		LabelSelectorParam(v.selector).SelectAllParam(v.all).
		ResourceTypeOrNameArgs(false, args...).
		Flatten().Do().Infos()
	var found []v1alpha1.Asset
	for _, info := range infos {
		if obj, ok := info.Object.(v1alpha1.Asset); ok {
			found = append(found, obj)
		}
	}
	if err == nil && len(found) == 0 {
		place := "namespace " + namespace
		if v.everywhere {
			place = "any namespace"
		}
		return nil, fmt.Errorf("no matching resources found in %s", place)
	}
	return found, err
}

// one requests the action for one resource, and returns the resource as it is then.
func (v *act) one(ctx context.Context, obj v1alpha1.Asset) (done v1alpha1.Asset, r *action.Request, err error) {
	kind, _ := v1alpha1.AssetKindOf(obj.KindName())
	options := []client.PatchOption{client.FieldOwner(action.FieldManager)}
	if v.dryRun == "server" {
		options = append(options, client.DryRunAll)
	}
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if r, err = v.On(obj, clock.RealClock{}.Now()); err != nil || r.Patch == nil || v.dryRun == "client" {
			done = obj
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, clusterTimeout)
		defer cancel()
		done = kind.New() // an answer is read over what an object has
		done.SetNamespace(obj.GetNamespace())
		done.SetName(obj.GetName())
		err := v.client.Patch(ctx, done, client.RawPatch(types.MergePatchType, r.Patch), options...)
		if apierrors.IsConflict(err) {
			key := client.ObjectKeyFromObject(obj)
			obj = kind.New()
			if err := v.client.Get(ctx, key, obj); err != nil {
				return err
			}
		}
		return err
	})
	return done, r, err
}

// did says what was done.
func (v *act) did(r *action.Request) string {
	done := v.Done
	if r.Unchanged != "" {
		done = r.Unchanged
	}
	switch v.dryRun {
	case "client":
		done += " (dry run)"
	case "server":
		done += " (server dry run)"
	}
	return done
}

// print prints a resource with which something was done.
func (v *act) print(obj v1alpha1.Asset, done string) error {
	switch {
	case v.printer != nil:
		obj.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(obj.KindName()))
		return v.printer.PrintObj(obj, v.Out)
	case v.format == "name":
		_, err := fmt.Fprintln(v.Out, titleOf(obj))
		return err
	}
	_, err := fmt.Fprintln(v.Out, titleOf(obj), done)
	return err
}

// note writes a line about a resource beside the output.
func (v *act) note(title, text string) { _, _ = fmt.Fprintf(v.Err, "note: %s %s\n", title, text) }

// titleOf names a resource as kubectl does.
func titleOf(obj v1alpha1.Asset) string {
	return strings.ToLower(obj.KindName()) + "." + v1alpha1.GroupName + "/" + obj.GetName()
}
