// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import "strings"

// Unknown mode: what no document lists. The operator must neither edit anything because of it nor freeze a status.

// unknownText normalises a text in one of four ways. Doing it twice changes nothing more.
func (s *Simulator) unknownText(text string) string {
	if !s.unknown || text == "" {
		return text
	}
	switch toss(s.unknownSeed, "text") % 4 {
	case 0:
		return strings.TrimSpace(strings.ReplaceAll(text, "'", "’"))
	case 1:
		return strings.ReplaceAll(strings.ReplaceAll(text, ".\u200b", "."), ".", ".\u200b")
	case 2:
		return strings.ReplaceAll(text, ", ", ",\u00a0")
	}
	return strings.TrimRight(text, " ") + " "
}

// oddOne selects about one object in three.
func (s *Simulator) oddOne(kind, id string) bool {
	return s.unknown && toss(s.unknownSeed, kind, id)%3 == 0
}

func (s *Simulator) unknownStatus(id, status string) string {
	if s.oddOne("status", id) {
		return []string{"IN_SECOND_REVIEW", "SUSPENDED_PENDING_SIGNAL", "WARMING_UP"}[toss(s.unknownSeed, "value")%3]
	}
	return status
}

func (s *Simulator) unknownQuality(id, quality string) string {
	if s.oddOne("quality", id) {
		return []string{"BLUE", "INSUFFICIENT_SIGNAL", "GREEN_PLUS"}[toss(s.unknownSeed, "value")%3]
	}
	return quality
}

// unknownFields come back although the request didn't name them.
func (s *Simulator) unknownFields(id string) map[string]any {
	if !s.unknown {
		return nil
	}
	return map[string]any{"ai_review_lane": map[string]any{"lane": toss(s.unknownSeed, id) % 7, "hints": []string{"x"}}, "surface_v2": nil}
}

// unknownError fails about every eleventh read of an account's objects with an error that says neither what it is nor
// whether it will pass.
func (s *Simulator) unknownError(c *call) *apiError {
	if !s.unknown || c.write || c.account == nil {
		return nil
	}
	s.unknownReads++
	if (uint64(s.unknownReads)+toss(s.unknownSeed, "error"))%11 != 0 { //nolint:gosec // a count, never negative
		return nil
	}
	return &apiError{Code: 100, Subcode: 2399000 + int(toss(s.unknownSeed, "subcode")%900), Message: "Invalid parameter",
		Title: "This can't be shown", Text: "Something about this request isn't available in this context.", bare: true}
}
