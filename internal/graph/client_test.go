// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"strings"
	"testing"
)

func TestNewClientChecksItsConfiguration(t *testing.T) {
	for _, tc := range []struct {
		name, base, version, token string
		wantErr                    string
	}{
		{"meta", "", "v25.0", "EAAG1", ""},
		{"port and path", "http://127.0.0.1:8080/graph/", "v25.0", "EAAG1", ""},
		{"three digits", "https://graph.facebook.com", "v125.1", "EAAG1", ""},
		{"blanks around the token", "", "v25.0", " EAAG1\n", ""},
		{"scheme missing", "graph.facebook.com", "v25.0", "EAAG1", "must begin with"},
		{"other scheme", "ftp://graph.facebook.com", "v25.0", "EAAG1", "must begin with"},
		{"clear text", "http://graph.facebook.com", "v25.0", "EAAG1", "must begin with https://"},
		{"clear text to this machine", "http://localhost:1/", "v25.0", "EAAG1", ""},
		{"clear text to a name that looks like it", "http://127.0.0.1.example", "v25.0", "EAAG1", "must begin with https://"},
		{"clear text to nowhere", "http://", "v25.0", "EAAG1", "no host"},
		{"host missing", "https://", "v25.0", "EAAG1", "no host"},
		{"port only", "https://:443", "v25.0", "EAAG1", "no host"},
		{"user", "https://me:hunter2@graph.facebook.com", "v25.0", "EAAG1", "user information"},
		{"query", "https://graph.facebook.com?access_token=hunter2", "v25.0", "EAAG1", "query"},
		{"fragment", "https://graph.facebook.com#hunter2", "v25.0", "EAAG1", "fragment"},
		{"not a URL", "https://%zz:hunter2", "v25.0", "EAAG1", "parsed"},
		{"version missing", "", "", "EAAG1", "v25.0"},
		{"version without v", "", "25.0", "EAAG1", "v25.0"},
		{"version with a path", "", "v25.0/..", "EAAG1", "v25.0"},
		{"no token", "", "v25.0", " \n", "access token"},
		{"two lines", "", "v25.0", "hunter2\nand more", "access token"},
		{"umlaut", "", "v25.0", "hunter2ä", "access token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := NewClient(Config{BaseURL: tc.base, Version: tc.version, AccessToken: tc.token})
			switch {
			case tc.wantErr == "" && err != nil:
				t.Fatal(err)
			case tc.wantErr == "":
				if c.token != "EAAG1" || strings.HasSuffix(c.base, "//"+tc.version) {
					t.Errorf("got token %q, base %q", c.token, c.base)
				}
			case err == nil || !strings.Contains(err.Error(), tc.wantErr):
				t.Errorf("got %v, want %q", err, tc.wantErr)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error repeats the input: %v", err)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c, err := NewClient(Config{Version: "v25.0", AccessToken: "EAAG1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.base != "https://graph.facebook.com/v25.0" || c.timeout != DefaultTimeout || c.userAgent == "" || c.clock == nil {
		t.Errorf("got base %q, timeout %v, agent %q", c.base, c.timeout, c.userAgent)
	}
	c.log.Info("a zero logger must be usable")
}

func TestPrintingNeverShowsCredentials(t *testing.T) {
	cfg := Config{Version: "v25.0", AccessToken: testToken, AppSecret: testSecret}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{cfg, &cfg, c, struct{ C *Client }{c}, struct{ Config Config }{cfg}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			noSecrets(t, fmt.Sprintf("%T %s", value, verb), fmt.Sprintf(verb, value), c.proof)
		}
	}
}

// The vector was computed with openssl dgst -sha256 -hmac.
func TestAppSecretProof(t *testing.T) {
	const want = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
	if got := appSecretProof("key", "The quick brown fox jumps over the lazy dog"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOperations(t *testing.T) {
	writes := map[Operation]bool{
		OpCreateTemplate: true, OpEditTemplate: true, OpDeleteTemplate: true, OpUnpauseTemplate: true, OpUpdateAccount: true,
		OpUnarchiveTemplate: true, OpLinkCatalog: true, OpRequestBadge: true,
		OpOpenUpload: true, OpSendUpload: true,
		OpAddPhoneNumber: true, OpRequestCode: true, OpVerifyCode: true, OpRegisterPhoneNumber: true,
		OpDeregisterPhoneNumber: true, OpSetPIN: true, OpRequestDisplayName: true, OpUpdateProfile: true,
		OpUpdateCommerce: true, OpUpdateAutomation: true, OpUpdateStorage: true, OpUpdateCalling: true,
		OpUpdateIdentityCheck: true, OpUpdateEncryption: true, OpUpdateCompliance: true, OpUpdateUsername: true,
		OpDeleteUsername: true, OpSetAppSubscription: true, OpDeleteAppSubscription: true, OpSubscribeApp: true,
		OpUnsubscribeApp: true, OpOverrideAccountCallback: true, OpSetNumberCallback: true,
	}
	app := map[Operation]bool{OpOpenUpload: true, OpSendUpload: true, OpReadUpload: true,
		OpReadAppSubscription: true, OpSetAppSubscription: true, OpDeleteAppSubscription: true}
	for op := range everyCall(nil) {
		if op.Write() != writes[op] {
			t.Errorf("%s: Write() = %v", op, op.Write())
		}
		if op.OfApp() != app[op] {
			t.Errorf("%s: OfApp() = %v", op, op.OfApp())
		}
		if !strings.Contains(op.Endpoint(), " /") || strings.ContainsAny(op.Endpoint(), "0123456789") {
			t.Errorf("%s: endpoint %q", op, op.Endpoint())
		}
	}
	if len(operations) != len(everyCall(nil)) {
		t.Errorf("%d operations, %d calls under test", len(operations), len(everyCall(nil)))
	}
	if Operation("Future").OfApp() || !Operation("Future").Write() || Operation("Future").Endpoint() != "" {
		t.Error("an unknown operation must count as a write on an account")
	}
}
