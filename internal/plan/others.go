// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
)

// others are the Secrets, ConfigMaps and Namespaces that reconcilers read: those of the manifests, else those of the cluster,
// else what can be taken for granted. Each is read from the cluster once.
type others struct {
	// manifests are Secrets, ConfigMaps and Namespaces that would be applied.
	manifests map[objectKey]client.Object
	// cluster is nil where there is none.
	cluster client.Reader
	token   Token
	// uses says what the resources use Secrets for.
	uses map[types.NamespacedName]*use

	known map[objectKey]answer
	// sources say where the access tokens of Secrets come from.
	sources map[types.NamespacedName]string
	// notes are what was taken for granted.
	notes map[string]bool
}

type objectKey struct {
	kind string
	name types.NamespacedName
}

type answer struct {
	obj client.Object
	err error
}

// Token is an access token besides those of Secrets.
type Token struct {
	account.Credentials

	// Always: it is used for every account, whatever Secrets hold; else for those whose Secret isn't in the cluster.
	Always bool
}

// use is what a Secret is used for.
type use struct {
	purpose string
	// keys that are read.
	keys []string
	// version that was used last, nil for none.
	version *v1alpha1.SecretVersion
}

func newOthers(cluster client.Reader, token Token) *others {
	return &others{
		manifests: map[objectKey]client.Object{}, cluster: cluster, token: token, uses: map[types.NamespacedName]*use{},
		known: map[objectKey]answer{}, notes: map[string]bool{}, sources: map[types.NamespacedName]string{},
	}
}

// note remembers what a resource uses Secrets for.
func (o *others) note(obj client.Object) {
	add := func(ref *v1alpha1.SecretKeyReference, purpose string, version *v1alpha1.SecretVersion) {
		if ref == nil {
			return
		}
		key := types.NamespacedName{Namespace: obj.GetNamespace(), Name: ref.Name}
		u := o.uses[key]
		if u == nil {
			u = &use{purpose: purpose}
			o.uses[key] = u
		}
		u.keys = append(u.keys, ref.Key)
		if version != nil {
			u.version = version
		}
	}
	switch r := obj.(type) {
	case *v1alpha1.WABA:
		add(&v1alpha1.SecretKeyReference{Name: r.Spec.CredentialsSecretRef.Name, Key: v1alpha1.SecretKeyAccessToken}, v1alpha1.SecretPurposeAccount, nil)
	case *v1alpha1.PhoneNumber:
		if spec := r.Spec.Registration; spec != nil {
			var version *v1alpha1.SecretVersion
			if r.Status.Operator.Registration != nil {
				version = r.Status.Operator.Registration.PINSecret
			}
			add(&spec.PINSecretRef, v1alpha1.SecretPurposePIN, version)
		}
	case *v1alpha1.WebhookSubscription:
		noteTokens(r, func(ref *v1alpha1.SecretKeyReference, version *v1alpha1.SecretVersion) {
			add(ref, v1alpha1.SecretPurposeVerifyToken, version)
		})
	}
}

// noteTokens names the verify tokens of a subscription, and the versions that were used.
func noteTokens(r *v1alpha1.WebhookSubscription, add func(*v1alpha1.SecretKeyReference, *v1alpha1.SecretVersion)) {
	memory := &r.Status.Operator
	if app := r.Spec.App; app != nil {
		add(app.VerifyTokenSecretRef, memory.Applied(v1alpha1.CallbackLevelApp).VerifyTokenSecret)
	}
	if m := r.Spec.Messages; m != nil {
		add(&m.VerifyTokenSecretRef, memory.Applied(v1alpha1.CallbackLevelMessages).VerifyTokenSecret)
	}
	for i := range r.Spec.PhoneNumbers {
		entry := &r.Spec.PhoneNumbers[i]
		var version *v1alpha1.SecretVersion
		for _, known := range r.Status.PhoneNumbers {
			if known.Name == entry.PhoneNumberRef.Name {
				version = memory.Applied(known.ID).VerifyTokenSecret
			}
		}
		add(&entry.VerifyTokenSecretRef, version)
	}
}

// Get answers with what a reconciler would find once the manifests are applied.
func (o *others) Get(ctx context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	var kind string
	switch obj.(type) {
	case *corev1.Secret:
		kind = "Secret"
	case *corev1.ConfigMap:
		kind = "ConfigMap"
	case *metav1.PartialObjectMetadata:
		kind = "Namespace"
	default:
		return refused("get", obj)
	}
	id := objectKey{kind, key}
	a, ok := o.known[id]
	if !ok {
		a.obj, a.err = o.readOnce(ctx, id, obj)
		o.known[id] = a
	}
	if a.err != nil {
		return a.err
	}
	reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(a.obj.DeepCopyObject()).Elem())
	return nil
}

// List isn't asked for.
func (o *others) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	return refused("list", list)
}

func (o *others) readOnce(ctx context.Context, id objectKey, like client.Object) (client.Object, error) {
	there, err := o.inCluster(ctx, id, like)
	switch id.kind {
	case "Secret":
		found, _ := there.(*corev1.Secret)
		return o.secret(id, found, err)
	case "Namespace":
		return o.namespace(id, there, err)
	}
	if manifest := o.manifests[id]; manifest != nil {
		return manifest, nil
	}
	return there, err
}

// inCluster reads an object of the cluster; where there is no cluster, there is no object either.
func (o *others) inCluster(ctx context.Context, id objectKey, like client.Object) (client.Object, error) {
	missing := apierrors.NewNotFound(schema.GroupResource{Resource: id.kind}, id.name.Name)
	if o.cluster == nil {
		return nil, missing
	}
	obj, ok := like.DeepCopyObject().(client.Object)
	if !ok {
		return nil, missing
	}
	err := o.cluster.Get(ctx, id.name, obj)
	if apierrors.IsForbidden(err) {
		o.notes[fmt.Sprintf("you may not get %s %s", id.kind, id.name)] = true
	}
	if err != nil {
		return nil, err
	}
	return obj, nil
}

// namespace has at least the label that every namespace has.
func (o *others) namespace(id objectKey, there client.Object, err error) (client.Object, error) {
	all := map[string]string{corev1.LabelMetadataName: id.name.Name}
	if err == nil {
		maps.Copy(all, there.GetLabels())
	}
	if manifest := o.manifests[id]; manifest != nil {
		maps.Copy(all, manifest.GetLabels())
	}
	out := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: id.name.Name, Labels: all}}
	out.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return out, nil
}

// secret decides which Secret there would be.
func (o *others) secret(id objectKey, there *corev1.Secret, err error) (client.Object, error) {
	u := o.uses[id.name]
	manifest, _ := o.manifests[id].(*corev1.Secret)
	switch {
	case u != nil && u.purpose == v1alpha1.SecretPurposeAccount:
		return o.accountSecret(id, there, manifest, err)
	case manifest != nil:
		return applied(manifest, there, u, err), nil
	case there != nil:
		return there, nil
	case u == nil, o.cluster != nil && !apierrors.IsForbidden(err):
		return nil, err // a missing code is how a number waits for one, and a missing PIN is missed
	}
	o.notes[fmt.Sprintf("Secret %s is taken to be there and unchanged", id.name)] = true
	return assumed(id, u), nil
}

// accountSecret is the one with the access token. What the caller gives goes before what can't be had from the cluster.
func (o *others) accountSecret(id objectKey, there, manifest *corev1.Secret, err error) (client.Object, error) {
	given := o.token.AccessToken != ""
	o.sources[id.name] = "Secret " + id.name.String()
	switch {
	case given && o.token.Always, given && there == nil:
		o.sources[id.name] = o.token.Source
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: id.name.Namespace, Name: id.name.Name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount},
			},
			Data: map[string][]byte{
				v1alpha1.SecretKeyAccessToken: []byte(o.token.AccessToken), v1alpha1.SecretKeyAppSecret: []byte(o.token.AppSecret),
				v1alpha1.SecretKeyAppID: []byte(o.token.AppID),
			},
		}, nil
	case there != nil:
		return there, nil
	case manifest != nil:
		return manifest, nil
	case o.cluster != nil && !apierrors.IsForbidden(err):
		return nil, err
	}
	return nil, noTokenError{id.name}
}

// noTokenError says that the caller must give a token.
type noTokenError struct{ secret types.NamespacedName }

func (e noTokenError) Error() string {
	return fmt.Sprintf("no access token: Secret %s can't be read; give --access-token-file FILE or --secret [NAMESPACE/]NAME, or set WABA_ACCESS_TOKEN", e.secret)
}

// applied is a Secret of the manifests once it is in the cluster: the one that is there if it has the same content, else a newer
// version of it. Its managed fields say that its content is written by the apply; without them a PIN that Meta refused would be taken for
// the same.
func applied(manifest, there *corev1.Secret, u *use, err error) *corev1.Secret {
	if there != nil && equality.Semantic.DeepEqual(manifest.Data, there.Data) && contains(there.Labels, manifest.Labels) {
		return there
	}
	out := manifest.DeepCopy()
	switch {
	case there != nil:
		out.UID, out.ResourceVersion = there.UID, there.ResourceVersion+"-planned"
		merge(out, there)
		merge(out, manifest)
		if out.ManagedFields = there.ManagedFields; !equality.Semantic.DeepEqual(out.Data, there.Data) {
			out.ManagedFields = append(slices.Clone(there.ManagedFields), written())
		}
	case u != nil && u.version != nil && !apierrors.IsNotFound(err):
		out.UID, out.ResourceVersion = types.UID(u.version.UID), u.version.ResourceVersion // it can't be compared
	}
	return out
}

// written is the entry of an apply that writes all of a Secret's data, later than whatever is known.
func written() metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: "plan", Operation: metav1.ManagedFieldsOperationApply, FieldsType: "FieldsV1", Time: new(metav1.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)),
		FieldsV1: metav1.NewFieldsV1(`{"f:data":{}}`),
	}
}

func contains(all, some map[string]string) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return true
}

// assumed stands for a Secret that can't be read. Its content is never sent anywhere: a plan makes no such call.
func assumed(id objectKey, u *use) *corev1.Secret {
	out := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: id.name.Namespace, Name: id.name.Name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: u.purpose},
	}, Data: map[string][]byte{}}
	if u.version != nil {
		out.UID, out.ResourceVersion = types.UID(u.version.UID), u.version.ResourceVersion
	}
	for _, key := range u.keys {
		out.Data[key] = []byte("000000")
	}
	return out
}

func (o *others) sortedNotes() []string { return slices.Sorted(maps.Keys(o.notes)) }
