// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package watchdog ends processes that a command started, when the command itself is gone.
package watchdog

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

// Watchdog ends a process when this one is gone without having done so, for instance by SIGKILL.
type Watchdog struct {
	cmd      *exec.Cmd
	lifeline io.Closer
	once     sync.Once
}

// Watch begins to watch the process with this pid.
func Watch(pid int) (*Watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", `read -r _; kill -TERM "$1"`, "watchdog", strconv.Itoa(pid)) //nolint:gosec,noctx // it must outlive every context
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a watchdog: %w", err)
	}
	return &Watchdog{cmd: cmd, lifeline: lifeline}, nil
}

// Dismiss ends the watchdog before the process it watches, whose pid may belong to another one afterwards.
func (w *Watchdog) Dismiss() {
	w.once.Do(func() {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		_ = w.lifeline.Close()
	})
}
