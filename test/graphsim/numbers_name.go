// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// numberMemory is what Meta remembers of a phone number without showing it.
type numberMemory struct {
	dial       string // country code, when the number was added by API
	removed    bool
	removedAt  time.Time
	quarantine time.Time // the same number was deleted a moment ago
	source     *number   // where it is migrated from
	leaving    bool      // is being migrated, or was

	callbackApp string // the app whose override CallbackURL is; empty: it counts for every app

	nameDue, renameDue time.Time // end of the reviews
	renameEnds         time.Time // end of the approval of another name
	renames            []time.Time
	verifiedAt         time.Time
	connectDue         time.Time
	upgradeDue         time.Time // of the throughput

	codes        []SentCode
	usedUp       bool // the newest code is used, or was guessed too often
	codeRequests []time.Time
	codeBlock    block
	wrongCodes   int
	checkBlock   block

	registers, deregisters []time.Time
	blocked                time.Time // 133016
	wrongPINs              int
	lastWrongPIN           time.Time
	pinBlock               time.Time
}

// block is a pause that starts anew with every call in it; that Meta does so is a guess after what the page on rate
// limits says.
type block struct {
	until  time.Time
	length time.Duration
}

func (b *block) start(now time.Time, d time.Duration) { b.until, b.length = now.Add(d), d }

func (b *block) hit(now time.Time) bool {
	if !b.until.After(now) {
		return false
	}
	b.until = now.Add(b.length)
	return true
}

func reached(due, now time.Time) bool { return !due.IsZero() && !due.After(now) }

// settleNumbers lets happen what was due at phone numbers; they do not depend on each other.
func (s *Simulator) settleNumbers(now time.Time) {
	for _, n := range s.numbers {
		m := &n.memory
		if reached(m.nameDue, now) {
			status, reason := reviewName(n.account, n.VerifiedName)
			s.finishName(n, NameDecision{Status: status, Reason: reason}, m.nameDue)
		}
		if reached(m.renameDue, now) {
			status, reason := reviewName(n.account, n.NewDisplayName)
			s.finishRename(n, NameDecision{Status: status, Reason: reason}, m.renameDue)
		}
		if reached(m.renameEnds, now) {
			// What becomes of an approved name without a registration within 14 days is a guess.
			m.renameEnds, n.NewNameStatus = time.Time{}, "EXPIRED"
		}
		if reached(m.connectDue, now) {
			m.connectDue = time.Time{}
			if n.Status == "PENDING" {
				n.Status = "CONNECTED"
			}
		}
		if reached(m.upgradeDue, now) {
			s.emitNumberQuality(n, "THROUGHPUT_UPGRADE", m.upgradeDue)
			m.upgradeDue, n.ThroughputLevel = time.Time{}, "HIGH"
		}
		// That numbers from Embedded Signup must be registered within 14 days is documented, that a verification by code
		// ends then too is a guess.
		if !m.verifiedAt.IsZero() && n.PlatformType != "CLOUD_API" && reached(m.verifiedAt.Add(certificateAge), now) {
			m.verifiedAt, n.CodeVerificationStatus = time.Time{}, "EXPIRED"
		}
	}
}

// smallTiers are messaging limits below 2,000.
var smallTiers = []string{"TIER_50", "TIER_250", "TIER_1K", "TIER_NOT_SET"}

func usableName(status string) bool {
	return status == "APPROVED" || status == "AVAILABLE_WITHOUT_REVIEW"
}

// unreviewed: review only starts when the messaging limit rises.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names.
func unreviewed(a *account) bool { return slices.Contains(smallTiers, a.MessagingLimit) }

var foreignBrand = regexp.MustCompile(`(?i)\b(whatsapp|facebook|instagram|meta)\b`)

// reviewName is a plausible review of a display name. The reasons are those of the webhook phone_number_name_update.
func reviewName(a *account, name string) (status, reason string) {
	switch {
	case strings.IndexFunc(name, unicode.IsLetter) < 0, strings.Contains(name, "://"):
		return "DECLINED", "NAME_FORMAT_UNACCEPTABLE"
	case foreignBrand.MatchString(name):
		return "DECLINED", "NAME_NOT_CONSISTENT"
	case unreviewed(a):
		return "AVAILABLE_WITHOUT_REVIEW", ""
	}
	return "APPROVED", ""
}

// submitName hands in the first name of a number.
func (s *Simulator) submitName(n *number, now time.Time) {
	n.NameStatus, n.NameReason = "PENDING_REVIEW", ""
	if unreviewed(n.account) {
		n.NameStatus = "NONE"
	}
	s.emitName(n, n.VerifiedName, n.NameStatus, "", now)
	switch {
	case s.nameReview < 0:
		n.memory.nameDue = time.Time{}
	case s.nameReview == 0:
		status, reason := reviewName(n.account, n.VerifiedName)
		s.finishName(n, NameDecision{Status: status, Reason: reason}, now)
	default:
		n.memory.nameDue = now.Add(s.nameReview)
	}
}

func (s *Simulator) finishName(n *number, d NameDecision, now time.Time) {
	n.memory.nameDue = time.Time{}
	n.NameStatus, n.NameReason = d.Status, d.Reason
	s.emitName(n, n.VerifiedName, d.Status, d.Reason, now)
}

// finishRename: Meta's pages say that the number must be registered again within 14 days, and that verified_name is
// updated by itself.
func (s *Simulator) finishRename(n *number, d NameDecision, now time.Time) {
	m := &n.memory
	m.renameDue, m.renameEnds = time.Time{}, time.Time{}
	n.NewNameStatus, n.NameReason = d.Status, d.Reason
	s.emitName(n, n.NewDisplayName, d.Status, d.Reason, now)
	if !usableName(d.Status) {
		return
	}
	if s.switchesAtOnce(n) {
		applyRename(n)
		return
	}
	m.renameEnds = now.Add(certificateAge)
}

func (s *Simulator) switchesAtOnce(n *number) bool {
	if s.nameSwitch == NameSwitchSeeded {
		return toss(s.seed, "name switch", n.ID)%2 == 0
	}
	return s.nameSwitch == NameSwitchAtOnce
}

func applyRename(n *number) {
	n.VerifiedName, n.NameStatus = n.NewDisplayName, n.NewNameStatus
	n.NewDisplayName, n.NewNameStatus, n.memory.renameEnds = "", "", time.Time{}
}

// rename requests another display name: ten times in 30 days (documented). The same name again counts too, and a newer request
// replaces a pending one; both are guesses, like the answer to the eleventh.
func (s *Simulator) rename(c *call, name string) *apiError {
	n, m := c.number, &c.number.memory
	m.renames = within(m.renames, c.now, renameWindow)
	if len(m.renames) >= renameLimit {
		return invalid(0, "Display Name Change Limit Reached", "You can change the display name of a phone number at most 10 times in 30 days.")
	}
	m.renames = append(m.renames, c.now)
	n.NewDisplayName, n.NewNameStatus, n.NameReason, m.renameEnds = name, "PENDING_REVIEW", "", time.Time{}
	s.emitName(n, name, n.NewNameStatus, "", c.now)
	switch {
	case s.nameReview < 0:
		m.renameDue = time.Time{}
	case s.nameReview == 0:
		status, reason := reviewName(n.account, name)
		s.finishRename(n, NameDecision{Status: status, Reason: reason}, c.now)
	default:
		m.renameDue = c.now.Add(s.nameReview)
	}
	return nil
}

// within keeps what is younger than d.
func within(times []time.Time, now time.Time, d time.Duration) []time.Time {
	return slices.DeleteFunc(times, func(at time.Time) bool { return now.Sub(at) >= d })
}

// DecideName does what a reviewer does: to the new display name if there is one in review, else to the current one. The
// status REJECTED of the webhook is DECLINED here.
func (s *Simulator) DecideName(id string, d NameDecision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	n := s.numbers[id]
	if n == nil {
		return fmt.Errorf("no phone number has the id %s", id)
	}
	if d.Status == "" {
		return fmt.Errorf("a decision needs a status")
	}
	if n.NewDisplayName != "" {
		s.finishRename(n, d, now)
	} else {
		s.finishName(n, d, now)
	}
	return nil
}
