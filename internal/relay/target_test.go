// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRelayTargets(t *testing.T) {
	got, err := ParseTargets([]string{
		"https://bot.example.com/wa", " messages, calls,calls=https://crm.example.com:8443/in?key=a=b ", "http://localhost:8080", "http://127.0.0.1/a",
		"http://[::1]:80/b", "https://bot.example.com/x?fields=messages", "502,messages,501,502=https://bot.example.com/y",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Target{
		{URL: "https://bot.example.com/wa"},
		{URL: "https://crm.example.com:8443/in?key=a=b", Fields: []string{"calls", "messages"}},
		{URL: "http://localhost:8080"}, {URL: "http://127.0.0.1/a"}, {URL: "http://[::1]:80/b"},
		{URL: "https://bot.example.com/x?fields=messages"},
		{URL: "https://bot.example.com/y", Apps: []string{"501", "502"}, Fields: []string{"messages"}},
	}, got); diff != "" {
		t.Error(diff)
	}
	if none, err := ParseTargets(nil); none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
}

func TestParseRelayTargetsRefuses(t *testing.T) {
	for spec, want := range map[string]string{
		"":                                    "write https://host/path, or messages,calls=https://host/path",
		"bot.example.com":                     "write https://host/path",
		"bot.example.com:443/secret":          "write https://host/path",
		"ftp://bot.example.com":               "write https://host/path",
		"https://":                            "write https://host/path",
		"https://:443/secret":                 "write https://host/path",
		"https://%zz/secret":                  "write https://host/path",
		"messages=":                           "write https://host/path",
		"http://bot.example.com/secret":       "must begin with https://",
		"http://10.0.0.1/secret":              "must begin with https://",
		"http://localhost.example.com/secret": "must begin with https://",
		"https://u:secret@bot.example.com":    "must not have a user name",
		"https://bot.example.com/#secret":     "must not have a user name or a fragment",
		"Messages=https://bot.example.com":    `"Messages" is no field`,
		"=https://bot.example.com":            `"" is no field`,
		"messages,=https://bot.example.com":   `"" is no field`,
		"calls=https://ok.example.com":        "there twice",
	} {
		targets, err := ParseTargets([]string{"https://ok.example.com", spec})
		if err == nil {
			t.Errorf("%s became %v", spec, targets)
			continue
		}
		if text := err.Error(); !strings.Contains(text, want) || strings.Contains(text, "secret") || !strings.HasPrefix(text, "relay target 2: ") {
			t.Errorf("%s: %s", spec, text)
		}
	}
	if _, err := ParseTargets([]string{"a", "https://ok.example.com", "b"}); strings.Count(err.Error(), "relay target") != 2 {
		t.Errorf("not every mistake is named: %v", err)
	}
}

func TestRelayRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-7": 0, "1.5": 0, "soon": 0, "301": maxRetryAfter, "2147483647": maxRetryAfter,
		"99999999999999999999": 0, "Sat, 14 Mar 2026 15:10:26 GMT": time.Minute, "Sat, 14 Mar 2026 15:08:26 GMT": 0,
		"Sat, 14 Mar 2099 15:08:26 GMT": maxRetryAfter,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %s, not %s", value, got, want)
		}
	}
}
