// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/waba-operator/waba-operator/test/watchdog"
)

const (
	operatorLog = "operator.log"
	// stopTimeout is how long the operator may take to finish what it is doing.
	stopTimeout = 40 * time.Second
)

// operator is the operator's process.
type operator struct {
	flags []string
	log   string
	// exited is closed when the process is gone; err is set then.
	exited chan struct{}
	err    error

	process  *os.Process
	watchdog *watchdog.Watchdog
}

// build compiles the operator, with the flags of `go run`, so that what was compiled for the demo is not compiled again.
func build(ctx context.Context, root, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, ".") //nolint:gosec // our own path
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, out)
	}
	return nil
}

func startOperator(binary, kubeconfig, log string, flags []string) (*operator, error) {
	o := &operator{log: log, exited: make(chan struct{}), flags: flags}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // our own path
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()     // the process has its own
	cmd := exec.Command(binary, o.flags...) //nolint:gosec,noctx // our own binary; stop ends it gracefully
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.Stdout, cmd.Stderr = file, file
	// An interrupt from the keyboard goes to the demo alone, which then stops everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the operator: %w", err)
	}
	o.process = cmd.Process
	go func() {
		o.err = cmd.Wait()
		close(o.exited)
	}()
	if o.watchdog, err = watchdog.Watch(cmd.Process.Pid); err != nil {
		_ = o.process.Kill()
		<-o.exited
		return nil, err
	}
	return o, nil
}

// failure says that the operator ended though nobody asked it to.
func (o *operator) failure() error {
	if o.err != nil {
		return fmt.Errorf("the operator ended unexpectedly: %w", o.err)
	}
	return fmt.Errorf("the operator ended unexpectedly")
}

// stop asks the operator to end, and ends it if it doesn't.
func (o *operator) stop() error {
	o.watchdog.Dismiss()
	select {
	case <-o.exited:
		return nil
	default:
	}
	if err := o.process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the operator: %w", err)
	}
	select {
	case <-o.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = o.process.Kill()
		<-o.exited
		return fmt.Errorf("the operator didn't end within %s and was killed", stopTimeout)
	}
}
