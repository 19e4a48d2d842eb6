// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	maxPrompts, maxPromptLength   = 4, 80
	maxCommands, maxCommandLength = 30, 32
	maxHintLength                 = 256
)

// readCommerce is GET /{phone number}/whatsapp_commerce_settings.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/catalogs/sell-products-and-services/set-commerce-settings.
func (s *Simulator) readCommerce(c *call) (any, *apiError) {
	x := &c.number.Config
	return map[string]any{"data": []any{map[string]any{
		"id": subID(s.seed, "commerce", c.number.ID), "is_cart_enabled": !x.CartDisabled, "is_catalog_visible": x.CatalogVisible,
	}}}, nil
}

// subID is the id of something that belongs to a number.
func subID(seed int64, kind, id string) string {
	return "7" + digitsOf(id)[:min(8, len(digitsOf(id)))] + itoa(int(toss(seed, kind, id)%900000)+100000)
}

// updateCommerce is POST /{phone number}/whatsapp_commerce_settings; a call without a setting is refused (guess).
func (s *Simulator) updateCommerce(c *call) (any, *apiError) {
	cart, hasCart, problem := flag(c, "is_cart_enabled")
	if problem != nil {
		return nil, problem
	}
	visible, hasVisible, problem := flag(c, "is_catalog_visible")
	switch {
	case problem != nil:
		return nil, problem
	case !hasCart && !hasVisible:
		return nil, badParam("One of the parameters is_cart_enabled and is_catalog_visible is required.")
	}
	if hasCart {
		c.number.Config.CartDisabled = !cart
	}
	if hasVisible {
		c.number.Config.CatalogVisible = visible
	}
	return done(c), nil
}

// updateAutomation is POST /{phone number}/conversational_automation; empty arrays clear. That an absent array changes
// nothing is a guess. enable_welcome_message was removed in March 2026 and is ignored here like any unknown parameter.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/conversational-components.
func (s *Simulator) updateAutomation(c *call) (any, *apiError) {
	x := c.number.Config.Automation
	if !given(c, "prompts") && !given(c, "commands") {
		return nil, badParam("One of the parameters prompts and commands is required.")
	}
	if given(c, "prompts") {
		x.Prompts = c.list("prompts")
		if problem := checkPrompts(x.Prompts); problem != nil {
			return nil, problem
		}
	}
	if given(c, "commands") {
		raw, _ := c.raw("commands")
		x.Commands = nil
		if json.Unmarshal([]byte(scalar(raw)), &x.Commands) != nil {
			return nil, badParam("Param commands must be an array.")
		}
		if problem := checkCommands(x.Commands); problem != nil {
			return nil, problem
		}
	}
	x.ID = subID(s.seed, "automation", c.number.ID)
	c.number.Config.Automation = x
	return done(c), nil
}

func checkPrompts(prompts []string) *apiError {
	if len(prompts) > maxPrompts {
		return badParam("Param prompts must have at most %d elements, got %d.", maxPrompts, len(prompts))
	}
	for _, p := range prompts {
		switch {
		case p == "":
			return badParam("Param prompts must not hold an empty text.")
		case utf8.RuneCountInString(p) > maxPromptLength:
			return tooLong("prompts", maxPromptLength)
		case hasEmoji(p):
			return badParam("Param prompts must not contain emojis.")
		}
	}
	return nil
}

func checkCommands(commands []Command) *apiError {
	if len(commands) > maxCommands {
		return badParam("Param commands must have at most %d elements, got %d.", maxCommands, len(commands))
	}
	seen := map[string]bool{}
	for _, x := range commands {
		switch {
		case x.Name == "" || x.Description == "":
			return badParam("Each command needs command_name and command_description.")
		case utf8.RuneCountInString(x.Name) > maxCommandLength:
			return tooLong("command_name", maxCommandLength)
		case utf8.RuneCountInString(x.Description) > maxHintLength:
			return tooLong("command_description", maxHintLength)
		case hasEmoji(x.Name + x.Description):
			return badParam("Commands must not contain emojis.")
		case strings.ContainsAny(x.Name, " /"), seen[x.Name]: // guess
			return badParam("Param command_name must be one word that no other command has.")
		}
		seen[x.Name] = true
	}
	return nil
}

func hasEmoji(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r == 0xFE0F
	})
}

// automationField is what the node shows; there is no GET on the edge. Empty lists are absent.
func automationField(x *Automation) any {
	if x.ID == "" {
		return nil
	}
	out := map[string]any{"id": x.ID}
	if len(x.Prompts) > 0 {
		out["prompts"] = x.Prompts
	}
	if len(x.Commands) > 0 {
		out["commands"] = x.Commands
	}
	return out
}
