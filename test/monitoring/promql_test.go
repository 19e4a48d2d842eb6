// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"regexp"
	"slices"
	"strings"
)

// matcher is a comparison of a label with a value or a pattern.
type matcher struct{ label, op, value string }

// use is what an expression takes from one metric.
type use struct {
	metric   string
	matchers []matcher
}

// uses is what an expression needs to find: metrics, and labels by which it groups or matches.
type uses struct {
	metrics []use
	labels  []string
}

var (
	token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-z.]*|=~|!~|!=|==|[^\s]`)
	name  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	// grouping words are followed by labels in parentheses.
	grouping = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	keywords = []string{"and", "or", "unless", "bool", "offset", "inf", "nan"}
)

// read finds out what an expression of PromQL uses. It isn't a parser: promtool checks that there is something to find.
func read(expr string) uses {
	var out uses
	tokens := token.FindAllString(expr, -1)
	next := func(i int) string {
		if i+1 < len(tokens) {
			return tokens[i+1]
		}
		return ""
	}
	for i := 0; i < len(tokens); i++ {
		switch word := tokens[i]; {
		case !name.MatchString(word) || slices.Contains(keywords, strings.ToLower(word)):
		case slices.Contains(grouping, word) && next(i) == "(":
			for i += 2; i < len(tokens) && tokens[i] != ")"; i++ {
				if tokens[i] != "," {
					out.labels = append(out.labels, tokens[i])
				}
			}
		case next(i) == "(" || slices.Contains(grouping, next(i)): // a function, or an aggregation
		default:
			u := use{metric: word}
			if next(i) == "{" {
				for i += 2; i+2 < len(tokens) && tokens[i] != "}"; {
					u.matchers = append(u.matchers, matcher{tokens[i], tokens[i+1], strings.Trim(tokens[i+2], `"`)})
					if i += 3; i < len(tokens) && tokens[i] == "," {
						i++
					}
				}
			}
			out.metrics = append(out.metrics, u)
		}
	}
	return out
}
