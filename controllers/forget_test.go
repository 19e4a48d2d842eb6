// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"regexp"
	"strings"
	"testing"
)

// forgetFew is how many resources of each kind come and go where the operator only reads.
const forgetFew = 100

// TestNothingIsRememberedOfWhatIsGone creates and deletes 1,000 resources of each kind, and counts what the process keeps in
// every store there is: afterwards it must be what it was before. The API server and Meta are in memory, and the test wakes the
// reconcilers itself, because 4,000 resources take an API server minutes; TestDeletionsFreeStores has the real ones.
func TestNothingIsRememberedOfWhatIsGone(t *testing.T) {
	t.Parallel()
	filled := map[string]bool{}
	for _, c := range []*churn{newChurn(t, forgetMany, false), newChurn(t, forgetFew, true)} {
		c.start()
		c.drift()
		c.stop()
		if n := c.left(); n > 0 {
			t.Fatalf("%d resources are left", n)
		}
		for _, leak := range grown(c.empty, countStores(c.roots)) {
			t.Errorf("of %d: %s", c.n, leak)
		}
		for series := range c.series() {
			if forgetNames.MatchString(series) {
				t.Errorf("a series names what is gone: %s", series)
			}
		}
		for _, store := range c.stores {
			for path, n := range c.most {
				filled[store] = filled[store] || n > c.empty[path] && strings.HasPrefix(path, store+".")
			}
		}
	}
	for store, ever := range filled {
		if !ever {
			t.Errorf("nothing was ever in store %s: the test must have something put there", store)
		}
	}
}

// forgetNames are the names and ids of the test's resources, accounts, numbers and apps.
var forgetNames = regexp.MustCompile(`\b(a|[789]|parcel_)[0-9]{5}\b`)
