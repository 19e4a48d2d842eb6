// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// measurement is what is noted at the begin of a phase, and followed until its end.
type measurement struct {
	s     *suite
	row   *row
	begin time.Time
	// api and own are the requests before the phase.
	api, own requests

	process *process
	cpu     float64
	waits   buckets

	stop func()
	mu   sync.Mutex
	// last is the newest scrape, depth the longest queues of all scrapes.
	last  families
	depth float64
}

// measure begins a phase. follow is the process that is measured; nil where the phase starts it, which it then says with begun.
func (s *suite) measure(ctx context.Context, phase string, follow *process, see func(*view, time.Time)) (*measurement, error) {
	m := &measurement{s: s, row: &row{Phase: phase, Values: map[string]value{}}, own: s.own.now(), waits: buckets{}}
	var err error
	if m.api, err = s.server.requests(ctx); err != nil {
		return nil, err
	}
	if follow != nil {
		if m.cpu, err = cpuOf(follow.pid()); err != nil {
			return nil, err
		}
		scraped, err := follow.scrape(ctx)
		if err != nil {
			return nil, err
		}
		m.waits = scraped.waits()
		if err := resetPeak(follow.pid()); err != nil {
			return nil, err
		}
		m.followed(ctx, follow)
	}
	s.watch.reset(see)
	s.fleet.sim.ResetStats()
	m.begin = time.Now()
	return m, nil
}

const queueDepth = "workqueue_depth"

// followed begins to follow a process, which has started within the phase unless measure was given it.
func (m *measurement) followed(ctx context.Context, p *process) {
	m.process = p
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(look)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				m.look(ctx)
			}
		}
	})
	m.stop = func() {
		cancel()
		ended.Wait()
	}
}

// look scrapes the process.
func (m *measurement) look(ctx context.Context) {
	scraped, err := m.process.scrape(ctx)
	if len(scraped) == 0 || err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.depth = scraped, max(m.depth, scraped.sum(queueDepth))
}

// end ends a phase at a time, which may be some time ago, and adds its row to the result.
func (m *measurement) end(ctx context.Context, at time.Time) (*row, error) {
	r, s := m.row, m.s
	r.Seconds = at.Sub(m.begin).Seconds()
	stats := s.fleet.sim.Stats()
	own := s.own.now().minus(m.own)
	m.stop()
	m.look(ctx)
	now, err := s.server.requests(ctx)
	if err != nil {
		return nil, err
	}
	r.API = now.minus(m.api).minus(own)
	r.APIReads, r.APIWrites, r.Events = r.API.total(reads), r.API.total(writes), r.API.total(eventWrites)
	r.MostWritten = s.watch.most()
	r.GraphCalls, r.MostCalls = stats.ByOp, mostOf(stats.ByAccount)
	cpu, err := cpuOf(m.process.pid())
	if err != nil {
		return nil, errors.Join(m.process.alive(), err)
	}
	r.CPUSeconds = cpu - m.cpu
	if r.Memory, err = memoryOf(m.process.pid()); err != nil {
		return nil, err
	}
	r.HeapMB = m.last.sum("go_memstats_heap_alloc_bytes") / 1e6
	r.QueueDepth = m.depth
	waits := m.last.waits().since(m.waits)
	r.QueueSeconds = quantiles{P50: value(waits.percentile(50)), P99: value(waits.percentile(99))}
	s.result.Phases = append(s.result.Phases, r)
	s.screen.say("took %s s: %d Graph calls, %s reads, %s writes, %s events", number(r.Seconds), r.graphTotal(), number(r.APIReads),
		number(r.APIWrites), number(r.Events))
	return r, nil
}

func mostOf(counts map[string]int) int {
	return slices.Max(append(slices.Collect(maps.Values(counts)), 0))
}

// ratio is NaN where there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}
