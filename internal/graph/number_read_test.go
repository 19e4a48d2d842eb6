// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestReadPhoneNumber(t *testing.T) {
	server := newFakeGraph(t, ok(`{"id":106540352242922,"display_phone_number":"+1 555-078-3881","status":"connected","platform_type":"cloud_api",
		"throughput":{"level":"HIGH"},"username":"acme","search_visibility":"visible","is_preverified_number":"false","future":{}}`))
	got, err := server.client(t).ReadPhoneNumber(t.Context(), testNumber)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "number", got, &PhoneNumber{
		ID: testNumber, DisplayPhoneNumber: "+1 555-078-3881", Status: "CONNECTED", PlatformType: "CLOUD_API", ThroughputLevel: "HIGH",
		Username: "acme", SearchVisibility: "VISIBLE", Preverified: ptr(false),
		UnknownProperties: []string{"future"},
	})
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "GET "+underNumber)
	equal(t, "fields", seen.Query.Get("fields"), strings.Join(numberFields, ",")+",username,is_preverified_number")

	server = newFakeGraph(t, ok(`{"id":"1","search_visibility":"NON_VISIBLE"}`)) // the SDKs' name of HIDDEN
	if got, err = server.client(t).ReadPhoneNumber(t.Context(), testNumber); err != nil || got.SearchVisibility != "HIDDEN" {
		t.Errorf("got %+v, %v", got, err)
	}

	unknown := refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (username) on node type (WhatsAppBusinessPhoneNumber)"}}`)
	server = newFakeGraph(t, unknown, ok(`{"id":"1"}`))
	if got, err = server.client(t).ReadPhoneNumber(t.Context(), testNumber); err != nil || got.ID != "1" || got.Preverified != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	server = newFakeGraph(t, ok(`{"status":"CONNECTED"}`))
	if got, err = server.client(t).ReadPhoneNumber(t.Context(), testNumber); got != nil || ClassOf(err) != ClassTransient {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadProfile(t *testing.T) {
	whole := `{"about":"Open daily","address":"1 Main St","description":"D","email":"hi@example.com",
		"profile_picture_url":"https://pps.whatsapp.net/x","websites":["https://example.com"],"vertical":"retail","messaging_product":"whatsapp"}`
	want := &Profile{
		About: ptr("Open daily"), Address: ptr("1 Main St"), Description: ptr("D"), Email: ptr("hi@example.com"),
		PictureURL: ptr("https://pps.whatsapp.net/x"), Websites: []string{"https://example.com"}, Vertical: ptr("RETAIL"),
	}
	for _, tc := range []struct {
		name, body string
		want       *Profile
	}{
		{"list", `{"data":[` + whole + `]}`, want},
		{"object", `{"data":` + whole + `}`, want},
		{"bare", whole, want},
		{"nested", `{"data":[{"business_profile":` + whole + `,"id":"1"}]}`, want},
		{"nothing", `{"data":[]}`, &Profile{}},
		{"absent is not empty", `{"data":[{"about":"x","email":"","address":null,"websites":[],"vertical":{}}]}`, &Profile{About: ptr("x"), Email: ptr(""), Websites: []string{}}},
		{"one website", `{"data":[{"websites":"https://example.com"}]}`, &Profile{Websites: []string{"https://example.com"}}},
	} {
		server := newFakeGraph(t, ok(tc.body))
		got, err := server.client(t).ReadProfile(t.Context(), testNumber)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		equal(t, tc.name, got, tc.want)
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path+"?fields="+seen.Query.Get("fields"),
			"GET "+underNumber+"/whatsapp_business_profile?fields=about,address,description,email,profile_picture_url,websites,vertical,messaging_product")
	}
}

func TestReadCommerce(t *testing.T) {
	server := newFakeGraph(t, ok(`{"data":[{"id":"1","is_cart_enabled":true,"is_catalog_visible":"false"}]}`), ok(`{"data":[{"id":"1"}]}`))
	c := server.client(t)
	for _, want := range []*Commerce{{CartEnabled: ptr(true), CatalogVisible: ptr(false)}, {}} {
		got, err := c.ReadCommerce(t.Context(), testNumber)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "commerce", got, want)
	}
	equal(t, "path", server.all()[0].Path, underNumber+"/whatsapp_commerce_settings")
}

func TestReadAutomation(t *testing.T) {
	for _, tc := range []struct {
		body string
		want *Automation
	}{
		{`{"conversational_automation":{"prompts":["Book"],"commands":[{"command_name":"help","command_description":"Get help"},7],"id":"2"},"id":"1"}`,
			&Automation{Prompts: []string{"Book"}, Commands: []AutomationCommand{{"help", "Get help"}}}},
		{`{"conversational_automation":[],"id":"1"}`, &Automation{}},
		{`{"id":1}`, &Automation{}},
	} {
		server := newFakeGraph(t, ok(tc.body))
		got, err := server.client(t).ReadAutomation(t.Context(), testNumber)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, tc.body, got, tc.want)
		equal(t, "fields", server.onlyRequest(t).Query.Get("fields"), "id,conversational_automation")
	}
}

// If Meta doesn't know the field, that must not look as if nothing were set.
func TestReadAutomationOfAnUnknownField(t *testing.T) {
	server := newFakeGraph(t, refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (conversational_automation) on node type (X)"}}`))
	got, err := server.client(t).ReadAutomation(t.Context(), testNumber)
	if e := mustError(t, err); got != nil || e.Cause != CauseUnknownField || len(server.all()) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadSettings(t *testing.T) {
	server := newFakeGraph(t, ok(`{"calling":{"status":"enabled","call_icon_visibility":"default","call_icons":{"restrict_to_user_countries":["US","BR"]},
		"call_hours":{"status":"enabled","timezone_id":"America/Manaus","weekly_operating_hours":[{"day_of_week":"monday","open_time":"0400","close_time":"1020"}],
			"holiday_schedule":[{"date":"2027-01-01","start_time":"0000","end_time":"2359"}]},
		"callback_permission_status":"enabled","sip":{"status":"enabled","servers":[{"hostname":"sip.example.com","port":"5061","sip_user_password":"hush",
			"request_uri_user_params":{"a":"1","b":2}}]},"srtp_key_exchange_protocol":"sdes","video":{"status":"disabled"},"ip_addresses":{"default":["::1"]},
		"restrictions":{"restrictions_list":[{"type":"restricted_business_initiated_calling","reason":"Bad","expiration":1790000000}]}},
		"storage_configuration":{"status":"in_country_storage_enabled","data_localization_region":"br","retention_minutes":"60"},
		"user_identity_change":{"enable_identity_key_check":"true"},"payload_encryption":{"status":"DISABLED"}}`))
	got, err := server.client(t).ReadSettings(t.Context(), testNumber)
	if err != nil {
		t.Fatal(err)
	}
	calling := testCalling()
	calling.Restrictions = []CallingRestriction{{
		Type: "RESTRICTED_BUSINESS_INITIATED_CALLING", Reason: "Bad", Expiration: time.Unix(1790000000, 0).UTC(),
	}}
	equal(t, "settings", got, &NumberSettings{
		Storage: &StorageConfiguration{Status: StorageInCountry, Region: "BR", RetentionMinutes: ptr(int64(60))},
		Calling: &calling, IdentityCheck: ptr(true),
	})
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "GET "+underNumber+"/settings")
	if len(seen.Query) != 0 { // above all no include_sip_credentials
		t.Errorf("query %v", seen.Query)
	}

	for body, want := range map[string]*NumberSettings{
		`{"data":[{"calling":{"sip":{"status":"DISABLED"},"call_icons":[]}}]}`: {Calling: &CallingSettings{SIP: &SIPSettings{Status: "DISABLED"}}},
		`{"calling":{"call_icons":{"restrict_to_user_countries":[]}}}`:         {Calling: &CallingSettings{RestrictToUserCountries: &[]string{}}},
		`{"calling":{"sip":{"servers":[]}}}`:                                   {Calling: &CallingSettings{SIP: &SIPSettings{Servers: &[]SIPServer{}}}},
		`{"storage_configuration":{"status":"DEFAULT"},"calling":[]}`:          {Storage: &StorageConfiguration{Status: "DEFAULT"}},
		`{}`: {},
	} {
		server = newFakeGraph(t, ok(body))
		if got, err = server.client(t).ReadSettings(t.Context(), testNumber); err != nil {
			t.Fatal(err)
		}
		equal(t, body, got, want)
	}
}

func TestReadEncryption(t *testing.T) {
	server := newFakeGraph(t, ok(`{"data":[{"business_public_key":"-----BEGIN","business_public_key_signature_status":"mismatch"}]}`), ok(`{"data":[]}`))
	c := server.client(t)
	for _, want := range []*Encryption{{PublicKey: "-----BEGIN", SignatureStatus: "MISMATCH"}, {}} {
		got, err := c.ReadEncryption(t.Context(), testNumber)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "encryption", got, want)
	}
}

func TestReadCompliance(t *testing.T) {
	server := newFakeGraph(t, ok(`{"data":[{"entity_name":"Acme","entity_type":"Limited liability partnership","is_registered":1,
		"grievance_officer_details":{"name":"Asha","email":"a@example.com","landline_number":911,"mobile_number":"+912"},"customer_care_details":[]}]}`))
	got, err := server.client(t).ReadCompliance(t.Context(), testNumber)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "compliance", got, &Compliance{
		EntityName: "Acme", EntityType: "LIMITED_LIABILITY_PARTNERSHIP", Registered: ptr(true),
		GrievanceOfficer: &ComplianceContact{Name: "Asha", Email: "a@example.com", Landline: "911", Mobile: "+912"},
	})
	for in, want := range map[string]string{
		"Partnership": "PARTNERSHIP", "PUBLIC_COMPANY": "PUBLIC_COMPANY", "Private Company": "PRIVATE_COMPANY", "Sole-Proprietorship": "SOLE_PROPRIETORSHIP",
		"Others": "OTHER", "Other": "OTHER", " ": "", "": "",
	} {
		equal(t, in, entityType(in), want)
	}
}

func TestUsername(t *testing.T) {
	server := newFakeGraph(t, ok(`{"username":"acme","status":"reserved"}`), ok(`{"data":[{"username":"acme","status":"approved"}]}`), ok(`{"id":"1"}`))
	c := server.client(t)
	for _, want := range []*Username{{"acme", "RESERVED"}, {"acme", "APPROVED"}, {}} {
		got, err := c.ReadUsername(t.Context(), testNumber)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "username", got, want)
	}
	server = newFakeGraph(t, ok(`{"status":"reserved"}`), ok(`{"success":true}`))
	c = server.client(t)
	for _, want := range []*Username{{"acme", "RESERVED"}, {"acme", ""}} {
		got, err := c.SetUsername(t.Context(), testNumber, "acme")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "username", got, want)
	}
}

// What is no object must not look as if everything were empty, which would be "corrected" at once.
func TestNumberReadsOfOddAnswers(t *testing.T) {
	for _, body := range []string{`[]`, `null`, `"x"`, `{"data":null}`, `{"data":[1]}`, `{"data":"x"}`} {
		c := newFakeGraph(t, ok(body), ok(body), ok(body), ok(body), ok(body), ok(body)).client(t)
		for name, call := range map[string]func(context.Context) (any, error){
			"profile":    func(ctx context.Context) (any, error) { return c.ReadProfile(ctx, testNumber) },
			"commerce":   func(ctx context.Context) (any, error) { return c.ReadCommerce(ctx, testNumber) },
			"settings":   func(ctx context.Context) (any, error) { return c.ReadSettings(ctx, testNumber) },
			"encryption": func(ctx context.Context) (any, error) { return c.ReadEncryption(ctx, testNumber) },
			"compliance": func(ctx context.Context) (any, error) { return c.ReadCompliance(ctx, testNumber) },
			"username":   func(ctx context.Context) (any, error) { return c.ReadUsername(ctx, testNumber) },
		} {
			if got, err := call(t.Context()); ClassOf(err) != ClassTransient {
				t.Errorf("%s of %s: got %+v, %v", name, body, got, err)
			}
		}
	}
}
