// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// fakeSource is a Source whose downloads end when the test says so.
type fakeSource struct {
	*Downloads

	clock   *clocktesting.FakeClock
	started chan string
	ready   chan string
	running sync.WaitGroup
	// open are the files that take room.
	open atomic.Int32

	mu   sync.Mutex
	ends map[string]chan error
}

func newFakeSource(t *testing.T) *fakeSource {
	t.Helper()
	d := &fakeSource{
		clock:   clocktesting.NewFakeClock(time.Unix(0, 0)),
		started: make(chan string, 100), ready: make(chan string, 100), ends: map[string]chan error{},
	}
	d.Downloads = NewDownloads(DownloadOptions{Source: d, Clock: d.clock, Go: d.running.Go})
	t.Cleanup(func() {
		d.Close()
		d.running.Wait()
		if n := d.open.Load(); n != 0 {
			t.Errorf("%d files are left", n)
		}
	})
	return d
}

func (d *fakeSource) end(url string) chan error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ends[url] == nil {
		d.ends[url] = make(chan error, 1)
	}
	return d.ends[url]
}

func (d *fakeSource) Fetch(ctx context.Context, format Format, url, _ string) (*File, error) {
	d.started <- url
	select {
	case <-ctx.Done():
		return nil, &Error{Retry: true, Message: unreachable}
	case err := <-d.end(url):
		if err != nil {
			return nil, err
		}
	}
	file, err := Inline(format, []byte(aPNG))
	if err != nil {
		return nil, err
	}
	d.open.Add(1)
	file.content = &slotContent{content: file.content, release: func() { d.open.Add(-1) }}
	return file, nil
}

// request requests the files of an owner, which are named after it: "a1" is of tenant a.
func (d *fakeSource) request(owner string, urls ...string) (Result, bool) {
	if len(urls) == 0 {
		urls = []string{owner}
	}
	r := Request{Tenant: owner[:1], Owner: owner, Ready: func() { d.ready <- owner }}
	for _, url := range urls {
		r.Files = append(r.Files, Address{Format: Image, URL: url})
	}
	return d.Get(r)
}

func (d *fakeSource) expectStarts(t *testing.T, want ...string) {
	t.Helper()
	got := map[string]bool{}
	for range want {
		got[<-d.started] = true
	}
	for _, url := range want {
		if !got[url] {
			t.Errorf("started %v, want %v", got, want)
		}
	}
	d.expectNoStart(t)
}

// expectNoStart is sure only of what was begun before: places are given while the caller of Get or Close waits.
func (d *fakeSource) expectNoStart(t *testing.T) {
	t.Helper()
	d.Downloads.mu.Lock()
	defer d.Downloads.mu.Unlock()
	total := 0
	for tenant, n := range d.slots {
		if total += n; n > maxPerTenant {
			t.Errorf("tenant %s has %d places", tenant, n)
		}
	}
	if total > maxDownloads {
		t.Errorf("%d places are taken", total)
	}
	select {
	case url := <-d.started:
		t.Errorf("%s is started", url)
	default:
	}
}

// finish ends a download, takes its file and closes it.
func (d *fakeSource) finish(t *testing.T, owner string) {
	t.Helper()
	d.end(owner) <- nil
	if got := <-d.ready; got != owner {
		t.Fatalf("%s is ready, not %s", got, owner)
	}
	result, ok := d.request(owner)
	if !ok || result.Err != nil || len(result.Files) != 1 {
		t.Fatalf("result %+v, %v", result, ok)
	}
	d.expectNoStart(t) // the file is there, so the place is taken
	if err := result.Files[0].Close(); err != nil {
		t.Error(err)
	}
}

// TestDownloadsAreRoundRobin: each tenant has one slot at a time, and no second one before the others have had theirs.
func TestDownloadsAreRoundRobin(t *testing.T) {
	d := newFakeSource(t)
	for _, owner := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
		if _, ok := d.request(owner); ok {
			t.Errorf("%s has a result", owner)
		}
	}
	d.expectStarts(t, "a1", "b1")
	if _, ok := d.request("a1"); ok {
		t.Error("a result before the download ends")
	}
	d.expectNoStart(t)
	d.finish(t, "a1")
	d.expectStarts(t, "c1") // a waits for its next turn
	d.finish(t, "c1")
	d.expectStarts(t, "a2")
	d.finish(t, "b1")
	d.expectStarts(t, "b2")
	d.finish(t, "b2")
	d.expectNoStart(t) // a has its place already
	d.finish(t, "a2")
	d.expectStarts(t, "a3")
	d.finish(t, "a3")
}

// TestRoomOnDisk: a place is free again when its last file is closed, not when the download ends.
func TestRoomOnDisk(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, aPNG) })
	f := localFetcher(t, server)
	ready := make(chan string)
	d := NewDownloads(DownloadOptions{Source: f})
	get := func(tenant string) (Result, bool) {
		a := Address{Format: Image, URL: server.URL, SHA256: hashOf(aPNG)}
		return d.Get(Request{Tenant: tenant, Owner: tenant, Files: []Address{a, a}, Ready: func() { ready <- tenant }})
	}
	var held []Result
	for _, tenant := range []string{"a", "b"} {
		get(tenant)
		<-ready
		result, ok := get(tenant)
		if !ok || len(result.Files) != 2 {
			t.Fatalf("%+v %v", result, ok)
		}
		held = append(held, result)
	}
	get("c")
	_ = held[0].Files[0].Close()
	d.mu.Lock()
	waiting, used := len(d.queues["c"]), len(d.slots)
	d.mu.Unlock()
	if waiting != 1 || used != 2 {
		t.Errorf("with three files on disk: %d wait, %d places are taken", waiting, used)
	}
	_ = held[0].Files[1].Close()
	<-ready
	result, _ := get("c")
	closeAll(result.Files)
	closeAll(held[1].Files)
	if len(d.slots) != 0 || len(d.jobs) != 0 {
		t.Errorf("places %v, jobs %v", d.slots, d.jobs)
	}
}

// TestUnwantedFiles: files are removed, and places free, whichever way they come to be of no use.
func TestUnwantedFiles(t *testing.T) {
	for name, unwant := range map[string]func(*fakeSource){
		"the owner is gone":         func(d *fakeSource) { d.Drop("a1") },
		"it wants another file":     func(d *fakeSource) { d.request("a1", "other") },
		"it doesn't come":           func(d *fakeSource) { d.clock.Step(unclaimedTTL) },
		"the operator stops":        func(d *fakeSource) { d.Close() },
		"the download takes longer": func(d *fakeSource) { d.clock.Step(DefaultTimeout) },
	} {
		for _, done := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				d := newFakeSource(t)
				d.request("a1", "one", "two")
				<-d.started
				d.end("one") <- nil
				<-d.started
				if done {
					d.end("two") <- nil
					<-d.ready
					waitFor(t, func() bool { return d.clock.HasWaiters() })
				}
				if d.open.Load() == 0 {
					t.Fatal("no file is there")
				}
				unwant(d)
				if !done && name == "it doesn't come" {
					return // its time begins when the files are there
				}
				waitFor(t, func() bool { return d.open.Load() == 0 })
				if name == "it wants another file" {
					<-d.started
					d.end("other") <- nil
					<-d.ready
					d.Drop("a1")
				}
				waitFor(t, func() bool {
					d.Downloads.mu.Lock()
					defer d.Downloads.mu.Unlock()
					return len(d.slots) == 0 && len(d.queues) == 0 && len(d.tenants) == 0
				})
			})
		}
	}
}

// waitFor yields until other goroutines have come to something; the limit is the test's.
func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for !what() {
		select {
		case <-t.Context().Done():
			t.Fatal("given up")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestFailedDownload: no file is left of a request of which one can't be had, and the next attempt begins anew.
func TestFailedDownload(t *testing.T) {
	d := newFakeSource(t)
	d.request("a1", "one", "two")
	<-d.started
	d.end("one") <- nil
	<-d.started
	d.end("two") <- &Error{Message: "no such file"}
	<-d.ready
	result, ok := d.request("a1", "one", "two")
	var known *Error
	if !ok || !errors.As(result.Err, &known) || result.Failed != 1 || len(result.Files) != 0 || d.open.Load() != 0 {
		t.Errorf("%+v %v, %d files", result, ok, d.open.Load())
	}
	if _, ok := d.request("a1", "one", "two"); ok {
		t.Error("the result is given twice")
	}
	<-d.started
	d.Close()
	if _, ok := d.request("a2"); ok || len(d.jobs) != 0 {
		t.Error("something is begun after the end")
	}
}

// TestMinimumRate: a server keeps its place only as long as it sends enough.
func TestMinimumRate(t *testing.T) {
	for name, tc := range map[string]struct {
		first, then int // bytes: at once, and in each later period
		periods     int // that it takes at least
		want        string
	}{
		"nothing":              {1, 0, 1, errTooSlow.Error()},
		"a little":             {1, minRate, 1, errTooSlow.Error()},
		"much, then nothing":   {4 << 20, 0, 1, errTooSlow.Error()},
		"enough, for too long": {1, 11 * minRate, 11, errTooLong.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			clk := clocktesting.NewFakeClock(time.Unix(0, 0))
			send := make(chan int)
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for {
					select {
					case n := <-send:
						_, _ = io.WriteString(w, strings.Repeat("x", n))
						_ = http.NewResponseController(w).Flush()
					case <-r.Context().Done():
						panic(http.ErrAbortHandler)
					}
				}
			})
			dir := t.TempDir()
			f := NewFetcher(Options{AllowPrivateAddresses: true, TLS: trustConfig(t, server), Dir: dir, Clock: clk})
			w, stop := f.watch(t.Context())
			defer stop()
			failed := make(chan error, 1)
			go func() {
				r, _ := ruleOf(Document)
				_, err := f.download(w, Document, r, mustParse(t, server.URL))
				failed <- err
			}()
			total, periods := 0, 0
			for bytes := tc.first; ; bytes = tc.then {
				if bytes > 0 {
					send <- bytes
				}
				total += bytes
				waitFor(t, func() bool { return w.received.Load() == int64(total) })
				waitFor(t, clk.HasWaiters)
				clk.Step(checkPeriod)
				periods++ // the first one is free
				waitFor(t, func() bool { return clk.HasWaiters() || w.ctx.Err() != nil })
				if w.ctx.Err() != nil {
					break
				}
			}
			var known *Error
			if err := <-failed; !errors.As(err, &known) || known.Message != unreachable || known.Cause != tc.want || !known.Retry {
				t.Errorf("%+v", err)
			}
			if periods-1 < tc.periods {
				t.Errorf("ended after %d periods, want at least %d", periods-1, tc.periods)
			}
			wantNoneOpen(t, dir)
		})
	}
}
