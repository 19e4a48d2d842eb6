// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// reviewResult is the result of the review of a template.
type reviewResult struct{ status, reason, category string }

var (
	promotional = regexp.MustCompile(`(?i)\b(discounts?|sales?|offers?|coupons?|promos?|promotions?|deals?|cheap(er|est)?|voucher|giveaway|shop now|buy now|free gift)\b|%\s*off|\d+\s*%`)
	mismatching = regexp.MustCompile(`(?i)\b(passwords?|one[- ]time code|verification code|social security|credit card number)\b`)
	abusive     = regexp.MustCompile(`(?i)\b(idiots?|stupid|kill you|hate you|scum)\b`)
	adjacent    = regexp.MustCompile(`\}\}\s*\{\{`)
)

// submit puts a template into review. Reviews end by the clock, at the next call.
func (s *Simulator) submit(t *template, now time.Time, creating bool) {
	t.RejectedReason = "NONE"
	s.setStatus(t, "PENDING", now)
	if creating {
		s.emitStatus("", t, now)
	}
	if t.LibraryTemplateName != "" && creating {
		s.setStatus(t, "APPROVED", now) // Meta wrote it
		s.schedule(t, time.Time{}, nil)
		return
	}
	v := s.review(t)
	// Meta recategorises in the answer of the create call already, or only at the end of the review.
	if creating && v.category != "" && toss(s.seed, "at once", t.Name, t.Language)%2 == 0 {
		s.recategorise(t, v.category, now)
	}
	switch {
	case s.reviewDelay < 0:
		s.schedule(t, time.Time{}, nil)
	case s.reviewDelay == 0:
		s.finishReview(t, now)
	default:
		s.schedule(t, now.Add(s.reviewDelay), s.finishReview)
	}
}

func (s *Simulator) finishReview(t *template, now time.Time) {
	v := s.review(t)
	if v.category != "" {
		s.recategorise(t, v.category, now)
	}
	t.RejectedReason = v.reason
	s.setStatus(t, v.status, now)
}

// review is a plausible review of a template.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-review.
func (s *Simulator) review(t *template) reviewResult {
	if t.Category == "AUTHENTICATION" {
		return reviewResult{status: "APPROVED", reason: "NONE"}
	}
	text := allText(t.components)
	switch {
	case abusive.MatchString(text):
		return reviewResult{status: "REJECTED", reason: "ABUSIVE_CONTENT"}
	case mismatching.MatchString(text):
		return reviewResult{status: "REJECTED", reason: "TAG_CONTENT_MISMATCH"}
	case adjacent.MatchString(text), s.duplicate(t):
		return reviewResult{status: "REJECTED", reason: "INVALID_FORMAT"}
	case t.Category == "UTILITY" && promotional.MatchString(text):
		return reviewResult{status: "APPROVED", reason: "NONE", category: "MARKETING"}
	}
	return reviewResult{status: "APPROVED", reason: "NONE"}
}

func allText(components []component) string {
	var b strings.Builder
	for _, c := range components {
		_, _ = fmt.Fprintln(&b, c.Text)
		for _, x := range c.Buttons {
			_, _ = fmt.Fprintln(&b, x.Text)
		}
		for _, x := range c.Cards {
			_, _ = fmt.Fprintln(&b, allText(x.Components))
		}
	}
	return b.String()
}

func contentKey(t *template) string {
	key := ""
	for _, c := range t.components {
		if c.Type == "BODY" || c.Type == "FOOTER" {
			key += c.Type + c.Text
		}
	}
	return key
}

// duplicate looks for another template with the same body and footer; of two in review the older one wins. Other languages of the same name do not count;
// whether they do at Meta is not documented.
func (s *Simulator) duplicate(t *template) bool {
	key := contentKey(t)
	for _, other := range t.account.templates {
		counts := other.Name != t.Name && other.Category != "AUTHENTICATION" && other.Status != "REJECTED" &&
			(other.Status != "PENDING" || other.seq < t.seq)
		if counts && contentKey(other) == key {
			return true
		}
	}
	return false
}

// recategorise changes the category, and only webhooks report it; the time-to-live is lost.
func (s *Simulator) recategorise(t *template, category string, now time.Time) {
	if t.Category == category {
		return
	}
	t.PreviousCategory, t.Category, t.CorrectCategory = t.Category, category, ""
	t.MessageSendTTLSeconds = nil
	s.emitCategory(t.PreviousCategory, t, now)
}

// setStatus changes the status; last_updated_time moves although no client edited the template.
func (s *Simulator) setStatus(t *template, status string, now time.Time) {
	if before := t.Status; before != status {
		t.Status, t.LastUpdatedTime = status, now
		s.emitStatus(before, t, now)
	}
}

// Decide does to a template what a reviewer, or Meta's automation, would. PAUSED comes back by itself after 3 hours,
// the second time after 6, the third time it is DISABLED; a decision is final until the next edit.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing.
func (s *Simulator) Decide(id string, d Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	t := s.byID[id]
	if t == nil {
		return fmt.Errorf("no template has the id %s", id)
	}
	if d.Category != "" {
		s.recategorise(t, d.Category, now)
		t.LastUpdatedTime = now
	}
	if d.CorrectCategory != "" {
		before := t.CorrectCategory
		t.CorrectCategory = d.CorrectCategory
		s.emitAnnouncement(before, t, now)
	}
	if d.QualityScore != "" {
		before := t.QualityScore
		t.QualityScore, t.QualityDate = d.QualityScore, now
		s.emitQuality(before, t, now)
	}
	if d.Status == "" {
		return nil
	}
	s.schedule(t, time.Time{}, nil)
	t.RejectedReason = "NONE"
	if d.RejectedReason != "" {
		t.RejectedReason = d.RejectedReason
	}
	if d.Status == "PAUSED" {
		s.pauseTemplate(t, now)
		return nil
	}
	s.setStatus(t, d.Status, now)
	return nil
}

func (s *Simulator) pauseTemplate(t *template, now time.Time) {
	t.pauses++
	if t.pauses > 2 {
		s.setStatus(t, "DISABLED", now)
		return
	}
	s.setStatus(t, "PAUSED", now)
	d := shortPause
	if t.pauses == 2 {
		d = longPause
	}
	s.schedule(t, now.Add(d), func(t *template, at time.Time) { s.setStatus(t, "APPROVED", at) })
}
