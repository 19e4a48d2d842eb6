// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func TestManagerKeepsOneSessionPerResource(t *testing.T) {
	w := newWorld(t, 100)
	if w.manager.Get(testRef.UID) != nil {
		t.Error("there is no session before Ensure")
	}
	s := w.session(t)
	client := s.Client()
	if w.session(t) != s || s.Client() != client || w.manager.Get(testRef.UID) != s {
		t.Error("the same credentials must give the same session and client")
	}
	if s.Ref() != testRef {
		t.Errorf("got %+v", s.Ref())
	}
	if uid, version := s.SecretVersion(); uid != "secret" || version != "1" {
		t.Errorf("got %s, %s", uid, version)
	}
}

func TestManagerRotationBuildsAClientAndKeepsTheSnapshot(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(2)
	s := w.session(t)
	snap, _ := observe(t, s)
	w.front.calls()

	const rotated = "EAAGrotated0123456789"
	w.sim.AddToken(graphsim.Token{
		Value: rotated, AppID: testApp, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"},
	})
	w.sim.RevokeToken(testToken, 467)
	before := s.Client()
	again, err := w.manager.Ensure(testRef, Credentials{AccessToken: rotated, SecretUID: "secret", ResourceVersion: "2"}, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	if again != s || s.Client() == before || s.Snapshot() != snap {
		t.Error("rotation must keep session and snapshot and replace the client")
	}
	if _, version := s.SecretVersion(); version != "2" {
		t.Errorf("got version %s", version)
	}
	w.step(time.Minute)
	_, change := observe(t, s)
	if !change.Empty() {
		t.Errorf("got %+v", change)
	}
	wantCalls(t, w.front.calls(), readWABA, debugToken, readWABA) // the new token is inspected at once
}

func TestManagerAppliesANewVersion(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	before := s.Client()
	if _, err := w.manager.Ensure(testRef, testCreds, "v26.0"); err != nil || s.Client() == before {
		t.Errorf("a new version needs a new client: %v", err)
	}
}

func TestManagerKeepsTheClientWhenNewCredentialsAreInvalid(t *testing.T) {
	w := newWorld(t, 100)
	bad := Credentials{AccessToken: "two words"}
	if _, err := w.manager.Ensure(testRef, bad, testVersion); err == nil || strings.Contains(err.Error(), "two words") {
		t.Errorf("got %v", err)
	}
	if w.manager.Get(testRef.UID) != nil {
		t.Error("a session without client must not be handed out")
	}
	s := w.session(t)
	client := s.Client()
	if _, err := w.manager.Ensure(testRef, bad, testVersion); err == nil || s.Client() != client {
		t.Errorf("the last good client must stay: %v", err)
	}
}

func TestManagerGivesARecreatedResourceASessionOfItsOwn(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	s.TripBreaker()
	s.Budget().Restore(testStart.Add(time.Hour))

	ref := testRef
	ref.UID = "uid-2"
	recreated, err := w.manager.Ensure(ref, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	if recreated == s || recreated.Snapshot() != nil || recreated.BreakerOpen() {
		t.Error("no data of the old resource may be used for the new one")
	}
	if recreated.Budget().BlockedUntil().IsZero() {
		t.Error("the account's quota at Meta is the same")
	}

	ref.AccountID = "209990000000001"
	other, err := w.manager.Ensure(ref, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	if other == recreated || other.Ref().AccountID != ref.AccountID || !other.Budget().BlockedUntil().IsZero() {
		t.Error("another account needs a session and a budget of its own")
	}
}

func TestManagerForgetsAfterTenMinutes(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	w.manager.Forget(testRef.UID)
	w.manager.Forget("unknown")
	w.step(retention)
	if w.manager.Get(testRef.UID) != s {
		t.Error("resources that are being deleted still need the session")
	}
	w.step(time.Second)
	if w.manager.Get(testRef.UID) != nil {
		t.Error("the token must be gone")
	}

	s = w.session(t)
	w.manager.Forget(testRef.UID)
	w.step(retention / 2)
	if w.session(t) != s { // it is needed again
		t.Error("want the same session")
	}
	w.step(retention)
	if w.manager.Get(testRef.UID) != s {
		t.Error("a session that is used again must stay")
	}
}

// secondAccount returns the session of another account with another app, in the same simulator and with the same manager.
func (w *world) secondAccount(t *testing.T, appID string) *Session {
	t.Helper()
	const waba, token, app = "209990000000001", "EAAGsecond0123456789", "700000000000001"
	w.sim.AddApp(graphsim.App{ID: app, Name: "Other", Secret: "another-secret-made-up"})
	w.sim.AddAccount(graphsim.Account{ID: waba, Name: "Other"})
	w.sim.AddToken(graphsim.Token{Value: token, AppID: app, Accounts: []string{waba}, Scopes: []string{"whatsapp_business_management"}})
	s, err := w.manager.Ensure(Ref{Namespace: "other", Name: "other", UID: "uid-9", AccountID: waba},
		Credentials{AccessToken: token, AppID: appID}, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func appLimit(w http.ResponseWriter, _ *http.Request) bool {
	respondError(w, `{"error":{"message":"(#4) Application request limit reached","code":4}}`)
	return true
}

func TestAppBudgetIsSharedByTheAccountsOfAnApp(t *testing.T) {
	w := newWorld(t, 100)
	first := w.session(t)
	observe(t, first)
	ref := testRef
	ref.UID, ref.Name, ref.AccountID = "uid-3", "third", "309990000000001"
	w.sim.AddAccount(graphsim.Account{ID: ref.AccountID})
	w.sim.UpdateToken(testToken, func(token *graphsim.Token) { token.Accounts = append(token.Accounts, ref.AccountID) })
	third, err := w.manager.Ensure(ref, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	observe(t, third)

	w.front.answerWith(appLimit)
	if _, _, err := first.Observe(context.Background()); graph.ClassOf(err) != graph.ClassThrottled {
		t.Fatalf("got %v", err)
	}
	w.front.answerWith(nil)
	w.front.calls()
	if _, _, err := third.Observe(context.Background()); graph.ClassOf(err) != graph.ClassThrottled {
		t.Errorf("the app's limit holds for all its accounts, got %v", err)
	}
	wantCalls(t, w.front.calls())
	if !third.Budget().BlockedUntil().IsZero() {
		t.Error("the account's own limit is another one")
	}
}

// A user who may write a Secret must not be able to block the accounts of another tenant's app: only Meta says to which app a
// token belongs.
func TestAppBudgetDoesNotBelieveTheSecret(t *testing.T) {
	w := newWorld(t, 100)
	first := w.session(t)
	observe(t, first)
	intruder := w.secondAccount(t, testApp)
	w.front.answerWith(appLimit)
	if _, _, err := intruder.Observe(context.Background()); graph.ClassOf(err) != graph.ClassThrottled {
		t.Fatalf("got %v", err)
	}
	w.front.answerWith(nil)
	if _, _, err := first.Observe(context.Background()); err != nil {
		t.Errorf("an account that only claims the app must not block it: %v", err)
	}
}

// A token of another app has another app's limit.
func TestAppBudgetStartsAnewWithANewToken(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	w.front.answerWith(appLimit)
	if _, _, err := s.Observe(context.Background()); graph.ClassOf(err) != graph.ClassThrottled {
		t.Fatalf("got %v", err)
	}
	w.front.answerWith(nil)
	const token, app = "EAAGotherapp0123456789", "700000000000001"
	w.sim.AddApp(graphsim.App{ID: app, Secret: "another-secret-made-up"})
	w.sim.AddToken(graphsim.Token{Value: token, AppID: app, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"}})
	if _, err := w.manager.Ensure(testRef, Credentials{AccessToken: token}, testVersion); err != nil {
		t.Fatal(err)
	}
	observe(t, s)
}

func TestManagerIsSafeForConcurrentUse(t *testing.T) {
	w := newWorld(t, 10)
	w.templates(30)
	s := w.session(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			k := key("order_0001")
			switch i % 4 {
			case 0:
				_, _, _ = s.Observe(context.Background())
			case 1:
				_, _ = s.LookupTemplate(context.Background(), k)
			case 2:
				s.RecordWrite(k, templateNamed(k.Name, "ours"))
				_ = s.ProvenMissing(k)
				_ = s.BreakerAllows(10)
			case 3:
				_, _ = w.manager.Ensure(testRef, Credentials{AccessToken: testToken, ResourceVersion: "2"}, testVersion)
				_ = s.EffectiveInterval(time.Minute)
				w.manager.Forget("unknown")
			}
		})
	}
	wg.Wait()
	if snap := s.Snapshot(); snap == nil || len(snap.Templates) != 30 {
		t.Error("the observation must have been published")
	}
}
