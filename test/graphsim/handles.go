// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// handleLife is a guess: partners of Meta advise their users to use a handle within a day, while the times printed in
	// published handles lie four days after the upload. The stricter one holds here.
	handleLife = 24 * time.Hour
	// handlePiece: handles of larger files have one line for each piece, as published ones of videos do. How large a piece
	// is at Meta is not known.
	handlePiece = 4 << 20
	// gifLimit is how large the video of a GIF header may be.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components.
	gifLimit = 7 << 19
)

// sampleTypes are the file types that a header can have.
var sampleTypes = map[string][]string{
	"IMAGE": {"image/jpeg", "image/png"}, "VIDEO": {"video/mp4"}, "GIF": {"video/mp4"}, "DOCUMENT": {"application/pdf"},
}

type handle struct {
	Handle
	used bool
}

// AddHandle seeds the handle of an uploaded file and returns it, for what is not about uploads. Empty fields mean an
// image/jpeg of the only app.
func (s *Simulator) AddHandle(h Handle) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Type == "" {
		h.Type = "image/jpeg"
	}
	for id := range s.apps {
		if h.AppID == "" && len(s.apps) == 1 {
			h.AppID = id
		}
	}
	if h.UserID == "" {
		h.UserID = s.newID()
	}
	return s.giveHandle(h, s.now())
}

func (s *Simulator) giveHandle(h Handle, now time.Time) string {
	if h.Type == "image/jpg" {
		h.Type = "image/jpeg" // which of the two Meta keeps is not known
	}
	if h.ExpiresAt.IsZero() {
		h.ExpiresAt = now.Add(handleLife)
	}
	if h.Value == "" {
		lines := make([]string, 0, h.Size/handlePiece+1)
		for range max((h.Size+handlePiece-1)/handlePiece, 1) {
			lines = append(lines, fmt.Sprintf("4::%s:ARa%s:e:%d:%s:%s:ARb%s", base64.StdEncoding.EncodeToString([]byte(h.Type)),
				s.letters(83), h.ExpiresAt.Unix(), h.AppID, h.UserID, s.letters(16)))
		}
		h.Value = strings.Join(lines, "\n")
	}
	s.handles[h.Value] = &handle{Handle: h}
	return h.Value
}

// findSamples finds the files behind the handles of all media headers, those of cards too.
//
// Users report 2388273 and its text for a URL and for no handle at all. That the other handles that can't be used meet the
// same error is a guess.
func (s *Simulator) findSamples(c *call, components []component) ([]*handle, *apiError) {
	var out []*handle
	for i := range components {
		part := &components[i]
		if types := sampleTypes[part.Format]; part.Type == "HEADER" && types != nil {
			if part.Example == nil || len(part.Example.HeaderHandle) != 1 {
				return nil, errSample(part.Format)
			}
			h := s.handles[part.Example.HeaderHandle[0]]
			if h == nil || !s.usable(h, c) || !slices.Contains(types, h.Type) || part.Format == "GIF" && h.Size > gifLimit {
				return nil, errSample(part.Format)
			}
			out = append(out, h)
		}
		for _, x := range part.Cards {
			more, problem := s.findSamples(c, x.Components)
			if problem != nil {
				return nil, problem
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

func (s *Simulator) usable(h *handle, c *call) bool {
	return h.AppID == c.token.AppID && h.ExpiresAt.After(c.now) && (s.reuseHandles || !h.used)
}

// spend uses the samples of a content up. Several cards of one carousel may share one.
func (s *Simulator) spend(t *template) {
	for _, h := range t.samples {
		h.used = true
	}
	t.samples = nil
}
