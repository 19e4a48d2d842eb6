// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// workDir holds the kubeconfigs and the operator's log. Its place is always the same, so that a second terminal finds
// it, and a lock keeps two demos out of each other's way.
type workDir struct {
	directory string
	lock      *os.File
}

const lockName = "lock"

func openWorkDir(directory string) (*workDir, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(directory, lockName), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own directory
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("another demo runs in this work tree (%s is locked): stop it first", directory)
	}
	w := &workDir{directory: directory, lock: lock}
	return w, w.clear() // of a demo that was killed
}

func (w *workDir) path(name string) string { return filepath.Join(w.directory, name) }

// close removes everything, or everything but the operator's log.
func (w *workDir) close(tidy bool) error {
	defer func() { _ = w.lock.Close() }()
	if tidy {
		return os.RemoveAll(w.directory)
	}
	return w.clear(operatorLog)
}

func (w *workDir) clear(keep ...string) error {
	entries, err := os.ReadDir(w.directory)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Name() != lockName && !slices.Contains(keep, e.Name()) {
			errs = append(errs, os.RemoveAll(w.path(e.Name())))
		}
	}
	return errors.Join(errs...)
}

// tail returns the last lines of a file, none if it can't be read.
func tail(path string, n int) []string {
	raw, err := os.ReadFile(path) //nolint:gosec // the demo's own log
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return lines[max(0, len(lines)-n):]
}
