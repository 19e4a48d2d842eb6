// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"
)

const debugBody = `{\"data\":{\"app_id\":634974688087057,\"type\":\"SYSTEM_USER\",\"application\":\"Acme Ops\",` +
	`\"data_access_expires_at\":0,\"expires_at\":1800000000,\"is_valid\":true,\"issued_at\":\"1739321024\",` +
	`\"scopes\":[\"whatsapp_business_management\",\"whatsapp_business_messaging\"],` +
	`\"granular_scopes\":[{\"scope\":\"whatsapp_business_management\",\"target_ids\":[102290129340398,\"2\"]},{\"scope\":\"x\"}],` +
	`\"user_id\":\"122100000000000001\",\"future\":{}}}`

func TestDebugToken(t *testing.T) {
	server := newFakeGraph(t, ok(`[{"code":200,"body":"`+debugBody+`"}]`))
	info, err := server.client(t, func(cfg *Config) { cfg.AppSecret = testSecret }).DebugToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "token", info, &TokenInfo{
		AppID: "634974688087057", Application: "Acme Ops", Type: "SYSTEM_USER", UserID: "122100000000000001", Valid: true,
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
		GranularScopes: []GranularScope{
			{Scope: "whatsapp_business_management", TargetIDs: []string{testWABA, "2"}}, {Scope: "x"},
		},
		ExpiresAt: time.Unix(1800000000, 0).UTC(), IssuedAt: time.Unix(1739321024, 0).UTC(),
	})
	got := server.onlyRequest(t)
	equal(t, "method and path", got.Method+" "+got.Path, "POST /v25.0/")
	form := got.form(t)
	equal(t, "form", form, url.Values{
		"include_headers": {"false"},
		"appsecret_proof": {appSecretProof(testSecret, testToken)},
		"batch":           {`[{"method":"GET","relative_url":"v25.0/debug_token?input_token=` + url.QueryEscape(testToken) + `"}]`},
	})
	equal(t, "content type", got.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if len(got.Query) != 0 {
		t.Errorf("query %v", got.Query)
	}
}

func TestDebugTokenOtherAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       *TokenInfo
		class      Class
		cause      Cause
		status     int
	}{
		{
			name: "invalid token",
			body: `[{"code":200,"body":"{\"data\":{\"is_valid\":false,\"error\":{\"code\":190,\"subcode\":463,\"message\":\"Session has expired\"}}}"}]`,
			want: &TokenInfo{ErrorCode: 190, ErrorSubcode: 463, ErrorMessage: "Session has expired"},
		},
		{name: "timed out item", body: `[null]`, class: ClassTransient, cause: CauseTimeout, status: 200},
		{name: "refused item", body: `[{"code":401,"body":"{\"error\":{\"code\":190,\"error_subcode\":463}}"}]`, class: ClassCredentials, cause: CauseTokenExpired, status: 401},
		{name: "item without JSON", body: `[{"code":503,"body":"<html>"}]`, class: ClassTransient, cause: CauseBadBody, status: 503},
		{name: "nothing about validity", body: `[{"code":200,"body":"{\"data\":{}}"}]`, class: ClassTransient, cause: CauseBadBody, status: 200},
		{name: "empty batch", body: `[]`, class: ClassTransient, cause: CauseBadBody, status: 200},
		{name: "two items", body: `[{},{}]`, class: ClassTransient, cause: CauseBadBody, status: 200},
		{name: "no batch", body: `{"data":{}}`, class: ClassTransient, cause: CauseBadBody, status: 200},
		{name: "refused batch", body: `{"error":{"code":104}}`, class: ClassCredentials, cause: CauseAppSecretProof, status: 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(tc.body))
			info, err := server.client(t).DebugToken(t.Context())
			if tc.want != nil {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "token", info, tc.want)
				return
			}
			if e := mustError(t, err); info != nil || e.Class != tc.class || e.Cause != tc.cause || e.HTTPStatus != tc.status {
				t.Errorf("got %+v, %v", info, err)
			}
		})
	}
}

const compositeBody = `{
 "id":102290129340398,"name":"Acme Garden","currency":"USD","timezone_id":1,"country":"US","status":"ACTIVE",
 "account_review_status":"Approved","business_verification_status":"pending_need_more_info","ownership_type":"SELF_OWNED",
 "whatsapp_business_manager_messaging_limit":"TIER_2K","primary_funding_id":"55","is_enabled_for_insights":"true",
 "owner_business_info":{"id":506914307656634,"name":"Acme"},"unheard_of":[1],
 "health_status":{"can_send_message":"limited","entities":[
   {"entity_type":"waba","id":102290129340398,"can_send_message":"LIMITED","can_receive_call_sip":"blocked","additional_info":["Soon."]},
   {"entity_type":"APP","id":"634974688087057","can_send_message":"BLOCKED",
    "errors":[{"error_code":"141006","error_description":"No payment method","possible_solution":"Add one"}]}]},
 "phone_numbers":{"data":[{"id":"106540352242922","display_phone_number":"+1 555-078-3881","verified_name":"Acme Support",
   "name_status":"available_without_review","new_display_name":"Acme","new_name_status":"PENDING_REVIEW",
   "code_verification_status":"VERIFIED","quality_rating":"GREEN","status":"CONNECTED","platform_type":"CLOUD_API",
   "throughput":{"level":"standard"},"messaging_limit_tier":"TIER_250","account_mode":"LIVE",
   "is_official_business_account":false,"official_business_account":{"oba_status":"NOT_STARTED"},"is_pin_enabled":1,
   "is_on_biz_app":"false","last_onboarded_time":"2023-08-22T19:05:53+0000",
   "webhook_configuration":{"phone_number":"https://p.example","whatsapp_business_account":"https://w.example","application":"https://a.example"},
   "health_status":{"can_send_message":"AVAILABLE","entities":[]}},
   {"id":"2","throughput":[],"webhook_configuration":[],"health_status":[],"official_business_account":null}],
  "paging":{"cursors":{"before":"B","after":"NUM"},"next":"https://graph.facebook.com/x?after=NUM"}},
 "subscribed_apps":{"data":[{"whatsapp_business_api_data":{"id":634974688087057,"name":"Acme Ops","link":"https://l.example"},
   "override_callback_uri":"https://bot.example"}],"paging":{"cursors":{"before":"B","after":"APP"}}},
 "message_templates":{"data":[{"id":"1","name":"order","language":"en_US","status":"approved"}],
  "paging":{"cursors":{"before":"B","after":"LAST"}},
  "summary":{"total_count":"31","message_template_count":30,"message_template_limit":"250"}}
}`

func TestReadAccount(t *testing.T) {
	server := newFakeGraph(t, ok(compositeBody))
	q := AccountQuery{Numbers: true, Apps: true, Templates: true, PageSize: 250}
	got, err := server.client(t).ReadAccount(t.Context(), testWABA, q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "account", got, &Account{
		ID: testWABA, Name: "Acme Garden", Currency: "USD", TimezoneID: "1", Country: "US", Status: "ACTIVE",
		ReviewStatus: "APPROVED", VerificationStatus: "PENDING_NEED_MORE_INFO", OwnershipType: "SELF_OWNED",
		MessagingLimit: "TIER_2K", PrimaryFundingID: "55", InsightsEnabled: ptr(true),
		OwnerBusiness: &Business{ID: "506914307656634", Name: "Acme"},
		Health: &Health{CanSendMessage: "LIMITED", Entities: []HealthEntity{
			{Type: "WABA", ID: testWABA, CanSendMessage: "LIMITED", CanReceiveCallSIP: "BLOCKED", AdditionalInfo: []string{"Soon."}},
			{Type: "APP", ID: "634974688087057", CanSendMessage: "BLOCKED", Errors: []HealthError{
				{Code: 141006, Description: "No payment method", PossibleSolution: "Add one"},
			}},
		}},
		PhoneNumbers: &PhoneNumberPage{After: "NUM", Items: []PhoneNumber{{
			ID: "106540352242922", DisplayPhoneNumber: "+1 555-078-3881", VerifiedName: "Acme Support",
			NameStatus: "AVAILABLE_WITHOUT_REVIEW", NewDisplayName: "Acme", NewNameStatus: "PENDING_REVIEW",
			CodeVerificationStatus: "VERIFIED", QualityRating: "GREEN", Status: "CONNECTED", PlatformType: "CLOUD_API",
			ThroughputLevel: "STANDARD", MessagingLimit: "TIER_250", AccountMode: "LIVE",
			OfficialBusinessAccountStatus: "NOT_STARTED", OfficialBusinessAccount: ptr(false), PinEnabled: ptr(true),
			OnBizApp: ptr(false), LastOnboardedTime: time.Date(2023, 8, 22, 19, 5, 53, 0, time.UTC),
			Webhook: &WebhookConfiguration{PhoneNumber: "https://p.example", Account: "https://w.example", Application: "https://a.example"},
			Health:  &Health{CanSendMessage: "AVAILABLE"},
		}, {ID: "2"}}},
		SubscribedApps: []SubscribedApp{{
			ID: "634974688087057", Name: "Acme Ops", Link: "https://l.example", OverrideCallbackURI: "https://bot.example",
		}},
		SubscribedAppsRead: true,
		UnknownProperties:  []string{"unheard_of"},
		Templates: &TemplatePage{
			Items: []Template{{ID: "1", Name: "order", Language: "en_US", Status: "APPROVED"}}, Count: 30, Limit: 250,
		},
	})
	seen := server.onlyRequest(t)
	equal(t, "method and path", seen.Method+" "+seen.Path, "GET /v25.0/"+testWABA)
	fields := seen.Query.Get("fields")
	for _, part := range []string{
		"id,name,", "health_status", "phone_numbers.limit(100){id,display_phone_number,", ",subscribed_apps,",
		"message_templates.limit(250).summary(total_count,message_template_count,message_template_limit){id,name,language,",
	} {
		if !strings.Contains(fields, part) {
			t.Errorf("%q lacks %q", fields, part)
		}
	}
	if open, closed := strings.Count(fields, "{"), strings.Count(fields, "}"); open != 2 || closed != 2 {
		t.Errorf("braces in %q", fields)
	}
}

func TestReadAccountAsksOnlyForWhatIsWanted(t *testing.T) {
	for _, tc := range []struct {
		q    AccountQuery
		want []string
	}{
		{AccountQuery{}, nil},
		{AccountQuery{Numbers: true}, []string{"phone_numbers"}},
		{AccountQuery{Apps: true}, []string{"subscribed_apps"}},
		{AccountQuery{Templates: true}, []string{"message_templates"}},
	} {
		server := newFakeGraph(t, ok(`{"id":"`+testWABA+`","owner_business":{"id":"5"}}`))
		got, err := server.client(t).ReadAccount(t.Context(), testWABA, tc.q)
		if err != nil {
			t.Fatal(err)
		}
		if (got.PhoneNumbers != nil) != tc.q.Numbers || got.SubscribedAppsRead != tc.q.Apps || (got.Templates != nil) != tc.q.Templates {
			t.Errorf("%+v: got %+v", tc.q, got)
		}
		equal(t, "omitted", got.OmittedEdges, tc.want)
		equal(t, "owner", got.OwnerBusiness, &Business{ID: "5"})
		fields := server.onlyRequest(t).Query.Get("fields")
		for _, edge := range []string{edgeNumbers, edgeApps, edgeTemplates} {
			if strings.Contains(fields, edge) != (len(tc.want) == 1 && tc.want[0] == edge) {
				t.Errorf("%+v: fields %q", tc.q, fields)
			}
		}
	}
}

func TestEmptyAndOddEdges(t *testing.T) {
	for _, tc := range []struct {
		name, edge string
		omitted    bool
		class      Class
	}{
		{"empty page", `{"data":[]}`, false, ""},
		{"null", `null`, true, ""},
		{"empty list", `[]`, true, ""},
		{"no data", `{"paging":{}}`, false, ClassTransient},
		{"data is no list", `{"data":{}}`, false, ClassTransient},
		{"item is no object", `{"data":[1]}`, false, ClassTransient},
		{"item without id", `{"data":[{"name":"n","language":"en"}]}`, false, ClassTransient},
		{"text", `"none"`, false, ClassTransient},
	} {
		for edge, q := range map[string]AccountQuery{
			edgeNumbers: {Numbers: true}, edgeApps: {Apps: true}, edgeTemplates: {Templates: true},
		} {
			t.Run(tc.name+"/"+edge, func(t *testing.T) {
				server := newFakeGraph(t, ok(`{"id":"1","`+edge+`":`+tc.edge+`}`))
				got, err := server.client(t).ReadAccount(t.Context(), testWABA, q)
				if ClassOf(err) != tc.class {
					t.Fatalf("got %v", err)
				}
				if err == nil && (len(got.OmittedEdges) == 1) != tc.omitted {
					t.Errorf("omitted %v", got.OmittedEdges)
				}
			})
		}
	}
}

func TestReadAccountWithManyApps(t *testing.T) {
	app := func(id string) string { return `{"whatsapp_business_api_data":{"id":"` + id + `"}}` }
	server := newFakeGraph(t,
		ok(`{"id":"1","subscribed_apps":{"data":[`+app("1")+`],"paging":{"cursors":{"after":"X"},"next":"https://n"}}}`),
		ok(`{"data":[`+app("1")+`],"paging":{"cursors":{"after":"Y"},"next":"https://n"}}`),
		ok(`{"data":[`+app("2")+`],"paging":{"cursors":{"after":"Z"}}}`))
	got, err := server.client(t).ReadAccount(t.Context(), testWABA, AccountQuery{Apps: true})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "apps", got.SubscribedApps, []SubscribedApp{{ID: "1"}, {ID: "2"}})
	equal(t, "second page", server.all()[2].Query.Get("after"), "Y")
}

func TestUnknownFieldsAreLeftOutForADay(t *testing.T) {
	unknown := func(field string) fakeAnswer {
		return refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (` + field + `) on node type (X)"}}`)
	}
	good := ok(`{"data":[]}`)
	server := newFakeGraph(t, unknown("is_pin_enabled"), unknown("is_on_biz_app"), good, good, good)
	clock := testingclock.NewFakePassiveClock(time.Unix(1790000000, 0))
	c := server.client(t, func(cfg *Config) { cfg.Clock = clock })
	list := func() {
		t.Helper()
		if _, err := c.ListPhoneNumbers(t.Context(), testWABA, ListOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	list()
	list()
	clock.SetTime(clock.Now().Add(unknownFieldTTL))
	list()
	all := server.all()
	for i, want := range []bool{true, false, false, false, true} {
		if got := strings.Contains(all[i].Query.Get("fields"), "is_pin_enabled"); got != want {
			t.Errorf("request %d: is_pin_enabled asked for: %v", i, got)
		}
	}
	if !strings.Contains(all[2].Query.Get("fields"), "health_status") {
		t.Error("the other fields must stay")
	}
}

func TestUnknownFieldsThatMatter(t *testing.T) {
	for name, answers := range map[string][]fakeAnswer{
		"not an account": {refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (message_templates) on node type (Page)"}}`)},
		"no name":        {refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			server := newFakeGraph(t, answers...)
			_, err := server.client(t).ReadAccount(t.Context(), testWABA, AccountQuery{Templates: true})
			if e := mustError(t, err); e.Cause != CauseUnknownField || len(server.all()) != 1 {
				t.Errorf("got %v after %d requests", err, len(server.all()))
			}
		})
	}
}

func TestUnknownFieldsWithoutEnd(t *testing.T) {
	var answers []fakeAnswer
	for i := range 2 * fieldRetries {
		answers = append(answers, refused(`{"error":{"code":100,"message":"Tried accessing nonexisting field (f`+strconv.Itoa(i)+`)"}}`))
	}
	server := newFakeGraph(t, answers...)
	client := server.client(t)
	_, err := client.ReadTemplate(t.Context(), "77")
	e := mustError(t, err)
	if len(client.fields.until) > 0 {
		t.Errorf("fields are remembered that were never asked for: %v", client.fields.until)
	}
	equal(t, "blamed", e.BlameFields, []string{"f" + strconv.Itoa(fieldRetries)})
	equal(t, "requests", len(server.all()), fieldRetries+1)
}

func TestListPhoneNumbers(t *testing.T) {
	server := newFakeGraph(t, ok(`{"data":[{"id":1}],"paging":{"cursors":{"after":"N"},"next":"https://x"}}`))
	got, err := server.client(t).ListPhoneNumbers(t.Context(), testWABA, ListOptions{PageSize: 500, After: "C"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "page", got, &PhoneNumberPage{Items: []PhoneNumber{{ID: "1"}}, After: "N"})
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "GET /v25.0/"+testWABA+"/phone_numbers")
	equal(t, "limit and cursor", []string{seen.Query.Get("limit"), seen.Query.Get("after")}, []string{"100", "C"})
}

func TestEnableInsights(t *testing.T) {
	for _, tc := range []struct {
		body  string
		class Class
	}{
		{`{"id":"1"}`, ""},
		{`{"success":true}`, ""},
		{`{"success":"true"}`, ""},
		{`true`, ""},
		{`{"success":false,"id":"1"}`, ClassUnknown},
		{`{}`, ClassTransient},
		{`false`, ClassTransient},
	} {
		server := newFakeGraph(t, ok(tc.body))
		if err := server.client(t).EnableInsights(t.Context(), testWABA); ClassOf(err) != tc.class {
			t.Errorf("%s: got %v", tc.body, err)
		}
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path+" "+seen.Body, http.MethodPost+" /v25.0/"+testWABA+" ")
		equal(t, "query", seen.Query, url.Values{"is_enabled_for_insights": {"true"}})
	}
}

func TestUpdateAccount(t *testing.T) {
	for _, tc := range []struct {
		update AccountUpdate
		want   string
	}{
		{AccountUpdate{TemplateAutoArchival: ptr(false)}, `{"template_auto_archival_enabled":false}`},
		{
			AccountUpdate{
				Name: "Acme", TimezoneID: "1", DisableMarketingMessages: ptr(false), TemplateAutoArchival: ptr(true),
				CreativeFeatures: []CreativeFeature{{"IMAGE_TOUCHUPS", "OPT_OUT"}},
			},
			`{"name":"Acme","timezone_id":"1","disable_marketing_messages_on_cloud_api":false,"template_auto_archival_enabled":true,` +
				`"degrees_of_freedom_spec":{"creative_features_spec":{"image_touchups":{"enroll_status":"OPT_OUT"}}}}`,
		},
	} {
		server := newFakeGraph(t, ok(`{"success":true}`))
		if err := server.client(t).UpdateAccount(t.Context(), testWABA, tc.update); err != nil {
			t.Fatal(err)
		}
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path+" "+seen.Query.Encode(), http.MethodPost+" /v25.0/"+testWABA+" ")
		equal(t, "body", seen.Body, tc.want)
	}
	server := newFakeGraph(t)
	c := server.client(t)
	for name, err := range map[string]error{
		"nothing":     c.UpdateAccount(t.Context(), testWABA, AccountUpdate{}),
		"elsewhere":   c.UpdateAccount(t.Context(), "me", AccountUpdate{Name: "x"}),
		"bad feature": c.UpdateAccount(t.Context(), testWABA, AccountUpdate{CreativeFeatures: []CreativeFeature{{"", "OPT_IN"}}}),
	} {
		if ClassOf(err) != ClassInvalidSpec {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if all := server.all(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}
