// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	// floodRole in the environment selects the role of a process: "server", or an attacker of the address that it contains.
	floodRole = "WABA_FLOOD_ROLE"
	// floodFor in the environment is the duration of the flood, such as 60s. Without it the test has its short form.
	floodFor = "WABA_FLOOD"
	// floodMemory limits the memory of the server's process with its program: half of the operator's limit in the manifests.
	floodMemory = floodFactor * 256 << 20
)

// flood has the parameters of a flood.
type flood struct {
	connections int
	duration    time.Duration
	// within is the longest permitted time from a genuine delivery to its response.
	within time.Duration
}

// TestFloodFromOutside: a server in another process answers genuine deliveries during six kinds of attacks, and uses no more memory
// than it may. `make flood` has the full form of the test.
func TestFloodFromOutside(t *testing.T) {
	switch role := os.Getenv(floodRole); role {
	case "":
	case "server":
		serveFlood(t)
		return
	default:
		attack(role, floodOf(t).connections)
		return
	}
	f := floodOf(t)
	server := startFloodProcess(t, "server")
	address := server.line(t)
	startFloodProcess(t, address).line(t) // as soon as it attacks
	slowest := deliverGenuine(t, address, f)
	peak := server.peak(t)
	t.Logf("%d connections for %s; the slowest genuine delivery took %s; at most %d MiB", f.connections, f.duration, slowest, peak>>20)
	if slowest > f.within {
		t.Errorf("a genuine delivery took %s", slowest)
	}
	if peak > floodMemory {
		t.Errorf("the server took %d MiB", peak>>20)
	}
}

// floodOf returns the parameters from the environment.
func floodOf(t *testing.T) flood {
	t.Helper()
	f := flood{connections: 240, duration: 2 * time.Second, within: patience.Limit}
	if text := os.Getenv(floodFor); text != "" {
		duration, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		f = flood{connections: 2000, duration: duration, within: 5 * time.Second}
	}
	return f
}

// deliverGenuine sends 20 deliveries a second, each on its own connection, and returns the duration of the slowest one.
func deliverGenuine(t *testing.T, address string, f flood) time.Duration {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience.Limit}
	var mu sync.Mutex
	var slowest time.Duration
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / 20)
	defer tick.Stop()
	count := int(f.duration.Seconds() * 20)
	for i := range count {
		<-tick.C
		all.Go(func() {
			body := deliveryOf(entry(theAccount, strconv.Itoa(i)))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+PathPrefix+theApp, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set(signatureHeader, sign(body, theSecret))
			began := time.Now()
			resp, err := client.Do(req)
			if err != nil {
				t.Errorf("delivery %d of %d: %v", i, count, err)
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("delivery %d of %d got %d", i, count, resp.StatusCode)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(began))
		})
	}
	all.Wait()
	return slowest
}

// attacks returns functions that attack over a connection, as strangers and as a tenant with an app. pause waits for a second.
func attacks() []func(c net.Conn, pause func() bool) {
	nasty := deliveryOf(`{"id":"201","changes":[{"field":"security","value":{"a":[` + strings.Repeat(`{"":0},`, 3<<20/7-20) + `0]}}]}`)
	nasty = wholeRequest(nasty, sign(nasty, bankSecret))
	forged := strings.Repeat("x", 100<<10)
	forged = strings.Replace(wholeRequest(forged, sign(forged, "invented")), anotherApp, theApp, 1)
	drip := func(c net.Conn, start, drop string, pause func() bool) {
		_, err := io.WriteString(c, start)
		for err == nil && pause() {
			_, err = io.WriteString(c, drop)
		}
	}
	return []func(c net.Conn, pause func() bool){
		func(c net.Conn, pause func() bool) { drip(c, "POST /webhooks/501 HTTP/1.1\r\n", "A: b\r\n", pause) },
		func(c net.Conn, pause func() bool) { drip(c, head+"Content-Length: 3000000\r\n\r\n", "x", pause) },
		func(c net.Conn, _ func() bool) {
			_, _ = io.WriteString(c, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
		},
		func(c net.Conn, _ func() bool) {
			_, _ = io.WriteString(c, "POST /webhooks/501 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+forged[:50_000])
		},
		func(c net.Conn, _ func() bool) { _, _ = io.WriteString(c, forged) },
		func(c net.Conn, _ func() bool) { _, _ = io.WriteString(c, nasty) },
	}
}

// wholeRequest returns a complete request for the app of the bank.
func wholeRequest(body, signature string) string {
	return fmt.Sprintf("POST %s%s HTTP/1.1\r\nHost: x\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", PathPrefix, anotherApp, signatureHeader, signature, len(body), body)
}

// attack opens as many connections, and each again a second after its end, until standard input ends.
func attack(address string, connections int) {
	ctx, cancel := context.WithCancel(context.Background())
	kinds := attacks()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() { occupy(ctx, address, kinds[i%len(kinds)]) })
	}
	_, _ = fmt.Fprintln(os.Stdout, "attacking")
	_, _ = io.Copy(io.Discard, os.Stdin)
	cancel()
	all.Wait()
}

func occupy(ctx context.Context, address string, by func(c net.Conn, pause func() bool)) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	pause := func() bool {
		select {
		case <-again.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for ctx.Err() == nil {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			end := context.AfterFunc(ctx, func() { _ = conn.Close() })
			by(conn, pause)
			_, _ = io.Copy(io.Discard, conn) // until the server closes it
			end()
			_ = conn.Close()
		}
		pause()
	}
}

// floodProcess is another process of the test.
type floodProcess struct {
	pid int
	out *bufio.Reader
}

func startFloodProcess(t *testing.T, role string) floodProcess {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), program, "-test.run=^TestFloodFromOutside$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), floodRole+"="+role)
	cmd.Stderr = os.Stderr
	end, err := cmd.StdinPipe() // it ends with this process, even after a crash
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = end.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the process %s ended with %v", role, err)
		}
	})
	return floodProcess{pid: cmd.Process.Pid, out: bufio.NewReader(out)}
}

// line returns the next line of the process's output.
func (p floodProcess) line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// peak returns the largest memory that the process has used, in bytes.
func (p floodProcess) peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "status"))
	if err != nil {
		t.Skipf("this system doesn't report the memory of a process: %v", err)
	}
	found := regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// forgetful records nothing: records are not the subject of this test.
type forgetful struct{}

func (forgetful) Record(_ context.Context, d facts.Delivery) (facts.Tally, error) {
	return facts.Tally{Messages: len(d.Changes)}, nil
}

func (forgetful) Handshake(context.Context, []types.NamespacedName, time.Time) {}

// serveFlood runs the server in its process until standard input ends.
func serveFlood(t *testing.T) {
	t.Helper()
	bank, itsSecret := account("bank", "bank", bankAccount, bankSecret)
	bank.Status.Credentials.AppID = anotherApp
	r := newRig(t, func(o *Options) {
		o.Clock, o.Parse, o.Relay, o.Recorder = clock.RealClock{}, webhook.Parse, nil, forgetful{}
	}, append(oneAccount(), bank, itsSecret)...)
	debug.SetMemoryLimit(floodMemory / 4 * 3) // like the operator in its container; the rest is for the program's code
	_, _ = fmt.Fprintln(os.Stdout, r.address)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
