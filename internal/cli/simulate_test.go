// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

// firstText passes on what is printed first.
type firstText struct {
	all   bytes.Buffer
	texts chan string
}

func (f *firstText) Write(p []byte) (int, error) {
	if f.all.Len() == 0 {
		f.texts <- string(p)
	}
	return f.all.Write(p)
}

// address is where the simulator of a test listens.
var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// simulate runs the command on a free port, has try call it at its address, interrupts it and returns what it printed.
func simulate(t *testing.T, try func(base string), args ...string) (code int, out, stderr string) {
	t.Helper()
	ctx, interrupt := context.WithTimeout(t.Context(), patience.Limit)
	defer interrupt()
	stdout, errs := &firstText{texts: make(chan string, 1)}, &bytes.Buffer{}
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, "v1.2.3", Streams{Out: stdout, Err: errs}, append([]string{"simulate", "--address", "127.0.0.1:0"}, args...))
	}()
	select {
	case code = <-done: // it failed
	case text := <-stdout.texts:
		try(address.FindString(text))
		interrupt()
		code = <-done
	}
	return code, stdout.all.String(), errs.String()
}

func TestSimulateServesTheDemoUntilInterrupted(t *testing.T) {
	try := func(base string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v25.0/102290129340398?fields=name", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+graphsim.DemoToken)
		got, err := (&http.Client{Timeout: patience.Limit}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = got.Body.Close() }()
		if raw, err := io.ReadAll(got.Body); err != nil || !strings.Contains(string(raw), "Acme Garden") {
			t.Errorf("%s %v", raw, err)
		}
	}
	code, out, stderr := simulate(t, try, "--review-delay", "0s", "--webhooks", "--verbose")
	if code != ExitOK {
		t.Errorf("exit code %d\n%s", code, out)
	}
	golden(t, "simulate.txt", address.ReplaceAllString(out, "http://127.0.0.1:8099"))
	if !strings.Contains(stderr, "/102290129340398") || strings.Contains(stderr, graphsim.DemoToken) {
		t.Errorf("the log is %s", stderr)
	}
}

func TestSimulateFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(`{"tokens":[{"name":"mine","value":"EAAGmine"}],"accounts":[{"id":"7","name":"Seven"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := simulate(t, func(string) {}, "--seed-file", file, "--unknown", "3", "--webhooks", "--plain-callbacks", "--nasty-webhooks")
	if code != ExitOK || !strings.Contains(out, "token mine") || strings.Contains(out, "EAAGmine") || !strings.Contains(out, "Seven") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestSimulateRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"accounts":[{"name":"nobody"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"error: unknown flag: --nonsense; see 'kubectl waba simulate --help'\n":    {"--nonsense"},
		"error: unknown command \"extra\" for \"kubectl waba simulate\"\n":         {"extra"},
		"error: --seed-file: open none.json: no such file or directory\n":          {"--seed-file", "none.json"},
		"error: --seed-file: " + broken + ": seed: account \"nobody\" has no ID\n": {"--seed-file", broken},
		"error: --address: listen tcp: address -1: invalid port\n":                 {"--address", "127.0.0.1:-1"},
		"error: --map-callback must be HOST=URL, such as hooks.acme.example=http://127.0.0.1:8082, not \"hooks.acme.example=127.0.0.1:8082\"\n": {
			"--map-callback", "hooks.acme.example=127.0.0.1:8082"},
	} {
		if code, _, stderr := simulate(t, func(string) { t.Errorf("%v is served", args) }, args...); code != ExitFailed || stderr != want {
			t.Errorf("%v: exit code %d, %q, want %q", args, code, stderr, want)
		}
	}
}

// TestLocal: commands accept http on the loopback interface only, so no other address may be printed as one to try.
func TestLocal(t *testing.T) {
	for address, want := range map[string]struct {
		base       string
		everywhere bool
	}{
		"127.0.0.1:8099": {"http://127.0.0.1:8099", false},
		"[::1]:8099":     {"http://[::1]:8099", false},
		"0.0.0.0:8099":   {"http://127.0.0.1:8099", true},
		"[::]:8099":      {"http://127.0.0.1:8099", true},
		"192.0.2.7:8099": {"http://192.0.2.7:8099", false},
	} {
		base, everywhere := local(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)))
		if base != want.base || everywhere != want.everywhere {
			t.Errorf("%s: %s, everywhere: %t", address, base, everywhere)
		}
	}
}
