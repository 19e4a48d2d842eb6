// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

const (
	// perAccount is how many templates an account has.
	perAccount = 1000
	// containerMemory is the limit of the container in the manifests, in bytes.
	containerMemory = 512 << 20
)

// BenchmarkMemory prints how much memory the operator takes, as a process of its own with the limit that the manifests set: with
// nothing to do, while it takes over templates that are all at Meta, afterwards, and after a restart. Requests and limits of the
// manifests follow from it.
func BenchmarkMemory(b *testing.B) {
	program, err := compile(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	env := testenv.Start(b)
	for _, n := range []int{0, perAccount, 10 * perAccount} {
		b.Run(fmt.Sprintf("%d templates", n), func(b *testing.B) {
			for b.Loop() {
				newTaken(b, env, n/perAccount).run(program)
			}
		})
	}
}

// taken is a fleet with the API server that has its manifests.
type taken struct {
	*fleet

	b   *testing.B
	env *testenv.Env
	url string
}

func newTaken(b *testing.B, env *testenv.Env, accounts int) *taken {
	b.Helper()
	f, err := newFleet(size{accounts: accounts, templates: perAccount, seed: 1}, env.Namespace(b), graphsim.WithLatency(latency))
	if err != nil {
		b.Fatal(err)
	}
	inParallelOrFail(b, len(f.manifests), func(i int) error { return f.create(b.Context(), env.Client, i) })
	return &taken{fleet: f, b: b, env: env, url: f.sim.Start(b)}
}

// run lets an operator take everything over, and another one begin with what that one wrote.
func (f *taken) run(program string) {
	for _, kind := range []string{"cold", "warm"} {
		begin := time.Now()
		p := f.start(program)
		settled := f.settle(p)
		if kind == "cold" {
			if notReady := f.notReady(); notReady != "" {
				f.b.Fatalf("%s\n%s", notReady, p.tail())
			}
			f.b.ReportMetric(settled.Sub(begin).Seconds(), "s-cold")
		}
		m, err := memoryOf(p.pid())
		if err != nil {
			f.b.Fatal(err)
		}
		cpu, err := cpuOf(p.pid())
		if err != nil {
			f.b.Fatal(err)
		}
		f.b.ReportMetric(m.Now, "MB-"+kind)
		f.b.ReportMetric(m.Peak, "MB-peak-"+kind)
		f.b.ReportMetric(cpu, "CPU-s-"+kind)
		if err := p.stop(); err != nil {
			f.b.Fatal(err)
		}
	}
}

// start runs the program with the limit that the manifests set, until it is stopped, or the benchmark ends.
func (f *taken) start(program string) *process {
	f.b.Helper()
	p, err := startProcess(f.b.Context(), launch{
		program: program, kubeconfig: f.env.KubeconfigFile, directory: f.b.TempDir(),
		args: []string{"--graph-base-url=" + f.url, "--namespaces=" + f.namespace, "--concurrency=8", "--webhook-bind-address=0"},
		env:  []string{operator.MemoryVariable + "=" + strconv.Itoa(containerMemory)},
	})
	if err != nil {
		f.b.Fatal(err)
	}
	f.b.Cleanup(p.kill)
	return p
}

// quiet is how long nothing may be reconciled before the operator counts as settled.
const quiet = 3 * look

// settle waits until the operator looked at every template and has nothing to do. It returns since when.
func (f *taken) settle(p *process) time.Time {
	f.b.Helper()
	last, since := math.NaN(), time.Now()
	err := p.until(f.b.Context(), fmt.Sprintf("%d templates", f.totalTemplates()), look, func() (bool, error) {
		m, err := p.scrape(f.b.Context())
		seen := reconciled(m, "messagetemplate")
		if seen != last {
			last, since = seen, time.Now()
		}
		return seen >= float64(f.totalTemplates()) && time.Since(since) >= quiet, err
	})
	if err != nil {
		f.b.Fatal(err)
	}
	return since
}

// notReady is what is wrong with a template that isn't ready.
func (f *taken) notReady() string {
	f.b.Helper()
	var list v1alpha1.MessageTemplateList
	if err := f.env.Client.List(f.b.Context(), &list, client.InNamespace(f.namespace)); err != nil {
		f.b.Fatal(err)
	}
	if len(list.Items) != f.totalTemplates() {
		return fmt.Sprintf("%d templates, want %d", len(list.Items), f.totalTemplates())
	}
	for i := range list.Items {
		if c := harness.Condition(list.Items[i].Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			return fmt.Sprintf("%s: %s %s", list.Items[i].Name, c.Reason, c.Message)
		}
	}
	return ""
}
