// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// Namespaces of the run: of the resources, of the lease, and of what only the API server's own speed is measured with.
const (
	namespace      = "fleet"
	leaseNamespace = "operator"
	floorNamespace = "floor"
)

// databaseBytes is enough for all versions of 100,000 templates and their events until they are compacted.
const databaseBytes = 8 << 30

// suite is one run.
type suite struct {
	config

	screen    *screen
	result    *result
	directory string
	program   string
	env       *testenv.Env
	// client counts what it requests.
	client client.Client
	own    *tally
	server *serverMetrics
	fleet  *fleet
	url    string
	watch  *watcher
	// operator is the process that runs, nil where there is none.
	operator *process
	receiver string
	// created are templates that the phases created.
	created int
}

// run plays the phases. Where one fails, the result has those before it; it is nil where none was played.
func run(ctx context.Context, cfg config) (r *result, err error) {
	s := &suite{config: cfg, screen: newScreen(os.Stderr), result: newResult(&cfg), own: newTally()}
	s.screen.enter("start")
	if s.directory, err = os.MkdirTemp("", "waba-operator-scale-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.tidy(err == nil)) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.env.Stop()) }()
	defer func() { err = errors.Join(err, s.stopOperator()) }()
	defer stop() // the watch ends before the API server does
	if err := s.fill(ctx); err != nil {
		return nil, err
	}
	for _, p := range phases {
		if !s.plays(p.name) {
			continue
		}
		if err := p.play(s, ctx); err != nil {
			return s.result, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return s.result, nil
}

// tidy removes the files of the run. The operator's logs are kept where they may be needed.
func (s *suite) tidy(succeeded bool) error {
	if !succeeded {
		s.screen.say("the operator's logs are in %s", s.directory)
		return os.Remove(s.program)
	}
	return os.RemoveAll(s.directory)
}

// prepare compiles the operator, and starts the API server and the simulator.
func (s *suite) prepare(ctx context.Context) (err error) {
	s.screen.say("compiling the operator")
	if s.program, err = compile(ctx, s.directory); err != nil {
		return err
	}
	s.screen.say("starting the API server")
	if s.env, err = testenv.New(testenv.Options{DatabaseBytes: databaseBytes}); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return errors.Join(err, s.env.Stop())
	}
	return nil
}

func (s *suite) connect(ctx context.Context) (err error) {
	config := s.own.wrap(s.env.Config)
	if s.client, err = client.New(config, client.Options{Scheme: s.env.Scheme, Mapper: s.env.Client.RESTMapper()}); err != nil {
		return err
	}
	if s.server, err = newServerMetrics(s.env.Config); err != nil {
		return err
	}
	for _, name := range []string{namespace, leaseNamespace, floorNamespace} {
		if err := s.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return err
		}
	}
	if s.receiver, err = freeAddress(ctx); err != nil {
		return err
	}
	s.fleet, err = newFleet(s.size, namespace, graphsim.WithLatency(s.latency), graphsim.WithWebhooks(), graphsim.WithPlainCallbacks(),
		graphsim.WithDeliveryConcurrency(32))
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "http://" + listener.Addr().String()
	go func() { _ = s.fleet.sim.Serve(ctx, listener) }() // ends with the run
	return nil
}

// fill creates the manifests, and measures what the API server manages before the operator runs.
func (s *suite) fill(ctx context.Context) (err error) {
	err = s.inParallel("manifests to be created", len(s.fleet.manifests), func(i int) error { return s.fleet.create(ctx, s.client, i) })
	if err != nil {
		return err
	}
	s.screen.enter("floor")
	if s.result.Writes, err = measureWrites(ctx, s.client, s.screen.say); err != nil {
		return err
	}
	s.screen.say("%s status writes a second", number(s.result.Writes.WritesPerSecond))
	s.watch, err = watch(ctx, s.own.wrap(s.env.Config), s.env.Scheme, namespace)
	return err
}

// Flags of the operator: one observes the accounts all the time, the other makes no call unless something happens.
func (s *suite) flags(period time.Duration, more ...string) []string {
	return append([]string{
		"--graph-base-url=" + s.url, "--namespaces=" + namespace, "--observation-interval=" + period.String(), fmt.Sprintf("--concurrency=%d", workers),
	}, more...)
}

// calm is a period that no run reaches the end of.
const calm = 24 * time.Hour

func (s *suite) busyFlags() []string { return s.flags(s.period, "--webhook-bind-address=0") }
func (s *suite) calmFlags() []string { return s.flags(calm, "--webhook-bind-address="+s.receiver) }

// start starts an operator. The others go on.
func (s *suite) start(ctx context.Context, flags []string) (*process, error) {
	return startProcess(ctx, launch{program: s.program, kubeconfig: s.env.KubeconfigFile, directory: s.directory, args: flags})
}

// ensure has one operator run with these flags, ready and settled.
func (s *suite) ensure(ctx context.Context, flags []string) error {
	if s.operator != nil && slices.Equal(s.operator.args, flags) {
		return nil
	}
	if err := s.stopOperator(); err != nil {
		return err
	}
	var err error
	if s.operator, err = s.start(ctx, flags); err != nil {
		return err
	}
	if _, err := s.operator.ready(ctx); err != nil {
		return err
	}
	return s.started(ctx, s.operator)
}

// started waits until a new process has looked at every template, and has nothing to do.
func (s *suite) started(ctx context.Context, p *process) error {
	return p.until(ctx, "the first look at all templates", look, func() (bool, error) {
		m, err := p.scrape(ctx)
		if len(m) == 0 || err != nil {
			return false, err
		}
		n, waiting := reconciled(m, "messagetemplate"), m.sum(queueDepth)
		s.screen.say("%s of %d templates looked at, %s resources in the queues", number(n), s.totalTemplates(), number(waiting))
		return n >= float64(s.totalTemplates()) && waiting == 0, nil
	})
}

// stopOperator stops the process that runs, if one does.
func (s *suite) stopOperator() error {
	if s.operator == nil {
		return nil
	}
	p := s.operator
	s.operator = nil
	if err := p.alive(); err != nil {
		return err
	}
	return p.stop()
}

// wait waits until something is done, and says how far it is.
func (s *suite) wait(ctx context.Context, what string, done func() progress) error {
	const often = 100 * time.Millisecond
	said := time.Now()
	return s.operator.until(ctx, what, often, func() (bool, error) {
		p := done()
		if time.Since(said) >= look {
			said = time.Now()
			s.screen.say("%s: %s", what, p)
		}
		return p.done >= p.total, nil
	})
}

// all is how many resources there are now.
func (s *suite) all() int { return s.resources() + s.created }

// ready waits until all resources are, and returns when the last one became so.
func (s *suite) ready(ctx context.Context) (time.Time, error) {
	err := s.wait(ctx, "resources to be ready", func() progress {
		p, _ := s.watch.settledOf(s.all())
		return p
	})
	_, at := s.watch.settledOf(s.all())
	return at, err
}

// idle waits for a time in which no operator need run.
func (s *suite) idle(ctx context.Context, what string, d time.Duration) error {
	s.screen.say("%s: %s", what, d.Round(time.Second))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// inParallel is the function of that name, and says how far it is.
func (s *suite) inParallel(what string, n int, f func(int) error) error {
	const lines = 10
	var done atomic.Int64
	return inParallel(n, func(i int) error {
		err := f(i)
		if d := int(done.Add(1)); n >= 100*lines && d%(n/lines) == 0 {
			s.screen.say("%s: %s", what, progress{done: d, total: n})
		}
		return err
	})
}

// pause waits for a time.
func (s *suite) pause(ctx context.Context, what string, d time.Duration) error {
	end := time.Now().Add(d)
	return s.wait(ctx, what+" (seconds)", func() progress {
		return progress{done: int((d - time.Until(end)).Seconds()), total: int(d.Seconds())}
	})
}

// quiet waits until nothing was written to templates and numbers for a while.
func (s *suite) quiet(ctx context.Context) error {
	const enough = 3 * time.Second
	begin := time.Now()
	return s.wait(ctx, "nothing to be written", func() progress {
		_, last := s.watch.quietSince()
		if last.Before(begin) {
			last = begin
		}
		return progress{done: int(min(time.Since(last), enough) / time.Second), total: int(enough / time.Second)}
	})
}
