// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
	"github.com/waba-operator/waba-operator/test/watchdog"
)

// look is the time between two looks at the metrics of a process. One costs as much as a scrape of Prometheus, which grows with the number
// of resources.
const look = 5 * time.Second

// compile builds the operator as releases do, and returns the program.
func compile(ctx context.Context, directory string) (string, error) {
	root, err := testenv.Root()
	if err != nil {
		return "", err
	}
	program := filepath.Join(directory, "waba-operator")
	cmd := exec.CommandContext(ctx, filepath.Join(root, "hack", "compile.sh"), "v0.0.0-scale", program, ".") //nolint:gosec // of this repository
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the operator: %w\n%s", err, out)
	}
	return program, nil
}

// launch is how a process is started.
type launch struct {
	program, kubeconfig string
	// directory is where the log is.
	directory string
	args      []string
	env       []string
}

// process is the operator as a process of its own, as in a container.
type process struct {
	cmd     *exec.Cmd
	args    []string
	output  *os.File
	started time.Time
	// ended is closed when the process is gone; err is set then.
	ended chan struct{}
	err   error

	watchdog *watchdog.Watchdog

	metrics, probes string
	client          http.Client
}

// startProcess runs the program until it is stopped, killed, or this process ends.
func startProcess(ctx context.Context, l launch) (*process, error) {
	p := &process{args: l.args, ended: make(chan struct{}), client: http.Client{Timeout: patience.Limit}}
	for _, address := range []*string{&p.metrics, &p.probes} {
		var err error
		if *address, err = freeAddress(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	if p.output, err = os.CreateTemp(l.directory, "operator-*.log"); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(l.program, append([]string{ //nolint:gosec,noctx // the operator; stop ends it gracefully
		"--metrics-bind-address=" + p.metrics, "--metrics-secure=false", "--health-probe-bind-address=" + p.probes,
	}, l.args...)...)
	p.cmd.Env = append(append(os.Environ(), "KUBECONFIG="+l.kubeconfig), l.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	// An interrupt from the keyboard goes to this process alone, which then stops everything in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the operator: %w", err), p.output.Close())
	}
	if p.watchdog, err = watchdog.Watch(p.pid()); err != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // says only that it was killed
		return nil, errors.Join(err, p.output.Close())
	}
	go func() {
		p.err = p.cmd.Wait()
		p.watchdog.Dismiss()
		_ = p.output.Close()
		close(p.ended)
	}()
	return p, nil
}

// freeAddress is one of this machine that nothing listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// alive is an error once the process has ended.
func (p *process) alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("the operator ended: %w\n%s", errors.Join(p.err, errors.New("its log ends with")), p.tail())
	default:
		return nil
	}
}

// stop ends the process as a kubelet does, and waits for it.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait says
	select {
	case <-p.ended:
	case <-time.After(patience.Limit):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	if p.err != nil {
		return fmt.Errorf("the operator ended: %w\n%s", p.err, p.tail())
	}
	return nil
}

// kill ends the process without a chance to do anything, and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// tail is the end of what the process wrote so far.
func (p *process) tail() string {
	text, err := os.ReadFile(p.output.Name())
	if err != nil {
		return err.Error()
	}
	const enough = 4000
	return string(text[max(0, len(text)-enough):])
}

// until waits for something that the process brings about, up to ten times patience.Limit. done is asked at once, and then again and again.
func (p *process) until(ctx context.Context, what string, every time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*patience.Limit, errors.New("not in time: "+what))
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if reached, err := done(); reached || err != nil {
			return err
		}
		select {
		case <-p.ended:
			return p.alive()
		case <-ctx.Done():
			return fmt.Errorf("%w\n%s", context.Cause(ctx), p.tail())
		case <-tick.C:
		}
	}
}

// scrape reads the metrics; there are none while the process starts.
func (p *process) scrape(ctx context.Context) (families, error) {
	body, err := get(ctx, &p.client, "http://"+p.metrics+"/metrics")
	if err != nil {
		return families{}, nil // it is starting, or ending, which until notices
	}
	defer func() { _ = body.Close() }()
	return parseMetrics(body)
}

// probe reports whether the process answers that it is ready.
func (p *process) probe(ctx context.Context) bool {
	body, err := get(ctx, &p.client, "http://"+p.probes+"/readyz")
	if err != nil {
		return false
	}
	_ = body.Close()
	return true
}

// ready waits until the process answers that it is, and returns how long that took from its start.
func (p *process) ready(ctx context.Context) (time.Duration, error) {
	const often = 20 * time.Millisecond
	err := p.until(ctx, "the operator to be ready", often, func() (bool, error) { return p.probe(ctx), nil })
	return time.Since(p.started), err
}
