// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"
)

func page(after string, more bool, names ...string) string {
	items := ""
	for i, name := range names {
		if i > 0 {
			items += ","
		}
		items += fmt.Sprintf(`{"id":"%d","name":%q,"language":"en"}`, i+1, name)
	}
	next := ""
	if more {
		next = `,"next":"https://graph.facebook.com/v25.0/1/message_templates?access_token=x&after=` + url.QueryEscape(after) + `"`
	}
	return `{"data":[` + items + `],"paging":{"cursors":{"before":"B","after":"` + after + `"}` + next + `}}`
}

func TestListTemplates(t *testing.T) {
	for _, tc := range []struct {
		name, body   string
		items        int
		after        string
		count, limit int
	}{
		{"last page has cursors", page("A", false, "a"), 1, "", -1, -1},
		{"more", page("A", true, "a", "b"), 2, "A", -1, -1},
		{"empty with more", page("A", true), 0, "A", -1, -1},
		{"no paging", `{"data":[]}`, 0, "", -1, -1},
		{"cursor only in next", `{"data":[],"paging":{"next":"https://g/x?limit=1&after=Q%3D%3D"}}`, 0, "Q==", -1, -1},
		{"summary", `{"data":[],"summary":{"total_count":3,"message_template_count":"4","message_template_limit":250}}`, 0, "", 4, 250},
		{"total only", `{"data":[],"summary":{"total_count":3}}`, 0, "", 3, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(tc.body))
			got, err := server.client(t).ListTemplates(t.Context(), testWABA, ListOptions{PageSize: 7, After: "C/="})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Items) != tc.items || got.After != tc.after || got.Count != tc.count || got.Limit != tc.limit {
				t.Errorf("got %+v", got)
			}
			seen := server.onlyRequest(t)
			equal(t, "request", seen.Method+" "+seen.Path, "GET /v25.0/"+testWABA+"/message_templates")
			fields := seen.Query.Get("fields")
			seen.Query.Del("fields")
			equal(t, "query", seen.Query, url.Values{"limit": {"7"}, "after": {"C/="}, "summary": {templateSummary}})
			if fields == "" {
				t.Error("no fields")
			}
		})
	}
}

func TestListTemplatesWithoutUsableCursor(t *testing.T) {
	for _, next := range []string{"https://g/x?limit=1", "://", "1"} {
		server := newFakeGraph(t, ok(`{"data":[],"paging":{"next":"`+next+`"}}`))
		_, err := server.client(t).ListTemplates(t.Context(), testWABA, ListOptions{})
		if e := mustError(t, err); e.Class != ClassTransient || e.Cause != CauseBadBody {
			t.Errorf("%s: a page that may not be the last was accepted as the last: %v", next, err)
		}
	}
}

const badCursor = `{"error":{"code":131059,"message":"Invalid cursor"}}`

func TestFindTemplates(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []fakeAnswer
		want    []string // ids
		cursors []string
	}{
		{"exact name only", []fakeAnswer{ok(page("A", false, "order_late", "order", "my_order", "order"))}, []string{"2", "4"}, []string{""}},
		{"none", []fakeAnswer{ok(`{"data":[]}`)}, nil, []string{""}},
		{"all pages", []fakeAnswer{ok(page("A", true, "order")), ok(page("B", true)), ok(page("C", false, "x", "order"))}, []string{"1", "2"}, []string{"", "A", "B"}},
		{
			"restart drops what was read",
			[]fakeAnswer{ok(page("A", true, "order")), refused(badCursor), ok(page("A", true, "order")), ok(page("B", false, "x", "order"))},
			[]string{"1", "2"},
			[]string{"", "A", "", "A"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answers...)
			got, err := server.client(t).FindTemplates(t.Context(), testWABA, "order")
			if err != nil {
				t.Fatal(err)
			}
			var ids, cursors []string
			for _, item := range got {
				ids = append(ids, item.ID)
			}
			for _, seen := range server.all() {
				cursors = append(cursors, seen.Query.Get("after"))
				equal(t, "name", seen.Query.Get("name"), "order")
			}
			equal(t, "ids", ids, tc.want)
			equal(t, "cursors", cursors, tc.cursors)
		})
	}
}

func TestFindTemplatesGivesUp(t *testing.T) {
	loop := []fakeAnswer{ok(page("A", true)), ok(page("B", true)), ok(page("A", true))}
	var endless []fakeAnswer
	for i := range maxPages + 1 {
		endless = append(endless, ok(page(strconv.Itoa(i), true)))
	}
	for _, tc := range []struct {
		name     string
		answers  []fakeAnswer
		class    Class
		cause    Cause
		requests int
	}{
		{"cursors in a circle", loop, ClassUnknown, CauseBadCursor, 3},
		{"cursors without end", endless, ClassUnknown, CauseBadCursor, maxPages},
		{"second bad cursor", []fakeAnswer{ok(page("A", true)), refused(badCursor), ok(page("A", true)), refused(badCursor)}, ClassTransient, CauseBadCursor, 4},
		{"bad cursor without one", []fakeAnswer{refused(badCursor)}, ClassTransient, CauseBadCursor, 1},
		{"error on a later page", []fakeAnswer{ok(page("A", true, "order")), refused(`{"error":{"code":80008}}`)}, ClassThrottled, "", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answers...)
			got, err := server.client(t).FindTemplates(t.Context(), testWABA, "order")
			e := mustError(t, err)
			if got != nil || e.Class != tc.class || e.Cause != tc.cause || e.Op != OpFindTemplates || len(server.all()) != tc.requests {
				t.Errorf("got %v after %d requests", err, len(server.all()))
			}
		})
	}
}

func TestReadTemplate(t *testing.T) {
	server := newFakeGraph(t, ok(`{"id":1387372356726668,"name":"order","language":"en_US","status":"approved","category":"Marketing",
		"previous_category":"utility","correct_category":null,"sub_category":"CUSTOM","rejected_reason":"none",
		"quality_score":{"score":"green","date":1758754645,"reasons":["SPAM"]},"parameter_format":"named",
		"message_send_ttl_seconds":"-1","last_updated_time":"1758754646","library_template_name":"lib","novelty":{"a":1},
		"components":[{"type":"body","text":"Hi"}]}`))
	got, err := server.client(t).ReadTemplate(t.Context(), "1387372356726668")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "template", got, &Template{
		ID: "1387372356726668", Name: "order", Language: "en_US", Status: "APPROVED", Category: "MARKETING",
		PreviousCategory: "UTILITY", SubCategory: "CUSTOM", RejectedReason: "NONE", ParameterFormat: "NAMED",
		LibraryTemplateName: "lib", QualityScore: "GREEN", QualityDate: time.Unix(1758754645, 0).UTC(),
		QualityReasons: []string{"SPAM"}, MessageSendTTLSeconds: ptr(int64(-1)),
		LastUpdatedTime: time.Unix(1758754646, 0).UTC(), Components: []Component{{Type: "BODY", Text: "Hi"}},
	})
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "GET /v25.0/1387372356726668")

	server = newFakeGraph(t, ok(`{"id":"1","name":"n","language":"en","quality_score":"yellow"}`))
	if got, err = server.client(t).ReadTemplate(t.Context(), "1"); err != nil || got.QualityScore != "YELLOW" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadMaxPrice(t *testing.T) {
	price := &MaxPrice{AmountPer1000: 87000, Strategy: StrategyBidCap}
	for name, tc := range map[string]struct {
		answer  string
		want    *MaxPrice
		unread  bool
		unknown []string
	}{
		"none":              {``, nil, false, nil},
		"null":              {`,"optimization_spec":null`, nil, false, nil},
		"an empty list":     {`,"optimization_spec":[]`, nil, false, nil},
		"a price":           {`,"optimization_spec":{"bid_strategy":"LOWEST_COST_WITH_BID_CAP","bid_amount":87000}`, price, false, nil},
		"as text":           {`,"optimization_spec":{"bid_strategy":"lowest_cost_with_bid_cap","bid_amount":"87000"}`, price, false, nil},
		"another strategy":  {`,"optimization_spec":{"bid_strategy":"COST_CAP","bid_amount":5}`, &MaxPrice{5, "COST_CAP"}, false, nil},
		"no amount":         {`,"optimization_spec":{"bid_strategy":"COST_CAP"}`, nil, true, nil},
		"no strategy":       {`,"optimization_spec":{"bid_amount":5}`, nil, true, nil},
		"no price":          {`,"optimization_spec":{"bid_strategy":"LOWEST_COST_WITH_BID_CAP","bid_amount":0}`, nil, true, nil},
		"no object":         {`,"optimization_spec":"87000"`, nil, true, nil},
		"something further": {`,"optimization_spec":{"bid_strategy":"LOWEST_COST_WITH_BID_CAP","bid_amount":87000,"pacing":{"type":"EVEN"}}`, price, false, []string{"optimization_spec.pacing"}},
	} {
		got, err := newFakeGraph(t, ok(`{"id":"1","name":"n","language":"en"`+tc.answer+`}`)).client(t).ReadTemplate(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, got.MaxPrice, tc.want)
		equal(t, name, got.MaxPriceUnread, tc.unread)
		equal(t, name, got.UnknownProperties, tc.unknown)
	}
}

// TestMaxPriceUnread: where the version of the API doesn't know the field, its absence says nothing.
func TestMaxPriceUnread(t *testing.T) {
	refusal := refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (optimization_spec) on node type (WhatsAppBusinessHSM)"}}`)
	const one = `{"id":"1","name":"n","language":"en"}`
	for name, read := range map[string]struct {
		answer string
		call   func(*Client) (*Template, error)
	}{
		"one": {one, func(c *Client) (*Template, error) { return c.ReadTemplate(t.Context(), "1") }},
		"a page": {`{"data":[` + one + `]}`, func(c *Client) (*Template, error) {
			page, err := c.ListTemplates(t.Context(), testWABA, ListOptions{})
			return &page.Items[0], err
		}},
		"with the account": {`{"id":"1","message_templates":{"data":[` + one + `]}}`, func(c *Client) (*Template, error) {
			account, err := c.ReadAccount(t.Context(), testWABA, AccountQuery{Templates: true})
			return &account.Templates.Items[0], err
		}},
	} {
		c := newFakeGraph(t, refusal, ok(read.answer), ok(read.answer)).client(t)
		for range 2 {
			if got, err := read.call(c); err != nil || !got.MaxPriceUnread || got.MaxPrice != nil {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if got, err := read.call(newFakeGraph(t, ok(read.answer)).client(t)); err != nil || got.MaxPriceUnread {
			t.Errorf("%s, known: %+v, %v", name, got, err)
		}
	}
}

func TestCreateTemplate(t *testing.T) {
	content := TemplateContent{
		Name: "order", Language: "en_US", Category: "UTILITY", ParameterFormat: "NAMED", SubCategory: "ORDER_STATUS",
		DisplayFormat: "ORDER_DETAILS", MessageSendTTLSeconds: ptr(int64(-1)),
		Components: []Component{
			{Type: "BODY", Text: "Hi {{1}} & <b>", Example: &Example{BodyText: [][]string{{"Ana"}}}},
			{Type: "BUTTONS", Buttons: []Button{{Type: "COPY_CODE", Example: []string{"X1"}}}},
		},
	}
	content.MaxPrice = &MaxPrice{AmountPer1000: 87000, Strategy: StrategyBidCap}
	const want = `{"name":"order","language":"en_US","category":"UTILITY","parameter_format":"NAMED","sub_category":"ORDER_STATUS",` +
		`"display_format":"ORDER_DETAILS","message_send_ttl_seconds":-1,"optimization_spec":{"bid_amount":87000,"bid_strategy":"LOWEST_COST_WITH_BID_CAP"},"components":[{"type":"BODY","text":"Hi {{1}} \u0026 \u003cb\u003e",` +
		`"example":{"body_text":[["Ana"]]}},{"type":"BUTTONS","buttons":[{"type":"COPY_CODE","example":"X1"}]}]}`
	for range 3 { // the same bytes every time
		server := newFakeGraph(t, ok(`{"id":572279198452421,"status":"pending","category":"MARKETING"}`))
		got, err := server.client(t).CreateTemplate(t.Context(), testWABA, content)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "created", got, &TemplateCreated{ID: "572279198452421", Status: "PENDING", Category: "MARKETING"})
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path, "POST /v25.0/"+testWABA+"/message_templates")
		equal(t, "body", seen.Body, want)
		equal(t, "content type", seen.Header.Get("Content-Type"), "application/json")
	}
}

// A create whose answer says nothing must not look as if it had failed for good: the template may exist.
func TestCreateTemplateWithoutID(t *testing.T) {
	for _, body := range []string{`{}`, `{"success":true}`, `true`, ``} {
		server := newFakeGraph(t, ok(body))
		got, err := server.client(t).CreateTemplate(t.Context(), testWABA, TemplateContent{Name: "n"})
		if got != nil || ClassOf(err) != ClassTransient {
			t.Errorf("%q: got %+v, %v", body, got, err)
		}
	}
}

func TestEditTemplate(t *testing.T) {
	for _, tc := range []struct {
		name    string
		content TemplateContent
		want    string
	}{
		{"approved", TemplateContent{Name: "order", Language: "en", Components: []Component{{Type: "BODY", Text: "Hi"}}}, `{"components":[{"type":"BODY","text":"Hi"}]}`},
		{"price alone", TemplateContent{MaxPrice: &MaxPrice{AmountPer1000: 4000, Strategy: "X"}}, `{"optimization_spec":{"bid_amount":4000,"bid_strategy":"X"}}`},
		{"with category", TemplateContent{Category: "UTILITY", MessageSendTTLSeconds: ptr(int64(60))}, `{"category":"UTILITY","message_send_ttl_seconds":60}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(`{"success":true}`))
			if err := server.client(t).EditTemplate(t.Context(), "77", tc.content); err != nil {
				t.Fatal(err)
			}
			seen := server.onlyRequest(t)
			equal(t, "request", seen.Method+" "+seen.Path, "POST /v25.0/77")
			equal(t, "body", seen.Body, tc.want)
		})
	}
}

func TestDeleteTemplate(t *testing.T) {
	server := newFakeGraph(t, ok(`{"success":true}`))
	if err := server.client(t).DeleteTemplate(t.Context(), testWABA, "order", "77"); err != nil {
		t.Fatal(err)
	}
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path, "DELETE /v25.0/"+testWABA+"/message_templates")
	equal(t, "query", seen.Query, url.Values{"hsm_id": {"77"}, "name": {"order"}})
}

func TestCallsThatMustNotBeMade(t *testing.T) {
	server := newFakeGraph(t)
	c := server.client(t)
	badLink := Component{Type: "BUTTONS", Buttons: []Button{{Type: "URL", AppDeepLink: &AppDeepLink{MetaAppID: "x1"}}}}
	for name, call := range map[string]func(context.Context) error{
		"delete without id":      func(ctx context.Context) error { return c.DeleteTemplate(ctx, testWABA, "order", "") },
		"delete without name":    func(ctx context.Context) error { return c.DeleteTemplate(ctx, testWABA, "", "77") },
		"delete without account": func(ctx context.Context) error { return c.DeleteTemplate(ctx, "", "order", "77") },
		"edit in another place":  func(ctx context.Context) error { return c.EditTemplate(ctx, "77/unpause", TemplateContent{}) },
		"edit with a query":      func(ctx context.Context) error { return c.EditTemplate(ctx, "77?x=1", TemplateContent{}) },
		"edit with bad link": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{Components: []Component{badLink}})
		},
		"create with bad link": func(ctx context.Context) error {
			_, err := c.CreateTemplate(ctx, testWABA, TemplateContent{Components: []Component{badLink}})
			return err
		},
		"edit of nothing": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{Name: "n", Language: "en"})
		},
		"edit of a library's text": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{Library: &LibraryInputs{TemplateName: "lib"}, Components: []Component{{Type: "BODY", Text: "Hi"}}})
		},
		"edit of link tracking alone": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{LinkTrackingOptedOut: ptr(true), Components: []Component{{Type: "BODY", Text: "Hi"}}})
		},
		"edit with a nameless feature": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{CreativeFeatures: []CreativeFeature{{"", "OPT_IN"}}})
		},
		"edit with an undecided feature": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{CreativeFeatures: []CreativeFeature{{"image_touchups", ""}}})
		},
		"create with a feature twice": func(ctx context.Context) error {
			_, err := c.CreateTemplate(ctx, testWABA, TemplateContent{CreativeFeatures: []CreativeFeature{{"image_touchups", "OPT_IN"}, {"IMAGE_TOUCHUPS", "OPT_OUT"}}})
			return err
		},
		"edit of a price without strategy": func(ctx context.Context) error {
			return c.EditTemplate(ctx, "77", TemplateContent{MaxPrice: &MaxPrice{AmountPer1000: 5}})
		},
		"create with a price of nothing": func(ctx context.Context) error {
			_, err := c.CreateTemplate(ctx, testWABA, TemplateContent{MaxPrice: &MaxPrice{Strategy: StrategyBidCap}})
			return err
		},
		"create from an unnamed library": func(ctx context.Context) error {
			_, err := c.CreateTemplate(ctx, testWABA, TemplateContent{Library: &LibraryInputs{}})
			return err
		},
		"unpause another place": func(ctx context.Context) error { return c.UnpauseTemplate(ctx, "77/x") },
		"unpause nothing":       func(ctx context.Context) error { return c.UnpauseTemplate(ctx, "") },
		"create nowhere":        func(ctx context.Context) error { _, err := c.CreateTemplate(ctx, "..", TemplateContent{}); return err },
		"read me":               func(ctx context.Context) error { _, err := c.ReadTemplate(ctx, "me"); return err },
		"find without":          func(ctx context.Context) error { _, err := c.FindTemplates(ctx, testWABA, ""); return err },
		"find nowhere":          func(ctx context.Context) error { _, err := c.FindTemplates(ctx, "x", "order"); return err },
		"account":               func(ctx context.Context) error { _, err := c.ReadAccount(ctx, "me", AccountQuery{}); return err },
		"account options":       func(ctx context.Context) error { _, err := c.ReadAccountOptional(ctx, "me", nil); return err },
		"templates":             func(ctx context.Context) error { _, err := c.ListTemplates(ctx, "", ListOptions{}); return err },
		"numbers":               func(ctx context.Context) error { _, err := c.ListPhoneNumbers(ctx, "", ListOptions{}); return err },
		"apps":                  func(ctx context.Context) error { _, err := c.ListSubscribedApps(ctx, "1 2"); return err },
		"users":                 func(ctx context.Context) error { _, err := c.ListAssignedUsers(ctx, testWABA, ""); return err },
		"insights":              func(ctx context.Context) error { return c.EnableInsights(ctx, "１２") },
		"endless id":            func(ctx context.Context) error { return c.EnableInsights(ctx, "123456789012345678901234567890123") },
	} {
		e := mustError(t, call(t.Context()))
		if e.Class != ClassInvalidSpec || e.Op == "" || e.Explain() == "" {
			t.Errorf("%s: got %v", name, e)
		}
	}
	if all := server.all(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}
