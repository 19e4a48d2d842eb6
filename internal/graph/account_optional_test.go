// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"
	"testing"
	"time"
)

func TestReadAccountOptional(t *testing.T) {
	server := newFakeGraph(t, ok(`{"id":"1","marketing_messages_onboarding_status":"onboarded","primary_business_location":"de",
		"creation_time":1700000000,"disable_marketing_messages_on_cloud_api":false,"template_auto_archival_enabled":"TRUE",
		"degrees_of_freedom_spec":{"data":[{"creative_features_spec":[{"text_formatting_optimization":"opt_in","IMAGE_TOUCHUPS":"OPT_OUT"}]}]}}`))
	got, err := server.client(t).ReadAccountOptional(t.Context(), testWABA, nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "optional", got, &AccountOptional{
		MarketingMessagesOnboardingStatus: "ONBOARDED", PrimaryBusinessLocation: "DE",
		CreationTime: time.Unix(1700000000, 0).UTC(), DisableMarketingMessages: ptr(false), TemplateAutoArchival: ptr(true),
		CreativeFeatures: []CreativeFeature{{"image_touchups", "OPT_OUT"}, {"text_formatting_optimization", "OPT_IN"}}, CreativeFeaturesRead: true,
	})
	equal(t, "fields", server.onlyRequest(t).Query.Get("fields"), "id,"+strings.Join(OptionalAccountFields(), ","))

	server = newFakeGraph(t, ok(`{"id":"1"}`))
	if got, err = server.client(t).ReadAccountOptional(t.Context(), testWABA, []string{"creation_time"}); err != nil || got.CreativeFeaturesRead {
		t.Fatalf("got %+v, %v", got, err)
	}
	equal(t, "fields", server.onlyRequest(t).Query.Get("fields"), "id,creation_time")
}

// TestAccountCreativeFeatures: Graph leaves out what was never set, which isn't the same as a field that it doesn't know.
func TestAccountCreativeFeatures(t *testing.T) {
	unknown := refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (degrees_of_freedom_spec) on node type (WhatsAppBusinessAccount)"}}`)
	one := []CreativeFeature{{"add_text_overlay", "OPT_IN"}}
	for name, tc := range map[string]struct {
		answers []fakeAnswer
		want    []CreativeFeature
		read    bool
	}{
		"never set":               {answers: []fakeAnswer{ok(`{"id":"1"}`)}, read: true},
		"nothing in it":           {answers: []fakeAnswer{ok(`{"id":"1","degrees_of_freedom_spec":{"data":[]}}`)}, read: true},
		"one object each":         {[]fakeAnswer{ok(`{"degrees_of_freedom_spec":{"data":[{"creative_features_spec":[{"add_text_overlay":"OPT_IN"}]},{}]}}`)}, one, true},
		"in the templates' form":  {[]fakeAnswer{ok(`{"degrees_of_freedom_spec":{"creative_features_spec":[{"key":"ADD_TEXT_OVERLAY","value":{"enroll_status":"OPT_IN"}}]}}`)}, one, true},
		"in the form of requests": {[]fakeAnswer{ok(`{"degrees_of_freedom_spec":{"creative_features_spec":{"add_text_overlay":{"enroll_status":"OPT_IN"}}}}`)}, one, true},
		"unknown to Meta":         {answers: []fakeAnswer{unknown, ok(`{"id":"1"}`)}},
	} {
		got, err := newFakeGraph(t, tc.answers...).client(t).ReadAccountOptional(t.Context(), testWABA, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		equal(t, name, got, &AccountOptional{CreativeFeatures: tc.want, CreativeFeaturesRead: tc.read})
	}
}

// TestNamesakeOfAnUnknownField: templates have a field of the same name, which is still requested.
func TestNamesakeOfAnUnknownField(t *testing.T) {
	server := newFakeGraph(t,
		refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (degrees_of_freedom_spec) on node type (WhatsAppBusinessAccount)"}}`),
		ok(`{"id":"1"}`), ok(`{"data":[]}`))
	c := server.client(t)
	if _, err := c.ReadAccountOptional(t.Context(), testWABA, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ListTemplates(t.Context(), testWABA, ListOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true} {
		if asked := server.all()[i].Query.Get("fields"); strings.Contains(asked, fieldFreedom) != want {
			t.Errorf("request %d: %s", i, asked)
		}
	}
}
