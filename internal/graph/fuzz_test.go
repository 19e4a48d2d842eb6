// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// FuzzErrorBody feeds any body with any status to the decoding of answers: it must not panic, and must always reach a
// class, an explanation and a text without secrets.
func FuzzErrorBody(f *testing.F) {
	f.Add(400, fullError)
	f.Add(500, "<html>")
	f.Add(200, "")
	f.Add(400, `{"error":{"code":"190","error_data":"{\"details\":{}}","is_transient":1}}`)
	f.Add(400, `{"error":[{"code":1e400}]}`)
	f.Add(401, `{"error":{"code":190,"message":"Malformed access token `+testToken+`"}}`)
	f.Add(400, `{"error":{"code":133008,"error_data":{"details":"Try again in 9999999 days, 1 hour and 30 seconds"}}}`)
	f.Add(400, `{"error":{"code":136024,"error_user_msg":"Too many codes, wait an hour"}}`)
	c, err := NewClient(Config{Version: "v25.0", AccessToken: testToken, AppSecret: testSecret})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		for op := range operations {
			value, e := c.interpret(op, status, []byte(body))
			if e == nil {
				if status < 200 || status > 299 || !json.Valid([]byte(body)) {
					t.Fatalf("%d %q was decoded as success: %v", status, body, value)
				}
				continue
			}
			if e.RetryAfter < 0 || e.RetryAfter > maxWait {
				t.Errorf("%d %q: wait %v", status, body, e.RetryAfter)
			}
			if e.Class == "" || e.Explain() == "" {
				t.Errorf("%d %q: class %q, explanation %q", status, body, e.Class, e.Explain())
			}
			for _, secret := range []string{testToken, testSecret, c.proof} {
				if strings.Contains(e.Error(), secret) || strings.Contains(e.Explain(), secret) {
					t.Errorf("%d %q: a secret is shown", status, body)
				}
			}
		}
	})
}

// FuzzTemplate decodes anything as a page of templates: it must not panic, and what it understood must survive being
// written and read again, else a template would seem to differ from itself.
func FuzzTemplate(f *testing.F) {
	f.Add(`{"data":[{"id":"1","name":"n","language":"en","components":[{"type":"BODY","text":"x","example":{"body_text":[["a"]]}}]}]}`)
	f.Add(`{"data":[{"id":1,"name":"n","language":"en","quality_score":[],"components":{"type":"carousel","cards":[{"components":[]}]}}]}`)
	f.Add(`{"data":[{"id":1,"name":"n","language":"en","components":[{"buttons":[{"type":"copy_code","example":"x"},{"app_deep_link":{"meta_app_id":1e3}}]}]}]}`)
	f.Add(`{"data":[],"paging":{"next":"https://x?after=y"}}`)
	f.Add(`{"data":[{"id":1,"name":"n","language":"en","display_format":"order_details","is_primary_device_delivery_only":"1","cta_url_link_tracking_opted_out":false,
		"degrees_of_freedom_spec":{"creative_features_spec":[{"key":"IMAGE_TOUCHUPS","value":{"enroll_status":"OPT_OUT"}},{"key":"A"},7]}}]}`)
	f.Add(`{"data":[{"id":1,"name":"n","language":"en","degrees_of_freedom_spec":{"creative_features_spec":{"Image_touchups":{"enroll_status":"opt_in"},"image_touchups":{"enroll_status":"opt_out"},"x":[]}}}]}`)
	f.Add(`{"data":[{"id":1,"name":"n","language":"en","degrees_of_freedom_spec":{"creative_features_spec":{"key":"\u0130","value":{"enroll_status":"\u0131"}}}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		value, err := lenient.Decode([]byte(body))
		if err != nil {
			return
		}
		page, err := templatePageFrom(lenient.NodeOf(value))
		if err != nil {
			return
		}
		for _, item := range page.Items {
			once := encodedAndDecoded(t, item.Components)
			if twice := encodedAndDecoded(t, once); !reflect.DeepEqual(once, twice) {
				t.Errorf("%+v became %+v", once, twice)
			}
			again := readAfterWrite(t, item)
			if !reflect.DeepEqual(item.CreativeFeatures, again.CreativeFeatures) ||
				!reflect.DeepEqual(item.LinkTrackingOptedOut, again.LinkTrackingOptedOut) ||
				!reflect.DeepEqual(item.PrimaryDeviceDeliveryOnly, again.PrimaryDeviceDeliveryOnly) ||
				item.DisplayFormat != again.DisplayFormat {
				t.Errorf("%+v became %+v", item, again)
			}
		}
	})
}

// readAfterWrite writes the settings of a template as a create does, and reads them back in that form.
func readAfterWrite(t *testing.T, item Template) Template {
	t.Helper()
	data, err := encode(OpCreateTemplate, TemplateContent{
		Name: item.Name, Language: item.Language, DisplayFormat: item.DisplayFormat,
		LinkTrackingOptedOut: item.LinkTrackingOptedOut, PrimaryDeviceDeliveryOnly: item.PrimaryDeviceDeliveryOnly,
		CreativeFeatures: item.CreativeFeatures,
	})
	if err != nil {
		t.Fatalf("%+v: %v", item, err)
	}
	n, err := lenient.DecodeNode(data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	n["id"] = item.ID
	out, err := templateFrom(n)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return out
}

// encodedAndDecoded encodes and decodes. Components that Meta can't have sent, with an app id that is no number, are not changed.
func encodedAndDecoded(t *testing.T, components []Component) []Component {
	t.Helper()
	data, err := json.Marshal(components)
	if err != nil {
		return components
	}
	var out []Component
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return out
}

// FuzzUploadSession takes any id: what is made of it must stay at the host, below the version, one segment deep, and must
// not set what every call sets.
func FuzzUploadSession(f *testing.F) {
	f.Add(testSession + "?sig=" + testSignature)
	f.Add("upload:a/../b+c=?sig=%2F&x=1&method=delete")
	f.Add("upload:x@y.example/z?sig=a;b#c")
	c, err := NewClient(Config{Version: "v25.0", AccessToken: testToken, AppSecret: testSecret})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id string) {
		s, err := sessionFrom(id)
		if err != nil {
			return
		}
		u := upload{client: c, session: s}
		req, err := c.httpRequest(t.Context(), u.request(OpReadUpload))
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		query := req.URL.Query()
		if req.URL.Host != "graph.facebook.com" || req.URL.User != nil || req.URL.Fragment != "" ||
			!strings.HasPrefix(req.URL.EscapedPath(), "/v25.0/upload:") || strings.Count(req.URL.EscapedPath(), "/") != 2 ||
			len(query["appsecret_proof"]) != 1 || query.Get("appsecret_proof") != c.proof || query.Has("access_token") || query.Has("method") {
			t.Errorf("%q became %s", id, req.URL)
		}
	})
}

// FuzzNumber decodes anything as each of the answers about a number: it must not panic, and calling settings must survive
// being written and read again, else they would seem to differ from themselves.
func FuzzNumber(f *testing.F) {
	f.Add(`{"data":[{"id":"1","throughput":[],"webhook_configuration":{"application":"x"},"last_onboarded_time":"2023-08-22T19:05:53+0000"}]}`)
	f.Add(`{"data":[{"business_profile":{"about":"","websites":"x","vertical":"\u0131"}}]}`)
	f.Add(`{"data":[{"entity_type":"Private  Company-\u0130","customer_care_details":{"email":1}}],"prompts":[1,{}],"commands":{"command_name":true}}`)
	f.Add(`{"calling":{"status":"on","call_icons":{"restrict_to_user_countries":"US"},"call_hours":{"holiday_schedule":{"date":1}},"video":{"status":"x"},
		"sip":{"servers":{"hostname":"h","port":"70000","sip_user_password":"hush","request_uri_user_params":{"a":[]}}}},"storage_configuration":{"retention_minutes":1e2}}`)
	f.Fuzz(func(t *testing.T, body string) {
		value, err := lenient.Decode([]byte(body))
		if err != nil {
			return
		}
		n := lenient.NodeOf(value)
		_, _ = numberPageFrom(n)
		_, _ = profileFrom(n)
		_, _ = commerceFrom(n)
		_, _ = usernameFrom(n)
		_, _ = encryptionFrom(n)
		if info, err := complianceFrom(n); err == nil && entityType(info.EntityType) != info.EntityType {
			t.Errorf("the entity type %q is not stable", info.EntityType)
		}
		automationFrom(n)
		settings, err := settingsFrom(n)
		if err != nil || settings.Calling == nil {
			return
		}
		settings.Calling.Restrictions = nil
		once := callingAfterUpdate(t, *settings.Calling)
		if twice := callingAfterUpdate(t, once); !reflect.DeepEqual(once, twice) {
			t.Errorf("%+v became %+v", once, twice)
		}
	})
}

// callingAfterUpdate writes calling settings as an update does, and reads them back in that form.
func callingAfterUpdate(t *testing.T, calling CallingSettings) CallingSettings {
	t.Helper()
	data, err := json.Marshal(wireCallingFrom(calling))
	if err != nil {
		t.Fatalf("%+v: %v", calling, err)
	}
	if strings.Contains(string(data), "sip_user_password") {
		t.Errorf("the SIP password is sent: %s", data)
	}
	n, err := lenient.DecodeNode(data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return *callingFrom(n)
}
