// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// completionTimeout is how long a person waits for what the API server could complete.
const completionTimeout = 3 * time.Second

const completionLong = `Generate the script with which a shell completes kubectl-waba.

For kubectl waba, kubectl asks a program kubectl_complete-waba on the PATH; each release has it beside kubectl-waba. Without it, create
a file of that name and make it executable:

  #!/bin/sh
  exec kubectl-waba __complete "$@"`

// completions have the arguments and the flags completed. What needs the API server gives up after some seconds, and without a word.
func completions(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if complete, ok := argumentCompletions[c.Name()]; ok {
			c.ValidArgsFunction = complete
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if complete, ok := flagCompletions[f.Name]; ok {
				_ = c.RegisterFlagCompletionFunc(f.Name, complete) // fails only for unknown flags
			}
		})
		if c.Name() == "completion" {
			c.Long, c.Example = completionLong, "  source <(kubectl waba completion bash)"
			for _, shell := range c.Commands() {
				shell.Example = "  kubectl waba completion " + shell.Name()
			}
		}
	}
}

// argumentCompletions are those of commands whose arguments aren't files.
var argumentCompletions = map[string]cobra.CompletionFunc{
	"status": completeAccounts,
	"report": func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeAccounts(c, args, typed)
	},
	"export":   cobra.NoFileCompletions,
	"doctor":   cobra.NoFileCompletions,
	"simulate": cobra.NoFileCompletions,
}

// flagCompletions are those of flags, in whichever command.
var flagCompletions = map[string]cobra.CompletionFunc{
	"namespace": func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return only(names(c, corev1.SchemeGroupVersion.WithKind("Namespace")), typed)
	},
	"secret": func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		namespace, _, qualified := strings.Cut(typed, "/")
		var options []client.ListOption
		if qualified {
			options = append(options, client.InNamespace(namespace))
		} else {
			options = append(options, own(c))
		}
		found := names(c, corev1.SchemeGroupVersion.WithKind("Secret"),
			append(options, client.MatchingLabels{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount})...)
		if qualified {
			found = prefixed(namespace+"/", found)
		}
		return only(found, typed)
	},
	"context":  fromKubeconfig(func(cfg *clientcmdapi.Config) []string { return slices.Collect(maps.Keys(cfg.Contexts)) }),
	"cluster":  fromKubeconfig(func(cfg *clientcmdapi.Config) []string { return slices.Collect(maps.Keys(cfg.Clusters)) }),
	"user":     fromKubeconfig(func(cfg *clientcmdapi.Config) []string { return slices.Collect(maps.Keys(cfg.AuthInfos)) }),
	"status":   oneOrMore(metavalues.TemplateStatuses),
	"language": oneOrMore(template.Languages()),
	"category": oneOrMore([]string{
		string(v1alpha1.TemplateCategoryAuthentication), string(v1alpha1.TemplateCategoryMarketing), string(v1alpha1.TemplateCategoryUtility),
	}),
}

// completeAccounts completes names of WABA resources, with -A as NAMESPACE/NAME.
func completeAccounts(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return only(without(resources(c, v1alpha1.KindWABA), args), typed)
}

// completeResources completes KIND NAME … and KIND/NAME ….
func completeResources(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	kind, _, slash := strings.Cut(typed, "/")
	switch {
	case slash:
		return only(without(prefixed(kind+"/", resources(c, kindCalled(kind))), args), typed)
	case len(args) == 0:
		var all []string
		for _, kind := range v1alpha1.AssetKinds {
			all = append(all, kindNames(kind)...)
		}
		return only(all, typed)
	case strings.Contains(args[0], "/"):
		var all []string
		for _, kind := range v1alpha1.AssetKinds {
			all = append(all, strings.ToLower(kind.Name)+"/")
		}
		found, directive := only(all, typed)
		return found, directive | cobra.ShellCompDirectiveNoSpace
	}
	return only(without(resources(c, kindCalled(args[0])), args[1:]), typed)
}

// kindCalled is the kind with one of the names that kubectl takes; empty where there is none.
func kindCalled(name string) string {
	mapper, err := ownKinds{}.ToRESTMapper()
	if err != nil {
		return ""
	}
	kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: strings.ToLower(name)})
	if err != nil {
		return ""
	}
	return kind.Kind
}

// resources are the names of resources of a kind, in all namespaces as NAMESPACE/NAME.
func resources(c *cobra.Command, kind string) []string {
	if kind == "" {
		return nil
	}
	if f := c.Flags().Lookup("all-namespaces"); f != nil && f.Changed {
		return names(c, v1alpha1.GroupVersion.WithKind(kind))
	}
	return names(c, v1alpha1.GroupVersion.WithKind(kind), own(c))
}

// own is the namespace of the command.
func own(c *cobra.Command) client.ListOption {
	namespace, _ := clusterOf(c).namespace() // without one, nothing is found
	return client.InNamespace(namespace)
}

// names are those of objects in the cluster, with their namespaces if it isn't one namespace that is listed; none if it can't be read.
func names(c *cobra.Command, kind schema.GroupVersionKind, options ...client.ListOption) []string {
	cluster := clusterOf(c)
	*cluster.Timeout = completionTimeout.String()
	there, err := cluster.client()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionTimeout)
	defer cancel()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	if err := there.List(ctx, list, options...); err != nil {
		return nil
	}
	var out []string
	for _, item := range list.Items {
		name := item.Name
		if len(options) == 0 && item.Namespace != "" {
			name = item.Namespace + "/" + name
		}
		out = append(out, name)
	}
	return out
}

// clusterOf is the cluster that the flags of a command name, as far as they were typed.
func clusterOf(c *cobra.Command) *clusterFlags {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	cluster := newClusterFlags(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		typed := c.Flags().Lookup(f.Name)
		if typed == nil || !typed.Changed {
			return
		}
		from, several := typed.Value.(pflag.SliceValue)
		if to, ok := f.Value.(pflag.SliceValue); several && ok {
			_ = to.Replace(from.GetSlice()) // it was taken once
			return
		}
		_ = f.Value.Set(typed.Value.String()) // it was taken once
	})
	return cluster
}

// fromKubeconfig completes what a kubeconfig has.
func fromKubeconfig(list func(*clientcmdapi.Config) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		cfg, err := clusterOf(c).ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return only(list(&cfg), typed)
	}
}

// oneOrMore completes values that are separated by commas.
func oneOrMore(values []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		return only(prefixed(before, without(values, strings.Split(before, ","))), typed)
	}
}

// only are the values that begin with what was typed.
func only(values []string, typed string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, value := range slices.Sorted(slices.Values(values)) {
		if strings.HasPrefix(value, typed) {
			out = append(out, value)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func prefixed(prefix string, values []string) []string {
	var out []string
	for _, value := range values {
		out = append(out, prefix+value)
	}
	return out
}

func without(values, others []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return slices.Contains(others, value) })
}
