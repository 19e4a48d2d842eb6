// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// maxDownloads is how many downloads have a slot at a time, maxPerTenant how many of them may be those of one tenant. A
	// download keeps its slot until its last file is closed, so that this also bounds the disk space: a download is one file of
	// up to 100 MB, or the ten of a carousel of up to 16 MB each.
	maxDownloads = 2
	maxPerTenant = 1
	// unclaimedTTL is how long files are kept for their owner.
	unclaimedTTL = time.Minute
)

// Source gets the file behind an address; its errors are *Error. A *Fetcher is one.
type Source interface {
	Fetch(ctx context.Context, format Format, url, sha256 string) (*File, error)
}

// Address is a file to be fetched.
type Address struct {
	Format      Format
	URL, SHA256 string
}

// Request is what one owner needs for its next step: all of the files, or none.
type Request struct {
	// Tenant is the unit among which slots are shared.
	Tenant string
	// Owner identifies who needs the files. It has one download at a time.
	Owner string
	Files []Address
	// Ready is called when Get has a result for the request. It must not block.
	Ready func()
}

// Result is the result of a request.
type Result struct {
	// Files are in the order of the request; the receiver closes each of them.
	Files []*File
	// Err is why there are no files, an *Error. Failed is the index of the file that it is about.
	Err    error
	Failed int
}

// DownloadOptions configure Downloads.
type DownloadOptions struct {
	Source Source
	// Clock measures how long files wait for their owners; nil means the real one.
	Clock clock.Clock
	// Go runs a function concurrently; nil means a goroutine. Tests use it to follow the downloads.
	Go func(func())
	// Timeout bounds one download with all its files; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Downloads fetches files for owners who ask for them repeatedly: no run waits for a server that a tenant chose. Slots go to
// tenants round-robin, however many files each of them requests. It is safe for concurrent use.
type Downloads struct {
	opts DownloadOptions
	// ctx ends with Close.
	ctx   context.Context //nolint:containedctx // downloads outlive the calls that began them
	close context.CancelFunc

	mu   sync.Mutex
	jobs map[string]*job // by owner
	// queues are the queued jobs by tenant, the oldest first. tenants are the tenants with queued jobs, in the order in which
	// they are served.
	queues  map[string][]*job
	tenants []string
	// slots are the used ones, by tenant.
	slots map[string]int
}

// job is one download.
type job struct {
	Request

	// cancel ends the download, or the wait for the owner.
	cancel context.CancelFunc
	ctx    context.Context //nolint:containedctx // see Downloads
	result *Result
	// uses counts the download itself and the files that aren't closed; the slot is free again after the last of them.
	uses int
}

// NewDownloads returns Downloads without any work to do. Close ends what goes on in it.
func NewDownloads(o DownloadOptions) *Downloads {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	d := &Downloads{opts: o, jobs: map[string]*job{}, queues: map[string][]*job{}, slots: map[string]int{}}
	d.ctx, d.close = context.WithCancel(context.Background())
	return d
}

// Close ends all downloads. Files that were handed out stay with those who have them.
func (d *Downloads) Close() {
	d.close()
	d.mu.Lock()
	owners := make([]string, 0, len(d.jobs))
	for owner := range d.jobs {
		owners = append(owners, owner)
	}
	d.mu.Unlock()
	for _, owner := range owners {
		d.Drop(owner)
	}
}

// Get returns the result of a request, once; false while there is none. The request of an owner replaces an earlier one for other
// files. It never waits.
func (d *Downloads) Get(r Request) (Result, bool) {
	if result, ok, requested := d.takeResult(r); requested {
		return result, ok
	}
	d.Drop(r.Owner)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() == nil {
		d.enqueue(r)
		d.dispatch()
	}
	return Result{}, false
}

// takeResult returns and removes the result of a request if there is one. requested is whether the same files were requested
// before.
func (d *Downloads) takeResult(r Request) (result Result, ok, requested bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.jobs[r.Owner]
	if j == nil || !slices.Equal(j.Files, r.Files) {
		return Result{}, false, false
	}
	if j.result == nil {
		return Result{}, false, true
	}
	delete(d.jobs, r.Owner)
	j.cancel()
	return *j.result, true, true
}

// Drop cancels the request of an owner.
func (d *Downloads) Drop(owner string) {
	d.mu.Lock()
	j := d.jobs[owner]
	if j == nil {
		d.mu.Unlock()
		return
	}
	delete(d.jobs, owner)
	j.cancel()
	d.unqueue(j)
	result := j.result
	d.mu.Unlock()
	if result != nil {
		closeAll(result.Files)
	}
}

func closeAll(files []*File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// enqueue queues a request. d.mu is held.
func (d *Downloads) enqueue(r Request) {
	j := &job{Request: r, uses: 1}
	j.Files = slices.Clone(r.Files)
	j.ctx, j.cancel = context.WithCancel(d.ctx)
	d.jobs[r.Owner] = j
	if len(d.queues[r.Tenant]) == 0 {
		d.tenants = append(d.tenants, r.Tenant)
	}
	d.queues[r.Tenant] = append(d.queues[r.Tenant], j)
}

// unqueue removes a job from the queue of its tenant if it is queued. d.mu is held.
func (d *Downloads) unqueue(j *job) {
	rest := slices.DeleteFunc(d.queues[j.Tenant], func(other *job) bool { return other == j })
	if d.queues[j.Tenant] = rest; len(rest) == 0 {
		delete(d.queues, j.Tenant)
		d.tenants = slices.DeleteFunc(d.tenants, func(tenant string) bool { return tenant == j.Tenant })
	}
}

// dispatch gives free slots to the next tenants. d.mu is held.
func (d *Downloads) dispatch() {
	for {
		used := 0
		for _, n := range d.slots {
			used += n
		}
		next := slices.IndexFunc(d.tenants, func(tenant string) bool { return d.slots[tenant] < maxPerTenant })
		if used >= maxDownloads || next < 0 {
			return
		}
		tenant := d.tenants[next]
		j := d.queues[tenant][0]
		d.unqueue(j)
		d.slots[tenant]++
		d.opts.Go(func() { d.run(j) })
	}
}

// run downloads the files of a job, and keeps them for unclaimedTTL.
func (d *Downloads) run(j *job) {
	result := d.fetch(j)
	d.mu.Lock()
	stillRequested := d.jobs[j.Owner] == j
	if stillRequested {
		j.result = &result
	}
	d.mu.Unlock()
	d.releaseSlot(j)
	if !stillRequested {
		closeAll(result.Files)
		return
	}
	if len(result.Files) > 0 {
		go d.expire(j)
	}
	j.Ready()
}

// expire removes the files of a job that its owner doesn't claim.
func (d *Downloads) expire(j *job) {
	timer := d.opts.Clock.NewTimer(unclaimedTTL)
	defer timer.Stop()
	select {
	case <-j.ctx.Done():
		return
	case <-timer.C():
	}
	d.mu.Lock()
	unclaimed := d.jobs[j.Owner] == j
	if unclaimed {
		delete(d.jobs, j.Owner)
		j.cancel()
	}
	d.mu.Unlock()
	if unclaimed {
		closeAll(j.result.Files)
	}
}

// fetch gets all files of a job, one after the other, or none.
func (d *Downloads) fetch(j *job) Result {
	ctx, cancel := context.WithCancelCause(j.ctx)
	defer cancel(nil)
	timer := d.opts.Clock.NewTimer(d.opts.Timeout)
	defer timer.Stop()
	go func() {
		select {
		case <-ctx.Done():
		case <-timer.C():
			cancel(errTooLong)
		}
	}()
	var files []*File
	for i, a := range j.Files {
		file, err := d.opts.Source.Fetch(ctx, a.Format, a.URL, a.SHA256)
		if err != nil {
			closeAll(files)
			var mediaErr *Error
			if errors.As(err, &mediaErr) && errors.Is(context.Cause(ctx), errTooLong) {
				mediaErr.Cause = errTooLong.Error()
			}
			return Result{Err: err, Failed: i}
		}
		d.mu.Lock()
		j.uses++
		d.mu.Unlock()
		file.content = &slotContent{content: file.content, release: sync.OnceFunc(func() { d.releaseSlot(j) })}
		files = append(files, file)
	}
	return Result{Files: files}
}

// releaseSlot ends one use of a job's slot.
func (d *Downloads) releaseSlot(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if j.uses--; j.uses > 0 {
		return
	}
	if d.slots[j.Tenant]--; d.slots[j.Tenant] == 0 {
		delete(d.slots, j.Tenant)
	}
	if i := slices.Index(d.tenants, j.Tenant); i >= 0 { // it was served, and is the last again
		d.tenants = append(slices.Delete(d.tenants, i, i+1), j.Tenant)
	}
	d.dispatch()
}

// slotContent is content that uses a slot until it is closed.
type slotContent struct {
	content

	release func()
}

func (p *slotContent) Close() error {
	defer p.release()
	return p.content.Close()
}
