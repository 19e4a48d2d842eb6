// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl is Kubernetes' own, built from source: the tests of what `make install` and its like do need one.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
