// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	_ "embed" // for the page
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is the frame of a record: its head, with a title and a body that are empty.
//
//go:embed page.html
var page string

// HTML writes a record as one page that needs nothing else: no scripts, no fonts, no images. It is made of nodes, whose texts
// html.Render escapes; html/template would bring reflection into the program that keeps the linker from leaving out what isn't called.
func HTML(w io.Writer, r *Record, o Options) error {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return err
	}
	d := documentOf(r, o)
	var title, body *html.Node
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Title:
			title = n
		case atom.Body:
			body = n
		}
	}
	title.AppendChild(text(d.title))
	appendLines(body, element(atom.H1, text(d.title)))
	for _, x := range d.blocks {
		switch {
		case x.heading != "":
			appendLines(body, element(atom.H2, text(x.heading)))
		case x.paragraph != "":
			appendLines(body, element(atom.P, text(x.paragraph)))
		case x.list != nil:
			list := element(atom.Ul)
			for _, item := range x.list {
				appendLines(list, element(atom.Li, text(item)))
			}
			appendLines(body, list)
		case x.table != nil:
			appendLines(body, htmlTable(x.table))
		}
	}
	return html.Render(w, root)
}

func htmlTable(t *table) *html.Node {
	head := element(atom.Tr)
	for _, cell := range t.head {
		th := element(atom.Th, text(cell))
		th.Attr = []html.Attribute{{Key: "scope", Val: "col"}}
		head.AppendChild(th)
	}
	rows := element(atom.Tbody)
	for _, cells := range t.rows {
		row := element(atom.Tr)
		for _, cell := range cells {
			row.AppendChild(element(atom.Td, text(cell)))
		}
		appendLines(rows, row)
	}
	out := element(atom.Table)
	appendLines(out, element(atom.Thead, head), rows)
	return out
}

// element is an element without attributes.
func element(name atom.Atom, children ...*html.Node) *html.Node {
	n := &html.Node{Type: html.ElementNode, DataAtom: name, Data: name.String()}
	for _, child := range children {
		n.AppendChild(child)
	}
	return n
}

func text(s string) *html.Node { return &html.Node{Type: html.TextNode, Data: clean(s)} }

// appendLines appends children, each on a line of its own.
func appendLines(n *html.Node, children ...*html.Node) {
	for _, child := range children {
		n.AppendChild(child)
		n.AppendChild(&html.Node{Type: html.TextNode, Data: "\n"})
	}
}
