// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

const (
	simApp   = "634974688087057"
	simWABA  = "102290129340398"
	simToken = "EAAGtesttoken0123456789abcdef" // made up, works only in the simulator
)

func newSimulation(t *testing.T, opts ...graphsim.Option) (*graphsim.Simulator, *graph.Client) {
	t.Helper()
	sim := graphsim.New(opts...)
	sim.AddApp(graphsim.App{ID: simApp, Secret: "app-secret-made-up", RequireProof: true})
	sim.AddAccount(graphsim.Account{ID: simWABA})
	sim.AddToken(graphsim.Token{
		Value: simToken, AppID: simApp, Accounts: []string{simWABA}, Scopes: []string{"whatsapp_business_management"},
	})
	transport := &http.Transport{}
	client, err := graph.NewClient(graph.Config{
		BaseURL: sim.Start(t), Version: "v25.0", AccessToken: simToken, AppSecret: "app-secret-made-up", Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return sim, client
}

// The simulator was written apart from the client: what both think of Meta's guide has to fit.
func TestUploadToTheSimulator(t *testing.T) {
	session := graphsim.Fault{Method: http.MethodPost, Path: "/upload:*"}
	cut := func(at graphsim.CutPoint, times int) graphsim.Fault {
		f := session
		f.Cut, f.Times = at, times
		return f
	}
	down, limited := session, session
	down.Code, limited.Code = 2, 4
	for _, tc := range []struct {
		name     string
		opts     []graphsim.Option
		faults   []graphsim.Fault
		role     bool
		file     string // type
		size     int
		class    graph.Class
		sessions int
	}{
		{name: "at once", file: "image/jpeg", size: 1000, sessions: 1},
		{name: "several pieces", file: "video/mp4", size: 9 << 20, sessions: 1},
		{name: "cut in the middle", faults: []graphsim.Fault{cut(graphsim.MidBody, 3)}, file: "video/mp4", size: 1 << 20, sessions: 1},
		{name: "cut too often", faults: []graphsim.Fault{cut(graphsim.MidBody, 4)}, file: "image/png", size: 1 << 20, sessions: 1, class: graph.ClassTransient},
		{name: "cut before anything came", faults: []graphsim.Fault{cut(graphsim.BeforeCommit, 1)}, file: "image/png", size: 1000, sessions: 1},
		{name: "never getting through", faults: []graphsim.Fault{cut(graphsim.BeforeCommit, -1)}, file: "image/png", size: 1000, sessions: 1, class: graph.ClassTransient},
		{name: "handle lost", faults: []graphsim.Fault{cut(graphsim.AfterCommit, 1)}, file: "image/png", size: 1000, sessions: 1},
		{
			name: "handle lost for good", opts: []graphsim.Option{graphsim.WithLostHandles()},
			faults: []graphsim.Fault{cut(graphsim.AfterCommit, 1)}, file: "image/png", size: 1000, sessions: 2,
		},
		{name: "service down", faults: []graphsim.Fault{down}, file: "image/png", size: 1000, sessions: 1},
		{name: "limit reached", faults: []graphsim.Fault{limited}, file: "image/png", size: 1000, sessions: 1, class: graph.ClassThrottled},
		{name: "no role on the app", role: true, file: "image/png", size: 1000, class: graph.ClassPermission},
		{name: "wrong type", file: "image/webp", size: 1000, class: graph.ClassInvalidSpec},
		{name: "too large", file: "image/png", size: 5<<20 + 1, class: graph.ClassInvalidSpec},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sim, client := newSimulation(t, tc.opts...)
			sim.UpdateToken(simToken, func(x *graphsim.Token) { x.NoAppRole = tc.role })
			for _, f := range tc.faults {
				sim.Fail(f)
			}
			content := bytes.Repeat([]byte("0123456789 &="), tc.size/13+1)[:tc.size]
			handle, err := client.Upload(t.Context(), simApp, graph.File{
				Name: "sample", Type: tc.file, Size: int64(tc.size), Content: bytes.NewReader(content),
			})
			if graph.ClassOf(err) != tc.class || (handle == "") != (tc.class != "") {
				t.Fatalf("got %q, %v", handle, err)
			}
			if leaks := sim.SecretsInURLs(); len(leaks) > 0 {
				t.Error(leaks)
			}
			all, sum := sim.Uploads(), sha256.Sum256(content)
			if len(all) != tc.sessions {
				t.Fatalf("%d sessions: %+v", len(all), all)
			}
			if tc.class != "" {
				return
			}
			if last := all[len(all)-1]; last.Handle != handle || last.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("got %q, and %+v arrived", handle, last)
			}
			format := strings.ToUpper(strings.Split(tc.file, "/")[0])
			if _, err := client.CreateTemplate(t.Context(), simWABA, graph.TemplateContent{
				Name: "order", Language: "en_US", Category: "UTILITY", Components: []graph.Component{
					{Type: "HEADER", Format: format, Example: &graph.Example{HeaderHandle: []string{handle}}},
					{Type: "BODY", Text: "Your parcel has left our warehouse."},
				},
			}); err != nil {
				t.Errorf("the handle is of no use: %v", err)
			}
		})
	}
}

// TestTheAppsOwnCallsCarryAProof: an app may demand a proof of the calls with its own token, too.
func TestTheAppsOwnCallsCarryAProof(t *testing.T) {
	const callback = "https://bot.acme.example/wa"
	sim, client := newSimulation(t)
	sim.SetAppCallback(simApp, callback, "account_update", "security")
	if err := client.DeleteAppSubscription(t.Context(), simApp, "security"); err != nil {
		t.Error(err)
	}
	got, err := client.ReadAppSubscription(t.Context(), simApp)
	if err != nil || got.CallbackURL != callback || len(got.Fields) != 1 {
		t.Errorf("%+v %v", got, err)
	}
	change := graph.AppSubscriptionChange{CallbackURL: callback, VerifyToken: "v", Fields: []string{"account_update"}}
	if e, ok := graph.AsError(client.SetAppSubscription(t.Context(), simApp, change)); ok && e.Cause == graph.CauseAppSecretProof {
		t.Error(e)
	}
}
