// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AddApp adds or replaces an app.
func (s *Simulator) AddApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps[a.ID] = &a
	s.findSecrets()
}

// AddToken adds or replaces a token.
func (s *Simulator) AddToken(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Name == "" {
		t.Name = fmt.Sprintf("token-%d", len(s.tokens)+1)
	}
	if t.Type == "" {
		t.Type = "SYSTEM_USER"
	}
	if t.UserID == "" {
		t.UserID = s.newID()
	}
	t.Scopes, t.Accounts = slices.Clone(t.Scopes), slices.Clone(t.Accounts)
	s.tokens[t.Value] = &token{Token: t, issued: s.now()}
	s.findSecrets()
}

// UpdateToken changes a token, for example its assigned accounts. The value stays.
func (s *Simulator) UpdateToken(value string, change func(*Token)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		change(&t.Token)
		t.Value = value
	}
}

// RevokeToken makes a token answer 190 with the subcode: 458 app not installed, 459 checkpoint, 460 password changed,
// 464 unconfirmed, 467 invalid, 492 no role.
func (s *Simulator) RevokeToken(value string, subcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		t.revoked = cmp.Or(subcode, 467)
	}
}

// RestoreToken makes a revoked token work again.
func (s *Simulator) RestoreToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		t.revoked = 0
	}
}

// AddAccount adds an account, or changes the values of one that exists.
func (s *Simulator) AddAccount(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.newAccount(a)
	if old := s.accounts[fresh.ID]; old != nil {
		old.Account = fresh.Account
		return
	}
	s.used[fresh.ID] = true
	s.accounts[fresh.ID] = fresh
}

// mustAccount panics on an unknown id: seeding code is wrong then.
func (s *Simulator) mustAccount(id string) *account {
	a := s.accounts[id]
	if a == nil {
		panic("graphsim: no account " + id)
	}
	return a
}

// UpdateAccount changes an account. The id stays.
func (s *Simulator) UpdateAccount(id string, change func(*Account)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	a := s.mustAccount(id)
	before := a.Account
	change(&a.Account)
	a.ID = id
	s.emitAccount(&before, a, now)
}

// RemoveAccount deletes an account with all that belongs to it, as a person would in Business Suite.
func (s *Simulator) RemoveAccount(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	if a == nil {
		return
	}
	s.emit(a, s.now(), AccountEvent("ACCOUNT_DELETED"))
	for _, t := range a.templates {
		s.schedule(t, time.Time{}, nil)
		delete(s.byID, t.ID)
	}
	maps.DeleteFunc(s.numbers, func(_ string, n *number) bool { return n.account == a })
	delete(s.accounts, id)
}

// AddNumber adds a phone number. Zero fields get the values of a registered number that works.
func (s *Simulator) AddNumber(wabaID string, n Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(wabaID)
	fresh := s.newNumber(a, n)
	s.used[fresh.ID] = true
	a.numbers = append(a.numbers, fresh)
	s.numbers[fresh.ID] = fresh
}

// UpdateNumber changes a phone number. The id stays; what would have happened by itself to a status changed here doesn't.
func (s *Simulator) UpdateNumber(id string, change func(*Number)) {
	s.withNumber(id, func(n *number, now time.Time) {
		before := n.public()
		change(&n.Number)
		n.ID = id
		n.memory.overrule(&before, &n.Number)
		s.emitNumber(&before, n, now)
	})
}

// SubscribeApp subscribes an app to an account, or changes its override.
func (s *Simulator) SubscribeApp(wabaID, appID, overrideURL string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(wabaID)
	for _, x := range a.apps {
		if x.appID == appID {
			x.override = overrideURL
			return
		}
	}
	a.apps = append(a.apps, &subscription{appID: appID, override: overrideURL, seq: s.nextSequence()})
}

// AddTemplate seeds a template without review, budgets or validation and returns its id. Empty fields mean an approved
// UTILITY template in en_US; a PENDING one waits for Decide. Components may be given as sent or as read back.
func (s *Simulator) AddTemplate(wabaID string, t Template) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, now := s.mustAccount(wabaID), s.now()
	s.settle(now)
	own := &template{Template: t}
	own.Language, own.Category = cmp.Or(t.Language, "en_US"), cmp.Or(t.Category, "UTILITY")
	own.Status = cmp.Or(t.Status, "APPROVED")
	if len(t.Components) == 0 {
		own.Components = json.RawMessage(`[{"type":"BODY","text":"Your request was received, we will come back to you."}]`)
	}
	s.mustStore(own)
	if old := a.byKey[own.Name+"/"+own.Language]; old != nil {
		s.remove(old)
	}
	s.insert(a, own, now)
	return own.ID
}

// mustStore panics on components that are not JSON of the right types: seeding code is wrong then.
func (s *Simulator) mustStore(t *template) {
	components, problem := parseComponents(t.Components)
	if problem != nil {
		panic("graphsim: " + t.Name + ": " + problem.Message)
	}
	s.store(t, components)
}

// EditInManager changes a template as a person does in WhatsApp Manager: last_updated_time moves, and an edit of an
// approved template counts against its budget, that of the max price if nothing else changes. id, name, language and account stay. change must not use the simulator.
func (s *Simulator) EditInManager(id string, change func(*Template)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	t := s.byID[id]
	if t == nil {
		panic("graphsim: no template " + id)
	}
	before := t.Template
	change(&t.Template)
	t.ID, t.AccountID, t.Name, t.Language = before.ID, before.AccountID, before.Name, before.Language
	price := onlyPriceDiffers(before, t.Template)
	t.LastUpdatedTime = now
	switch {
	case before.Status != "APPROVED":
	case price:
		s.afterPriceEdit(t, before.LastUpdatedTime, now)
	default:
		t.edits = append(t.edits, now)
	}
	if t.Status != before.Status {
		s.schedule(t, time.Time{}, nil)
	}
	s.mustStore(t)
	s.emitTemplate(&before, t, now)
}

// DeleteInManager deletes a template as a person does in WhatsApp Manager; the name is locked as usual.
func (s *Simulator) DeleteInManager(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	if t := s.byID[id]; t != nil {
		s.deleteOne(t, now)
	}
}

func (t *template) public() Template {
	out := t.Template
	out.Components, out.Sent = slices.Clone(t.Components), slices.Clone(t.Sent)
	out.QualityReasons = slices.Clone(t.QualityReasons)
	return out
}

// Templates returns copies of an account's templates, sorted by name and language.
func (s *Simulator) Templates(wabaID string) []Template {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	a := s.accounts[wabaID]
	if a == nil {
		return nil
	}
	out := make([]Template, 0, len(a.templates))
	for _, t := range a.templates {
		out = append(out, t.public())
	}
	slices.SortFunc(out, func(x, y Template) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Language, y.Language))
	})
	return out
}

// TemplateByName returns a copy of one template.
func (s *Simulator) TemplateByName(wabaID, name, language string) (Template, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	a := s.accounts[wabaID]
	if a == nil || a.byKey[name+"/"+language] == nil {
		return Template{}, false
	}
	return a.byKey[name+"/"+language].public(), true
}
