// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// pageRequest is what a list call, or a nested edge, requests.
type pageRequest struct {
	edge          string
	limit, max    int
	after, before string
}

func pageFromCall(c *call, edge string, most int) pageRequest {
	return pageRequest{edge: edge, limit: pageLimit(c.param("limit"), most), max: most, after: c.param("after"), before: c.param("before")}
}

func pageFromField(f field, most int) pageRequest {
	return pageRequest{edge: f.name, limit: pageLimit(f.mods["limit"], most), max: most, after: f.mods["after"], before: f.mods["before"]}
}

// pageLimit is 25 when absent or nonsense; too much is cut silently.
func pageLimit(text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		n = defaultPageSize
	}
	return min(n, most)
}

// cursor is a position behind (or before) an item.
type cursor struct {
	edge, account string
	seq           int64
	issued        time.Time
	gap           bool // an empty page was shown here
}

func (s *Simulator) encodeCursor(k cursor) string {
	text := fmt.Sprintf("AQHS|%s|%s|%d|%d|%t", k.edge, k.account, k.seq, k.issued.Unix(), k.gap)
	sum := toss(s.seed, text)
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s|%016x", text, sum)) + "ZD"
}

// decodeCursor refuses what is not a cursor of this edge of this account, or has expired.
func (s *Simulator) decodeCursor(c *call, edge, text string) (cursor, *apiError) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimSuffix(text, "ZD"))
	parts := strings.Split(string(raw), "|")
	if err != nil || len(parts) != 7 {
		return cursor{}, badCursor(c)
	}
	seq, err1 := strconv.ParseInt(parts[3], 10, 64)
	issued, err2 := strconv.ParseInt(parts[4], 10, 64)
	k := cursor{edge: parts[1], account: parts[2], seq: seq, issued: time.Unix(issued, 0), gap: parts[5] == "true"}
	if err1 != nil || err2 != nil || s.encodeCursor(k) != text || k.edge != edge || k.account != c.account.ID || c.now.Sub(k.issued) > cursorLife {
		return cursor{}, badCursor(c)
	}
	return k, nil
}

// badCursor is 131059 from v24.0 on. What older versions answer is a guess.
func badCursor(c *call) *apiError {
	if c.atLeast(24) {
		return &apiError{Code: 131059, Message: "(#131059) Invalid cursor. The cursor is expired or does not belong to this list; start again without cursors."}
	}
	return &apiError{Code: 100, Message: "(#100) Invalid cursors values"}
}

// atLeast compares the major version; a call without version gets the newest.
func (c *call) atLeast(major int) bool {
	if c.version == "" {
		return true
	}
	have, _, _ := strings.Cut(strings.TrimPrefix(c.version, "v"), ".")
	n, err := strconv.Atoi(have)
	return err != nil || n >= major
}

// paginate cuts one page out of items, newest first. Cursors hold a position, not an index: what is created or deleted
// between two pages neither repeats nor hides others.
func paginate[T any](s *Simulator, c *call, p pageRequest, items []T, seq func(T) int64) ([]T, map[string]any, *apiError) {
	from, to := 0, len(items)
	var at cursor
	var problem *apiError
	switch {
	case p.after != "":
		if at, problem = s.decodeCursor(c, p.edge, p.after); problem != nil {
			return nil, nil, problem
		}
		for from < len(items) && seq(items[from]) >= at.seq {
			from++
		}
		to = min(len(items), from+p.limit)
	case p.before != "":
		if at, problem = s.decodeCursor(c, p.edge, p.before); problem != nil {
			return nil, nil, problem
		}
		for to > 0 && seq(items[to-1]) <= at.seq {
			to--
		}
		from = max(0, to-p.limit)
	default:
		to = min(len(items), p.limit)
	}
	page := items[from:to]
	if s.emptyPages && p.after != "" && !at.gap && len(page) > 0 {
		again := s.encodeCursor(cursor{edge: p.edge, account: c.account.ID, seq: at.seq, issued: c.now, gap: true})
		return nil, s.pagingObject(c, p, again, again, true, true), nil
	}
	if len(page) == 0 {
		return page, nil, nil
	}
	mark := func(item T) string {
		return s.encodeCursor(cursor{edge: p.edge, account: c.account.ID, seq: seq(item), issued: c.now})
	}
	return page, s.pagingObject(c, p, mark(page[0]), mark(page[len(page)-1]), from > 0, to < len(items)), nil
}

// pagingObject has cursors on the last page too; only next and previous show whether there is more. Their URLs name Meta's public
// host and carry the token when it came as a parameter: a client must use the cursors.
func (s *Simulator) pagingObject(c *call, p pageRequest, before, after string, previous, next bool) map[string]any {
	out := map[string]any{"cursors": map[string]any{"before": before, "after": after}}
	link := func(name, value string) string {
		version := c.version
		if version == "" {
			version = "v25.0"
		}
		token := ""
		if c.has("access_token") {
			token = "access_token=" + c.param("access_token") + "&"
		}
		return fmt.Sprintf("https://graph.facebook.com/%s/%s/%s?%slimit=%d&pretty=0&%s=%s", version, c.account.ID, p.edge, token, p.limit, name, value)
	}
	if next {
		out["next"] = link("after", after)
	}
	if previous {
		out["previous"] = link("before", before)
	}
	return out
}

func listObject(data []any, paging map[string]any) map[string]any {
	if data == nil {
		data = []any{}
	}
	out := map[string]any{"data": data}
	if paging != nil {
		out["paging"] = paging
	}
	return out
}
