// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// cell is text in a table of Markdown.
var cell = strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", ">", "&gt;")

// WriteReport writes, as Markdown, what became of the manifests, what the check found, and the steps that a person takes. v is nil where
// nothing was checked; written says where the files are, "" where they weren't written.
func (r *Result) WriteReport(w io.Writer, v *Verdict, written string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Account %s becomes %s\n\n", r.From, r.To)
	r.manifests(&b, written)
	r.checked(&b, v)
	b.WriteString("## Steps\n\n")
	for i, s := range r.steps(written) {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s.do)
		if s.verify != "" {
			fmt.Fprintf(&b, "   Verify: %s\n", s.verify)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) manifests(b *strings.Builder, written string) {
	b.WriteString("## Manifests\n\n")
	var counts []string
	for _, kind := range v1alpha1.AssetKinds {
		if n := r.count(kind.Name); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, kind.Name))
		}
	}
	files := "1 file"
	if n := len(r.Files); n != 1 {
		files = fmt.Sprintf("%d files", n)
	}
	fmt.Fprintf(b, "%s in %s. ", strings.Join(counts, ", "), files)
	fmt.Fprintf(b, "WABA `%s` becomes `%s`. ", r.WABA.Name, r.NewWABA.Name)
	if r.Suffix == "" {
		b.WriteString("The other resources keep their names. ")
	} else {
		fmt.Fprintf(b, "The names of the other resources get the suffix `%s`. ", r.Suffix)
	}
	if written == "" {
		b.WriteString("Nothing was written.\n\n")
	} else {
		fmt.Fprintf(b, "They were written %s.\n\n", written)
	}
	for _, line := range r.Warnings {
		fmt.Fprintf(b, "- %s.\n", line)
	}
	if len(r.Warnings) > 0 {
		b.WriteString("\n")
	}
}

func (r *Result) count(kind string) (n int) {
	for i := range r.Resources {
		if r.Resources[i].Kind == kind {
			n++
		}
	}
	return n
}

func (r *Result) checked(b *strings.Builder, v *Verdict) {
	b.WriteString("## Check at Meta\n\n")
	if v == nil {
		b.WriteString("Nothing was checked.\n\n")
		return
	}
	fmt.Fprintf(b, "%d of %d templates are in the new account with the same content: the operator adopts them without a write.\n\n",
		v.Identical, r.count(v1alpha1.KindMessageTemplate))
	table(b, "Differences", v.Differences)
	table(b, "Other resources", v.Others)
}

func table(b *strings.Builder, title string, findings []Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(b, "| %s | What |\n|---|---|\n", title)
	for _, f := range findings {
		fmt.Fprintf(b, "| %s | %s |\n", cell.Replace(f.Resource), cell.Replace(f.What))
	}
	b.WriteString("\n")
}

// step is something that a person does, and how to see that it worked.
type step struct{ do, verify string }

// migration is Meta's page about the currency of an account.
const migration = "https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing/change-billing-currency/"

// steps are the order of a migration. Until the old resources go, nothing is lost: both accounts are observed.
func (r *Result) steps(written string) []step {
	namespace := inNamespace(r.NewWABA.Namespace)
	all := namespace
	if slices.ContainsFunc(r.Resources, func(x Resource) bool { return x.Namespace != r.NewWABA.Namespace }) {
		all = " -A"
	}
	old, renamed := r.WABA.Name, r.NewWABA.Name
	freeze := "In the old manifests, set `managementPolicy: Observed` on WABA `" + old + "`, so that nothing is written to the old account any more"
	if names := r.deleting(); len(names) > 0 {
		freeze += ", and remove `deletionPolicy` from " + strings.Join(names, ", ") + ", so that nothing is deleted at Meta with them"
	}
	steps := []step{
		{freeze + ". Apply that.", fmt.Sprintf("`kubectl get waba %s%s -o wide` shows the policy `Observed`.", old, namespace)},
		{
			"Have an owner of the business start the migration at Meta (" + migration + "). It can't be undone, and no command of this project does it. " +
				"Meta makes account " + r.To + " and copies templates and Flows to it; numbers stay until the migration is resumed.",
			"Meta shows the migration as ready to complete, with the new account " + r.To + ".",
		},
		{
			"Give the system user whose token is in " + r.secret() + " access to account " + r.To + ".",
			"`kubectl waba plan` of the new manifests adopts every template. What differs isn't adopted: correct the manifest, or the template in the new account.",
		},
	}
	remove := step{
		fmt.Sprintf("Delete the old resources: remove their manifests, or `kubectl delete` them, WABA `%s` last. Without a `deletionPolicy` nothing is deleted at Meta.", old),
		"no resource refers to WABA `" + old + "` any more, and the new ones are still ready.",
	}
	resume := step{
		"Resume the migration at Meta: it moves the numbers. From then on the old account can't send.",
		"Meta shows the migration as completed. " + r.numbers() + "A message with a template is delivered. Names of templates and numbers are the same as before, ids of templates and Flows are not; " +
			"whether the id of each number is the same is in its status: senders use it.",
	}
	adopt := step{
		"Apply the new manifests" + where(written) + ".",
		fmt.Sprintf("`kubectl waba status %s%s` shows every template as it is at Meta, and none in review; the operator's audit log has no write of a template. Numbers are `NotFound` until the next step.", renamed, all),
	}
	webhooks := step{
		"Look at the webhooks: Meta's copy may have no subscription, and the operator makes the one of the manifests.",
		"a message to a number arrives at your service.",
	}
	if r.keepsNames() { // two resources can't have one name
		adopt.verify = strings.ReplaceAll(adopt.verify, " Numbers are `NotFound` until the next step.", "")
		remove.verify = "`kubectl get whatsapp" + all + "` shows none of them."
		return append(steps, resume, remove, adopt, webhooks)
	}
	return append(steps, adopt, resume, webhooks, remove)
}

// keepsNames reports that new resources have the names of old ones.
func (r *Result) keepsNames() bool {
	return slices.ContainsFunc(r.Resources, func(x Resource) bool { return x.Before == x.After })
}

func (r *Result) secret() string {
	if r.Secret == "" {
		return "the Secret of WABA `" + r.NewWABA.Name + "`"
	}
	return "Secret `" + r.Secret + "`"
}

func where(written string) string {
	if written == "" {
		return ""
	}
	return " that were written " + written
}

// inNamespace is kubectl's flag for a namespace, "" where it isn't known.
func inNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return " -n " + namespace
}

// maxNamed is how many resources a sentence names.
const maxNamed = 5

// deleting names the resources whose deletion would change something at Meta.
func (r *Result) deleting() (out []string) {
	for i := range r.Resources {
		if x := &r.Resources[i]; x.Deletes != "" {
			out = append(out, fmt.Sprintf("%s `%s` (%s)", x.Kind, x.Before, x.Deletes))
		}
	}
	if more := len(out) - maxNamed; more > 0 {
		out = append(out[:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return out
}

// numbers says how to see that the numbers have moved.
func (r *Result) numbers() string {
	names := map[string][]string{}
	for i := range r.Resources {
		if x := &r.Resources[i]; x.Kind == v1alpha1.KindPhoneNumber {
			names[x.Namespace] = append(names[x.Namespace], x.After)
		}
	}
	var commands []string
	for _, namespace := range slices.Sorted(maps.Keys(names)) {
		commands = append(commands, "`kubectl get phonenumber"+inNamespace(namespace)+" "+strings.Join(names[namespace], " ")+"`")
	}
	if len(commands) == 0 {
		return ""
	}
	return "Each number is `CONNECTED` and ready: " + strings.Join(commands, ", ") + ". "
}
