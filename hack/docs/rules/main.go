// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command rules prints docs/reference/template-rules.md: the rules about the content of templates. `make docs` runs it.
package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/waba-operator/waba-operator/internal/template"
)

const head = "<!-- Generated from internal/template: edit that, then run `make docs`. -->\n\n" +
	"# Rules about the content of templates\n\n" +
	"The rules of a template's shape, such as which fields a button has, are in the [API reference](api.md) and hold always. Beyond them:\n\n" +
	"- **Creating**: Meta refuses it when content is created or edited. It may exist all the same, because it is older than the rule or because Meta\n" +
	"  changed it. `kubectl apply` and `kubectl waba lint` refuse it; with\n" +
	"  [`contentValidation: Lenient`](../messagetemplate.md#templates-older-than-the-rules) they don't, and the operator doesn't send it.\n" +
	"- **Review**: Meta tends to reject it, or recipients won't see it. It is sent; `status.warnings`, an event and `kubectl waba lint` name it.\n\n" +
	"The code is the subcode of\n" +
	"[Meta's error](https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes), where one is known.\n"

func main() {
	var page strings.Builder
	page.WriteString(head)
	escape := strings.NewReplacer("|", `\|`, "<", `\<`, "{{", "`{{", "}}", "}}`")
	for _, tier := range []template.Tier{template.Creating, template.Review} {
		fmt.Fprintf(&page, "\n## %s\n\n| Rule | Where | Message | Code |\n|---|---|---|---|\n", tier)
		for _, rule := range template.Rules() {
			if rule.Tier == tier {
				message := strings.NewReplacer("%s", "…", "%d", "…").Replace(rule.Message)
				fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", rule.Name, rule.Where, escape.Replace(message), cmp.Or(rule.Code, "–"))
			}
		}
	}
	if _, err := os.Stdout.WriteString(page.String()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
