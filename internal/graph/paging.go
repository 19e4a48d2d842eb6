// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

// maxPages stops a listing whose cursors never end. Even with the smallest pages it is far above what an account can hold.
const maxPages = 1000

// EachPage reads the pages of a listing, the only place that follows Meta's cursors. page reads the one after a cursor, which is
// empty for the first, and returns the next cursor, empty after the last. Cursors expire: the listing then starts over, once, and
// restart drops what was read before, because the pages of two listings don't fit together. A listing that doesn't end is an error of
// ClassUnknown.
// See https://developers.facebook.com/docs/graph-api/results
func EachPage(op Operation, page func(after string) (next string, err error), restart func()) error {
	after, restarted, seen := "", false, map[string]bool{}
	for range maxPages {
		next, err := page(after)
		if e, ok := AsError(err); ok && e.Cause == CauseBadCursor && after != "" && !restarted {
			restart()
			after, restarted = "", true
			clear(seen)
			continue
		}
		if err != nil || next == "" {
			return err
		}
		if seen[next] {
			break
		}
		seen[next] = true
		after = next
	}
	return &Error{Op: op, Class: ClassUnknown, Cause: CauseBadCursor, Message: "the pages of the listing do not end"}
}

// collect reads all pages of a listing into one slice.
func collect[T any](op Operation, page func(after string) ([]T, string, error)) ([]T, error) {
	var all []T
	err := EachPage(op, func(after string) (string, error) {
		items, next, err := page(after)
		all = append(all, items...)
		return next, err
	}, func() { all = nil })
	if err != nil {
		return nil, err
	}
	return all, nil
}
