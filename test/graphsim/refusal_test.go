// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// refusal is a create body that Meta refuses.
type refusal struct {
	name          string
	change        map[string]any // over a valid body; nil removes
	components    string         // JSON, replaces those of the valid body
	code, subcode int
	title         string
}

func body(text string, examples ...string) string {
	c := map[string]any{"type": "BODY", "text": text}
	if len(examples) > 0 {
		c["example"] = map[string]any{"body_text": [][]string{examples}}
	}
	raw, _ := json.Marshal(c)
	return string(raw)
}

const plainBody = `{"type":"BODY","text":"Your parcel has left our warehouse."}`

func buttons(list ...string) string {
	return "[" + plainBody + `,{"type":"BUTTONS","buttons":[` + strings.Join(list, ",") + "]}]"
}

func header(h string) string { return "[" + h + "," + plainBody + "]" }

func checkRefusals(t *testing.T, cases []refusal) {
	t.Helper()
	f := newFixture(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := utility("valid_name", "en_US")
			for k, v := range c.change {
				if v == nil {
					delete(request, k)
				} else {
					request[k] = v
				}
			}
			if c.components != "" {
				request["components"] = json.RawMessage(c.components)
			}
			got := f.create(request)
			if got.code() != c.code || got.subcode() != c.subcode {
				t.Errorf("want %d/%d, got HTTP %d: %s", c.code, c.subcode, got.status, got.raw)
			}
			if title, _ := got.failure()["error_user_title"].(string); c.title != "" && title != c.title {
				t.Errorf("title %q, want %q", title, c.title)
			}
		})
	}
	if n := len(f.sim.Templates(testWABA)); n != 0 {
		t.Errorf("%d templates were created", n)
	}
}

func TestRefusesParameters(t *testing.T) {
	checkRefusals(t, []refusal{
		{name: "upper case in name", change: map[string]any{"name": "Order"}, code: 100, subcode: 2388046, title: "Name Format is Incorrect"},
		{name: "hyphen in name", change: map[string]any{"name": "order-sent"}, code: 100, subcode: 2388046},
		{name: "long name", change: map[string]any{"name": strings.Repeat("a", 513)}, code: 100, subcode: 2388046},
		{name: "sample name", change: map[string]any{"name": "hello_world"}, code: 100, subcode: 2388155, title: "Template name is already used as a sample template"},
		{name: "language without region", change: map[string]any{"language": "pt"}, code: 100, subcode: 2388049},
		{name: "language with hyphen", change: map[string]any{"language": "en-US"}, code: 100, subcode: 2388049},
		{name: "no language", change: map[string]any{"language": nil}, code: 100},
		{name: "unknown category", change: map[string]any{"category": "TRANSACTIONAL"}, code: 100},
		{name: "no components", change: map[string]any{"components": nil}, code: 100},
		{name: "components not a list", change: map[string]any{"components": map[string]any{}}, code: 100},
		{name: "text not a string", components: `[{"type":"BODY","text":7}]`, code: 100},
		{name: "unknown component", components: "[" + plainBody + `,{"type":"SIDEBAR"}]`, code: 100},
		{name: "no body", components: `[{"type":"FOOTER","text":"x"}]`, code: 100, subcode: 2388043},
		{name: "two bodies", components: "[" + plainBody + "," + plainBody + "]", code: 100},
		{name: "parameter format", change: map[string]any{"parameter_format": "MIXED"}, code: 100},
		{name: "short time-to-live", change: map[string]any{"message_send_ttl_seconds": 29}, code: 100},
		{name: "time-to-live of marketing", change: map[string]any{"category": "MARKETING", "message_send_ttl_seconds": -1}, code: 100},
		{name: "unknown library template", change: map[string]any{"components": nil, "library_template_name": "nope"}, code: 100},
	})
}

func TestRefusesTexts(t *testing.T) {
	checkRefusals(t, []refusal{
		{name: "leading variable", components: "[" + body("{{1}} was sent to you by our warehouse", "x") + "]", code: 100, subcode: 2388299},
		{name: "trailing variable", components: "[" + body("Your order was sent and has number {{1}}", "x") + "]", code: 100, subcode: 2388299, title: "Leading or trailing parameters not allowed"},
		{name: "too many variables", components: "[" + body("Dear {{1}} order {{2}} sent", "a", "b") + "]", code: 100, subcode: 2388293, title: "Parameters words ratio exceeds limit"},
		{name: "only variables", components: "[" + body("{{1}} {{2}}", "a", "b") + "]", code: 100, subcode: 2388072},
		{name: "three newlines", components: "[" + body("One two three\n\n\nfour") + "]", code: 100, subcode: 2388072},
		{name: "eleven emojis", components: "[" + body("Thanks "+strings.Repeat("🎉", 11)+" again") + "]", code: 100, subcode: 2388072},
		{name: "long body", components: "[" + body(strings.Repeat("é", 1025)) + "]", code: 100, subcode: 2388040},
		{name: "example missing", components: "[" + body("Your order {{1}} was sent to you today") + "]", code: 100, subcode: 2388043},
		{name: "example superfluous", components: "[" + body("Your order was sent", "x") + "]", code: 100, subcode: 2388043},
		{name: "too few examples", components: "[" + body("Your order {{1}} was sent to {{2}} early this morning already", "x") + "]", code: 100, subcode: 2388043},
		{name: "gap in numbers", components: "[" + body("Your order {{1}} was sent to {{3}} early this morning already", "x", "y") + "]", code: 100, subcode: 2388072},
		{name: "named in positional", components: "[" + body("Your order {{id}} was sent to you today", "x") + "]", code: 100},
		{name: "positional example for named", change: map[string]any{"parameter_format": "named"}, components: "[" + body("Your order {{id}} was sent to you today", "x") + "]", code: 100, subcode: 2388043},
		{name: "long header", components: header(`{"type":"HEADER","format":"TEXT","text":"` + strings.Repeat("h", 61) + `"}`), code: 100, subcode: 2388040},
		{name: "emoji in header", components: header(`{"type":"HEADER","format":"TEXT","text":"Hi 🎉"}`), code: 100, subcode: 2388047},
		{name: "markup in header", components: header(`{"type":"HEADER","format":"TEXT","text":"*Hi*"}`), code: 100, subcode: 2388047},
		{name: "two variables in header", components: header(`{"type":"HEADER","format":"TEXT","text":"Hi {{1}} and {{2}} there","example":{"header_text":["a","b"]}}`), code: 100, subcode: 2388047},
		{name: "image without sample", components: header(`{"type":"HEADER","format":"IMAGE"}`), code: 100, subcode: 2388273},
		{name: "image by URL", components: header(`{"type":"HEADER","format":"IMAGE","example":{"header_handle":["https://example.com/a.png"]}}`), code: 100, subcode: 2388273},
		{name: "variable in footer", components: "[" + plainBody + `,{"type":"FOOTER","text":"Bye {{1}}"}]`, code: 100, subcode: 2388073},
		{name: "long footer", components: "[" + plainBody + `,{"type":"FOOTER","text":"` + strings.Repeat("f", 61) + `"}]`, code: 100, subcode: 2388040},
	})
}

func TestRefusesButtons(t *testing.T) {
	reply := func(text string) string { return fmt.Sprintf(`{"type":"QUICK_REPLY","text":%q}`, text) }
	link := `{"type":"URL","text":"Open","url":"https://example.com"}`
	checkRefusals(t, []refusal{
		{name: "emoji", components: buttons(reply("Yes 🎉")), code: 100, subcode: 2388060, title: "Button format is incorrect"},
		{name: "variable", components: buttons(reply("Yes {{1}}")), code: 100, subcode: 2388060},
		{name: "newline", components: buttons(reply("Yes\nno")), code: 100, subcode: 2388060},
		{name: "long label", components: buttons(reply(strings.Repeat("b", 26))), code: 100, subcode: 2388040},
		{name: "no label", components: buttons(`{"type":"QUICK_REPLY"}`), code: 100, subcode: 2388043},
		{name: "eleven", components: buttons(strings.Split(strings.TrimSuffix(strings.Repeat(reply("x")+";", 11), ";"), ";")...), code: 100},
		{name: "three links", components: buttons(link, link, link), code: 100},
		{name: "mixed up", components: buttons(reply("a"), link, reply("b")), code: 100, title: "Invalid button combination"},
		{name: "replies in the middle", components: buttons(link, reply("a"), link), code: 100, title: "Invalid button combination"},
		{name: "link to WhatsApp", components: buttons(`{"type":"URL","text":"Chat","url":"https://wa.me/15550051310"}`), code: 100, subcode: 2388081},
		{name: "variable inside a link", components: buttons(`{"type":"URL","text":"Open","url":"https://example.com/{{1}}/x","example":["a"]}`), code: 100},
		{name: "link example missing", components: buttons(`{"type":"URL","text":"Open","url":"https://example.com/{{1}}"}`), code: 100, subcode: 2388043},
		{name: "phone", components: buttons(`{"type":"PHONE_NUMBER","text":"Call","phone_number":"call me"}`), code: 192},
		{name: "long code", components: buttons(`{"type":"COPY_CODE","example":"` + strings.Repeat("X", 21) + `"}`), code: 100, subcode: 2388040},
		{name: "one-time code in utility", components: buttons(`{"type":"OTP","otp_type":"COPY_CODE"}`), code: 100},
		{name: "flow twice", components: buttons(`{"type":"FLOW","text":"Go","flow_id":"1","flow_name":"x"}`), code: 100},
		{name: "unknown type", components: buttons(`{"type":"VIDEO_CALL","text":"Go"}`), code: 100},
		{name: "carousel in utility", components: "[" + plainBody + `,{"type":"CAROUSEL","cards":[]}]`, code: 100},
		{name: "one card", change: map[string]any{"category": "MARKETING"}, components: "[" + plainBody + `,{"type":"CAROUSEL","cards":[{"components":[]}]}]`, code: 100},
	})
}

func TestRefusesAuthentication(t *testing.T) {
	category := map[string]any{"category": "AUTHENTICATION"}
	otp := func(button string) string { return `[{"type":"BODY"},{"type":"BUTTONS","buttons":[` + button + `]}]` }
	checkRefusals(t, []refusal{
		{name: "own text", change: category, components: "[" + plainBody + "]", code: 100},
		{name: "no button", change: category, components: `[{"type":"BODY"}]`, code: 100, subcode: 2388043},
		{name: "header", change: category, components: `[{"type":"HEADER","format":"TEXT","text":"x"},{"type":"BODY"}]`, code: 100},
		{name: "expiry", change: category, components: `[{"type":"BODY"},{"type":"FOOTER","code_expiration_minutes":91}]`, code: 100},
		{name: "terms", change: category, components: otp(`{"type":"OTP","otp_type":"ZERO_TAP","supported_apps":[{"package_name":"a.b","signature_hash":"K8a/AINcGX7"}]}`), code: 100},
		{name: "hash", change: category, components: otp(`{"type":"OTP","otp_type":"ONE_TAP","supported_apps":[{"package_name":"a.b","signature_hash":"short"}]}`), code: 100},
		{name: "package", change: category, components: otp(`{"type":"OTP","otp_type":"ONE_TAP","supported_apps":[{"package_name":"a","signature_hash":"K8a/AINcGX7"}]}`), code: 100},
	})
}

func TestAuthenticationNeedsVerification(t *testing.T) {
	f := newFixture(t)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.VerificationStatus = "not_verified" })
	got := f.create(`{"name":"login","language":"en","category":"AUTHENTICATION","components":[{"type":"BODY"},{"type":"BUTTONS","buttons":[{"type":"OTP","otp_type":"COPY_CODE"}]}]}`)
	f.refused(got, 10, 2388185)
	if got.status != http.StatusForbidden {
		t.Errorf("HTTP %d", got.status)
	}
}

func TestErrorEnvelope(t *testing.T) {
	f := newFixture(t)
	f.must(f.create(utility("twice", "en")))
	got := f.refused(f.create(utility("twice", "en")), 100, 2388024).failure()
	for name, want := range map[string]any{
		"message": "Invalid parameter", "type": "OAuthException", "is_transient": false,
		"error_user_title": "Content in This Language Already Exists",
		"error_user_msg":   "There is already English content for this template. You can create a new template and try again.",
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if trace, _ := got["fbtrace_id"].(string); len(trace) < 8 {
		t.Errorf("fbtrace_id %q", trace)
	}
}
