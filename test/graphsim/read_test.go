// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func TestAccountFields(t *testing.T) {
	f := newFixture(t)
	cases := []struct {
		name, path string
		keys       []string
		code       int
		message    string
	}{
		{"default", "/v25.0/" + testWABA, []string{"id", "message_template_namespace", "name", "timezone_id"}, 0, ""},
		{"no version", "/" + testWABA + "?fields=name", []string{"id", "name"}, 0, ""},
		{"any version", "/v31.7/" + testWABA + "?fields=name,whatsapp_business_manager_messaging_limit", []string{"id", "name", "whatsapp_business_manager_messaging_limit"}, 0, ""},
		{"unknown field", "/v25.0/" + testWABA + "?fields=name,x", nil, 100, "(#100) Tried accessing nonexisting field (x) on node type (WhatsAppBusinessAccount)"},
		{"unknown nested field", "/v25.0/" + testWABA + "?fields=phone_numbers{id,y}", nil, 100, "(#100) Tried accessing nonexisting field (y) on node type (WhatsAppBusinessPhoneNumber)"},
		{"field of v24", "/v23.0/" + testWABA + "?fields=whatsapp_business_manager_messaging_limit", nil, 100, ""},
		{"broken fields", "/v25.0/" + testWABA + "?fields=phone_numbers{id", nil, 2500, ""},
		{"multi-get", "/v25.0/?ids=" + testWABA, nil, 100, ""},
		{"unknown path", "/v25.0/nonsense", nil, 2500, "Unknown path components: /nonsense"},
		{"unknown edge", "/v25.0/" + testWABA + "/nonsense", nil, 2500, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := f.get(c.path)
			if c.code != 0 {
				f.refused(got, c.code, 0)
				if m := got.failure()["message"]; c.message != "" && m != c.message {
					t.Errorf("message %v", m)
				}
				return
			}
			if have := keys(f.must(got).body); !slices.Equal(have, c.keys) {
				t.Errorf("%v, want %v", have, c.keys)
			}
		})
	}
}

func TestAccountValues(t *testing.T) {
	f := newFixture(t)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.VerificationStatus = "VERIFIED"; a.PrimaryFundingID = "" })
	got := f.must(f.get("/v25.0/" + testWABA + "?fields=business_verification_status,primary_funding_id,health_status,owner_business{name}"))
	if v := got.text("business_verification_status"); v != "verified" {
		t.Errorf("%q, lower case on the wire", v)
	}
	if _, there := got.body["primary_funding_id"]; there {
		t.Error("primary_funding_id must be absent without a payment method")
	}
	health, _ := got.body["health_status"].(map[string]any)
	if health["can_send_message"] != "BLOCKED" || !strings.Contains(string(got.raw), "141006") {
		t.Errorf("%s", got.raw)
	}
}

func TestInsightsAreAOneWaySwitch(t *testing.T) {
	f := newFixture(t)
	f.refused(f.get("/v25.0/"+testWABA+"/template_analytics"), 200007, 0)
	got := f.must(f.do(http.MethodPost, "/v25.0/"+testWABA+"?is_enabled_for_insights=true", nil))
	if got.text("id") != testWABA {
		t.Errorf("%s", got.raw)
	}
	f.refused(f.do(http.MethodPost, "/v25.0/"+testWABA, map[string]any{"is_enabled_for_insights": false}), 200006, 0)
	got = f.must(f.get("/v25.0/" + testWABA + "?fields=is_enabled_for_insights"))
	if got.body["is_enabled_for_insights"] != true {
		t.Errorf("%s", got.raw)
	}
}

func TestNestedEdges(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	fields := "id,phone_numbers.limit(100){id,status},subscribed_apps{whatsapp_business_api_data},message_templates.limit(10).summary(message_template_count,message_template_limit){name,status}"
	got := f.must(f.get("/v25.0/" + testWABA + "?fields=" + url.QueryEscape(fields)))
	numbers, _ := got.body["phone_numbers"].(map[string]any)
	if n := objects(numbers["data"]); len(n) != 1 || !slices.Equal(keys(n[0]), []string{"id", "status"}) {
		t.Errorf("numbers %v", n)
	}
	apps, _ := got.body["subscribed_apps"].(map[string]any)
	if a := objects(apps["data"]); len(a) != 1 || a[0]["whatsapp_business_api_data"].(map[string]any)["id"] != testApp {
		t.Errorf("apps %v", a)
	}
	templates, _ := got.body["message_templates"].(map[string]any)
	if n := len(objects(templates["data"])); n != 10 {
		t.Errorf("%d templates", n)
	}
	summary, _ := templates["summary"].(map[string]any)
	if summary["message_template_count"] != 30.0 || summary["message_template_limit"] != 6000.0 {
		t.Errorf("summary %v", summary)
	}
	paging, _ := templates["paging"].(map[string]any)
	cursors, _ := paging["cursors"].(map[string]any)
	rest := f.collect("limit=10&fields=name&after=" + url.QueryEscape(cursors["after"].(string)))
	if len(rest) != 20 {
		t.Errorf("%d templates behind the nested page", len(rest))
	}
}

// collect follows cursors to the end of a template list and returns the names.
func (f *fixture) collect(query string) []string {
	f.t.Helper()
	var names []string
	after := ""
	for range 1000 {
		path := "/v25.0/" + testWABA + "/message_templates?" + query
		if after != "" {
			path = "/v25.0/" + testWABA + "/message_templates?limit=10&fields=name&after=" + url.QueryEscape(after)
		}
		got := f.must(f.get(path))
		for _, o := range got.list() {
			names = append(names, o["name"].(string))
		}
		paging, _ := got.body["paging"].(map[string]any)
		if paging["next"] == nil {
			return names
		}
		after = paging["cursors"].(map[string]any)["after"].(string)
	}
	f.t.Fatal("the list never ends")
	return nil
}

func TestListPages(t *testing.T) {
	f := newFixture(t, WithMaxPageSize(40))
	for i := range 90 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	for limit, want := range map[string]int{"": 25, "limit=7": 7, "limit=500": 40, "limit=0": 25, "limit=x": 25} {
		got := f.must(f.get("/v25.0/" + testWABA + "/message_templates?" + limit))
		if n := len(got.list()); n != want {
			t.Errorf("%q: %d items, want %d", limit, n, want)
		}
		next, _ := got.body["paging"].(map[string]any)["next"].(string)
		if !strings.HasPrefix(next, "https://graph.facebook.com/") || strings.Contains(next, testToken) {
			t.Errorf("next %q", next)
		}
	}
	names := f.collect("limit=10&fields=name")
	if slices.Sort(names); len(slices.Compact(names)) != 90 {
		t.Errorf("%d names", len(names))
	}
}

func TestCursorsHoldWhileTheListChanges(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	first := f.must(f.get("/v25.0/" + testWABA + "/message_templates?limit=10&fields=name"))
	names := []string{}
	for _, o := range first.list() {
		names = append(names, o["name"].(string))
	}
	f.sim.AddTemplate(testWABA, Template{Name: "new"})
	f.sim.DeleteInManager(f.template("t20").ID) // the last of the first page
	after := first.body["paging"].(map[string]any)["cursors"].(map[string]any)["after"].(string)
	names = append(names, f.collect("limit=10&fields=name&after="+url.QueryEscape(after))...)
	if slices.Sort(names); len(names) != 30 || len(slices.Compact(names)) != 30 || slices.Contains(names, "new") {
		t.Errorf("%d: %v", len(names), names)
	}
}

func TestBadCursors(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	path := testWABA + "/message_templates?after="
	f.refused(f.get("/v24.0/"+path+"garbage"), 131059, 0)
	f.refused(f.get("/"+path+"garbage"), 131059, 0)
	f.refused(f.get("/v23.0/"+path+"garbage"), 100, 0)
	page := f.must(f.get("/v25.0/" + testWABA + "/message_templates"))
	after := url.QueryEscape(page.body["paging"].(map[string]any)["cursors"].(map[string]any)["after"].(string))
	f.refused(f.get("/v25.0/"+testWABA+"/phone_numbers?after="+after), 131059, 0)
	f.must(f.get("/v25.0/" + path + after))
	f.clock.Step(time.Hour + time.Second)
	f.refused(f.get("/v25.0/"+path+after), 131059, 0)
}

func TestListFilters(t *testing.T) {
	f := newFixture(t)
	for _, x := range []Template{
		{Name: "order"}, {Name: "order_sent", Status: "REJECTED"}, {Name: "reorder", Language: "de", Category: "MARKETING"},
		{Name: "other", QualityScore: "RED", Status: "ARCHIVED"},
	} {
		f.sim.AddTemplate(testWABA, x)
	}
	cases := []struct {
		query string
		want  []string
	}{
		{"name=order", []string{"order", "order_sent", "reorder"}}, // partial: Meta's habit
		{"name=nothing", nil},
		{"status=approved", []string{"order", "reorder"}},
		{`status=["REJECTED","ARCHIVED"]`, []string{"order_sent", "other"}},
		{"category=MARKETING", []string{"reorder"}},
		{"language=de,fr", []string{"reorder"}},
		{"quality_score=RED", []string{"other"}},
		{"name_or_content=SENT", []string{"order_sent"}},
		{"content=come+back", []string{"order", "order_sent", "other", "reorder"}},
		{"", []string{"order", "order_sent", "other", "reorder"}},
	}
	for _, c := range cases {
		got := f.must(f.get("/v25.0/" + testWABA + "/message_templates?fields=name&" + replace(replace(c.query, `"`, "%22"), " ", "+")))
		var names []string
		for _, o := range got.list() {
			names = append(names, o["name"].(string))
		}
		if slices.Sort(names); !slices.Equal(names, c.want) {
			t.Errorf("%s: %v, want %v", c.query, names, c.want)
		}
	}
	f.refused(f.get("/v25.0/"+testWABA+"/message_templates?status=NEW"), 100, 0)
}

func TestEmptyPages(t *testing.T) {
	f := newFixture(t, WithEmptyPages())
	for i := range 35 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	if n := len(f.collect("limit=10&fields=name")); n != 35 {
		t.Errorf("%d names", n)
	}
	if n := len(f.sim.Requests()); n != 7 {
		t.Errorf("%d calls, want 4 pages and 3 empty ones", n)
	}
}

func TestDataLimit(t *testing.T) {
	f := newFixture(t, WithDataLimit(2000))
	for i := range 30 {
		f.sim.AddTemplate(testWABA, Template{Name: fmt.Sprintf("t%02d", i)})
	}
	got := f.refused(f.get("/v25.0/"+testWABA+"/message_templates"), 1, 0)
	if !strings.Contains(got.failure()["message"].(string), "reduce the amount of data") {
		t.Errorf("%s", got.raw)
	}
	f.must(f.get("/v25.0/" + testWABA + "/message_templates?limit=3"))
}

// readBack creates a template and returns its components as read.
func (f *fixture) readBack(request string) []component {
	f.t.Helper()
	id := f.must(f.create(request)).text("id")
	got := f.must(f.get("/v25.0/" + id + "?fields=components"))
	var out struct{ Components []component }
	if err := json.Unmarshal(got.raw, &out); err != nil {
		f.t.Fatal(err)
	}
	return out.Components
}

func TestReadBackDiffers(t *testing.T) {
	f := newFixture(t)
	got := f.readBack(`{"name":"mixed","language":"en_US","category":"utility","components":[
		{"type":"buttons","buttons":[{"type":"phone_number","text":"Call","phone_number":"+49 0170 123-4567"},
			{"type":"url","text":"Open","url":"https://example.com/{{1}}","example":"A1"},
			{"type":"flow","text":"Form","flow_name":"my_form"}]},
		{"type":"body","text":"Your parcel has left our warehouse."}]}`)
	if got[0].Type != "BODY" || got[1].Type != "BUTTONS" {
		t.Fatalf("order or case: %+v", got)
	}
	b := got[1].Buttons
	if b[0].Type != "PHONE_NUMBER" || b[0].PhoneNumber != "+491701234567" {
		t.Errorf("phone %+v", b[0])
	}
	if !slices.Equal(b[1].Example.values, words{"https://example.com/A1"}) {
		t.Errorf("url %+v", b[1])
	}
	if b[2].FlowName != "" || b[2].FlowID == "" {
		t.Errorf("flow %+v", b[2])
	}
}

func TestReadBackOfAuthentication(t *testing.T) {
	f := newFixture(t)
	got := f.readBack(`{"name":"login","language":"en_US","category":"AUTHENTICATION","components":[{"type":"BODY","add_security_recommendation":true},
		{"type":"FOOTER","code_expiration_minutes":5},{"type":"BUTTONS","buttons":[{"type":"OTP","otp_type":"COPY_CODE"}]}]}`)
	const target = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=5&code=otp"
	b := got[2].Buttons[0]
	if got[0].Text != "*{{1}}* is your verification code. For your security, do not share this code." || got[1].Text != "This code expires in 5 minutes." ||
		b.Type != "URL" || b.Text != "Copy code" || b.URL != target+"{{1}}" || !slices.Equal(b.Example.values, words{target + "123456"}) {
		t.Errorf("%+v", got)
	}
}

func TestMediaSamplesBecomeURLsThatChange(t *testing.T) {
	f := newFixture(t)
	handle := f.sim.AddHandle(Handle{})
	id := f.must(f.create(`{"name":"pic","language":"en_US","category":"UTILITY","components":[{"type":"HEADER","format":"IMAGE","example":{"header_handle":["` + handle + `"]}},
		{"type":"BODY","text":"Your parcel has left our warehouse."}]}`)).text("id")
	first, second := f.must(f.get("/v25.0/"+id)), f.must(f.get("/v25.0/"+id))
	if string(first.raw) == string(second.raw) || strings.Contains(string(first.raw), "4::") || !strings.Contains(string(first.raw), "https://scontent.whatsapp.net/") {
		t.Errorf("%s\n%s", first.raw, second.raw)
	}
}

func TestTemplateFields(t *testing.T) {
	f := newFixture(t)
	id := f.sim.AddTemplate(testWABA, Template{Name: "one"})
	if len(id) != 15 && len(id) != 16 {
		t.Errorf("id %q", id)
	}
	got := f.must(f.get("/v25.0/" + id))
	if have := keys(got.body); !slices.Equal(have, []string{"category", "components", "id", "language", "name", "parameter_format", "status"}) {
		t.Errorf("%v", have)
	}
	got = f.must(f.get("/v25.0/" + id + "?fields=rejected_reason,quality_score,last_updated_time"))
	score, _ := got.body["quality_score"].(map[string]any)
	if got.text("rejected_reason") != "NONE" || score["score"] != "UNKNOWN" || got.body["last_updated_time"] != float64(testStart.Unix()) {
		t.Errorf("%s", got.raw)
	}
	before := f.template("one").LastUpdatedTime
	f.clock.Step(time.Minute)
	f.sim.EditInManager(id, func(x *Template) { x.Components = json.RawMessage(`[{"type":"BODY","text":"Changed by a person."}]`) })
	if x := f.template("one"); !x.LastUpdatedTime.After(before) || !strings.Contains(string(x.Components), "Changed") {
		t.Errorf("%+v", x)
	}
}

func TestLibrary(t *testing.T) {
	f := newFixture(t)
	got := f.must(f.create(`{"name":"lib","language":"en_US","category":"UTILITY","library_template_name":"delivery_update_1",
		"library_template_button_inputs":"[{'type': 'URL', 'url': {'base_url': 'https://example.com/{{1}}', 'url_suffix_example': 'https://example.com/1'}}]"}`))
	if got.text("status") != "APPROVED" {
		t.Errorf("%s", got.raw)
	}
	if x := f.template("lib"); x.LibraryTemplateName != "delivery_update_1" || !strings.Contains(string(x.Components), "https://example.com/{{1}}") {
		t.Errorf("%+v", x)
	}
	f.refused(f.create(`{"name":"lib2","language":"en_US","category":"UTILITY","library_template_name":"delivery_update_1"}`), 100, 0)

	passcode := `{"name":"code","language":"en_US","category":"AUTHENTICATION","library_template_name":"verify_code_1","library_template_button_inputs":[%s]}`
	f.refused(f.create(fmt.Sprintf(passcode, `{"type":"OTP","otp_type":"ZERO_TAP","zero_tap_terms_accepted":true}`)), 100, 2388043)
	f.must(f.create(fmt.Sprintf(passcode, `{"type":"OTP","otp_type":"ZERO_TAP","zero_tap_terms_accepted":true,
		"supported_apps":[{"package_name":"com.example.app","signature_hash":"K8a/AINcGX7"}]}`)))
	if x := f.template("code"); !strings.Contains(string(x.Components), "otp_type=ZERO_TAP") || !strings.Contains(string(x.Components), "is your verification code") {
		t.Errorf("%+v", x)
	}
}

func TestSubscribedApps(t *testing.T) {
	f := newFixture(t)
	path := "/v25.0/" + testWABA + "/subscribed_apps"
	override := map[string]any{"override_callback_uri": "https://bot.example.com/wa", "verify_token": "made-up-verify"}
	f.must(f.do(http.MethodDelete, path, nil))
	f.refused(f.do(http.MethodPost, path, override), 100, 0) // first subscribe
	f.must(f.do(http.MethodPost, path, nil))
	f.must(f.do(http.MethodPost, path, override))
	if got := f.get(path).list(); got[0]["override_callback_uri"] != "https://bot.example.com/wa" {
		t.Errorf("%v", got)
	}
	f.must(f.do(http.MethodPost, path, nil))
	if got := f.get(path).list(); got[0]["override_callback_uri"] != nil {
		t.Errorf("a plain subscription must remove the override: %v", got)
	}
	for _, r := range f.sim.Requests() {
		if strings.Contains(string(r.Body), "made-up-verify") {
			t.Errorf("verify token in the log: %s", r.Body)
		}
	}
}

func TestRemovedAccount(t *testing.T) {
	f := newFixture(t)
	id := f.sim.AddTemplate(testWABA, Template{Name: "one"})
	f.sim.RemoveAccount(testWABA)
	f.refused(f.get("/v25.0/"+testWABA), 100, 33)
	f.refused(f.get("/v25.0/"+id), 100, 33)
}
