// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/waba-operator/waba-operator/internal/build"
	"github.com/waba-operator/waba-operator/internal/installation"
	"github.com/waba-operator/waba-operator/internal/output"
)

const versionExamples = `  # This program, and the operator in the cluster
  kubectl waba version

  # This program alone, without a cluster
  kubectl waba version --client

  # For programs
  kubectl waba version --client -o json`

const versionLong = `Show the version of this program, and of the operator that is installed in the cluster. A warning on the standard error says if the
two differ by more than a patch: commands such as plan then may not decide as the operator does.

It exits with 1 if the cluster can't be reached; with --client it needs none.`

// versions is what the command prints.
type versions struct {
	output.TypeMeta

	Client clientVersion `json:"client"`
	// Operators are the Deployments of the operator in the cluster: with shards there are several.
	Operators []operatorVersion `json:"operators,omitempty"`
}

type clientVersion struct {
	Version   string `json:"version"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
}

type operatorVersion struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Version is absent where neither the image's tag nor a label names one.
	Version string `json:"version,omitempty"`
}

var versionFormats = map[string]func(io.Writer, *versions) error{
	"text": func(w io.Writer, v *versions) error {
		text := fmt.Sprintf("Client: %s (%s, %s)\n", v.Client.Version, v.Client.GoVersion, v.Client.Platform)
		for _, op := range v.Operators {
			text += fmt.Sprintf("Operator: %s (Deployment %s/%s)\n", cmp.Or(op.Version, "unknown version"), op.Namespace, op.Name)
		}
		_, err := io.WriteString(w, text)
		return err
	},
	"json": func(w io.Writer, v *versions) error { return output.JSON(w, v) },
	"yaml": func(w io.Writer, v *versions) error { return output.YAML(w, v) },
}

func newVersion(version string, s Streams) *cobra.Command {
	var (
		format     string
		clientOnly bool
	)
	c := &cobra.Command{
		Use: "version [flags]", Short: "Show the version of this program and of the operator", Long: versionLong, Example: versionExamples,
		Args: cobra.NoArgs,
	}
	cluster := newClusterFlags(c.Flags())
	c.Flags().BoolVar(&clientOnly, "client", false, "show the version of this program only; no cluster is needed")
	bindFormat(c, &format, "text", versionFormats)
	c.RunE = func(c *cobra.Command, _ []string) error {
		write, err := formatOf(format, versionFormats)
		if err != nil {
			return err
		}
		v := &versions{
			TypeMeta: output.TypeOf("Version"),
			Client:   clientVersion{Version: version, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH},
		}
		note := ""
		if !clientOnly {
			note, err = v.findOperators(c.Context(), cluster)
		}
		if printErr := write(s.Out, v); printErr != nil {
			return printErr
		}
		if note != "" {
			_, _ = fmt.Fprintln(s.Err, note)
		}
		return err
	}
	return c
}

// findOperators adds the operators of the cluster. It returns what there is to say about them.
func (v *versions) findOperators(ctx context.Context, cluster *clusterFlags) (note string, err error) {
	namespace, err := cluster.namespace()
	if err != nil {
		return "", err
	}
	c, err := cluster.client()
	if err != nil {
		return "", err
	}
	found, err := installation.Find(ctx, c, namespace)
	switch {
	case apierrors.IsForbidden(err):
		return "note: the version of the operator isn't known: you may not list Deployments in its namespace", nil
	case err != nil:
		return "", err
	case len(found) == 0:
		return "note: no Deployment of the operator was found in the cluster", nil
	}
	for i := range found {
		op := &found[i]
		v.Operators = append(v.Operators, operatorVersion{Namespace: op.Namespace, Name: op.Name, Version: op.Version})
		if note == "" && !build.SameMinor(v.Client.Version, op.Version) {
			note = fmt.Sprintf("warning: this program is %s and the operator %s %s: install the same version, so that both decide alike", v.Client.Version, op, op.Version)
		}
	}
	return note, nil
}
