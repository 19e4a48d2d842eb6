// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/internal/template"
)

// sample is the file of a media header, which Meta's review looks at.
type sample struct {
	path string // of the header's field below spec
	file lifecycle.MediaFile
}

// samples adds the hashes of the sample files to the wanted content: a changed file is a changed spec.
func (t *templates) samples(ctx context.Context, p *templateRun, w *desired) *lifecycle.Result {
	for _, m := range template.MediaOf(&p.Object.Spec) {
		file, o := t.Media.Identify(ctx, p.Object.Namespace, "spec."+m.Path, media.Format(m.Format), m.Source)
		if o != nil {
			return o
		}
		w.samples = append(w.samples, sample{path: m.Path, file: file})
		w.fields.SetMedia(m.Path, file.SHA256)
	}
	return nil
}

// inConfigMaps reports whether a file of the template can change without any change of the resource.
func inConfigMaps(spec *v1alpha1.MessageTemplateSpec) bool {
	for _, m := range template.MediaOf(spec) {
		if m.Source.ConfigMapKeyRef != nil {
			return true
		}
	}
	return false
}

// fetchSamples returns the sample files that are behind addresses. Where they are still being fetched, nothing is shown but
// for a new resource: the next run begins as this one did.
func (t *templates) fetchSamples(ctx context.Context, p *templateRun, w desired) (lifecycle.Fetched, *lifecycle.Result) {
	files := make([]lifecycle.MediaFile, 0, len(w.samples))
	for _, s := range w.samples {
		files = append(files, s.file)
	}
	got, o := t.Fetch(ctx, p.Uploads(), files...)
	if o != nil && o.Unfinished() && p.Synced() != nil {
		o = lifecycle.Unchanged(o.After()).EndingEarly()
	}
	return got, o
}

// withSamples uploads the sample files and puts their handles into the content.
func (t *templates) withSamples(ctx context.Context, p *templateRun, w *desired, files lifecycle.Fetched) *lifecycle.Result {
	handles := map[string]string{}
	for _, s := range w.samples {
		handle, reused, o := t.Upload(ctx, p.Uploads(), s.file, files)
		if o != nil {
			return o
		}
		handles[s.path] = handle
		w.reused = w.reused || reused
	}
	w.content.Components = template.WithHandles(w.content.Components, handles)
	return nil
}

// sent drops handles that were used, or that belong to a refused write. It returns the result of a write that probably failed
// because of a handle from an earlier attempt: Meta doesn't document how it refuses those.
func (t *templates) sent(p *templateRun, w desired, err error) *lifecycle.Result {
	class := graph.ClassOf(err)
	if err != nil && class != graph.ClassInvalidSpec && class != graph.ClassRefused {
		return nil // nothing about the files; they can be sent again
	}
	t.Media.Handles.Drop(p.Object.UID)
	if class != graph.ClassInvalidSpec || !w.reused {
		return nil
	}
	return lifecycle.NotSynced(v1alpha1.ReasonTransientError, "Meta refuses what was uploaded for an earlier attempt; uploaded again").AssetUnaffected().
		WithBackoff(lifecycle.SamplePause).Join(lifecycle.FailedStep{Operation: "write the template with its samples", Err: err})
}

// pausing makes repetitions of a failed write rarer where files are uploaded for it.
func (w desired) pausing(o *lifecycle.Result) *lifecycle.Result {
	if len(w.samples) > 0 {
		return o.Pausing(lifecycle.SamplePause)
	}
	return o.Pausing(lifecycle.SlowPause)
}
