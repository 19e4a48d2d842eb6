// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

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
	// MediaRecheck is how often a file in a ConfigMap is looked at again. The operator may get ConfigMaps but not watch
	// them: it would have to read all of the cluster.
	MediaRecheck = 10 * time.Minute
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
	Handles   *handles
}

// MediaFile is a file whose hash is known.
type MediaFile struct {
	// Field of the spec that names the file.
	Field  string
	format media.Format
	source *v1alpha1.MediaSource
	// SHA256 of the file, in hexadecimal digits.
	SHA256 string
	// Inline is the file itself where it comes from a ConfigMap.
	Inline *media.File
}

// Identify finds out which file a source means. Nothing is fetched from an address or sent to Meta for that.
func (m *mediaFiles) Identify(
	ctx context.Context, namespace, field string, format media.Format, source *v1alpha1.MediaSource,
) (MediaFile, *Result) {
	f := MediaFile{Field: field, format: format, source: source, SHA256: source.SHA256}
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
			Join(FailedStep{"read ConfigMap " + ref.Name, err})
	case err != nil:
		return f, Failed("read ConfigMap "+ref.Name, err)
	}
	data, ok := cm.BinaryData[ref.Key]
	if !ok {
		text, there := cm.Data[ref.Key]
		if !there {
			return f, noMedia(fmt.Sprintf("%s: ConfigMap %s has no key %s", field, ref.Name, ref.Key))
		}
		data = []byte(text)
	}
	if f.Inline, err = media.Inline(format, data); err != nil {
		return f, noMedia(field + ": " + err.Error())
	}
	f.SHA256 = f.Inline.SHA256
	return f, nil
}

// noMedia is the result where the file in a ConfigMap can't be used. It says nothing about an asset that is at Meta
// already.
func noMedia(message string) *Result {
	return Waiting(v1alpha1.ReasonMediaUnusable, message, SecretRecheck).AssetUnaffected()
}

// UploadTarget says on whose behalf a file is uploaded.
type UploadTarget struct {
	object  v1alpha1.Asset
	waba    *v1alpha1.WABA
	session *account.Session
}

// App is the Meta app to which the file is uploaded.
func (to UploadTarget) App(f MediaFile) (string, *Result) {
	if app := to.session.AppID(); app != "" {
		return app, nil
	}
	return "", Waiting(v1alpha1.ReasonAccountNotReady, fmt.Sprintf(
		"%s: files are uploaded to the account's Meta app, whose id isn't known; put the key %s into Secret %s of WABA %s",
		f.Field, v1alpha1.SecretKeyAppID, to.waba.Spec.CredentialsSecretRef.Name, to.waba.Name), SecretRecheck).AssetUnaffected()
}

// Fetched are files that were behind addresses, by the field that names them.
type Fetched map[string]*media.File

// Close frees the files, and with them the place that they take.
func (f Fetched) Close() {
	for _, file := range f {
		_ = file.Close()
	}
}

// Fetch returns the files that have to be uploaded and are behind addresses. A run never waits for them: where they aren't
// there yet, the result is unfinished, and the resource is reconciled again when they are.
func (b *Base) Fetch(ctx context.Context, to UploadTarget, files ...MediaFile) (Fetched, *Result) {
	key := keyOf(to.object, client.ObjectKeyFromObject(to.object))
	r := media.Request{
		Tenant: to.object.GetNamespace(), Owner: string(to.object.GetUID()), Ready: func() { b.AccountEvents.ready(key) },
	}
	var fields []string
	for _, f := range files {
		app, o := to.App(f)
		if o != nil {
			return nil, o
		}
		if f.Inline == nil && b.Media.Handles.get(to.handle(app, f)) == "" {
			r.Files = append(r.Files, media.Address{Format: f.format, URL: f.source.URL, SHA256: f.source.SHA256})
			fields = append(fields, f.Field)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	result, ok := b.Media.downloads.Get(r) //nolint:contextcheck // the download outlives the run
	switch {
	case !ok:
		LogStep(ctx, "The files are being fetched", "fields", fields)
		return nil, Waiting(v1alpha1.ReasonProgressing, fields[0]+".url: the file is being fetched", fetchRecheck).AssetUnaffected().EndingEarly()
	case result.Err != nil:
		return nil, notFetched(ctx, fields[result.Failed]+".url", result.Err)
	}
	out := Fetched{}
	for i, file := range result.Files {
		out[fields[i]] = file
	}
	return out, nil
}

func (to UploadTarget) handle(app string, f MediaFile) handleKey {
	return handleKey{object: to.object.GetUID(), app: app, field: f.Field, sha256: f.SHA256}
}

// Upload gives a file to Meta and returns its handle. A handle is good for a short time
// (https://developers.facebook.com/docs/graph-api/guides/upload), so it is never kept in a status; it is only remembered
// while the write it was made for fails for a passing reason. reused says that it comes from such an earlier attempt.
func (b *Base) Upload(ctx context.Context, to UploadTarget, f MediaFile, files Fetched) (handle string, reused bool, o *Result) {
	app, o := to.App(f)
	if o != nil {
		return "", false, o
	}
	key := to.handle(app, f)
	if handle := b.Media.Handles.get(key); handle != "" {
		return handle, true, nil
	}
	file := f.Inline
	if file == nil {
		file = files[f.Field]
	}
	if file == nil { // its handle expired in this run
		return "", false, Unchanged(FirstPause)
	}
	LogStep(ctx, "About to write to Meta", "call", CallUploadFile, "field", f.Field)
	handle, err := to.session.Client().Upload(ctx, app, graph.File{Name: file.Name, Type: file.Type, Size: file.Size, Content: file})
	b.AuditWrite(to.object, CallUploadFile, []string{f.Field}, err)
	if err != nil {
		return "", false, notUploaded(f.Field, err)
	}
	b.Media.Handles.put(key, handle)
	return handle, false, nil
}

// notFetched is the result where an address gave no usable file.
func notFetched(ctx context.Context, field string, err error) *Result {
	var known *media.Error
	if !errors.As(err, &known) || ctx.Err() != nil { // stopped with the process: it says nothing about the file
		return Failed("fetch a file", err)
	}
	o := NotSynced(v1alpha1.ReasonMediaUnusable, field+": "+known.Message).AssetUnaffected().Join(FailedStep{"fetch a file", err})
	if known.Retry {
		return o.WithBackoff(SamplePause)
	}
	return o.RetryAfter(unusableRecheck).Showing(true)
}

// notUploaded is the result of a failed upload. Nothing about the asset itself was sent.
func notUploaded(field string, err error) *Result {
	o := Failed("upload a file", err).AssetUnaffected()
	e, ok := graph.AsError(err)
	if !ok {
		return o
	}
	switch e.Class {
	case graph.ClassPermission, graph.ClassAmbiguous:
		o = o.Saying(fmt.Sprintf("%s: Meta doesn't take the file: %s; give the token's system user a developer or admin role on the "+
			"Meta app, or correct %s in the account's Secret", field, Clause(e.Explain()), v1alpha1.SecretKeyAppID))
	case graph.ClassInvalidSpec, graph.ClassRefused:
		o = o.Because(v1alpha1.ReasonMediaUnusable, field+": Meta refuses the file: "+e.Explain()).Showing(true)
	}
	if o.backoff && e.Op != graph.OpOpenUpload {
		return o.Pausing(LongestPause) // up to five calls were made
	}
	return o
}

// Uploads says for whom a run uploads files.
func (p *Run[T]) Uploads() UploadTarget {
	return UploadTarget{object: p.Object, waba: p.WABA, session: p.Session}
}
