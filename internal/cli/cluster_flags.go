// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs with an auth-provider, as kubectl reads them
)

// aboutCluster marks the flags that say how the API server is reached. --help lists them apart.
const aboutCluster = "waba-operator.io/about-cluster"

// clusterUsages explain kubectl's flags without the word Meta's API could be meant by.
var clusterUsages = map[string]string{
	"as":                       "user to impersonate at the API server",
	"as-group":                 "group to impersonate at the API server; may be repeated",
	"as-uid":                   "UID to impersonate at the API server",
	"as-user-extra":            "extra information about the user to impersonate, KEY=VALUE; may be repeated",
	"certificate-authority":    "file with the authority of the API server's certificate",
	"client-certificate":       "file with a client certificate for the API server",
	"client-key":               "file with the key of that certificate",
	"cluster":                  "cluster of the kubeconfig, instead of the context's",
	"context":                  "context of the kubeconfig",
	"insecure-skip-tls-verify": "don't check the API server's certificate",
	"kubeconfig":               "path of the kubeconfig (default $KUBECONFIG, else ~/.kube/config)",
	"namespace":                "namespace of the resources (default that of the context)",
	"proxy-url":                "proxy on the way to the API server",
	"request-timeout":          "limit for one request to the API server, such as 10s (default 30s)",
	"server":                   "address of the API server",
	"tls-server-name":          "name that the API server's certificate must have, if it isn't that of --server",
	"token":                    "bearer token for the API server",
	"user":                     "user of the kubeconfig, instead of the context's",
}

// clusterFlags say which cluster, as kubectl's do.
type clusterFlags struct{ *genericclioptions.ConfigFlags }

func newClusterFlags(flags *pflag.FlagSet) *clusterFlags {
	f := &clusterFlags{genericclioptions.NewConfigFlags(true)}
	f.CacheDir, f.DisableCompression = nil, nil // nothing is cached, and there is little to compress
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.AddFlags(all)
	all.VisitAll(func(flag *pflag.Flag) {
		flag.Usage = clusterUsages[flag.Name]
		if flag.DefValue != "[]" { // the usages name defaults
			flag.DefValue = ""
		}
		if flag.Name != "namespace" { // it says what a command is about
			flag.Annotations = map[string][]string{aboutCluster: nil}
		}
	})
	flags.AddFlagSet(all)
	return f
}

// groupedUsage prints what usage does, with flags that fit the width, of which 0 is none, and those about the cluster at the end. It
// prints the flags itself: cobra would do so by a template, whose calls of methods by name keep the linker from leaving out any method.
func groupedUsage(usage func(*cobra.Command) error, width int) func(*cobra.Command) error {
	return func(c *cobra.Command) error {
		if c.HasAvailableSubCommands() {
			return usage(c)
		}
		own, cluster := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
		var shown []*pflag.Flag
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			if flag.Hidden {
				return
			}
			group := own
			if _, about := flag.Annotations[aboutCluster]; about {
				group = cluster
			}
			printed := *flag
			group.AddFlag(&printed)
			flag.Hidden = true
			shown = append(shown, flag)
		})
		err := usage(c)
		for _, flag := range shown {
			flag.Hidden = false
		}
		for _, group := range []struct {
			title string
			flags *pflag.FlagSet
		}{{"Flags", own}, {"Flags of the cluster", cluster}} {
			if err == nil && group.flags.HasFlags() {
				_, err = fmt.Fprintf(c.OutOrStderr(), "\n%s:\n%s", group.title, group.flags.FlagUsagesWrapped(width))
			}
		}
		return err
	}
}
