// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/url"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// shapeError says that an answer is JSON but not what the API documents. The transport makes an *Error of it.
type shapeError string

func (e shapeError) Error() string { return "unexpected answer: " + string(e) }

// pageFrom decodes one page of an edge, direct or nested.
//
// Source: https://developers.facebook.com/docs/graph-api/results
func pageFrom[T any](n lenient.Node, item func(lenient.Node) (T, error)) (items []T, after string, err error) {
	data, ok := n["data"].([]any)
	if !ok {
		return nil, "", shapeError("a page without data")
	}
	items = make([]T, 0, len(data))
	for _, value := range data {
		object := lenient.NodeOf(value)
		if object == nil {
			return nil, "", shapeError("a page with an item that is no object")
		}
		decoded, err := item(object)
		if err != nil {
			return nil, "", err
		}
		items = append(items, decoded)
	}
	after, err = cursorFrom(n.Node("paging"))
	return items, after, err
}

// cursorFrom returns "" on the last page. Only next is proof: cursors are present on the last page too. The client never follows
// next itself, because it can carry a token and names a host of its own choice.
func cursorFrom(paging lenient.Node) (string, error) {
	next := paging.Text("next")
	if next == "" {
		return "", nil
	}
	if after := paging.Node("cursors").Text("after"); after != "" {
		return after, nil
	}
	if parsed, err := url.Parse(next); err == nil && parsed.Query().Get("after") != "" {
		return parsed.Query().Get("after"), nil
	}
	return "", shapeError("a next page without a cursor")
}
