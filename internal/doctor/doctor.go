// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/recording"
)

// Options say what is examined, and how.
type Options struct {
	// AccountID is the account.
	AccountID string
	// Session makes the calls; its transport is Recorder.
	Session  *account.Session
	Recorder *recording.Recorder
	// Tool is the version of the program.
	Tool string
	// GraphAPIVersion is that of the session.
	GraphAPIVersion string
	// ClientFor returns a client for another version of the API, with the same token and transport.
	ClientFor func(version string) (*graph.Client, error)
	// Probe creates and deletes templates.
	Probe bool
	// AllowLiveAccount lets Probe use an account with phone numbers that send messages.
	AllowLiveAccount bool
	// Progress gets a line for each step, without anything of the account. May be nil.
	Progress func(string)
	// Note gets a line about what must not be missed; nil means Progress.
	Note func(string)
	// Wait waits until Meta may have done what a call requested.
	Wait func(context.Context, time.Duration) error
	// Now is for the versions that have ended.
	Now func() time.Time
}

const (
	// attempts is how often a call is made whose error may pass.
	attempts = 4
	// someTemplates, someNumbers and somePages bound what is read one by one.
	someTemplates = 10
	someNumbers   = 3
	somePages     = 4
	largestPage   = 50
)

// examination is one run.
type examination struct {
	Options
	client *graph.Client
	report *Report
	// snapshot is what the operator observes; nil if it can't.
	snapshot *account.Snapshot
}

// Examine makes the calls and returns what was found. An error means that the account can't be read at all, or that Probe isn't allowed.
func Examine(ctx context.Context, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Note == nil {
		o.Note = o.Progress
	}
	x := &examination{
		Options: o, client: o.Session.Client(),
		report: &Report{TypeMeta: output.TypeOf(DocumentKind), Tool: o.Tool, GraphAPIVersion: o.GraphAPIVersion, Probe: o.Probe, Differences: []Difference{}},
	}
	if err := x.observe(ctx); err != nil {
		return nil, err
	}
	if o.Probe {
		if err := x.mayProbe(); err != nil {
			return nil, err
		}
	}
	for _, step := range []func(context.Context){x.pages, x.templates, x.numbers, x.users, x.catalog, x.app, x.versions} {
		step(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if o.Probe {
		x.probe(ctx)
	}
	x.report.study(o.Recorder.Exchanges())
	x.report.sort()
	return x.report, nil
}

// try makes a call again as long as its error may pass.
func try(ctx context.Context, call func() error) error {
	var err error
	for range attempts {
		if err = call(); err == nil || ctx.Err() != nil {
			return err
		}
		if class := graph.ClassOf(err); class != graph.ClassUnknown && class != graph.ClassTransient {
			return err
		}
	}
	return err
}

// why says in words without the account's own why something failed.
func why(err error) string {
	e, ok := graph.AsError(err)
	switch {
	case !ok:
		return "the call failed"
	case e.Code == 0:
		return "the call failed: " + string(e.Class)
	}
	return fmt.Sprintf("Meta answers with code %s (%s)", code(e), e.Class)
}

// check makes a call and notes whether it could be made.
func (x *examination) check(ctx context.Context, name string, call func() error) bool {
	x.Progress(name)
	if err := try(ctx, call); err != nil {
		x.report.notChecked(name, why(err))
		return false
	}
	x.report.checked(name)
	return true
}

// observe reads the account as the operator does.
func (x *examination) observe(ctx context.Context) error {
	x.Progress("account as the operator observes it")
	if err := try(ctx, func() (err error) {
		x.snapshot, _, err = x.Session.Observe(ctx)
		return err
	}); err != nil {
		return err
	}
	x.report.checked("account as the operator observes it")
	for _, section := range []struct {
		name string
		account.Section
	}{
		{"templates of the account", x.snapshot.TemplatesSection}, {"phone numbers of the account", x.snapshot.NumbersSection},
		{"subscribed apps", x.snapshot.AppsSection},
	} {
		if section.Complete {
			x.report.checked(section.name)
		} else {
			x.report.notChecked(section.name, why(section.Err))
		}
	}
	for _, part := range []struct {
		name string
		err  error
	}{{"access token, asked for in a batch", x.snapshot.TokenErr}, {"optional fields of the account", x.snapshot.OptionalErr}} {
		if part.err != nil {
			x.report.notChecked(part.name, why(part.err))
		} else {
			x.report.checked(part.name)
		}
	}
	x.composite()
	return nil
}

// composite says whether Meta answered the one request for everything.
func (x *examination) composite() {
	for _, e := range x.Recorder.Exchanges() {
		if e.Operation != graph.OpReadAccount {
			continue
		}
		failure := graph.ErrorIn(e.Operation, e.Body)
		if failure == nil {
			return
		}
		if failure.Cause != graph.CauseUnknownField && failure.Class != graph.ClassUnknown && failure.Class != graph.ClassTransient {
			x.report.differ(RefusedComposite, e.Operation.Endpoint(), code(failure))
			return
		}
	}
}

// pages reads the templates in small pages and compares them with the whole.
func (x *examination) pages(ctx context.Context) {
	const name = "pages of templates"
	whole := len(x.snapshot.Templates)
	if !x.snapshot.TemplatesSection.Complete || whole < 2 {
		x.report.notChecked(name, "the account has fewer than two templates that can be read")
		return
	}
	size := min(max(whole/(somePages-1), 1), largestPage)
	seen, twice, ended, after := map[string]bool{}, 0, false, ""
	ok := x.check(ctx, name, func() error {
		for page := 0; page < somePages && !ended; page++ {
			got, err := x.client.ListTemplates(ctx, x.AccountID, graph.ListOptions{PageSize: size, After: after})
			if err != nil {
				return err
			}
			for i := range got.Items {
				if seen[got.Items[i].ID] {
					twice++
				}
				seen[got.Items[i].ID] = true
			}
			after, ended = got.After, got.After == ""
		}
		return nil
	})
	switch {
	case !ok:
	case twice > 0:
		x.report.differ(Paging, "list of templates", "a template is on two pages")
	case ended && len(seen) != whole:
		x.report.differ(Paging, "list of templates", "small pages have another number of templates than large ones")
	}
	if count := x.snapshot.TemplateCount; count >= 0 && count != whole {
		x.report.differ(Paging, "list of templates", "the summary has another number of templates than the pages")
	}
}

// versions asks each version of the API for one field.
func (x *examination) versions(ctx context.Context) {
	for _, version := range graph.LivingVersions(x.Now()) {
		x.check(ctx, "version "+version+" of the API", func() error {
			client, err := x.ClientFor(version)
			if err != nil {
				return err
			}
			_, err = client.ReadAccountOptional(ctx, x.AccountID, []string{"name"})
			return err
		})
	}
}

// users lists who has access; the names stay unread.
func (x *examination) users(ctx context.Context) {
	owner := x.snapshot.Account.OwnerBusiness
	if owner == nil || owner.ID == "" {
		x.report.notChecked("assigned users", "Meta doesn't show the business that owns the account")
		return
	}
	x.check(ctx, "assigned users", func() error {
		_, err := x.client.ListAssignedUsers(ctx, x.AccountID, owner.ID)
		return err
	})
}

// catalog reads which product catalogue is linked, which many tokens may not.
func (x *examination) catalog(ctx context.Context) {
	x.check(ctx, "product catalogue", func() error {
		_, err := x.client.ListCatalogs(ctx, x.AccountID)
		return err
	})
}

// app reads where the app's events go.
func (x *examination) app(ctx context.Context) {
	const name = "subscription of the app"
	id := x.Session.TokenAppID()
	if id == "" || !x.client.HasAppSecret() {
		x.report.notChecked(name, "the app secret isn't at hand")
		return
	}
	x.check(ctx, name, func() error {
		_, err := x.client.ReadAppSubscription(ctx, id)
		return err
	})
}

// sample selects items that differ in what key returns, in the order of their ids.
func sample[K comparable, V any](items map[K]V, limit int, id func(V) string, key func(V) string) []V {
	all := slices.SortedFunc(maps.Values(items), func(a, b V) int { return compareIDs(id(a), id(b)) })
	var out []V
	seen := map[string]bool{}
	for _, item := range all {
		if k := key(item); !seen[k] && len(out) < limit {
			seen[k] = true
			out = append(out, item)
		}
	}
	return out
}

// compareIDs has the order of numbers, which a recording keeps.
func compareIDs(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }
