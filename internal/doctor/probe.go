// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

const (
	// probePrefix begins the names of the templates that are created.
	probePrefix = "waba_doctor_"
	// readings is how often a template that was just created or deleted is read, a second apart.
	readings    = 5
	readingWait = time.Second
	// cleanupTime is how long the deletion of a template may take after an interruption.
	cleanupTime = 30 * time.Second
	// sandbox is the account_mode of test numbers.
	sandbox = "SANDBOX"
)

// mayProbe refuses accounts with which messages are sent to people, unless that was allowed.
func (x *examination) mayProbe() error {
	if x.AllowLiveAccount {
		return nil
	}
	if !x.snapshot.NumbersSection.Complete {
		return errors.New("the phone numbers of the account can't be read, so it may be no test account; --allow-live-account probes it nevertheless")
	}
	for _, n := range x.snapshot.Numbers {
		if n.AccountMode != sandbox {
			return errors.New("the account has phone numbers that aren't test numbers; use a test account, or --allow-live-account: " +
				"the probe creates templates of random names, and deletes them")
		}
	}
	return nil
}

// probe creates a template of every documented kind, reads it back, compares it, and deletes it again.
func (x *examination) probe(ctx context.Context) {
	all, err := probes()
	if err != nil {
		x.report.notChecked("kinds of templates", err.Error())
		return
	}
	run := strings.ToLower(rand.Text()[:10])
	for i := range all {
		p := &all[i]
		x.Progress(fmt.Sprintf("template %d of %d: %s", i+1, len(all), p.Kind))
		p.Spec.Name = probePrefix + run + "_" + strings.ReplaceAll(p.Kind, "-", "_")
		result, err := x.probeKind(ctx, p)
		x.report.Probed = append(x.report.Probed, result)
		if stop := mustStop(ctx, err); stop != "" {
			x.report.notChecked("kinds of templates", fmt.Sprintf("%s after %d of %d", stop, i+1, len(all)))
			return
		}
	}
	x.report.checked("kinds of templates")
}

// mustStop says why no more templates may be created, "" if they may.
func mustStop(ctx context.Context, err error) string {
	switch class := graph.ClassOf(err); {
	case ctx.Err() != nil:
		return "interrupted"
	case err == nil:
		return ""
	case class == graph.ClassThrottled, class == graph.ClassQuota, class == graph.ClassCredentials, class == graph.ClassPermission, class == graph.ClassBlocked:
		return why(err)
	}
	return ""
}

// probeKind creates one template. Whatever happens then, it is deleted.
func (x *examination) probeKind(ctx context.Context, p *probe) (out Probed, err error) {
	out.Kind = p.Kind
	content, err := x.contentOf(ctx, p)
	if err != nil {
		x.report.notChecked("template: "+p.Kind, "its sample can't be uploaded: "+why(err))
		if class := graph.ClassOf(err); class == graph.ClassThrottled || class == graph.ClassCredentials {
			return out, err
		}
		return out, nil // a token that may not upload may still create templates
	}
	created, err := x.client.CreateTemplate(ctx, x.AccountID, content)
	switch e, _ := graph.AsError(err); {
	case err == nil:
	case graph.ClassOf(err) == graph.ClassTransient: // it may exist nevertheless
		created = x.lookUp(ctx, p.Spec.Name)
	default:
		if e != nil {
			out.Code = code(e)
		}
		if mustStop(ctx, err) == "" {
			x.report.differ(RefusedTemplate, "template: "+p.Kind, out.Code)
		}
		return out, err
	}
	if created == nil {
		out.Code = why(err)
		return out, err
	}
	out.Created, out.Status, out.Category = true, created.Status, created.Category
	defer func() { out.Deleted = x.remove(ctx, p, created.ID) }()
	x.compareProbe(ctx, p, content, created.ID)
	return out, nil
}

// contentOf translates a probe and uploads its samples.
func (x *examination) contentOf(ctx context.Context, p *probe) (graph.TemplateContent, error) {
	content, problems := template.Content(&p.Spec)
	if len(problems) > 0 {
		return content, errors.New(problems[0].String())
	}
	handles := map[string]string{}
	for _, m := range template.MediaOf(&p.Spec) {
		file, err := sampleOf(m.Format)
		if err != nil {
			return content, err
		}
		handle, err := x.client.Upload(ctx, x.Session.TokenAppID(), graph.File{Name: file.Name, Type: file.Type, Size: file.Size, Content: file})
		if err != nil {
			return content, err
		}
		handles[m.Path] = handle
	}
	content.Components = template.WithHandles(content.Components, handles)
	return content, nil
}

// detached is a context for what has to be done also after an interruption.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
}

// lookUp finds a template whose creation wasn't answered, also after an interruption.
func (x *examination) lookUp(ctx context.Context, name string) *graph.TemplateCreated {
	ctx, cancel := detached(ctx)
	defer cancel()
	for range readings {
		found, err := x.client.FindTemplates(ctx, x.AccountID, name)
		if err == nil && len(found) > 0 {
			return &graph.TemplateCreated{ID: found[0].ID, Status: found[0].Status, Category: found[0].Category}
		}
		if x.Wait(ctx, readingWait) != nil {
			break
		}
	}
	return nil
}

// compareProbe reads a template back and names what the operator would take for a change.
func (x *examination) compareProbe(ctx context.Context, p *probe, content graph.TemplateContent, id string) {
	var live *graph.Template
	for range readings {
		got, err := x.client.ReadTemplate(ctx, id)
		if err == nil {
			live = got
			break
		}
		if x.Wait(ctx, readingWait) != nil {
			break
		}
	}
	if live == nil {
		x.report.notChecked("template read back: "+p.Kind, "Meta doesn't show the template")
		return
	}
	want, have := template.WantedFields(content), template.LiveFields(live)
	for _, field := range template.Diff(want, have) {
		x.report.differ(Normalisation, "template: "+p.Kind, fmt.Sprintf("%s: %s", field, changeOf(want[field], have[field])))
	}
}

// changeOf shows the first place where two texts differ. They are the probe's own, and nothing of the account's.
func changeOf(sent, got string) string {
	switch {
	case got == "":
		return "missing in the answer"
	case sent == "":
		return "only in the answer"
	}
	a, b := []rune(sent), []rune(got)
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("sent %+q, got %+q", cut(a, i), cut(b, i))
}

// cut is what stands around a place.
func cut(text []rune, at int) string {
	return string(text[max(at-5, 0):min(at+6, len(text))])
}

// remove deletes a template of the probe, also after an interruption, and reports whether it is gone.
func (x *examination) remove(ctx context.Context, p *probe, id string) bool {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := try(ctx, func() error { return x.client.DeleteTemplate(ctx, x.AccountID, p.Spec.Name, id) })
	for range readings {
		found, listErr := x.client.FindTemplates(ctx, x.AccountID, p.Spec.Name)
		if listErr == nil && gone(found) {
			return true
		}
		if x.Wait(ctx, readingWait) != nil {
			break
		}
	}
	what := "still there after its deletion"
	if err != nil {
		what = "its deletion failed: " + why(err)
	}
	x.report.differ(NotDeleted, "template: "+p.Kind, what)
	x.Note("not deleted: " + p.Spec.Name + " (delete it in WhatsApp Manager)")
	return false
}

// gone reports whether nothing is left but what Meta deletes.
func gone(found []graph.Template) bool {
	for i := range found {
		if s := found[i].Status; s != metavalues.TemplateDeleted && s != metavalues.TemplatePendingDeletion {
			return false
		}
	}
	return true
}
