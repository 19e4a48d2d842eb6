// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// containerMemory is the limit of the container in the manifests, in bytes.
const containerMemory = 512 << 20

// look is the time between two looks at a process. One costs as much as a scrape of Prometheus, which grows with the number of resources.
const look = 5 * time.Second

// compile builds the operator as releases do.
func compile(b *testing.B) string {
	b.Helper()
	root, err := testenv.Root()
	if err != nil {
		b.Fatal(err)
	}
	program := filepath.Join(b.TempDir(), "waba-operator")
	cmd := exec.CommandContext(b.Context(), filepath.Join(root, "hack", "compile.sh"), "v0.0.0-scale", program, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// process is the operator as a process of its own, as in a container.
type process struct {
	b       *testing.B
	cmd     *exec.Cmd
	output  *os.File
	ended   chan error
	metrics string
	client  http.Client
}

// start runs the program until it is stopped, or the benchmark ends.
func start(b *testing.B, env *testenv.Env, program string, args ...string) *process {
	b.Helper()
	output, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	p := &process{b: b, output: output, ended: make(chan error, 1), metrics: freeAddress(b), client: http.Client{Timeout: patience.Limit}}
	p.cmd = exec.CommandContext(context.Background(), program, append([]string{
		"--metrics-bind-address=" + p.metrics, "--metrics-secure=false", "--health-probe-bind-address=0", "--webhook-bind-address=0",
	}, args...)...)
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+env.KubeconfigFile, operator.MemoryVariable+"="+strconv.Itoa(containerMemory))
	p.cmd.Stdout, p.cmd.Stderr = output, output
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	b.Cleanup(p.stop)
	return p
}

// freeAddress is one of this machine that nothing listens on.
func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// stop ends the process as a kubelet does, and waits for it.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait says
	if err := <-p.ended; err != nil {
		p.b.Errorf("the operator ended: %v\n%s", err, p.log())
	}
	p.cmd = nil
	_ = p.output.Close()
}

// log is what the process wrote so far.
func (p *process) log() string {
	text, err := os.ReadFile(p.output.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// until waits for something that the process brings about, up to ten times patience.Limit.
func (p *process) until(what string, done func() bool) {
	p.b.Helper()
	deadline := time.After(10 * patience.Limit)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for !done() {
		select {
		case err := <-p.ended:
			p.ended <- err
			p.b.Fatalf("the operator ended: %v\n%s", err, p.log())
		case <-deadline:
			p.b.Fatalf("not in time: %s\n%s", what, p.log())
		case <-tick.C:
		}
	}
}

// memory returns what the process has in memory now and had at most, in MB.
func (p *process) memory() (now, peak float64) {
	p.b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	return field(p.b, string(status), "VmRSS:"), field(p.b, string(status), "VmHWM:")
}

// cpu returns how much time processors spent on the process, in seconds.
func (p *process) cpu() float64 {
	p.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may contain anything
	fields := strings.Fields(rest)
	const userTime, systemTime = 11, 12 // utime and stime of proc(5), behind pid and name
	var ticks float64
	for _, i := range []int{userTime, systemTime} {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			p.b.Fatal(err)
		}
		ticks += n
	}
	const ticksPerSecond = 100 // on all of Go's platforms with Linux
	return ticks / ticksPerSecond
}

// field is a size of a process's status, in MB.
func field(b *testing.B, status, name string) float64 {
	b.Helper()
	_, rest, _ := strings.Cut(status, name)
	var kib float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kib); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return kib * 1024 / 1e6
}

// metric is the value of a line of the metrics, or 0 where there is none.
func (p *process) metric(series string) float64 {
	p.b.Helper()
	req, err := http.NewRequestWithContext(p.b.Context(), http.MethodGet, "http://"+p.metrics+"/metrics", http.NoBody)
	if err != nil {
		p.b.Fatal(err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0 // it is starting
	}
	defer func() { _ = resp.Body.Close() }()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		return 0
	}
	for line := range strings.Lines(text.String()) {
		if value, found := strings.CutPrefix(line, series+" "); found {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				p.b.Fatalf("%s: %v", line, err)
			}
			return v
		}
	}
	return 0
}
