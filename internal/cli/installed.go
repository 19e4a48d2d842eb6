// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/build"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/installation"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/plan"
)

// flagsForPlan are the operator's flags that change a plan and that the command has too. --graph-base-url isn't among them: otherwise
// the permission to edit a Deployment would decide where access tokens are sent.
var flagsForPlan = []string{"webhook-url", "graph-api-version", "template-creates-per-hour"}

// follow takes the flags that the caller didn't set from the operator that acts on the manifests, and says on the standard error which
// operator that is.
func (f *planFlags) follow(ctx context.Context, version string, s Streams, o *plan.Options, documents []manifest.Document) error {
	if o.Cluster == nil {
		return nil
	}
	found, err := installation.Find(ctx, o.Cluster, o.Namespace)
	if err != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("%w; with --no-cluster every resource counts as new", err)
	}
	op, several := installation.ForAll(found, ofThisProject(documents), o.Namespace, samePlan)
	var note string
	switch {
	case op != nil:
		note = f.adopt(op, version, o)
	case several:
		note = "several operators act on these manifests, with different flags: give --" + strings.Join(flagsForPlan, ", --")
	case f.given("webhook-url"):
		return nil
	case err != nil:
		note = "the operator's flags aren't known, as you may not list its Deployments: give --webhook-url if it has that flag"
	default:
		note = "the cluster has no operator that acts on all of these manifests: give --webhook-url if yours has that flag"
	}
	_, err = fmt.Fprintln(s.Err, "note:", note)
	return err
}

// adopt takes the flags of an operator, and says so.
func (f *planFlags) adopt(op *installation.Installation, version string, o *plan.Options) string {
	flags := &op.Options
	if !f.given("webhook-url") && operator.CheckWebhookURL(flags.WebhookURL) == nil {
		o.WebhookURL = flags.ReceiverURL()
	}
	if !f.given("graph-api-version") && graph.CheckVersion(flags.GraphAPIVersion) == nil {
		o.GraphAPIVersion = flags.GraphAPIVersion
	}
	if !f.given("template-creates-per-hour") && flags.CreatesPerHour >= 0 {
		o.CreatesPerHour = flags.CreatesPerHour
	}
	o.NoNamespaceLabels = !flags.WatchesNamespaces()
	note := "planned with the flags of the operator " + op.String()
	if op.Version != "" {
		note += " " + op.Version
	}
	if !build.SameMinor(version, op.Version) {
		note += ", which may decide differently than this version, " + version
	}
	if flags.ReadOnly {
		note += "; it runs with --read-only, so it writes nothing of this to Meta"
	}
	return note
}

// samePlan reports that two operators make the same plan.
func samePlan(a, b *installation.Installation) bool {
	x, y := &a.Options, &b.Options
	return x.WebhookURL == y.WebhookURL && x.GraphAPIVersion == y.GraphAPIVersion && x.CreatesPerHour == y.CreatesPerHour &&
		x.ReadOnly == y.ReadOnly && x.WatchesNamespaces() == y.WatchesNamespaces()
}

// ofThisProject are the resources of the four kinds.
func ofThisProject(documents []manifest.Document) []client.Object {
	var out []client.Object
	for i := range documents {
		if documents[i].Object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			out = append(out, documents[i].Object)
		}
	}
	return out
}

// installedAPIVersion is the version of the Graph API that the operator uses for an account that names none, otherwise the given one
// where that can't be seen.
func installedAPIVersion(ctx context.Context, c client.Reader, name types.NamespacedName, otherwise string) string {
	waba := &v1alpha1.WABA{}
	if c.Get(ctx, name, waba) != nil {
		return otherwise // the report says why
	}
	found, err := installation.Find(ctx, c, name.Namespace)
	if err != nil {
		return otherwise
	}
	op, _ := installation.ForAll(found, []client.Object{waba}, name.Namespace, func(a, b *installation.Installation) bool {
		return a.Options.GraphAPIVersion == b.Options.GraphAPIVersion
	})
	if op == nil || graph.CheckVersion(op.Options.GraphAPIVersion) != nil {
		return otherwise
	}
	return op.Options.GraphAPIVersion
}
