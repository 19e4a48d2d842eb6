// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// webhookRates are events a second, each for as long as --webhook-load says.
var webhookRates = []int{25, 60, 100}

// batchSize is the largest that Meta sends.
const batchSize = 1000

// Each rate, and the batch, has a row of its own.
const batchName = webhooks + "-batch"

func rateName(rate int) string { return fmt.Sprintf("%s-%d", webhooks, rate) }

// notice is an event about the quality of a template.
type notice struct {
	chosen

	quality string
	// at is Meta's time of the event, to the second; sent is when it happened.
	at, sent time.Time
}

// dispatch is what became of the events of one row.
type dispatch struct {
	s *suite
	// write is what a status write took just before.
	write quantiles

	mu   sync.Mutex
	sent []notice
	// seen are the times at which a template's status followed all events up to a time.
	seen map[string][]followUp
}

type followUp struct {
	upTo, at time.Time
	quality  string
}

func (m *dispatch) see(v *view, at time.Time) {
	if v.kind != v1alpha1.KindMessageTemplate || v.reported.IsZero() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[v.Name] = append(m.seen[v.Name], followUp{upTo: v.reported, at: at, quality: v.quality})
}

// playWebhooks has Meta send signed events at several rates, and many at once.
func (s *suite) playWebhooks(ctx context.Context) error {
	s.screen.enter(webhooks)
	if err := s.ensure(ctx, s.calmFlags()); err != nil {
		return err
	}
	write, err := s.latencyNow(ctx)
	if err != nil {
		return err
	}
	sim := s.fleet.sim
	sim.SetAppCallback(harness.AppID, "http://"+s.receiver+"/webhooks/"+harness.AppID, facts.MarkTemplateQuality)
	for a := range s.accounts {
		sim.SubscribeApp(s.fleet.account(a), harness.AppID, "")
	}
	defer sim.SetAppCallback(harness.AppID, "")
	for _, rate := range webhookRates {
		if err := s.playRate(ctx, rate, write); err != nil {
			return err
		}
	}
	return s.playBatch(ctx, write)
}

// latencyNow is what a status write takes at present: other work on the machine may have begun since the start of the run.
func (s *suite) latencyNow(ctx context.Context) (quantiles, error) {
	if err := createFloor(ctx, s.client, floorLatencies); err != nil {
		return quantiles{}, err
	}
	write, err := measureLatency(ctx, s.client, s.screen.say)
	return write, errors.Join(err, deleteFloor(ctx, s.client))
}

// templatesFor are those of one account, or of as many as are needed: events of one template in the same second have no order, as
// Meta's times have whole seconds.
func (s *suite) templatesFor(n int) []chosen {
	var out []chosen
	for a := 0; a < s.accounts && len(out) < n; a++ {
		for i := range s.fleet.ids[a] {
			out = append(out, chosen{account: a, index: i})
		}
	}
	return out
}

// qualityAfter is another quality than a template has now: Meta reports only changes.
func (s *suite) qualityAfter(c chosen) string {
	spec := &s.fleet.objects[c.account][c.index].Spec
	t, _ := s.fleet.sim.TemplateByName(s.fleet.account(c.account), spec.Name, spec.Language)
	return map[string]string{"GREEN": "YELLOW", "YELLOW": "RED", "RED": "GREEN"}[t.QualityScore]
}

func (s *suite) playRate(ctx context.Context, rate int, write quantiles) error {
	name := rateName(rate)
	s.screen.enter(name)
	const apart = 2 // seconds
	about := s.templatesFor(apart * rate)
	post := &dispatch{s: s, write: write, seen: map[string][]followUp{}}
	m, err := s.measure(ctx, name, s.operator, post.see)
	if err != nil {
		return err
	}
	s.fleet.sim.ResetDeliveries()
	stop := s.fleet.sim.StartDelivery(ctx)
	defer stop()
	n := rate * int(s.load/time.Second)
	err = atRate(ctx, rate, n, func(i int) error { return post.send(about[i%len(about)]) })
	if err != nil {
		return err
	}
	return post.finish(ctx, m, n)
}

// send lets the quality of a template change, which Meta reports.
func (m *dispatch) send(c chosen) error {
	quality, now := m.s.qualityAfter(c), time.Now()
	m.mu.Lock()
	m.sent = append(m.sent, notice{chosen: c, quality: quality, at: now.Truncate(time.Second), sent: now})
	m.mu.Unlock()
	return m.s.fleet.sim.Decide(m.s.idOf(c), graphsim.Decision{QualityScore: quality})
}

// playBatch has many events wait, and then sends them in one POST.
func (s *suite) playBatch(ctx context.Context, write quantiles) error {
	name := batchName
	s.screen.enter(name)
	about := s.templatesFor(batchSize)
	about = about[:min(batchSize, len(about))]
	post := &dispatch{s: s, write: write, seen: map[string][]followUp{}}
	m, err := s.measure(ctx, name, s.operator, post.see)
	if err != nil {
		return err
	}
	s.fleet.sim.ResetDeliveries()
	s.fleet.sim.SetWebhookHabits(graphsim.WebhookHabits{Batch: batchSize})
	for _, c := range about {
		if err := post.send(c); err != nil {
			return err
		}
	}
	begin := time.Now()
	for i := range post.sent {
		post.sent[i].sent = begin
	}
	defer s.fleet.sim.StartDelivery(ctx)()
	return post.finish(ctx, m, len(about))
}

// finish waits until the last event about each template shows, and ends the row.
func (m *dispatch) finish(ctx context.Context, measured *measurement, n int) error {
	s := m.s
	last := m.last()
	const patience = time.Minute // without any progress, after which the rest is lost
	wanted, since := progress{total: len(last)}, time.Now()
	err := s.wait(ctx, "statuses to follow", func() progress {
		done := wanted.total - m.lost(last)
		if done > wanted.done {
			wanted.done, since = done, time.Now()
		}
		if time.Since(since) > patience {
			return progress{done: wanted.total, total: wanted.total}
		}
		return wanted
	})
	if err != nil {
		return err
	}
	delays, end := m.followed()
	var answers []float64
	refused := 0
	for _, d := range s.fleet.sim.Deliveries() {
		if d.Status != http.StatusOK {
			refused++
		}
		answers = append(answers, d.Latency().Seconds())
	}
	r, err := measured.end(ctx, end)
	if err != nil {
		return err
	}
	facts, statuses := quantilesOf(answers), quantilesOf(delays)
	r.set("events-sent", float64(n))
	r.set("posts", float64(len(answers)))
	r.setQuantiles("fact-seconds", facts)
	r.setQuantiles("status-seconds", statuses)
	r.setQuantiles("write-seconds", m.write)
	r.set("fact-p50-to-write", ratio(float64(facts.P50), float64(m.write.P50)))
	r.set("status-p50-to-write", ratio(float64(statuses.P50), float64(m.write.P50)))
	r.set("lost", float64(m.lost(last)))
	r.set("refused-posts", float64(refused))
	r.set("status-writes-per-event", ratio(r.API.writesTo("messagetemplates", "status"), float64(n)))
	return nil
}

// last is the newest event about each template, by the name of the resource.
func (m *dispatch) last() map[string]notice {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]notice{}
	for _, l := range m.sent {
		name := m.s.nameOf(l.chosen)
		if old, found := out[name]; !found || !l.sent.Before(old.sent) {
			out[name] = l
		}
	}
	return out
}

// lost is how many templates don't show their newest event.
func (m *dispatch) lost(last map[string]notice) int {
	lost := 0
	for name, l := range last {
		if v := m.s.watch.get(v1alpha1.KindMessageTemplate, name); v.quality != l.quality || v.reported.Before(l.at) {
			lost++
		}
	}
	return lost
}

// followed are the times from each event until a status followed it, and when the last one did.
func (m *dispatch) followed() (delays []float64, end time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end = time.Now()
	var latest time.Time
	for _, l := range m.sent {
		for _, seen := range m.seen[m.s.nameOf(l.chosen)] {
			if !seen.upTo.Before(l.at) && !seen.at.Before(l.sent) {
				delays = append(delays, seen.at.Sub(l.sent).Seconds())
				if seen.at.After(latest) {
					latest = seen.at
				}
				break
			}
		}
	}
	if !latest.IsZero() {
		end = latest
	}
	return delays, end
}
