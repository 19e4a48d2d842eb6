// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// webhookActions are the paths below /_sim/ that concern webhooks.
var webhookActions = map[string]adminAction{
	"webhooks":            {http.MethodGet, adminWebhooks},
	"webhooks/deliveries": {http.MethodGet, func(s *Simulator, _ []byte) (any, error) { return s.shownDeliveries(), nil }},
	"webhooks/reset":      {http.MethodPost, func(s *Simulator, _ []byte) (any, error) { s.ResetDeliveries(); return accepted, nil }},
	"webhooks/drop":       {http.MethodPost, func(s *Simulator, _ []byte) (any, error) { s.DropDeliveries(); return accepted, nil }},
	"webhooks/habits":     {http.MethodPost, adminHabits},
	"webhooks/host":       {http.MethodPost, adminHost},
	"webhooks/callback":   {http.MethodPost, adminCallback},
	"webhooks/emit":       {http.MethodPost, adminEmit},
	"webhooks/deliver":    {http.MethodPost, adminDeliver},
}

func adminWebhooks(s *Simulator, _ []byte) (any, error) {
	pending, next := s.PendingDeliveries()
	s.mu.Lock()
	defer s.mu.Unlock()
	topics := []SeedCallback{}
	for id := range s.topics {
		if x := s.topicOf(id); x != nil {
			topics = append(topics, SeedCallback{App: id, CallbackURL: x.url, Fields: x.fields})
		}
	}
	return map[string]any{"on": s.hooked, "pending": pending, "next": next, "habits": s.habits, "callbacks": topics}, nil
}

type shownDelivery struct {
	Delivery
	LatencyMilliseconds float64
	Body                string
}

func (s *Simulator) shownDeliveries() []shownDelivery {
	out := []shownDelivery{}
	for _, d := range s.Deliveries() {
		out = append(out, shownDelivery{Delivery: d, LatencyMilliseconds: float64(d.Latency()) / float64(time.Millisecond), Body: string(d.Body)})
	}
	return out
}

// adminHabits sets all habits at once: {"nasty":true}, or those of WebhookHabits with durations in nanoseconds.
func adminHabits(s *Simulator, body []byte) (any, error) {
	in := struct {
		Nasty bool
		WebhookHabits
	}{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if in.Nasty {
		in.WebhookHabits = NastyHabits()
	}
	s.SetWebhookHabits(in.WebhookHabits)
	return accepted, nil
}

func adminHost(s *Simulator, body []byte) (any, error) {
	in := struct{ Host, Base string }{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	s.MapCallback(in.Host, in.Base)
	return accepted, nil
}

// adminCallback is what a person sets in the dashboard.
func adminCallback(s *Simulator, body []byte) (any, error) {
	in := SeedCallback{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	s.SetAppCallback(in.App, in.CallbackURL, in.Fields...)
	return accepted, nil
}

// adminEmit lets happen what only webhooks report; values are as on the wire.
func adminEmit(s *Simulator, body []byte) (any, error) {
	in := struct {
		Account string
		Changes []struct {
			Field, BusinessID, NumberID string
			Value                       json.RawMessage
			Time                        int64 // unix seconds
		}
	}{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if !s.hooked {
		return nil, errors.New("webhooks are off")
	}
	if !s.hasAccount(in.Account) {
		return nil, errNotFound
	}
	changes := make([]WebhookChange, 0, len(in.Changes))
	for _, x := range in.Changes {
		if x.Field == "" || len(x.Value) == 0 {
			return nil, errors.New("an event needs field and value")
		}
		one := WebhookChange{Field: x.Field, Value: x.Value, BusinessID: x.BusinessID, NumberID: x.NumberID}
		if x.Time != 0 {
			one.Time = time.Unix(x.Time, 0)
		}
		changes = append(changes, one)
	}
	s.Emit(in.Account, changes...)
	return accepted, nil
}

// adminDeliver sends what is due, or with {"all":true} all that waits.
func adminDeliver(s *Simulator, body []byte) (any, error) {
	in := struct{ All bool }{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
	}
	do := s.Deliver
	if in.All {
		do = s.DeliverAll
	}
	n, err := do(context.Background())
	out := map[string]any{"accepted": n}
	if err != nil {
		out["failed"] = err.Error()
	}
	return out, nil
}
