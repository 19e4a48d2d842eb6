// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"testing"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// acmeGarden is an account of the simulator's demo.
const acmeGarden = "102290129340398"

// startSimulator starts the simulator with its demo, for commands that call Meta. They find the token in the environment, and
// the simulator by the arguments that are returned.
func startSimulator(t *testing.T) (sim *graphsim.Simulator, args []string) {
	t.Helper()
	sim, base := serveDemo(t)
	t.Setenv(envAccessToken, graphsim.DemoToken)
	return sim, []string{"--graph-base-url", base}
}

// serveDemo serves the simulator's demo until the test ends.
func serveDemo(t *testing.T) (sim *graphsim.Simulator, base string) {
	t.Helper()
	sim = graphsim.New(graphsim.WithSeed(1), graphsim.WithMaxPageSize(100))
	if err := sim.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	return sim, sim.Start(t)
}
