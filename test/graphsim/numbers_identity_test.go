// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func publicKey(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

func TestEncryption(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	path := id + "/whatsapp_business_encryption"
	if got := f.must(f.get("/v25.0/" + path)).list(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"", "no key", publicKey(t, 1024)} {
		f.refused(f.post(path, url.Values{"business_public_key": {bad}}), 100, 0)
	}
	key := publicKey(t, 2048)
	f.must(f.post(path, url.Values{"business_public_key": {key}}))
	f.same(f.must(f.get("/v25.0/" + path)).list()[0], map[string]any{"business_public_key": key[:len(key)-1], "business_public_key_signature_status": "VALID"})
	f.must(f.post(id+"/deregister", nil))
	f.refused(f.get("/v25.0/"+path), 133010, 0)
	f.must(f.register(id, testPIN))
	f.same(f.must(f.get("/v25.0/" + path)).list()[0], map[string]any{"business_public_key_signature_status": "MISMATCH"})
	f.must(f.post(path, map[string]any{"business_public_key": key}))
	f.same(f.must(f.get("/v25.0/" + path)).list()[0], map[string]any{"business_public_key_signature_status": "VALID"})
}

func TestCompliance(t *testing.T) {
	f := newNumbers(t)
	path := f.first() + "/business_compliance_info"
	body := func(change map[string]any) map[string]any {
		contact := map[string]any{"email": "care@example.com", "mobile_number": "+919876543210"}
		out := map[string]any{"messaging_product": "whatsapp", "entity_name": "Acme Seeds", "entity_type": "PARTNERSHIP", "is_registered": true,
			"grievance_officer_details": contact, "customer_care_details": contact}
		for k, v := range change {
			if v == nil {
				delete(out, k)
			} else {
				out[k] = v
			}
		}
		return out
	}
	if got := f.must(f.get("/v25.0/" + path)).list(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	for name, change := range map[string]map[string]any{
		"product":  {"messaging_product": nil},
		"name":     {"entity_name": "A"},
		"type":     {"entity_type": "Partnership"},
		"custom":   {"entity_type_custom": "Guild"},
		"other":    {"entity_type": "OTHER"},
		"register": {"entity_type": "PUBLIC_COMPANY"},
		"officer":  {"grievance_officer_details": nil},
		"no bool":  {"is_registered": "perhaps"},
	} {
		t.Run(name, func(t *testing.T) { f := f.in(t); f.refused(f.post(path, body(change)), 100, 0) })
	}
	f.must(f.post(path, body(nil)))
	got := f.must(f.get("/v25.0/" + path)).list()[0]
	f.same(got, map[string]any{"entity_type": "Partnership", "entity_name": "Acme Seeds", "is_registered": true})
	f.must(f.post(path, body(map[string]any{"entity_type": "OTHER", "entity_type_custom": "Guild", "is_registered": nil})))
	f.same(f.must(f.get("/v25.0/" + path)).list()[0], map[string]any{"entity_type": "Other", "entity_type_custom": "Guild", "is_registered": nil})
}

func TestUsernames(t *testing.T) {
	f := newNumbers(t)
	f.sim.AddNumber(testWABA, Number{ID: "9", NameStatus: "PENDING_REVIEW"})
	path := f.first() + "/username"
	for _, bad := range []string{"ab", "Acme", "acme garden", "...", "1234", "acme.", "www.acme", "acme.com", "a..b"} {
		f.refused(f.post(path, map[string]any{"username": bad}), 100, 0)
	}
	f.refused(f.post(path, nil), 100, 0)
	f.must(f.post(path, map[string]any{"username": "acme.garden"}))
	f.same(f.must(f.get("/v25.0/"+path)).body, map[string]any{"username": "acme.garden", "status": "approved"})
	f.same(f.fields(f.first(), "username"), map[string]any{"username": "acme.garden"})
	f.refused(f.post("9/username", map[string]any{"username": "acme.garden"}), 147001, 0)
	f.must(f.post("9/username", map[string]any{"username": "acme2"}))
	f.same(f.must(f.get("/v25.0/9/username")).body, map[string]any{"status": "reserved"})
	f.must(f.do(http.MethodDelete, "/v25.0/"+path, nil))
	if got := f.must(f.get("/v25.0/" + path)).body; len(got) != 0 {
		t.Errorf("%v", got)
	}
	if got := f.must(f.get("/v25.0/" + f.first() + "/username_suggestions")).list(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestBadgeRequest(t *testing.T) {
	f := newNumbers(t)
	path := f.first() + "/official_business_account"
	body := map[string]any{"business_website_url": "https://example.com", "primary_country_of_operation": "DE", "primary_language": "de"}
	f.refused(f.post(path, nil), 100, 0)
	body["supporting_links"] = []string{"nowhere"}
	f.refused(f.post(path, body), 100, 0)
	body["supporting_links"] = []string{"https://news.example.com/acme"}
	f.must(f.post(path, body))
	f.refused(f.post(path, body), 100, 0)
	if n := f.number(f.first()); n.OfficialStatus != "PENDING" || n.Official {
		t.Errorf("%+v", n)
	}
	f.sim.UpdateNumber(f.first(), func(n *Number) { n.OfficialStatus = "REJECTED" })
	f.refused(f.post(path, body), 100, 0) // within 30 days
	f.sim.UpdateNumber(f.first(), func(n *Number) { n.BadgeRequestTime = n.BadgeRequestTime.Add(-30 * 24 * time.Hour) })
	f.must(f.post(path, body))
}
