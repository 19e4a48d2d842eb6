// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// anonymiser gives every value a stand-in, and equal values the same one.
type anonymiser struct {
	standIns map[string]string
	used     map[string]bool
	// next is the number with which the search for a free stand-in of a form begins.
	next map[string]int
}

// newAnonymiser gives stand-ins to ids in their order.
func newAnonymiser(ids []string) *anonymiser {
	a := &anonymiser{standIns: map[string]string{}, used: map[string]bool{}, next: map[string]int{}}
	for _, id := range ids {
		a.id(id)
	}
	return a
}

const idKey = "id "

// id stands in for an id: as many digits, at least five, counted up.
func (a *anonymiser) id(id string) string {
	return a.standIn(idKey+id, "1"+strings.Repeat("0", max(len(id), 5)-1))
}

// ids returns the ids that have a stand-in, in the order of numbers.
func (a *anonymiser) ids() []string {
	var out []string
	for key := range a.standIns {
		if id, ok := strings.CutPrefix(key, idKey); ok {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	return out
}

// text stands in for a text: x for each letter and 0 for each digit. Variables keep their form, and addresses their scheme.
func (a *anonymiser) text(text string) string {
	if strings.TrimSpace(text) == "" {
		return text
	}
	var b strings.Builder
	rest := text
	if scheme, _, ok := strings.Cut(rest, "://"); ok && (scheme == "http" || scheme == "https") {
		b.WriteString(scheme + "://")
		rest = rest[len(scheme)+3:]
	}
	for rest != "" {
		place := variable.FindStringSubmatchIndex(rest)
		if place == nil {
			b.WriteString(masked(rest))
			break
		}
		b.WriteString(masked(rest[:place[0]]))
		b.WriteString("{{" + a.variable(rest[place[2]:place[3]]) + "}}")
		rest = rest[place[1]:]
	}
	return a.standIn("text "+text, b.String())
}

var variable = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_]+)\s*\}\}`)

// variable stands in for the name of a variable; numbers are positions.
func (a *anonymiser) variable(name string) string {
	if strings.Trim(name, "0123456789") == "" {
		return name
	}
	return a.text(name)
}

func masked(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsUpper(r):
			return 'X'
		case unicode.IsLetter(r):
			return 'x'
		case unicode.IsNumber(r):
			return '0'
		case unicode.IsMark(r), unicode.IsSymbol(r) && r > unicode.MaxLatin1:
			return '*' // emoji and accents
		}
		return r
	}, text)
}

// standIn returns what stands in for a key: the form, with a number in it if another key has it already.
func (a *anonymiser) standIn(key, form string) string {
	if known, ok := a.standIns[key]; ok {
		return known
	}
	out, n := form, a.next[form]
	if n > 0 {
		out = numbered(form, n)
	}
	for a.used[out] {
		n++
		out = numbered(form, n)
	}
	a.standIns[key], a.used[out], a.next[form] = out, true, n+1
	return out
}

// numbered writes n into the last places of a form that are letters or digits, a to z for 0 to 25, and behind it if there are too few.
// Variables keep their names.
func numbered(form string, n int) string {
	out, variables := []byte(form), variable.FindAllStringIndex(form, -1)
	for i := len(out) - 1; i >= 0 && n > 0; i-- {
		if last := len(variables) - 1; last >= 0 && i < variables[last][1] {
			i = variables[last][0] // the loop goes on before it
			variables = variables[:last]
			continue
		}
		switch out[i] {
		case 'x':
			out[i], n = 'a'+byte(n%26), n/26
		case '0':
			out[i], n = '0'+byte(n%10), n/10
		}
	}
	if n > 0 {
		return string(out) + strconv.Itoa(n)
	}
	return string(out)
}
