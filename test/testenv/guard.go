// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// watchdog waits until its standard input ends, which happens when this process
// closes it or is gone, be it by a panic, a test timeout or SIGKILL. What still
// runs then is ended and the directory removed. After an orderly stop there is
// no pid file left, so nothing is signalled.
const watchdog = `
read -r _
for file in "$1"/*.pid; do
	[ -e "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
done
rm -rf "$1"
`

// guard owns the directory with everything a control plane writes, and the
// watchdog that cleans up after a process that can't.
type guard struct {
	directory string
	lifeline  io.WriteCloser
	watchdog  *exec.Cmd
}

func newGuard(assets string) (*guard, error) {
	directory, err := os.MkdirTemp("", "waba-operator-testenv-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the API server: %w", err)
	}
	g := &guard{directory: directory}
	if err := g.prepare(assets); err != nil {
		_ = os.RemoveAll(directory)
		return nil, err
	}
	return g, nil
}

func (g *guard) prepare(assets string) error {
	for _, name := range []string{apiServerName, etcdName} {
		// envtest starts the binaries itself and keeps their pids to itself; this
		// step in between writes the pid down and then becomes the binary. It collects
		// garbage less often than usual: tests have memory, but wait for processors.
		script := fmt.Sprintf("#!/bin/sh\nexport GOGC=\"${GOGC:-400}\"\necho $$ >%s && exec %s \"$@\"\n",
			quote(g.pidFile(name)), quote(filepath.Join(assets, name)))
		if err := os.WriteFile(g.binary(name), []byte(script), 0o700); err != nil { //nolint:gosec // it must be executable
			return fmt.Errorf("writing the start script of %s: %w", name, err)
		}
	}
	for _, name := range []string{"apiserver", "etcd"} {
		if err := os.Mkdir(g.subdirectory(name), 0o700); err != nil {
			return fmt.Errorf("making a directory for %s: %w", name, err)
		}
	}
	g.watchdog = exec.Command("/bin/sh", "-c", watchdog, "testenv-watchdog", g.directory) //nolint:gosec,noctx // it must outlive every context
	// In a process group of its own an interrupt from the keyboard ends this
	// process but not the watchdog.
	g.watchdog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := g.watchdog.StdinPipe()
	if err != nil {
		return fmt.Errorf("making the watchdog's pipe: %w", err)
	}
	g.lifeline = lifeline
	if err := g.watchdog.Start(); err != nil {
		return fmt.Errorf("starting the watchdog: %w", err)
	}
	return nil
}

// release ends the watchdog, which removes the directory. stopped says that the
// processes ended in order, so that their pids may belong to others by now.
func (g *guard) release(stopped bool) error {
	if stopped {
		for _, name := range []string{apiServerName, etcdName} {
			_ = os.Remove(g.pidFile(name))
		}
	}
	if err := g.lifeline.Close(); err != nil {
		return fmt.Errorf("closing the watchdog's pipe: %w", err)
	}
	if err := g.watchdog.Wait(); err != nil {
		return fmt.Errorf("cleaning up %s: %w", g.directory, err)
	}
	return nil
}

func (g *guard) binary(name string) string       { return filepath.Join(g.directory, name+".sh") }
func (g *guard) pidFile(name string) string      { return filepath.Join(g.directory, name+".pid") }
func (g *guard) subdirectory(name string) string { return filepath.Join(g.directory, name+".d") }

// quote makes s one word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
