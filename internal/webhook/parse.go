// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// MaxChanges bounds how many changes of one delivery Parse returns; those after them are left out. Meta puts no more into one
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview).
const MaxChanges = 1000

// Parse reads the body of a delivery. It fails only where the body isn't a delivery about WhatsApp Business accounts at all;
// what can't be understood inside is a Change without a Value, whatever its neighbours are.
//
// Meta prints the same thing in several ways, and some of its samples have parts in the wrong place, so shapes are taken as
// they come: ids and times as numbers or texts, single values for lists of one, field and object on another level.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
func Parse(body []byte) ([]Change, error) {
	var root object
	if err := json.Unmarshal(body, &root); err != nil {
		return nil, fmt.Errorf("the body is no JSON object: %w", err)
	}
	// Where object isn't at its place nothing is lost: fields say what an event is about.
	switch name := root.decoded("object").Text("object"); {
	case name == "" && root["entry"] == nil:
		return nil, errors.New("the body has neither object nor entry, so it is no delivery")
	case name != "" && !strings.EqualFold(name, Object):
		return nil, fmt.Errorf("the delivery is about %q, not about %q", name, Object)
	}
	var out []Change
	field := fieldName(root.decoded("field"))
	for i, raw := range elements(root["entry"], MaxChanges) {
		before := len(out)
		out = appendEntry(out, raw, field)
		for j := before; j < len(out); j++ {
			out[j].Entry = i
		}
	}
	return out, nil
}

// appendEntry appends what one entry says. outer is the field beside the list of entries.
func appendEntry(out []Change, raw json.RawMessage, outer string) []Change {
	entry := asObject(raw)
	head := entry.decoded("id", "time", "field")
	outer = cmp.Or(fieldName(head), outer)
	changes, ok := entry["changes"]
	if !ok { // the entry itself is the change, or nothing that is known
		changes = raw
	}
	for _, item := range elements(changes, MaxChanges-len(out)) {
		change := changeFrom(item, head.Text("id"), outer)
		change.Time = head.Time("time")
		out = append(out, change)
	}
	return out
}

// changeFrom reads one change, which arrived under an id. outer is the field beside the list of changes.
func changeFrom(raw json.RawMessage, id, outer string) Change {
	change := asObject(raw)
	field, number := fieldOf(change, outer), numberIn(change["value"])
	if slices.Contains(MessageFields, field) {
		return Change{AccountID: id, PhoneNumberID: number, Field: field, Hash: hashOf(field, nil), Value: Message{}}
	}
	decoded := decode(change["value"])
	value := lenient.NodeOf(decoded)
	if value["new_quality_score"] != nil {
		// Meta's own sample has the field of another event here.
		field = "message_template_quality_update"
	}
	if decoded == nil {
		decoded = decode(raw)
	}
	out := Change{PhoneNumberID: number, Field: field, Hash: hashOf(field, decoded)}
	bounded(decoded) // once the hash knows all of it
	out.AccountID, out.BusinessID = accountOf(field, id, value)
	if value["rejection_info"] == nil && value != nil {
		value["rejection_info"] = bounded(decode(change["rejection_info"]))
	}
	if read, ok := readers[field]; ok {
		out.UnknownProperties = properties.Unknown(map[string]any(value), valueProperties[field].With(misplaced))
		out.Value = read(value)
	}
	return out
}

// numberIn reads the id of the number from the metadata of a value, whatever the case of its keys. Of keys that are there twice the last
// counts; Part doesn't pass those on.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
func numberIn(value json.RawMessage) string {
	return shortened(lenient.Text(decode(printedNumber(value))))
}

// printedNumber is the id of the number as it was printed.
func printedNumber(value json.RawMessage) json.RawMessage {
	var inside struct {
		Metadata struct {
			PhoneNumberID json.RawMessage `json:"phone_number_id"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(value, &inside) // what is of another type reads as nothing
	return inside.Metadata.PhoneNumberID
}

// fieldOf finds the name of the field, which Meta's samples sometimes have inside the value or beside the list of changes.
func fieldOf(change object, outer string) string {
	field := fieldName(change.decoded("field"))
	if field == "" {
		field = fieldName(asObject(change["value"]).decoded("field"))
	}
	field = cmp.Or(field, outer)
	// Spellings that some of Meta's pages and payloads have.
	switch field {
	case "message_template_status_change":
		return "message_template_status_update"
	case "business_username_updates":
		return "business_username_update"
	}
	return field
}

// underPortfolio are the events of account_update that arrive under the id of a partner's business portfolio.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_update
var underPortfolio = []string{
	"AD_ACCOUNT_LINKED", "MM_LITE_TERMS_SIGNED", "PARTNER_ADDED", "PARTNER_APP_INSTALLED", "PARTNER_APP_UNINSTALLED", "PARTNER_REMOVED",
}

// accountOf gives the account that an event is about, and the business portfolio under whose id it arrived, if it did.
func accountOf(field, id string, value lenient.Node) (account, business string) {
	if field != "account_update" && field != "partner_solutions" {
		return id, ""
	}
	switch account := value.Node("waba_info").Text("waba_id"); {
	case account == id:
		return id, ""
	case account != "":
		return account, id
	case field == "partner_solutions", slices.Contains(underPortfolio, value.Upper("event")):
		return "", id
	}
	return id, ""
}

// hashOf is the same for the same event: keys are written in order and without space, numbers as they came.
func hashOf(field string, value any) string {
	hash := sha256.New()
	hash.Write([]byte(field + "\n"))
	// What was decoded from JSON can be written as JSON, and a hash takes everything.
	_ = json.NewEncoder(hash).Encode(value)
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
