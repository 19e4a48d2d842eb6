// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const profileType = "WhatsAppBusinessProfile"

var (
	profileFields = knownFields("about address description email profile_picture_url websites vertical messaging_product")
	// verticals are what can be sent; UNDEFINED and NOT_A_BIZ are only ever read back.
	verticals = strings.Fields(`ALCOHOL APPAREL AUTO BEAUTY EDU ENTERTAIN EVENT_PLAN FINANCE GOVT GROCERY HEALTH HOTEL
		NONPROFIT ONLINE_GAMBLING OTC_DRUGS OTHER PHYSICAL_GAMBLING PROF_SERVICES RESTAURANT RETAIL TRAVEL`)
)

// readProfile is GET /{phone number}/whatsapp_business_profile. Empty fields are absent, the picture is an URL that
// changes at every read. That nothing but messaging_product comes back without fields is a guess.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles.
func (s *Simulator) readProfile(c *call) (any, *apiError) {
	asked, problem := askedFields(c, "messaging_product")
	if problem != nil {
		return nil, problem
	}
	p := &c.number.Config.Profile
	profile := &node{kind: profileType, known: profileFields, extras: s.unknownFields(c.number.ID), value: func(f field) (any, *apiError) {
		switch f.name {
		case "about":
			return absentWhenEmpty(s.unknownText(p.About)), nil
		case "address":
			return absentWhenEmpty(p.Address), nil
		case "description":
			return absentWhenEmpty(s.unknownText(p.Description)), nil
		case "email":
			return absentWhenEmpty(p.Email), nil
		case "vertical":
			return absentWhenEmpty(p.Vertical), nil
		case "websites":
			return s.readWebsites(p.Websites), nil
		case "profile_picture_url":
			return s.pictureURL(c.number), nil
		}
		return "whatsapp", nil
	}}
	object, problem := profile.render(asked)
	if problem != nil {
		return nil, problem
	}
	return map[string]any{"data": []any{object}}, nil
}

// readWebsites gives bare hosts a slash in the unknown mode.
func (s *Simulator) readWebsites(sites []string) any {
	if len(sites) == 0 {
		return nil
	}
	out := slices.Clone(sites)
	for i, site := range out {
		if u, err := url.Parse(site); s.unknown && err == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == "" {
			out[i] = site + "/"
		}
	}
	return out
}

func (s *Simulator) pictureURL(n *number) any {
	if n.Config.Profile.PictureHandle == "" {
		return nil
	}
	s.reads++
	return fmt.Sprintf("https://pps.whatsapp.net/v/t61.24694-24/%s_n.jpg?ccb=11-4&oh=%016x&oe=%X", n.ID,
		toss(s.seed, "picture", n.ID, fmt.Sprint(s.reads)), s.now().Unix()+s.reads)
}

// updateProfile is POST /{phone number}/whatsapp_business_profile: all or nothing; absent fields keep their value. That
// null means absent is a guess, like the texts of the refusals.
func (s *Simulator) updateProfile(c *call) (any, *apiError) {
	if problem := needProduct(c); problem != nil {
		return nil, problem
	}
	p := c.number.Config.Profile
	for _, f := range []struct {
		name   string
		target *string
		most   int
	}{
		{"about", &p.About, 139}, {"address", &p.Address, 256}, {"description", &p.Description, 512}, {"email", &p.Email, 128},
		{"vertical", &p.Vertical, 128}, {"profile_picture_handle", &p.PictureHandle, 1 << 20},
	} {
		if !given(c, f.name) {
			continue
		}
		*f.target = c.param(f.name)
		if utf8.RuneCountInString(*f.target) > f.most {
			return nil, tooLong(f.name, f.most)
		}
	}
	if given(c, "websites") {
		p.Websites = c.list("websites")
	}
	if problem := checkProfile(c, &p); problem != nil {
		return nil, problem
	}
	if given(c, "profile_picture_handle") {
		picture := s.handles[p.PictureHandle]
		if picture == nil || !s.usable(picture, c) || !slices.Contains(sampleTypes["IMAGE"], picture.Type) {
			return nil, badParam("Param profile_picture_handle must be the handle of an upload.")
		}
		picture.used = true
	}
	c.number.Config.Profile = p
	return done(c), nil
}

// given says whether a parameter is there and not null.
func given(c *call, name string) bool {
	raw, ok := c.raw(name)
	return ok && string(raw) != "null"
}

func checkProfile(c *call, p *Profile) *apiError {
	if given(c, "about") && p.About == "" {
		return badParam("Param about must not be empty.")
	}
	if given(c, "email") && p.Email != "" {
		if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email {
			return badParam("Param email must be a valid email address.")
		}
	}
	if given(c, "vertical") && p.Vertical != "" && !slices.Contains(verticals, p.Vertical) {
		return badParam("Param vertical must be one of {%s} - got %q.", strings.Join(verticals, ", "), p.Vertical)
	}
	if given(c, "websites") {
		return checkWebsites(p.Websites)
	}
	return nil
}

func checkWebsites(sites []string) *apiError {
	if len(sites) > 2 {
		return badParam("Param websites must have at most 2 elements, got %d.", len(sites))
	}
	for _, site := range sites {
		u, err := url.Parse(site)
		switch {
		case utf8.RuneCountInString(site) > 256:
			return tooLong("websites", 256)
		case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
			return badParam("Param websites must be valid URLs with http:// or https:// - got %q.", site)
		}
	}
	return nil
}
