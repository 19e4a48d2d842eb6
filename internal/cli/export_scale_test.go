// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// TestExportOfALargeAccount: the largest account that Meta allows is exported in few calls and little memory. What is measured
// is the program itself, in a process of its own.
func TestExportOfALargeAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
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
				`[{"type":"BODY","text":"Hi {{1}}, your order %d is confirmed and will arrive on {{2}}. %s","example":{"body_text":[["Ana","12 March"]]}},
				{"type":"FOOTER","text":"Acme Store"}]`,
				i, strings.Repeat("You can follow it in your account at any time. ", 10))),
		})
	}
	program, dir := filepath.Join(t.TempDir(), "kubectl-waba"), filepath.Join(t.TempDir(), "acme")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/kubectl-waba").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := sim.Stats().Calls
	args := append([]string{"export", acmeGarden, "--output-dir", dir}, meta...)
	child := exec.CommandContext(t.Context(), program, args...)
	mib, err := memoryOf(child)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	calls := sim.Stats().Calls - before
	t.Logf("%d files, %d calls, %d MiB at most, %s of processor time", len(files), calls, mib, child.ProcessState.UserTime())
	if calls > maxCalls || mib == 0 || mib > maxMiB || len(files) < templates {
		t.Errorf("want %d files, and at most %d calls and %d MiB", templates, maxCalls, maxMiB)
	}
}

// memoryOf runs a program and returns the most memory that it had, in MiB. The system's own account of a child that has ended
// counts what the parent had when it began.
func memoryOf(child *exec.Cmd) (mib int, err error) {
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%w\n%s", err, &out)
			}
			return mib, err
		case <-look.C:
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", child.Process.Pid))
			if err != nil {
				continue // it has just ended
			}
			_, peak, _ := strings.Cut(string(status), "VmHWM:")
			var kib int
			if _, err := fmt.Sscanf(peak, "%d kB", &kib); err == nil {
				mib = max(mib, kib>>10)
			}
		}
	}
}
