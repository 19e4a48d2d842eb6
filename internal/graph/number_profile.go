// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	edgeProfile    = "/whatsapp_business_profile"
	edgeCommerce   = "/whatsapp_commerce_settings"
	edgeAutomation = "/conversational_automation"
	edgeUsername   = "/username"
)

// Profile is the business profile of a number; nil = not in the answer, which Meta means as empty.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles
type Profile struct {
	About, Address, Description, Email *string
	// Vertical is the industry in Meta's spelling, such as RETAIL; UNDEFINED and NOT_A_BIZ are older words for none.
	Vertical *string
	// Websites: nil = not in the answer.
	Websites []string
	// PictureURL carries a signature that changes, so two of them can't be compared.
	PictureURL *string
}

// ProfileUpdate is what changes in a profile: nil = left alone, empty = cleared. About can't be cleared.
type ProfileUpdate struct {
	// About is 1 to 139 characters, Address up to 256, Description up to 512, Email up to 128.
	About, Address, Description, Email *string
	// Vertical is one of Meta's industries, or "" for none.
	Vertical *string
	// Websites are up to 2 URLs of up to 256 characters.
	Websites *[]string
	// PictureHandle is what Upload gave for a JPEG or PNG.
	PictureHandle *string
}

var profileFields = []string{
	"about", "address", "description", "email", "profile_picture_url", "websites", "vertical", "messaging_product",
}

// ReadProfile reads the business profile of a number.
func (c *Client) ReadProfile(ctx context.Context, id string) (*Profile, error) {
	r := request{op: OpReadProfile, path: "/" + id + edgeProfile, query: url.Values{}}
	if err := checkIDs(r.op, id); err != nil {
		return nil, err
	}
	var profile *Profile
	err := c.readFields(ctx, r, func() string { return c.fieldList(profileFields) }, func(n lenient.Node) (err error) {
		profile, err = profileFrom(n)
		return err
	})
	return profile, err
}

// UpdateProfile changes what is set in u.
func (c *Client) UpdateProfile(ctx context.Context, id string, u ProfileUpdate) error {
	switch {
	case u == ProfileUpdate{}:
		return invalid(OpUpdateProfile, "the update changes nothing")
	case u.About != nil && *u.About == "":
		return invalid(OpUpdateProfile, "about cannot be empty")
	}
	return c.sendJSON(ctx, OpUpdateProfile, id, edgeProfile, wireProfile{
		Product: product, About: u.About, Address: u.Address, Description: u.Description, Email: u.Email,
		Vertical: u.Vertical, Websites: notNull(u.Websites), PictureHandle: u.PictureHandle,
	})
}

// notNull replaces a nil list by an empty one, which JSON writes as [] and Meta accepts.
func notNull[T any](list *[]T) *[]T {
	if list != nil && *list == nil {
		return &[]T{}
	}
	return list
}

// Commerce switches the shopping features of a number; nil = not reported, or left alone.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/catalogs/sell-products-and-services/set-commerce-settings
type Commerce struct{ CartEnabled, CatalogVisible *bool }

// ReadCommerce reads the commerce settings of a number. Meta's defaults are a cart and no visible catalogue.
func (c *Client) ReadCommerce(ctx context.Context, id string) (*Commerce, error) {
	var commerce *Commerce
	err := c.readEdge(ctx, OpReadCommerce, id, edgeCommerce, func(n lenient.Node) (err error) {
		commerce, err = commerceFrom(n)
		return err
	})
	return commerce, err
}

// UpdateCommerce changes what is set in u.
func (c *Client) UpdateCommerce(ctx context.Context, id string, u Commerce) error {
	if err := checkIDs(OpUpdateCommerce, id); err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]*bool{"is_cart_enabled": u.CartEnabled, "is_catalog_visible": u.CatalogVisible} {
		if value != nil {
			query.Set(name, strconv.FormatBool(*value))
		}
	}
	if len(query) == 0 {
		return invalid(OpUpdateCommerce, "the update changes nothing")
	}
	return c.do(ctx, request{op: OpUpdateCommerce, path: "/" + id + edgeCommerce, query: query}, checkConfirmed)
}

// Automation is what people who open the chat are offered; nil = none.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/conversational-components
type Automation struct {
	Prompts  []string
	Commands []AutomationCommand
}

// AutomationCommand is offered after a slash. Name has up to 32 characters and no slash, Description up to 256.
type AutomationCommand struct {
	Name        string `json:"command_name"`
	Description string `json:"command_description"`
}

// AutomationUpdate is what changes: nil = left alone, an empty list clears. Prompts are up to 4 of up to 80 characters,
// commands up to 30; Meta accepts no emoji.
type AutomationUpdate struct {
	Prompts  *[]string
	Commands *[]AutomationCommand
}

// ReadAutomation reads prompts and commands. They are a field of the number, not an edge.
func (c *Client) ReadAutomation(ctx context.Context, id string) (*Automation, error) {
	if err := checkIDs(OpReadAutomation, id); err != nil {
		return nil, err
	}
	var automation *Automation
	// Asked for without the memory of unknown fields: without this one the answer would look as if there were nothing.
	r := request{op: OpReadAutomation, path: "/" + id, query: url.Values{"fields": {"id,conversational_automation"}}}
	err := c.do(ctx, r, func(value any) error {
		n := lenient.NodeOf(value)
		if n.Text("id") == "" {
			return shapeError("a phone number without id")
		}
		automation = automationFrom(n.Node("conversational_automation"))
		return nil
	})
	return automation, err
}

// UpdateAutomation changes what is set in u.
func (c *Client) UpdateAutomation(ctx context.Context, id string, u AutomationUpdate) error {
	if u.Prompts == nil && u.Commands == nil {
		return invalid(OpUpdateAutomation, "the update changes nothing")
	}
	return c.sendJSON(ctx, OpUpdateAutomation, id, edgeAutomation, struct {
		Prompts  *[]string            `json:"prompts,omitempty"`
		Commands *[]AutomationCommand `json:"commands,omitempty"`
	}{notNull(u.Prompts), notNull(u.Commands)})
}

// Username is the name by which people find a business without its number.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/changelog
type Username struct {
	// Name is "" where there is none.
	Name string
	// Status is APPROVED, RESERVED or NONE; "" = not said.
	Status string
}

var usernamePattern = regexp.MustCompile(`^[a-z0-9._]{3,35}$`)

// ReadUsername reads the username of a number, approved or reserved.
func (c *Client) ReadUsername(ctx context.Context, id string) (*Username, error) {
	var username *Username
	err := c.readEdge(ctx, OpReadUsername, id, edgeUsername, func(n lenient.Node) (err error) {
		username, err = usernameFrom(n)
		return err
	})
	return username, err
}

// SetUsername claims a username: 3 to 35 of a-z, 0-9, dot and underscore. A name that another number has is refused with
// CauseUsernameRefused, also where that number is one's own. What comes back has the status if Meta says it.
func (c *Client) SetUsername(ctx context.Context, id, name string) (*Username, error) {
	if err := checkIDs(OpUpdateUsername, id); err != nil {
		return nil, err
	}
	name = strings.TrimPrefix(name, "@")
	if !usernamePattern.MatchString(name) {
		return nil, invalid(OpUpdateUsername, "the username must be 3 to 35 of a-z, 0-9, dot and underscore")
	}
	r, err := jsonRequest(OpUpdateUsername, "/"+id+edgeUsername, map[string]string{"username": name})
	if err != nil {
		return nil, err
	}
	username := &Username{Name: name}
	err = c.do(ctx, r, func(value any) error {
		if err := checkNotDenied(value); err != nil {
			return err
		}
		username.Status = lenient.NodeOf(value).Upper("status")
		if username.Status == "" {
			return checkConfirmed(value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return username, nil
}

// DeleteUsername gives the username of a number up.
func (c *Client) DeleteUsername(ctx context.Context, id string) error {
	if err := checkIDs(OpDeleteUsername, id); err != nil {
		return err
	}
	return c.do(ctx, request{op: OpDeleteUsername, path: "/" + id + edgeUsername}, checkConfirmed)
}

// readEdge reads what hangs on a number without naming fields.
func (c *Client) readEdge(ctx context.Context, op Operation, id, edge string, decode func(lenient.Node) error) error {
	if err := checkIDs(op, id); err != nil {
		return err
	}
	return c.do(ctx, request{op: op, path: "/" + id + edge}, func(value any) error {
		n := lenient.NodeOf(value)
		if n == nil {
			return shapeError("no object")
		}
		return decode(n)
	})
}
