// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// report tells what came out.
func (d *demo) report(s *state) {
	d.screen.settled(s.rows())
	d.screen.step("What happened")
	counts := s.waba.Status.Templates
	d.screen.say("%s: the account is ready; %d templates, %d of them managed by nobody here", wabaName, counts.Total, counts.Unmanaged)
	for _, name := range []string{orderName, flashName, passwordName, photosName} {
		t := s.templates[name]
		kind := v1alpha1.ConditionReady
		if name == flashName {
			kind = v1alpha1.ConditionCategoryAsRequested
		}
		if c := apimeta.FindStatusCondition(t.Status.Conditions, kind); c != nil {
			d.screen.say("%s: %s=%s (%s), %s", name, kind, c.Status, c.Reason, c.Message)
		}
		d.screen.say("  %s", newsOf(&t))
	}
	hooks := &s.hooks.Status
	d.screen.say("webhooks: management events go to %s, which Meta verified at %s", hooks.App.CallbackURL, hooks.Webhook.HandshakeTime.Format(time.TimeOnly))
	d.screen.say("webhooks: messages go to %s; a customer's arrived there", hooks.Messages.CallbackURL)
	for _, name := range []string{supportName, salesName} {
		n := s.numbers[name]
		if c := apimeta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReady); c != nil {
			d.screen.say("%s: %s, Ready=%s (%s), %s", name, n.Status.DisplayPhoneNumber, c.Status, c.Reason, c.Message)
		}
	}
	d.screen.step("Events that the operator wrote")
	for _, e := range s.events {
		colour := ""
		if e.Type == corev1.EventTypeWarning {
			colour = amber
		}
		d.screen.say("%s", d.screen.paint(colour, strings.Join([]string{e.Type, e.Reason, e.Regarding.Name, e.Note}, "  ")))
	}
}

// explore says what can be done while the demo stays up.
func (d *demo) explore() {
	d.screen.step("Now explore. In another terminal:")
	account := `"account":"` + accountID + `","language":"en_US"`
	request := `kubectl annotate --overwrite waba acme whatsapp.waba-operator.io/requested-at="$(date +%s)"`
	d.screen.line(`
  export KUBECONFIG=` + d.files.path("kubeconfig") + ` META=` + d.meta.url + `/_sim
  kubectl get waba,wamt,wapn,wawh
  kubectl describe wamt ` + passwordName + `
  kubectl events
  kubectl explain wamt.spec.body

Meta's side is the simulator's admin API (test/graphsim/README.md):
  curl -s $META/state                 the account as Meta has it
  curl -s $META/requests              every call that the operator made

Correct the rejected template; it goes into review again:
  kubectl patch wamt ` + passwordName + ` --type=merge -p '{"spec":{"body":{"text":"Hello {{1}}, please confirm your address in our shop today."}}}'

Edit a template behind the operator's back, as in WhatsApp Manager, and see the drift:
  curl -s $META/edit -d '{` + account + `,"name":"order_confirmation","template":{"components":[{"type":"BODY","text":"Your order is on its way."}]}}'
  ` + request + `
  kubectl get wamt ` + orderName + ` -o jsonpath='{.status.drift}'

Let Meta pause a template for low quality; a webhook reports so:
  curl -s $META/decide -d '{` + account + `,"name":"flash_sale_reminder","status":"PAUSED","qualityScore":"RED"}'
  kubectl get wamt ` + flashName + ` -o yaml --watch

Revoke the access token, and give it back:
  curl -s $META/revoke -d '{"name":"` + tokenName + `","subcode":460}'
  ` + request + `
  curl -s $META/revoke -d '{"name":"` + tokenName + `","subcode":0}'

The operator looks at the account every ` + observationInterval.String() + `; the annotation asks for a look at once.
Its log: ` + d.operator.log + `
Ctrl-C stops and removes everything.`)
}
