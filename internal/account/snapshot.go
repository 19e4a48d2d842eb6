// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// TemplateKey identifies a message template inside one account. Meta's own unique key is the pair of name and language
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview).
type TemplateKey struct {
	Name     string
	Language string
}

// NewTemplateKey normalises the language: Meta's webhooks print en-US where its REST answers print en_US.
func NewTemplateKey(name, language string) TemplateKey {
	return TemplateKey{Name: name, Language: strings.ReplaceAll(language, "-", "_")}
}

// Section describes how complete one part of a snapshot is.
type Section struct {
	// Begun is when the first request of this section was sent; state written after it isn't in the section.
	Begun time.Time
	// Complete means every page was read. Absence may be concluded only from complete sections.
	Complete bool
	// Err is why the section is incomplete.
	Err error
}

// Snapshot is the result of one observation of an account. It is never changed after it was published.
type Snapshot struct {
	AccountID string
	// Begun is when the observation started.
	Begun time.Time
	// Calls is how many Graph API calls it took.
	Calls int

	Account        graph.Account
	AccountSection Section

	Numbers        map[string]graph.PhoneNumber
	NumbersSection Section

	Apps        []graph.SubscribedApp
	AppsSection Section

	Templates        map[TemplateKey]PackedTemplate
	TemplatesSection Section
	// TemplateCount and TemplateLimit are the account's own figures, -1 when Meta didn't report them.
	TemplateCount, TemplateLimit int

	// Token and Optional are read at most once an hour and carried over in between.
	Token    *graph.TokenInfo
	Optional *graph.AccountOptional
	// TokenErr and OptionalErr are why they couldn't be read the last time.
	TokenErr, OptionalErr error
}

// HasRegisteredNumber reports whether a number of the account is registered on Cloud API; Meta's hourly quota
// depends on it (https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform).
func (s *Snapshot) HasRegisteredNumber() bool {
	for _, n := range s.Numbers {
		if n.PlatformType == metavalues.PlatformCloudAPI {
			return true
		}
	}
	return false
}

// Change names what differs between two successive snapshots.
type Change struct {
	// All is set by the first snapshot of a session: there is no earlier one to compare with.
	All       bool
	Account   bool
	Apps      bool
	Templates []TemplateKey
	Numbers   []string
}

// Empty reports that nothing differs.
func (c Change) Empty() bool {
	return !c.All && !c.Account && !c.Apps && len(c.Templates) == 0 && len(c.Numbers) == 0
}

// diff compares two snapshots. Incomplete sections only report what they contain; they prove no absence.
func diff(old, cur *Snapshot) Change {
	if old == nil {
		return Change{All: true}
	}
	c := Change{
		Account:   !reflect.DeepEqual(stripEdges(old.Account), stripEdges(cur.Account)),
		Apps:      cur.AppsSection.Complete && !reflect.DeepEqual(old.Apps, cur.Apps),
		Templates: changedKeys(old.Templates, cur.Templates, cur.TemplatesSection.Complete, func(a, b PackedTemplate) bool { return a == b }),
		Numbers: changedKeys(old.Numbers, cur.Numbers, cur.NumbersSection.Complete, func(a, b graph.PhoneNumber) bool {
			return reflect.DeepEqual(a, b)
		}),
	}
	slices.SortFunc(c.Templates, func(a, b TemplateKey) int {
		return strings.Compare(a.Name+"\x00"+a.Language, b.Name+"\x00"+b.Language)
	})
	slices.Sort(c.Numbers)
	return c
}

// stripEdges removes the edges, which have sections of their own; how they were requested is no change.
func stripEdges(a graph.Account) graph.Account {
	a.PhoneNumbers, a.Templates, a.SubscribedApps = nil, nil, nil
	a.SubscribedAppsRead, a.OmittedEdges = false, nil
	return a
}

func changedKeys[K comparable, V any](old, cur map[K]V, complete bool, equal func(a, b V) bool) []K {
	changed := map[K]struct{}{}
	for k, v := range cur {
		before, known := old[k]
		if !known || !equal(before, v) {
			changed[k] = struct{}{}
		}
	}
	if complete {
		for k := range old {
			if _, still := cur[k]; !still {
				changed[k] = struct{}{}
			}
		}
	}
	return slices.Collect(maps.Keys(changed))
}
