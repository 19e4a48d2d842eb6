// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// readEncryption is GET /{phone number}/whatsapp_business_encryption. What it answers without a key is a guess.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/business-encryption-api.
func (s *Simulator) readEncryption(c *call) (any, *apiError) {
	x := &c.number.Config
	if x.PublicKey == "" {
		return map[string]any{"data": []any{}}, nil
	}
	return map[string]any{"data": []any{map[string]any{
		"business_public_key": x.PublicKey, "business_public_key_signature_status": x.PublicKeyStatus,
	}}}, nil
}

// updateEncryption is POST /{phone number}/whatsapp_business_encryption. That blanks around the key go is a guess.
func (s *Simulator) updateEncryption(c *call) (any, *apiError) {
	key := strings.TrimSpace(c.param("business_public_key"))
	switch {
	case key == "":
		return nil, badParam("The parameter business_public_key is required.")
	case !goodKey(key):
		return nil, badParam("Param business_public_key must be a valid 2048-bit RSA public key in PEM format.")
	}
	c.number.Config.PublicKey, c.number.Config.PublicKeyStatus = key, "VALID"
	return done(c), nil
}

func goodKey(text string) bool {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return false
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, isRSA := parsed.(*rsa.PublicKey)
	return err == nil && isRSA && key.N.BitLen() == 2048
}

// entityTypes come back in display form; only "Partnership" is documented, the others follow it.
var entityTypes = map[string]string{
	"LIMITED_LIABILITY_PARTNERSHIP": "Limited liability partnership", "SOLE_PROPRIETORSHIP": "Sole proprietorship",
	"PARTNERSHIP": "Partnership", "PUBLIC_COMPANY": "Public company", "PRIVATE_COMPANY": "Private company", "OTHER": "Other",
}

// readCompliance is GET /{phone number}/business_compliance_info. What it answers before anything was sent is a guess.
func (s *Simulator) readCompliance(c *call) (any, *apiError) {
	x := c.number.Config.Compliance
	if x == nil {
		return map[string]any{"data": []any{}}, nil
	}
	shown := *x
	shown.EntityType = entityTypes[x.EntityType]
	raw, _ := json.Marshal(shown) // only texts
	out := decodeObject(raw)
	out["messaging_product"] = "whatsapp"
	return map[string]any{"data": []any{out}}, nil
}

// updateCompliance is POST /{phone number}/business_compliance_info. It replaces everything; that both contacts are
// required, and that other countries may set it, are guesses.
func (s *Simulator) updateCompliance(c *call) (any, *apiError) {
	if problem := needProduct(c); problem != nil {
		return nil, problem
	}
	var in Compliance
	body := map[string]json.RawMessage{}
	for _, name := range []string{"entity_name", "entity_type", "entity_type_custom", "is_registered", "grievance_officer_details", "customer_care_details"} {
		if raw, ok := c.raw(name); ok {
			body[name] = raw
		}
	}
	raw, _ := json.Marshal(body) // was JSON
	if json.Unmarshal(raw, &in) != nil {
		return nil, badParam("Invalid parameter")
	}
	switch n := utf8.RuneCountInString(in.EntityName); {
	case n < 2 || n > 128:
		return nil, badParam("Param entity_name must have between 2 and 128 characters.")
	case entityTypes[in.EntityType] == "":
		return nil, badParam("Param entity_type isn't one of the supported values - got %q.", in.EntityType)
	case (in.EntityType == "OTHER") != (in.EntityTypeCustom != ""):
		return nil, badParam("Param entity_type_custom must be set if and only if entity_type is OTHER.")
	case in.IsRegistered != nil && in.EntityType != "OTHER" && in.EntityType != "PARTNERSHIP":
		return nil, badParam("Param is_registered may only be set if entity_type is OTHER or PARTNERSHIP.")
	case in.GrievanceOfficer == ComplianceContact{} || in.CustomerCare == ComplianceContact{}:
		return nil, badParam("The parameters grievance_officer_details and customer_care_details are required.")
	}
	c.number.Config.Compliance = &in
	return done(c), nil
}

// The form of a username (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids).
var (
	usernamePattern = regexp.MustCompile(`^[a-z0-9._]{3,35}$`)
	addressPattern  = regexp.MustCompile(`^www|^[.]|[.]$|[.][.]|^[^a-z]*$|[.](com|org|net|int|edu|gov|mil|us|in|html)$`)
)

// usernameError is 147001 for a name that is taken, 147002 for a portfolio whose messaging limit is too low, 147003 and 147004 for the name
// of a Facebook Page or an Instagram account.
func usernameError(code int, text string) *apiError {
	return &apiError{Code: code, Message: "(#" + itoa(code) + ") " + text, Details: text}
}

// updateUsername is POST /{phone number}/username. It is approved, or reserved until the display name is (guess).
func (s *Simulator) updateUsername(c *call) (any, *apiError) {
	n, name := c.number, c.param("username")
	switch {
	case name == "":
		return nil, badParam("The parameter username is required.")
	case !usernamePattern.MatchString(name), addressPattern.MatchString(name):
		return nil, badParam("The username is invalid") // the code is a guess
	case s.usernameTaken(n, name):
		return nil, usernameError(147001, "The username is not available")
	}
	before := n.Config
	n.Config.Username, n.Config.UsernameStatus = name, "reserved"
	if usableName(n.NameStatus) {
		n.Config.UsernameStatus = "approved"
	}
	s.emitUsername(before, n, c.now)
	done(c)
	return map[string]any{"status": n.Config.UsernameStatus}, nil
}

func (s *Simulator) usernameTaken(own *number, name string) bool {
	for _, n := range s.numbers {
		if n != own && !n.memory.removed && strings.EqualFold(n.Config.Username, name) {
			return true
		}
	}
	return false
}

func (s *Simulator) readUsername(c *call) (any, *apiError) {
	x := &c.number.Config
	if x.Username == "" {
		return map[string]any{}, nil
	}
	return map[string]any{"username": x.Username, "status": x.UsernameStatus}, nil
}

func (s *Simulator) deleteUsername(c *call) (any, *apiError) {
	before := c.number.Config
	c.number.Config.Username, c.number.Config.UsernameStatus = "", ""
	s.emitUsername(before, c.number, c.now)
	return done(c), nil
}

// suggestUsernames: the shape is a guess.
func (s *Simulator) suggestUsernames(c *call) (any, *apiError) {
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(c.number.VerifiedName))
	return map[string]any{"data": []any{map[string]any{"username_suggestions": []string{base + ".official", base + "_" + c.number.ID[:3]}}}}, nil
}

// requestBadge is POST /{phone number}/official_business_account. That oba_status becomes PENDING, and that a second
// request within 30 days is refused, are guesses after the page, which names NOT_STARTED only.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/official-business-accounts.
func (s *Simulator) requestBadge(c *call) (any, *apiError) {
	n := c.number
	for _, name := range []string{"business_website_url", "primary_country_of_operation", "primary_language"} {
		if c.param(name) == "" {
			return nil, badParam("The parameter %s is required.", name)
		}
	}
	links := c.list("supporting_links")
	switch {
	case len(links) > 5:
		return nil, badParam("Param supporting_links must have at most 5 elements, got %d.", len(links))
	case slices.ContainsFunc(links, func(link string) bool { u, err := url.Parse(link); return err != nil || u.Host == "" }):
		return nil, badParam("Param supporting_links must be valid URLs.")
	case n.Official || n.OfficialStatus == "PENDING":
		return nil, badParam("A request for an official business account exists already.")
	case !n.BadgeRequestTime.IsZero() && c.now.Sub(n.BadgeRequestTime) < 30*24*time.Hour:
		return nil, badParam("Another official business account can be requested 30 days after the last request.")
	}
	n.OfficialStatus, n.BadgeRequestTime = "PENDING", c.now
	return done(c), nil
}
