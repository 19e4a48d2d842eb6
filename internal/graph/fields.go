// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	// fieldRetries bounds the unknown fields of one call: a little more than templates have fields that are not in every version.
	fieldRetries = 6
	// unknownFieldTTL is how long a field that Meta does not know is left out.
	unknownFieldTTL = 24 * time.Hour
)

// essential are the fields without which an answer is of no use; for them Meta's error is reported.
var essential = map[string]bool{
	"id": true, "name": true, "language": true, "status": true, "category": true, "components": true,
	edgeNumbers: true, edgeApps: true, edgeTemplates: true,
}

// unknownFieldCache remembers the fields that Meta does not know. Fields come and go with versions and differ between kinds of
// accounts; a request with an unknown field fails as a whole.
type unknownFieldCache struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (m *unknownFieldCache) list(now time.Time, names []string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := make([]string, 0, len(names))
	for _, name := range names {
		if !isUnknown(m.until[name], now) {
			kept = append(kept, name)
		}
	}
	return strings.Join(kept, ",")
}

// isUnknown reports whether a field is left out until then. An impossibly late time was stored while the clock was wrong.
func isUnknown(until, now time.Time) bool {
	return now.Before(until) && until.Sub(now) <= unknownFieldTTL
}

// remember reports whether the call can be repeated without the field in Meta's error. Only a requested field is remembered:
// Meta's texts must not fill the memory.
func (m *unknownFieldCache) remember(now time.Time, asked string, err error) (field string, again bool) {
	e, ok := AsError(err)
	if !ok || e.Cause != CauseUnknownField || len(e.BlameFields) != 1 || essential[e.BlameFields[0]] {
		return "", false
	}
	field = e.BlameFields[0]
	if !strings.Contains(asked, field) {
		return field, true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil {
		m.until = map[string]time.Time{}
	}
	maps.DeleteFunc(m.until, func(_ string, until time.Time) bool { return !isUnknown(until, now) })
	m.until[field] = now.Add(unknownFieldTTL)
	return field, true
}

// fieldList joins the names without those that Meta does not know.
func (c *Client) fieldList(names []string) string { return c.fields.list(c.clock.Now(), names) }

// readFields makes a GET with a list of fields, and repeats it without a field that Meta reports as unknown.
func (c *Client) readFields(ctx context.Context, r request, fields func() string, decode func(lenient.Node) error) error {
	return c.readFieldsBut(ctx, &c.fields, r, fields, decode)
}

// readFieldsBut remembers unknown fields in a cache of its own, for a request in which a name means another field than elsewhere.
func (c *Client) readFieldsBut(ctx context.Context, unknown *unknownFieldCache, r request, fields func() string, decode func(lenient.Node) error) error {
	for try := 1; ; try++ {
		asked := fields()
		r.query.Set("fields", asked)
		err := c.do(ctx, r, func(value any) error {
			object := lenient.NodeOf(value)
			if object == nil {
				return shapeError("no object")
			}
			return decode(object)
		})
		field, again := unknown.remember(c.clock.Now(), asked, err)
		if !again || try > fieldRetries {
			return err
		}
		c.log.V(1).Info("Meta does not know a field, which is left out for a day", "op", r.op, "field", field)
	}
}
