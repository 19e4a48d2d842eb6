// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waba-operator/waba-operator/test/patience"
)

func TestRotation(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	r.post("[]", theSecret)
	r.rotate("acme")
	r.clock.Step(time.Second)
	for _, secret := range []string{"new", theSecret} {
		if got := r.post("[]", secret); got != 200 || !slices.Contains(r.recorder.touched(), "shop/acme") {
			t.Errorf("%s: got %d %v", secret, got, r.recorder.touched())
		}
	}
	r.clock.Step(59 * time.Minute)
	if got := r.post("[]", theSecret); got != 200 {
		t.Errorf("the old secret after 59 minutes: got %d", got)
	}
	r.clock.Step(2 * time.Minute)
	if got := r.post("[]", theSecret); got != 401 {
		t.Errorf("the old secret after 61 minutes: got %d", got)
	}
}

// TestRevokedAppSecret: a leaked secret is invalid at once, before the next read of the Secret.
func TestRevokedAppSecret(t *testing.T) {
	for name, read := range map[string]bool{"the new secret is known": true, "the new secret wasn't read yet": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil, accounts(
				[4]string{"shop", "acme", theAccount, theSecret}, [4]string{"shop", "late", "1002", theSecret})...)
			r.post("[]", theSecret)
			r.rotate("acme")
			r.rotate("late")
			r.clock.Step(time.Second)
			if read {
				r.post("[]", "new")
				r.clock.Step(time.Second)
			}
			r.server.Revoke("shop-acme")
			r.server.Revoke("shop-late")
			if got := r.post(changesOf(t, theAccount), theSecret); got != http.StatusUnauthorized {
				t.Errorf("the old secret got %d", got)
			}
			r.clock.Step(time.Second)
			if got, touched := r.post(changesOf(t, theAccount, "1002"), "new"), []string{"shop/acme", "shop/late"}; got != http.StatusOK ||
				!slices.Equal(r.recorder.touched(), touched) {
				t.Errorf("the new secret got %d and touches %v", got, r.recorder.touched())
			}
		})
	}
}

// TestAllAppsShareReadings: forged deliveries cause reads of the Secrets of many apps. All reads together keep to the limit, and an app
// with few Secrets waits for one read of each other app. The test ends reads one by one, because otherwise the order of their ends
// depends on the scheduler.
func TestAllAppsShareReadings(t *testing.T) {
	const apps, each = 10, 60
	objects := oneAccount()
	for app := range apps {
		for i := range each {
			w, s := account(fmt.Sprint("tenant-", app), fmt.Sprint("a", i), fmt.Sprint(10_000+100*app+i), "secret")
			w.Status.Credentials.AppID = fmt.Sprint(600 + app)
			objects = append(objects, w, s)
		}
	}
	r := newRig(t, func(o *Options) { o.Limits.WaitTimeout = patience.Limit }, objects...)
	r.secrets.block = make(chan struct{})
	reads := r.server.apps.reads
	var answers []func() int
	for app := range apps {
		answers = append(answers, later(func() int { return r.postTo(fmt.Sprint(600+app), "[]", "forged") }))
	}
	r.until("all slots are taken, and other reads wait", func() bool {
		waiting := 0
		for app := range apps {
			waiting += reads.Waiting(fmt.Sprint(600 + app))
		}
		return r.secrets.count() >= concurrentReads && waiting > 0
	})
	if got := r.secrets.count(); got > concurrentReads {
		t.Fatalf("%d Secrets are read at a time", got)
	}
	genuine := make(chan int, 1)
	go func() { genuine <- r.post("[]", theSecret) }()
	r.until("the genuine delivery waits for a slot", func() bool { return reads.Waiting(theApp) > 0 })
	for ended := 0; r.secrets.place("shop", "acme") == 0; ended++ {
		if ended > apps {
			t.Fatalf("%d reads ended, and the genuine delivery still waits for a slot", ended)
		}
		read := r.secrets.count()
		r.secrets.block <- struct{}{}
		r.until("the next Secret is read", func() bool { return r.secrets.count() > read })
	}
	close(r.secrets.block)
	r.until("no more Secrets are read at once", func() bool {
		return r.secrets.count() > readsPerSecond || r.secrets.count() == readsPerSecond && r.clock.HasWaiters()
	})
	if got := r.secrets.count(); got > readsPerSecond {
		t.Fatalf("%d Secrets are read at once", got)
	}
	steps, left := 0, len(answers)
	all := make(chan int, len(answers))
	for _, answer := range answers {
		go func() { all <- answer() }()
	}
	for left > 0 || genuine != nil {
		select {
		case got := <-all:
			if left--; got != http.StatusUnauthorized {
				t.Errorf("a forged delivery got %d", got)
			}
		case got := <-genuine:
			if genuine = nil; got != http.StatusOK {
				t.Errorf("the genuine delivery got %d", got)
			}
		default:
			if r.clock.HasWaiters() {
				r.clock.Step(time.Second / readsPerSecond)
				steps++
			}
			runtime.Gosched()
		}
	}
	if got, most := r.secrets.count(), readsPerSecond+steps; got > most {
		t.Errorf("%d Secrets were read in %d steps", got, steps)
	}
}

// TestStrangersCannotHammerTheAPIServer: wrong signatures cause one read per second. Requests in between wait for the next one, so
// that a new secret counts for them.
func TestStrangersCannotHammerTheAPIServer(t *testing.T) {
	r := newRig(t, nil, oneAccount()...)
	if got := r.post("[]", "wrong"); got != 401 || r.secrets.count() != 1 {
		t.Fatalf("got %d after reading %d times", got, r.secrets.count())
	}
	r.rotate("acme")
	var waiting []func() int
	for range 20 {
		waiting = append(waiting, later(func() int { return r.post("[]", "wrong") }))
	}
	genuine := later(func() int { return r.post("[]", "new") })
	r.until("all requests wait", func() bool { return unverified(r) == 21 })
	if got := r.secrets.count(); got != 1 {
		t.Fatalf("read %d times within a second", got)
	}
	if got := r.post("[]", theSecret); got != 200 {
		t.Errorf("a cached secret got %d", got)
	}
	r.stepWhenWaited(time.Second)
	if got := genuine(); got != 200 {
		t.Errorf("the new secret got %d", got)
	}
	for _, wait := range waiting {
		if got := wait(); got != 401 {
			t.Errorf("a wrong one got %d", got)
		}
	}
	if got := r.secrets.count(); got != 2 {
		t.Errorf("read %d times", got)
	}
}

func TestHalfRotation(t *testing.T) {
	r := newRig(t, nil, accounts(
		[4]string{"shop", "acme", theAccount, theSecret}, [4]string{"shop", "late", "1002", theSecret})...)
	r.post("[]", theSecret)
	r.rotate("acme")
	r.clock.Step(time.Second)
	if got := r.post(changesOf(t, theAccount), "new"); got != 200 {
		t.Errorf("what concerns only the first got %d", got)
	}
	got := later(func() int { return r.post(changesOf(t, theAccount, "1002"), "new") })
	r.stepWhenWaited(time.Second)
	if got := got(); got != 503 {
		t.Errorf("what concerns both got %d", got)
	}
	if got, want := r.recorder.touched(), []string{"shop/acme"}; !cmp.Equal(got, want) {
		t.Errorf("touches %v", got)
	}
	r.rotate("late")
	r.clock.Step(time.Second)
	if got := r.post(changesOf(t, theAccount, "1002"), "new"); got != 200 {
		t.Errorf("once both are done: got %d", got)
	}
	if got, want := r.recorder.touched(), []string{"shop/acme", "shop/late"}; !cmp.Equal(got, want) {
		t.Errorf("touches %v", got)
	}
}
