// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// fetchTimeout bounds the reading of one address.
const fetchTimeout = 30 * time.Second

// Sources are where manifests are, as arguments and flags of kubectl name them.
type Sources struct {
	// Paths are read as Read does: of directories with everything below.
	Paths []string
	// Filenames are read as kubectl's -f: files, directories without those below unless Recursive is set, patterns, addresses, and Stdin.
	Filenames []string
	Recursive bool
	// Kustomize is a directory with a kustomization, which is built as kubectl's -k does; empty for none.
	Kustomize string
}

// Names are all of them, as they were given.
func (s *Sources) Names() []string {
	names := append(append([]string(nil), s.Paths...), s.Filenames...)
	if s.Kustomize != "" {
		names = append(names, s.Kustomize)
	}
	return names
}

// Read returns the objects of all sources. What can't be read doesn't keep the rest from being read.
func (s *Sources) Read(ctx context.Context, stdin io.Reader) ([]Document, []*ReadError) {
	r := &reader{}
	for _, path := range s.Paths {
		if path == Stdin {
			r.stream(Stdin, stdin)
			continue
		}
		r.path(path, true)
	}
	for _, name := range s.Filenames {
		switch {
		case name == Stdin:
			r.stream(Stdin, stdin)
		case IsURL(name):
			r.fetch(ctx, name)
		default:
			for _, path := range expand(name) {
				r.path(path, s.Recursive)
			}
		}
	}
	if s.Kustomize != "" {
		r.kustomize(s.Kustomize)
	}
	return r.documents, r.errs
}

// IsURL reports whether a source is an address and no file.
func IsURL(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}

// expand returns the files that a pattern matches; what matches none is the name of a file.
func expand(pattern string) []string {
	matches, err := filepath.Glob(pattern)
	if err != nil || len(matches) == 0 {
		return []string{pattern}
	}
	return matches
}

// fetch reads what is at an address.
func (r *reader) fetch(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		r.failed(address, err)
		return
	}
	resp, err := (&http.Client{}).Do(req) // the context has a deadline
	if err != nil {
		r.failed(address, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		r.failed(address, fmt.Errorf("the server answered %s", resp.Status))
		return
	}
	r.stream(address, resp.Body)
}
