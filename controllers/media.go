// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/media"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get

const (
	// mediaRecheck is how often a file in a ConfigMap is looked at again. The operator may get ConfigMaps but not watch
	// them: it would have to read all of the cluster.
	mediaRecheck = 10 * time.Minute
	// unusableRecheck is how often an address is tried whose file can't be used: files are up to 100 MB, and a person has to
	// act first.
	unusableRecheck = time.Hour
	// fetchRecheck is when a resource looks whether its files are fetched if nothing has woken it before.
	fetchRecheck = 5 * time.Minute
)

// mediaFiles reads the files that specs refer to and remembers what was uploaded.
type mediaFiles struct {
	// live reads ConfigMaps past the cache.
	live      client.Reader
	downloads *media.Downloads
	handles   *handles
}

// mediaFile is a file whose hash is known.
type mediaFile struct {
	// field of the spec that names the file.
	field  string
	format media.Format
	source *v1alpha1.MediaSource
	// sha256 of the file, in hexadecimal digits.
	sha256 string
	// inline is the file itself where it comes from a ConfigMap.
	inline *media.File
}

// identify finds out which file a source means. Nothing is fetched from an address or sent to Meta for that.
func (m *mediaFiles) identify(
	ctx context.Context, namespace, field string, format media.Format, source *v1alpha1.MediaSource,
) (mediaFile, *Result) {
	f := mediaFile{field: field, format: format, source: source, sha256: source.SHA256}
	ref := source.ConfigMapKeyRef
	if ref == nil {
		return f, nil
	}
	field += ".configMapKeyRef"
	var cm corev1.ConfigMap
	err := m.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, &cm)
	switch {
	case apierrors.IsNotFound(err):
		return f, noMedia(fmt.Sprintf("%s: ConfigMap %s doesn't exist in this namespace; create it", field, ref.Name))
	case apierrors.IsForbidden(err):
		return f, noMedia(fmt.Sprintf(
			"%s: the operator isn't allowed to get ConfigMap %s; grant its service account the verb get", field, ref.Name)).
			join(failedStep{"read ConfigMap " + ref.Name, err})
	case err != nil:
		return f, failure("read ConfigMap "+ref.Name, err)
	}
	data, ok := cm.BinaryData[ref.Key]
	if !ok {
		text, there := cm.Data[ref.Key]
		if !there {
			return f, noMedia(fmt.Sprintf("%s: ConfigMap %s has no key %s", field, ref.Name, ref.Key))
		}
		data = []byte(text)
	}
	if f.inline, err = media.Inline(format, data); err != nil {
		return f, noMedia(field + ": " + err.Error())
	}
	f.sha256 = f.inline.SHA256
	return f, nil
}

// noMedia is the result where the file in a ConfigMap can't be used. It says nothing about an asset that is at Meta
// already.
func noMedia(message string) *Result {
	return waiting(v1alpha1.ReasonMediaUnusable, message, secretRecheck).assetUnaffected()
}

// uploadTarget says on whose behalf a file is uploaded.
type uploadTarget struct {
	object  v1alpha1.Asset
	waba    *v1alpha1.WABA
	session *account.Session
}

// app is the Meta app to which the file is uploaded.
func (to uploadTarget) app(f mediaFile) (string, *Result) {
	if app := to.session.AppID(); app != "" {
		return app, nil
	}
	return "", waiting(v1alpha1.ReasonAccountNotReady, fmt.Sprintf(
		"%s: files are uploaded to the account's Meta app, whose id isn't known; put the key %s into Secret %s of WABA %s",
		f.field, v1alpha1.SecretKeyAppID, to.waba.Spec.CredentialsSecretRef.Name, to.waba.Name), secretRecheck).assetUnaffected()
}

// fetched are files that were behind addresses, by the field that names them.
type fetched map[string]*media.File

// close frees the files, and with them the place that they take.
func (f fetched) close() {
	for _, file := range f {
		_ = file.Close()
	}
}

// fetch returns the files that have to be uploaded and are behind addresses. A run never waits for them: where they aren't
// there yet, the result is unfinished, and the resource is reconciled again when they are.
func (b *base) fetch(ctx context.Context, to uploadTarget, files ...mediaFile) (fetched, *Result) {
	key := keyOf(to.object, client.ObjectKeyFromObject(to.object))
	r := media.Request{
		Tenant: to.object.GetNamespace(), Owner: string(to.object.GetUID()), Ready: func() { b.changes.ready(key) },
	}
	var fields []string
	for _, f := range files {
		app, o := to.app(f)
		if o != nil {
			return nil, o
		}
		if f.inline == nil && b.media.handles.get(to.handle(app, f)) == "" {
			r.Files = append(r.Files, media.Address{Format: f.format, URL: f.source.URL, SHA256: f.source.SHA256})
			fields = append(fields, f.field)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	result, ok := b.media.downloads.Get(r) //nolint:contextcheck // the download outlives the run
	switch {
	case !ok:
		logStep(ctx, "The files are being fetched", "fields", fields)
		return nil, waiting(v1alpha1.ReasonProgressing, fields[0]+".url: the file is being fetched", fetchRecheck).assetUnaffected().endingEarly()
	case result.Err != nil:
		return nil, notFetched(ctx, fields[result.Failed]+".url", result.Err)
	}
	out := fetched{}
	for i, file := range result.Files {
		out[fields[i]] = file
	}
	return out, nil
}

func (to uploadTarget) handle(app string, f mediaFile) handleKey {
	return handleKey{object: to.object.GetUID(), app: app, field: f.field, sha256: f.sha256}
}

// upload gives a file to Meta and returns its handle. A handle is good for a short time
// (https://developers.facebook.com/docs/graph-api/guides/upload), so it is never kept in a status; it is only remembered
// while the write it was made for fails for a passing reason. reused says that it comes from such an earlier attempt.
func (b *base) upload(ctx context.Context, to uploadTarget, f mediaFile, files fetched) (handle string, reused bool, o *Result) {
	app, o := to.app(f)
	if o != nil {
		return "", false, o
	}
	key := to.handle(app, f)
	if handle := b.media.handles.get(key); handle != "" {
		return handle, true, nil
	}
	file := f.inline
	if file == nil {
		file = files[f.field]
	}
	if file == nil { // its handle expired in this run
		return "", false, unchanged(firstPause)
	}
	logStep(ctx, "About to write to Meta", "call", CallUploadFile, "field", f.field)
	handle, err := to.session.Client().Upload(ctx, app, graph.File{Name: file.Name, Type: file.Type, Size: file.Size, Content: file})
	b.wrote(to.object, CallUploadFile, []string{f.field}, err)
	if err != nil {
		return "", false, notUploaded(f.field, err)
	}
	b.media.handles.put(key, handle)
	return handle, false, nil
}

// notFetched is the result where an address gave no usable file.
func notFetched(ctx context.Context, field string, err error) *Result {
	var known *media.Error
	if !errors.As(err, &known) || ctx.Err() != nil { // stopped with the process: it says nothing about the file
		return failure("fetch a file", err)
	}
	o := notSynced(v1alpha1.ReasonMediaUnusable, field+": "+known.Message).assetUnaffected().join(failedStep{"fetch a file", err})
	if known.Retry {
		return o.withBackoff(samplePause)
	}
	return o.retryAfter(unusableRecheck).showing(true)
}

// notUploaded is the result of a failed upload. Nothing about the asset itself was sent.
func notUploaded(field string, err error) *Result {
	o := failure("upload a file", err).assetUnaffected()
	e, ok := graph.AsError(err)
	if !ok {
		return o
	}
	switch e.Class {
	case graph.ClassPermission, graph.ClassAmbiguous:
		o = o.saying(fmt.Sprintf("%s: Meta doesn't take the file: %s; give the token's system user a developer or admin role on the "+
			"Meta app, or correct %s in the account's Secret", field, clause(e.Explain()), v1alpha1.SecretKeyAppID))
	case graph.ClassInvalidSpec, graph.ClassRefused:
		o = o.because(v1alpha1.ReasonMediaUnusable, field+": Meta refuses the file: "+e.Explain()).showing(true)
	}
	if o.backoff && e.Op != graph.OpOpenUpload {
		return o.pausing(longestPause) // up to five calls were made
	}
	return o
}

func (p *pass[T]) uploads() uploadTarget {
	return uploadTarget{object: p.obj, waba: p.waba, session: p.session}
}
