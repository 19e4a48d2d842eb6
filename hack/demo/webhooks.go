// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// Hosts that only the simulator knows. The bot's is that of config/samples/webhooksubscription.yaml.
const (
	hooksHost = "hooks.demo.example"
	botHost   = "bot.acme.example"
)

// bot stands for the service that the customers talk to: it answers Meta's handshake and counts the messages.
type bot struct {
	token    string
	messages atomic.Int64
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost:
		b.messages.Add(1)
	case query.Get("hub.verify_token") == b.token:
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, query.Get("hub.challenge")) //nolint:gosec // plain text for the simulator alone
	default:
		w.WriteHeader(http.StatusForbidden)
	}
}

// byHost sends what is for one host to its handler, and the rest to another.
func byHost(host string, handler, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == host {
			handler.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// freeAddress returns an address at which nobody listens.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// unconnected says what keeps Meta's events from arriving.
func unconnected(s *state) []string {
	c := &checks{}
	c.webhooks(&s.hooks)
	return c.problems
}

func (c *checks) webhooks(hooks *v1alpha1.WebhookSubscription) {
	status := &hooks.Status
	name := "webhooksubscription/" + hooksName
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionSynced} {
		c.that(apimeta.IsStatusConditionTrue(status.Conditions, kind), "%s isn't %s: %+v", name, kind, status.Conditions)
	}
	if status.App == nil || status.Messages == nil || status.Webhook == nil {
		c.that(false, "%s doesn't say where events go, or Meta never verified the operator's receiver", name)
		return
	}
	c.equal("where the app's events go", status.App.CallbackURL, "https://"+hooksHost+"/webhooks/"+appID)
	c.equal("where the account's messages go", status.Messages.CallbackURL, "https://"+botHost+"/wa")
	c.that(status.Webhook.HandshakeTime != nil, "%s doesn't say when Meta verified the operator's receiver", name)
}

// told wants a template's status to have come by webhook.
func (c *checks) told(t *v1alpha1.MessageTemplate) {
	said := ""
	if t.Status.Webhook != nil {
		said = t.Status.Webhook.Status
	}
	c.equal("what a webhook said of "+t.Name, said, t.Status.Status)
}

// customer plays whoever writes to the shop, once messages go to the bot.
func (d *demo) customer() {
	number, _ := d.meta.sim.NumberByID(numberID)
	d.meta.sim.Emit(accountID, graphsim.MessageEvent("messages", number))
}

// newsOf says what webhooks reported of a template.
func newsOf(t *v1alpha1.MessageTemplate) string {
	for _, e := range t.Status.Webhook.Events {
		if e.Field == "message_template_status_update" {
			return fmt.Sprintf("by webhook: %s, received %s after it happened at Meta", t.Status.Webhook.Status, lag(e))
		}
	}
	return ""
}

// lag is to the second, as Meta's times are.
func lag(e v1alpha1.WebhookEvent) string {
	if e.ReceivedTime == nil {
		return "-"
	}
	return e.ReceivedTime.Sub(e.Time.Time).String()
}
