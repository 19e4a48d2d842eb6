// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package installation finds the operator in a cluster: its Deployments, their version and their flags.
package installation

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/operator"
)

const (
	// labelPartOf is on every object of an installation, whatever its release is called: chart and config/ both set it.
	labelPartOf, project = "app.kubernetes.io/part-of", "waba-operator"
	// labelVersion is that of the chart.
	labelVersion = "app.kubernetes.io/version"
	// container is the operator's.
	container = "manager"
	// DefaultNamespace is that of the installation guide.
	DefaultNamespace = "waba-operator-system"
)

// Installation is one Deployment of the operator: an installation that is split has one for each shard, and one that receives webhooks.
type Installation struct {
	Namespace, Name string
	// Version is that of the image, "" where neither its tag nor a label names one.
	Version string
	// Options are what the Deployment's flags mean.
	Options operator.Options
}

// String is NAMESPACE/NAME.
func (i *Installation) String() string { return i.Namespace + "/" + i.Name }

// Find returns the operator's Deployments, in the order of their names. Where the caller may not list those of all namespaces, it
// looks in the given ones and in DefaultNamespace, as far as that is permitted; the error is then that of the first refusal if there is
// nothing.
func Find(ctx context.Context, r client.Reader, namespaces ...string) ([]Installation, error) {
	found, refused := list(ctx, r, "")
	if !apierrors.IsForbidden(refused) {
		return found, refused
	}
	namespaces = append(namespaces, DefaultNamespace)
	slices.Sort(namespaces)
	for _, namespace := range slices.Compact(namespaces) {
		more, err := list(ctx, r, namespace)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, err
		}
		found = append(found, more...)
	}
	if len(found) > 0 {
		refused = nil
	}
	return found, refused
}

func list(ctx context.Context, r client.Reader, namespace string) ([]Installation, error) {
	var deployments appsv1.DeploymentList
	if err := r.List(ctx, &deployments, client.InNamespace(namespace), client.MatchingLabels{labelPartOf: project}); err != nil {
		return nil, err
	}
	var out []Installation
	for i := range deployments.Items {
		if found := of(&deployments.Items[i]); found != nil {
			out = append(out, *found)
		}
	}
	slices.SortFunc(out, func(a, b Installation) int { return strings.Compare(a.String(), b.String()) })
	return out, nil
}

// of reads a Deployment, nil if it isn't an operator's.
func of(d *appsv1.Deployment) *Installation {
	containers := d.Spec.Template.Spec.Containers
	at := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == container })
	if at < 0 {
		return nil
	}
	out := &Installation{
		Namespace: d.Namespace, Name: d.Name, Version: versionOf(containers[at].Image, d.Labels[labelVersion]), Options: operator.DefaultOptions(),
	}
	flags := pflag.NewFlagSet(container, pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true // of another version
	out.Options.BindFlags(flags)
	flags.Usage = func() {}
	args := expanded(containers[at].Args, containers[at].Env)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if f := flags.Lookup(strings.TrimPrefix(arg, "--")); f != nil && f.NoOptDefVal == "" && i+1 < len(args) {
			i++
			arg += "=" + args[i] // --flag value
		}
		if flags.Parse([]string{arg}) == nil {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if f := flags.Lookup(name); f != nil {
			_ = f.Value.Set(f.DefValue) // a value that this version can't read is as good as absent
		}
	}
	return out
}

// release is the form of a tag that names a version.
var release = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+([-+_].*)?$`)

// versionOf prefers the image's tag, which is what runs, to the chart's label.
func versionOf(image, label string) string {
	image, _, _ = strings.Cut(image, "@")
	tag := ""
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		tag = image[at+1:]
	}
	for _, v := range []string{tag, label} {
		if release.MatchString(v) {
			return v
		}
	}
	return ""
}

// reference is how arguments of a container refer to its environment.
var reference = regexp.MustCompile(`\$\([A-Za-z_][A-Za-z0-9_.-]*\)`)

// expanded puts the environment's values into the arguments. An argument with a value that isn't in the Deployment is left out.
func expanded(args []string, env []corev1.EnvVar) []string {
	var out []string
	for _, arg := range args {
		known := true
		arg = reference.ReplaceAllStringFunc(arg, func(ref string) string {
			at := slices.IndexFunc(env, func(e corev1.EnvVar) bool { return "$("+e.Name+")" == ref && e.ValueFrom == nil })
			if at < 0 {
				known = false
				return ref
			}
			return env[at].Value
		})
		if known {
			out = append(out, arg)
		}
	}
	return out
}

// Watches reports whether the installation acts on a resource with these labels in this namespace.
func (i *Installation) Watches(namespace string, set map[string]string) bool {
	if len(i.Options.Namespaces) > 0 && !slices.Contains(i.Options.Namespaces, namespace) {
		return false
	}
	selector, err := labels.Parse(i.Options.LabelSelector)
	return err == nil && i.Options.Controllers && selector.Matches(labels.Set(set))
}
