// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package watchdog

import (
	"os/exec"
	"syscall"
	"testing"
)

// TestWatch closes what the end of this process would close.
func TestWatch(t *testing.T) {
	for name, test := range map[string]struct {
		act  func(*Watchdog)
		want syscall.Signal
	}{
		"the process that watches is gone": {func(w *Watchdog) { _ = w.lifeline.Close() }, syscall.SIGTERM},
		"dismissed":                        {(*Watchdog).Dismiss, syscall.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			watched := exec.CommandContext(t.Context(), "/bin/sh", "-c", "read -r _")
			input, err := watched.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = input.Close() }()
			if err := watched.Start(); err != nil {
				t.Fatal(err)
			}
			w, err := Watch(watched.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Dismiss()
			test.act(w)
			if test.want == syscall.SIGKILL {
				_ = watched.Process.Kill() // the watchdog is gone
			}
			_ = watched.Wait() // says only that it was ended
			if status, ok := watched.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != test.want {
				t.Errorf("ended by %v, want %s", watched.ProcessState, test.want)
			}
		})
	}
}
