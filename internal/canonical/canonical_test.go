// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canonical

import "testing"

func all(string) bool { return true }

func TestHash(t *testing.T) {
	base := Hash(map[string]string{"body.text": "Hi", "footer.text": "Acme"}, all)
	if len(base) != 32 {
		t.Errorf("%q", base)
	}
	for name, c := range map[string]struct {
		fields map[string]string
		counts func(string) bool
		same   bool
	}{
		"the same":                  {map[string]string{"footer.text": "Acme", "body.text": "Hi"}, all, true},
		"another value":             {map[string]string{"footer.text": "Acme", "body.text": "Ho"}, all, false},
		"one more":                  {map[string]string{"footer.text": "Acme", "body.text": "Hi", "category": ""}, all, false},
		"one more that counts not":  {map[string]string{"footer.text": "Acme", "body.text": "Hi", "category": "X"}, func(n string) bool { return n != "category" }, true},
		"values that run together":  {map[string]string{"body.text": "Hi\n\"footer.text\":\"Acme\""}, all, false},
		"a name instead of a value": {map[string]string{"body.text": "Acme", "footer.text": "Hi"}, all, false},
	} {
		if got := Hash(c.fields, c.counts) == base; got != c.same {
			t.Errorf("%s: same is %t", name, got)
		}
	}
}

// The hashes are in the statuses of resources: another form of them would look like a change by another client.
func TestHashesAreStable(t *testing.T) {
	if got := HashValue("UTILITY"); got != "a53167d37cd0" {
		t.Errorf("the hash of a value is %s", got)
	}
	if got := Hashes(map[string]string{"category": "UTILITY"})["category"]; got != "a53167d37cd0" {
		t.Errorf("the hash of a field is %s", got)
	}
	if got := Hash(nil, all); got != "e3b0c44298fc1c149afbf4c8996fb924" {
		t.Errorf("the hash of nothing is %s", got)
	}
}
