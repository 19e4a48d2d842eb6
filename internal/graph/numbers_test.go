// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const underNumber = "/v25.0/" + testNumber

// wireCase is one write and what it must look like on the wire.
type wireCase struct {
	name, path, query, body string
	call                    func(context.Context, *Client) error
}

var numberWireCases = []wireCase{
	{
		name: "add", path: "/v25.0/" + testWABA + "/phone_numbers",
		body: `{"cc":"49","phone_number":"15112345678","verified_name":"Käse \u0026 Co"}`,
		call: func(ctx context.Context, c *Client) error {
			_, err := c.AddPhoneNumber(ctx, testWABA, NewPhoneNumber{CountryCode: "49", Number: "15112345678", VerifiedName: "Käse & Co"})
			return err
		},
	},
	{
		name: "code by voice", path: underNumber + "/request_code", query: "code_method=VOICE&language=pt_BR",
		call: func(ctx context.Context, c *Client) error {
			return c.RequestCode(ctx, testNumber, CodeByVoice, "pt_BR")
		},
	},
	{
		name: "verify", path: underNumber + "/verify_code", body: "code=123830",
		call: func(ctx context.Context, c *Client) error { return c.VerifyCode(ctx, testNumber, "123-830\n") },
	},
	{
		name: "register", path: underNumber + "/register", body: `{"messaging_product":"whatsapp","pin":"012345"}`,
		call: func(ctx context.Context, c *Client) error {
			return c.RegisterPhoneNumber(ctx, testNumber, Registration{PIN: "012345\n"})
		},
	},
	{
		name: "register in a region", path: underNumber + "/register",
		body: `{"messaging_product":"whatsapp","pin":"012345","data_localization_region":"BR"}`,
		call: func(ctx context.Context, c *Client) error {
			return c.RegisterPhoneNumber(ctx, testNumber, Registration{PIN: "012345", DataLocalizationRegion: "BR"})
		},
	},
	{
		name: "deregister", path: underNumber + "/deregister",
		call: func(ctx context.Context, c *Client) error { return c.DeregisterPhoneNumber(ctx, testNumber) },
	},
	{
		name: "PIN", path: underNumber, body: `{"pin":"000001"}`,
		call: func(ctx context.Context, c *Client) error { return c.SetPIN(ctx, testNumber, "000001") },
	},
	{
		name: "display name", path: underNumber, query: "new_display_name=Acme+Ltd+%26+Co",
		call: func(ctx context.Context, c *Client) error {
			return c.RequestDisplayName(ctx, testNumber, "Acme Ltd & Co")
		},
	},
	{
		name: "whole profile", path: underNumber + edgeProfile,
		body: `{"messaging_product":"whatsapp","about":"Open daily","address":"1 Main St","description":"D","email":"hi@example.com",` +
			`"vertical":"RETAIL","websites":["https://example.com"],"profile_picture_handle":"4::aW1n"}`,
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateProfile(ctx, testNumber, ProfileUpdate{
				About: ptr("Open daily"), Address: ptr("1 Main St"), Description: ptr("D"), Email: ptr("hi@example.com"),
				Vertical: ptr("RETAIL"), Websites: &[]string{"https://example.com"}, PictureHandle: ptr("4::aW1n"),
			})
		},
	},
	{
		name: "cleared profile", path: underNumber + edgeProfile,
		body: `{"messaging_product":"whatsapp","address":"","vertical":"","websites":[]}`,
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateProfile(ctx, testNumber, ProfileUpdate{Address: ptr(""), Vertical: ptr(""), Websites: new([]string)})
		},
	},
	{
		name: "commerce", path: underNumber + edgeCommerce, query: "is_cart_enabled=false&is_catalog_visible=true",
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateCommerce(ctx, testNumber, Commerce{CartEnabled: ptr(false), CatalogVisible: ptr(true)})
		},
	},
	{
		name: "half of commerce", path: underNumber + edgeCommerce, query: "is_catalog_visible=false",
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateCommerce(ctx, testNumber, Commerce{CatalogVisible: ptr(false)})
		},
	},
	{
		name: "automation", path: underNumber + edgeAutomation,
		body: `{"prompts":["Book"],"commands":[{"command_name":"help","command_description":"Get help"}]}`,
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateAutomation(ctx, testNumber, AutomationUpdate{
				Prompts: &[]string{"Book"}, Commands: &[]AutomationCommand{{Name: "help", Description: "Get help"}},
			})
		},
	},
	{
		name: "cleared commands", path: underNumber + edgeAutomation, body: `{"commands":[]}`,
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateAutomation(ctx, testNumber, AutomationUpdate{Commands: new([]AutomationCommand)})
		},
	},
	{
		name: "storage", path: underNumber + edgeSettings,
		body: `{"storage_configuration":{"status":"IN_COUNTRY_STORAGE_ENABLED","data_localization_region":"BR"}}`,
		call: func(ctx context.Context, c *Client) error { return c.EnableLocalStorage(ctx, testNumber, "BR") },
	},
	{
		name: "no storage", path: underNumber + edgeSettings, body: `{"storage_configuration":{"status":"IN_COUNTRY_STORAGE_DISABLED"}}`,
		call: func(ctx context.Context, c *Client) error { return c.DisableLocalStorage(ctx, testNumber) },
	},
	{
		name: "calling", path: underNumber + edgeSettings,
		body: `{"calling":{"status":"ENABLED","call_icon_visibility":"DEFAULT","call_icons":{"restrict_to_user_countries":["US","BR"]},` +
			`"call_hours":{"status":"ENABLED","timezone_id":"America/Manaus","weekly_operating_hours":[{"day_of_week":"MONDAY","open_time":"0400","close_time":"1020"}],` +
			`"holiday_schedule":[{"date":"2027-01-01","start_time":"0000","end_time":"2359"}]},"callback_permission_status":"ENABLED",` +
			`"sip":{"status":"ENABLED","servers":[{"hostname":"sip.example.com","port":5061,"request_uri_user_params":{"a":"1","b":"2"}}]},` +
			`"srtp_key_exchange_protocol":"SDES","video":{"status":"DISABLED"}}}`,
		call: func(ctx context.Context, c *Client) error { return c.UpdateCalling(ctx, testNumber, testCalling()) },
	},
	{
		name: "calling without restrictions and servers", path: underNumber + edgeSettings,
		body: `{"calling":{"call_icons":{"restrict_to_user_countries":[]},"call_hours":{"status":"DISABLED"},"sip":{"status":"DISABLED","servers":[]}}}`,
		call: func(ctx context.Context, c *Client) error {
			return c.UpdateCalling(ctx, testNumber, CallingSettings{
				RestrictToUserCountries: new([]string), Hours: &CallHours{Status: "DISABLED"},
				SIP: &SIPSettings{Status: "DISABLED", Servers: new([]SIPServer)}, Restrictions: []CallingRestriction{{Type: "X"}},
			})
		},
	},
	{
		name: "identity check", path: underNumber + edgeSettings, body: `{"user_identity_change":{"enable_identity_key_check":false}}`,
		call: func(ctx context.Context, c *Client) error { return c.SetIdentityCheck(ctx, testNumber, false) },
	},
	{
		name: "encryption", path: underNumber + edgeEncryption, body: url.Values{"business_public_key": {testKey}}.Encode(),
		call: func(ctx context.Context, c *Client) error { return c.SetEncryption(ctx, testNumber, testKey+"\n") },
	},
	{
		name: "compliance", path: underNumber + edgeCompliance,
		body: `{"messaging_product":"whatsapp","entity_name":"Acme","entity_type":"OTHER","entity_type_custom":"Trust","is_registered":false,` +
			`"grievance_officer_details":{"name":"Asha","email":"a@example.com","landline_number":"+911","mobile_number":"+912"},` +
			`"customer_care_details":{"email":"c@example.com"}}`,
		call: func(ctx context.Context, c *Client) error {
			return c.SetCompliance(ctx, testNumber, Compliance{
				EntityName: "Acme", EntityType: "OTHER", EntityTypeCustom: "Trust", Registered: ptr(false),
				GrievanceOfficer: &ComplianceContact{Name: "Asha", Email: "a@example.com", Landline: "+911", Mobile: "+912"},
				CustomerCare:     &ComplianceContact{Email: "c@example.com"},
			})
		},
	},
	{
		name: "username", path: underNumber + edgeUsername, body: `{"username":"acme_1.x"}`,
		call: func(ctx context.Context, c *Client) error {
			_, err := c.SetUsername(ctx, testNumber, "@acme_1.x")
			return err
		},
	},
	{
		name: "no username", path: underNumber + edgeUsername,
		call: func(ctx context.Context, c *Client) error { return c.DeleteUsername(ctx, testNumber) },
	},
}

func testCalling() CallingSettings {
	return CallingSettings{
		Status: "ENABLED", CallIconVisibility: "DEFAULT", RestrictToUserCountries: &[]string{"US", "BR"},
		Hours: &CallHours{
			Status: "ENABLED", TimezoneID: "America/Manaus",
			Weekly:   []OperatingHours{{Day: "MONDAY", Open: "0400", Close: "1020"}},
			Holidays: []Holiday{{Date: "2027-01-01", Start: "0000", End: "2359"}},
		},
		CallbackPermissionStatus: "ENABLED",
		SIP: &SIPSettings{Status: "ENABLED", Servers: &[]SIPServer{
			{Hostname: "sip.example.com", Port: 5061, RequestURIUserParams: map[string]string{"b": "2", "a": "1"}},
		}},
		SRTPKeyExchangeProtocol: "SDES", VideoStatus: "DISABLED",
	}
}

func TestNumberWrites(t *testing.T) {
	for _, tc := range numberWireCases {
		t.Run(tc.name, func(t *testing.T) {
			for range 3 { // the same bytes every time
				server := newFakeGraph(t, ok(`{"success":true,"id":"7"}`))
				if err := tc.call(t.Context(), server.client(t)); err != nil {
					t.Fatal(err)
				}
				seen := server.onlyRequest(t)
				method := http.MethodPost
				if tc.name == "no username" {
					method = http.MethodDelete
				}
				equal(t, "request", seen.Method+" "+seen.Path, method+" "+tc.path)
				equal(t, "query", seen.Query.Encode(), tc.query)
				equal(t, "body", seen.Body, tc.body)
				contentType := ""
				if strings.HasPrefix(tc.body, "{") {
					contentType = contentJSON
				} else if tc.body != "" {
					contentType = contentForm
				}
				equal(t, "content type", seen.Header.Get("Content-Type"), contentType)
			}
		})
	}
}

func TestNumberWritesThatAreDenied(t *testing.T) {
	for body, class := range map[string]Class{`{"success":false}`: ClassUnknown, `{}`: ClassTransient, `[]`: ClassTransient, `null`: ClassTransient} {
		for _, tc := range numberWireCases {
			server := newFakeGraph(t, ok(body))
			err := tc.call(t.Context(), server.client(t))
			want := class
			if tc.name == "add" {
				want = ClassTransient // the number may be there
			}
			if ClassOf(err) != want {
				t.Errorf("%s, %s: got %v", tc.name, body, err)
			}
		}
	}
}

func TestAddPhoneNumber(t *testing.T) {
	n := NewPhoneNumber{CountryCode: "1", Number: "4155550100", VerifiedName: "Acme"}
	server := newFakeGraph(t, ok(`{"id":106540352242922}`))
	id, err := server.client(t).AddPhoneNumber(t.Context(), testWABA, n)
	if id != testNumber || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
	server = newFakeGraph(t, ok(`{"id":"a/b"}`))
	if id, err = server.client(t).AddPhoneNumber(t.Context(), testWABA, n); id != "" || ClassOf(err) != ClassTransient {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestNumberCallsThatMustNotBeMade(t *testing.T) {
	server := newFakeGraph(t)
	c := server.client(t)
	add := func(n NewPhoneNumber) func(context.Context) error {
		return func(ctx context.Context) error { _, err := c.AddPhoneNumber(ctx, testWABA, n); return err }
	}
	register := func(pin, region string) func(context.Context) error {
		return func(ctx context.Context) error {
			return c.RegisterPhoneNumber(ctx, testNumber, Registration{PIN: pin, DataLocalizationRegion: region})
		}
	}
	verify := func(code string) func(context.Context) error {
		return func(ctx context.Context) error { return c.VerifyCode(ctx, testNumber, code) }
	}
	calls := map[string]func(context.Context) error{
		"country code with plus":    add(NewPhoneNumber{"+1", "4155550100", "Acme"}),
		"country code 0":            add(NewPhoneNumber{"0", "4155550100", "Acme"}),
		"long country code":         add(NewPhoneNumber{"1234", "4155550100", "Acme"}),
		"formatted number":          add(NewPhoneNumber{"1", "415-555-0100", "Acme"}),
		"short number":              add(NewPhoneNumber{"1", "415", "Acme"}),
		"number without name":       add(NewPhoneNumber{"1", "4155550100", ""}),
		"short PIN":                 register("12345", ""),
		"long PIN":                  register("1234567", ""),
		"PIN with hyphen":           register("123-456", ""),
		"PIN in other digits":       register("１２３４５６", ""),
		"region in small letters":   register("123456", "br"),
		"short code":                verify("12345"),
		"code with a hyphen astray": verify("12-3456"),
		"code with two hyphens":     verify("123--456"),
		"code in letters":           verify("abcdef"),
		"PIN set to nothing":        func(ctx context.Context) error { return c.SetPIN(ctx, testNumber, " ") },
		"code by post":              func(ctx context.Context) error { return c.RequestCode(ctx, testNumber, "POST", "en") },
		"code in small letters":     func(ctx context.Context) error { return c.RequestCode(ctx, testNumber, "sms", "en") },
		"code in no language":       func(ctx context.Context) error { return c.RequestCode(ctx, testNumber, CodeBySMS, "en-US") },
		"no display name":           func(ctx context.Context) error { return c.RequestDisplayName(ctx, testNumber, "") },
		"empty profile update":      func(ctx context.Context) error { return c.UpdateProfile(ctx, testNumber, ProfileUpdate{}) },
		"cleared about": func(ctx context.Context) error {
			return c.UpdateProfile(ctx, testNumber, ProfileUpdate{About: ptr("")})
		},
		"empty commerce update":   func(ctx context.Context) error { return c.UpdateCommerce(ctx, testNumber, Commerce{}) },
		"empty automation update": func(ctx context.Context) error { return c.UpdateAutomation(ctx, testNumber, AutomationUpdate{}) },
		"empty calling update":    func(ctx context.Context) error { return c.UpdateCalling(ctx, testNumber, CallingSettings{}) },
		"restrictions alone": func(ctx context.Context) error {
			return c.UpdateCalling(ctx, testNumber, CallingSettings{Restrictions: []CallingRestriction{{}}})
		},
		"storage nowhere": func(ctx context.Context) error { return c.EnableLocalStorage(ctx, testNumber, "") },
		"no key":          func(ctx context.Context) error { return c.SetEncryption(ctx, testNumber, "AAAA") },
		"private key": func(ctx context.Context) error {
			return c.SetEncryption(ctx, testNumber, strings.ReplaceAll(testKey, "PUBLIC", "PRIVATE"))
		},
		"private key after a public": func(ctx context.Context) error {
			return c.SetEncryption(ctx, testNumber, testKey+"\n"+strings.ReplaceAll(testKey, "PUBLIC", "PRIVATE"))
		},
		"private key before it": func(ctx context.Context) error { return c.SetEncryption(ctx, testNumber, "secret\n"+testKey) },
		"compliance without an entity": func(ctx context.Context) error {
			return c.SetCompliance(ctx, testNumber, Compliance{EntityType: "OTHER"})
		},
		"compliance without type": func(ctx context.Context) error {
			return c.SetCompliance(ctx, testNumber, Compliance{EntityName: "Acme"})
		},
		"short username":       func(ctx context.Context) error { _, err := c.SetUsername(ctx, testNumber, "ab"); return err },
		"username in capitals": func(ctx context.Context) error { _, err := c.SetUsername(ctx, testNumber, "Acme"); return err },
		"add elsewhere": func(ctx context.Context) error {
			_, err := c.AddPhoneNumber(ctx, "1/2", NewPhoneNumber{"1", "4155550100", "Acme"})
			return err
		},
	}
	for name, call := range calls {
		e := mustError(t, call(t.Context()))
		if e.Class != ClassInvalidSpec || e.Op == "" || e.Explain() == "" {
			t.Errorf("%s: got %v", name, e)
		}
	}
	if all := server.all(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}

// Every call must refuse ids that would lead elsewhere.
func TestNumberCallsCheckIDs(t *testing.T) {
	server := newFakeGraph(t)
	c := server.client(t)
	const id = testNumber + "/deregister"
	for name, err := range map[string]error{
		"verify": c.VerifyCode(t.Context(), id, testCode), "register": c.RegisterPhoneNumber(t.Context(), id, Registration{PIN: testPIN}),
		"deregister": c.DeregisterPhoneNumber(t.Context(), id), "PIN": c.SetPIN(t.Context(), id, testPIN),
		"code": c.RequestCode(t.Context(), id, CodeBySMS, "en"), "name": c.RequestDisplayName(t.Context(), id, "Acme"),
		"profile":    c.UpdateProfile(t.Context(), id, ProfileUpdate{Email: ptr("")}),
		"commerce":   c.UpdateCommerce(t.Context(), id, Commerce{CartEnabled: ptr(true)}),
		"automation": c.UpdateAutomation(t.Context(), id, AutomationUpdate{Prompts: &[]string{}}),
		"storage":    c.DisableLocalStorage(t.Context(), id), "calling": c.UpdateCalling(t.Context(), id, CallingSettings{Status: "ENABLED"}),
		"identity": c.SetIdentityCheck(t.Context(), id, true), "encryption": c.SetEncryption(t.Context(), id, testKey),
		"compliance":  c.SetCompliance(t.Context(), id, Compliance{EntityName: "Acme", EntityType: "OTHER"}),
		"no username": c.DeleteUsername(t.Context(), id),
	} {
		if ClassOf(err) != ClassInvalidSpec {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var errs []error
	add := func(_ any, err error) { errs = append(errs, err) }
	add(c.ReadPhoneNumber(t.Context(), id))
	add(c.ReadProfile(t.Context(), id))
	add(c.ReadCommerce(t.Context(), id))
	add(c.ReadAutomation(t.Context(), id))
	add(c.ReadSettings(t.Context(), id))
	add(c.ReadEncryption(t.Context(), id))
	add(c.ReadCompliance(t.Context(), id))
	add(c.ReadUsername(t.Context(), id))
	add(c.SetUsername(t.Context(), id, "acme"))
	for i, err := range errs {
		if ClassOf(err) != ClassInvalidSpec {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if all := server.all(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}

func TestRequestBadge(t *testing.T) {
	server := newFakeGraph(t, ok(`{"success":true}`))
	c := server.client(t)
	if err := c.RequestBadge(t.Context(), testNumber, BadgeRequest{
		WebsiteURL: "https://acme.example", Country: "Germany", Language: "German", Parent: "Acme Holding",
		SupportingLinks: []string{"https://news.example/acme"}, AdditionalInfo: "Since 1911",
	}); err != nil {
		t.Fatal(err)
	}
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "POST "+underNumber+"/official_business_account")
	equal(t, "body", seen.Body, `{"business_website_url":"https://acme.example","primary_country_of_operation":"Germany","primary_language":"German",`+
		`"parent_business_or_brand":"Acme Holding","supporting_links":["https://news.example/acme"],"additional_supporting_information":"Since 1911"}`)
	if err := c.RequestBadge(t.Context(), testNumber, BadgeRequest{WebsiteURL: "https://acme.example"}); ClassOf(err) != ClassInvalidSpec || len(server.all()) != 1 {
		t.Errorf("got %v after %d requests", err, len(server.all()))
	}
}
