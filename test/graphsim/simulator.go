// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Simulator simulates Meta's Graph API. Create it with New. It is an http.Handler.
type Simulator struct {
	options
	network clock.WithTicker // latency and delays are real time, because clients' deadlines are

	mu           sync.Mutex
	rand         *rand.Rand
	apps         map[string]*App
	tokens       map[string]*token
	accounts     map[string]*account
	numbers      map[string]*number
	byID         map[string]*template
	used         map[string]bool // every id ever given out
	gone         map[string]bool // ids of deleted templates
	sequence     int64
	reads        int64 // of media samples, so that each read shows another URL
	unknownReads int64
	due          map[*template]struct{} // templates with something to happen at template.due
	nextDue      time.Time
	appUsage     map[string]*window
	uploads      map[string]*upload // by session id without signature
	catalogs     map[string]Catalog
	uploadOrder  []*upload
	handles      map[string]*handle
	faults       []*fault
	requests     []Request
	stats        Stats
	leaks        []string
	secrets      []needle            // of all apps and tokens
	topics       map[string][]*topic // by app
	outbox       outbox
}

type token struct {
	Token
	revoked int // subcode; 0: valid
	issued  time.Time
}

type account struct {
	Account
	numbers   []*number
	apps      []*subscription
	users     []*assignedUser
	templates []*template // by sequence
	byKey     map[string]*template
	locks     map[string]time.Time // name/language to end of lock
	creates   []time.Time
	usage     map[string]*window // by app
	fixed     *fixedUsage
}

type number struct {
	Number
	account *account
	seq     int64
	memory  numberMemory
}

type subscription struct {
	appID, override string
	seq             int64
}

type template struct {
	Template
	account    *account
	seq        int64
	components []component
	samples    []*handle   // of the content just sent
	edits      []time.Time // of the content of approved templates
	priceEdits []time.Time // of the max price of approved templates
	editCount  int
	due        time.Time // when something happens by itself
	then       func(*template, time.Time)
	restore    string // status before archiving
	pauses     int
}

// New returns an empty simulator.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		options: newOptions(opts), network: clock.RealClock{},
		apps: map[string]*App{}, tokens: map[string]*token{}, accounts: map[string]*account{},
		numbers: map[string]*number{}, byID: map[string]*template{}, used: map[string]bool{}, gone: map[string]bool{},
		due: map[*template]struct{}{}, appUsage: map[string]*window{},
		catalogs: map[string]Catalog{}, uploads: map[string]*upload{}, handles: map[string]*handle{}, topics: map[string][]*topic{},
	}
	s.rand = rand.New(rand.NewPCG(uint64(s.seed), 1)) //nolint:gosec // reproducible on purpose
	s.stats, s.outbox = newStats(), newOutbox(s.seed)
	return s
}

// Test is what Start needs of a test.
type Test interface {
	Helper()
	Cleanup(f func())
	Fatal(args ...any)
}

// Start serves the simulator on 127.0.0.1 until the test ends and returns the base URL.
func (s *Simulator) Start(t Test) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Fatal(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// Serve answers on the listener until ctx ends.
func (s *Simulator) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

func (s *Simulator) now() time.Time { return s.clock.Now() }

// newID returns an unused id of 15 or 16 digits, as Meta's are.
func (s *Simulator) newID() string {
	for {
		id := strconv.FormatInt(100_000_000_000_000+s.rand.Int64N(8_999_000_000_000_000), 10)
		if !s.used[id] {
			s.used[id] = true
			return id
		}
	}
}

func (s *Simulator) nextSequence() int64 {
	s.sequence++
	return s.sequence
}

const traceAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

func (s *Simulator) traceID() string {
	b := []byte("A0123456789abcdefghij")
	for i := 1; i < len(b); i++ {
		b[i] = traceAlphabet[s.rand.IntN(len(traceAlphabet))]
	}
	return string(b)
}

// toss decides by seed, the same way each time for the same words.
func toss(seed int64, words ...string) uint64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(seed)) //nolint:gosec // bits, not a number
	_, _ = h.Write(b[:])
	for _, w := range words {
		_, _ = fmt.Fprintf(h, "%d:%s", len(w), w)
	}
	x := h.Sum64()
	x ^= x >> 33 // the low bits of FNV are weak
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// schedule arranges what happens to t by itself; a zero time cancels.
func (s *Simulator) schedule(t *template, at time.Time, then func(*template, time.Time)) {
	t.due, t.then = at, then
	if at.IsZero() {
		delete(s.due, t)
		return
	}
	s.due[t] = struct{}{}
	if s.nextDue.IsZero() || at.Before(s.nextDue) {
		s.nextDue = at
	}
}

// settle lets happen what was due. State is evaluated lazily, so that a fake clock needs no goroutine.
func (s *Simulator) settle(now time.Time) {
	s.settleNumbers(now)
	for !s.nextDue.IsZero() && !s.nextDue.After(now) {
		var ready []*template
		s.nextDue = time.Time{}
		for t := range s.due {
			switch {
			case !t.due.After(now):
				ready = append(ready, t)
			case s.nextDue.IsZero() || t.due.Before(s.nextDue):
				s.nextDue = t.due
			}
		}
		slices.SortFunc(ready, func(a, b *template) int {
			if c := a.due.Compare(b.due); c != 0 {
				return c
			}
			return int(a.seq - b.seq)
		})
		for _, t := range ready {
			at, then := t.due, t.then
			s.schedule(t, time.Time{}, nil)
			then(t, at)
		}
	}
}
