// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command states makes the corpus of states out of what the tests of the controllers recorded: go run ./hack/states DIRECTORY
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/states"
	"github.com/waba-operator/waba-operator/test/testenv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "states:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("give the directory with what was recorded")
	}
	root, err := testenv.Root()
	if err != nil {
		return err
	}
	recorded, err := states.LoadFiles(filepath.Join(args[0], "*.yaml"))
	if err != nil {
		return err
	}
	if len(recorded) == 0 {
		return fmt.Errorf("nothing was recorded in %s", args[0])
	}
	for i := range recorded {
		recorded[i].File = ""
	}
	recorded = slices.DeleteFunc(recorded, madeUp)
	kept, err := states.Load(root)
	if err != nil {
		return err
	}
	selected := states.Select(kept, recorded)
	fmt.Printf("%d states recorded, %d kept\n", len(recorded), len(selected))
	return states.Write(root, selected)
}

// madeUp reports that a test put the status there itself, to see what the operator makes of it.
func madeUp(s states.State) bool {
	raw, err := json.Marshal(s.Object["status"])
	if err != nil {
		return true
	}
	var status v1alpha1.CommonStatus
	if err := json.Unmarshal(raw, &status); err != nil {
		return true
	}
	observed, generation := s.Observed()
	return len(harness.Violations(generation, status)) > 0 || observed >= 0 && len(status.Conditions) == 0
}
