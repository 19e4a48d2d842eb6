// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// TestExportOfALargeAccount: the largest account that Meta allows is exported in few calls and little memory. What is measured
// is the program itself, in a process of its own.
func TestExportOfALargeAccount(t *testing.T) {
	const (
		templates = 6000
		page      = 100
		maxCalls  = templates/page + 5
		maxMiB    = 150
	)
	sim, meta := startSimulator(t)
	for i := range templates {
		sim.AddTemplate(acmeGarden, graphsim.Template{
			Name: fmt.Sprintf("order_confirmation_%04d", i), Language: "en_US", Components: json.RawMessage(fmt.Sprintf(
				`[{"type":"HEADER","format":"TEXT","text":"Order {{1}}","example":{"header_text":["A-1042"]}},
				{"type":"BODY","text":"Hi {{1}}, your order %d is confirmed and will arrive on {{2}}. %s","example":{"body_text":[["Ana","12 March"]]}},
				{"type":"FOOTER","text":"Acme Store"},
				{"type":"BUTTONS","buttons":[{"type":"URL","text":"Track order","url":"https://shop.acme.example/orders/{{1}}","example":["A-1042"]}]}]`,
				i, strings.Repeat("You can follow it with the button below. ", 5))),
		})
	}
	program, dir := filepath.Join(t.TempDir(), "kubectl-waba"), filepath.Join(t.TempDir(), "acme")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/kubectl-waba").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := sim.Stats().Calls
	args := append([]string{"export", acmeGarden, "--output-dir", dir}, meta...)
	child := exec.CommandContext(t.Context(), program, args...)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	usage, ok := child.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system doesn't say how much memory was used")
	}
	calls, mib := sim.Stats().Calls-before, usage.Maxrss>>10
	t.Logf("%d files, %d calls, %d MiB at most, %s of processor time", len(files), calls, mib, child.ProcessState.UserTime())
	if calls > maxCalls || mib > maxMiB || len(files) < templates {
		t.Errorf("want %d files, and at most %d calls and %d MiB", templates, maxCalls, maxMiB)
	}
}
