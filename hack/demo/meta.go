// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// demoPIN is the two-step verification PIN of the number that the demo adds.
const demoPIN = "271828"

// Ids of the simulated assets. The account's is that of config/samples/waba.yaml, the number's that of phonenumber.yaml.
const (
	accountID = "102290129340398"
	numberID  = "106540352242922"
	appID     = "634974688087057"
	// tokenName is what the simulator calls the token, in its admin API too.
	tokenName = "demo"
)

// unmanaged are templates that were there before the operator came.
var unmanaged = []graphsim.Template{
	{Name: "hello_world", Components: json.RawMessage(`[
		{"type": "HEADER", "format": "TEXT", "text": "Hello World"},
		{"type": "BODY", "text": "Welcome and congratulations! This message demonstrates your ability to send a message notification."},
		{"type": "FOOTER", "text": "WhatsApp Business Platform sample message"}]`)},
	{Name: "spring_greeting", Category: "MARKETING", QualityScore: "GREEN", Components: json.RawMessage(`[
		{"type": "BODY", "text": "Hi {{1}}, spring is here and so are our new seeds.", "example": {"body_text": [["Ana"]]}},
		{"type": "FOOTER", "text": "Reply STOP to unsubscribe"}]`)},
}

// meta is the simulator of Meta's Graph API with one account.
type meta struct {
	sim    *graphsim.Simulator
	url    string
	server *http.Server
	// accessToken, appSecret and the verify tokens are made up anew for each run.
	accessToken, appSecret, verifyToken string

	bot *bot
	// receiver is where the operator receives webhooks.
	receiver     string
	stopDelivery func()
}

func newMeta(ctx context.Context) (*meta, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meta{
		sim: graphsim.New(
			graphsim.WithClock(graphsim.NewOffsetClock(clock.RealClock{})), graphsim.WithReviewDelay(reviewDelay),
			graphsim.WithNameReviewDelay(nameReview), graphsim.WithWebhooks()),
		url: "http://" + listener.Addr().String(), accessToken: "demo-token-" + rand.Text(), appSecret: "demo-secret-" + rand.Text(),
		verifyToken: "demo-verify-" + rand.Text(), bot: &bot{token: "demo-bot-" + rand.Text()},
	}
	if m.receiver, err = freeAddress(ctx); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	m.sim.MapCallback(hooksHost, "http://"+m.receiver)
	m.sim.MapCallback(botHost, m.url)
	m.seed()
	m.stopDelivery = m.sim.StartDelivery(context.WithoutCancel(ctx))
	m.server = &http.Server{Handler: byHost(botHost, m.bot, m.sim), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = m.server.Serve(listener) }() // ends with stop; calls that fail are the operator's to report
	return m, nil
}

func (m *meta) seed() {
	m.sim.AddApp(graphsim.App{ID: appID, Name: "Acme App", Secret: m.appSecret})
	m.sim.AddToken(graphsim.Token{
		Name: tokenName, Value: m.accessToken, AppID: appID, Accounts: []string{accountID},
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
	})
	m.sim.AddAccount(graphsim.Account{ID: accountID, Name: "Acme Store", Country: "DE", Currency: "EUR", OwnerBusinessName: "Acme GmbH"})
	m.sim.AddNumber(accountID, graphsim.Number{
		ID: numberID, DisplayPhoneNumber: "+1 555-078-3881", VerifiedName: "Acme Store", NameStatus: "APPROVED", QualityRating: "GREEN",
	})
	for _, t := range unmanaged {
		m.sim.AddTemplate(accountID, t)
	}
}

// placeholders are what the demo writes in place of those in config/samples.
func (m *meta) placeholders() map[string]string {
	return map[string]string{
		"placeholder-access-token": m.accessToken, "placeholder-app-secret": m.appSecret, "placeholder-6-digits": `"` + demoPIN + `"`,
		"placeholder-verify-token-1": m.verifyToken, "placeholder-verify-token-2": m.bot.token,
	}
}

// secrets are what may turn up nowhere.
func (m *meta) secrets() []string {
	return []string{m.accessToken, m.appSecret, m.verifyToken, m.bot.token, demoPIN}
}

func (m *meta) stop() error {
	m.stopDelivery()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := m.server.Shutdown(ctx); err != nil {
		return errors.Join(err, m.server.Close())
	}
	return nil
}
