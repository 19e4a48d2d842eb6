// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// firstLine passes the address on as soon as it is printed.
type firstLine struct {
	bytes.Buffer
	lines chan string
}

func (f *firstLine) Write(p []byte) (int, error) {
	if f.Len() == 0 {
		f.lines <- string(p)
	}
	return f.Buffer.Write(p)
}

func TestServesTheDemoUntilStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out := &firstLine{lines: make(chan string, 1)}
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-address", "127.0.0.1:0", "-review-delay", "0", "-unknown", "0", "-webhooks"}, out)
	}()
	base := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`).FindString(<-out.lines)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v25.0/102290129340398?fields=name", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer graphsim-demo-token")
	got, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if raw, err := io.ReadAll(got.Body); err != nil || !strings.Contains(string(raw), "Acme Garden") {
		t.Errorf("%s %v", raw, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if text := out.String(); !strings.Contains(text, "account 102290129340398  Acme Garden: 2 numbers, 2 templates") {
		t.Errorf("%s", text)
	}
}

func TestSeedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(`{"tokens":[{"name":"mine","value":"EAAGmine"}],"accounts":[{"id":"7","name":"Seven"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sim, err := build(settings{seedFile: file, unknown: 3, verbose: true, webhooks: true, plain: true, nasty: true})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	describe(&out, sim, "http://127.0.0.1:1", false)
	if text := out.String(); !strings.Contains(text, "token mine") || strings.Contains(text, "EAAGmine") || !strings.Contains(text, "Seven") {
		t.Errorf("%s", text)
	}
}

func TestBadStarts(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"extra"}, {"-seed-file", "does-not-exist.json"}, {"-address", "127.0.0.1:-1"}} {
		if err := run(context.Background(), args, io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}
