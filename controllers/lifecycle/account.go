// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Referrer is a resource that names an account.
type Referrer struct {
	Kind, Namespace string
	Ref             v1alpha1.WABAReference
	// TemplateName is set for message templates.
	TemplateName string
}

// Account names the WABA resource to which the reference leads.
func (r Referrer) Account() types.NamespacedName { return index.Referenced(r.Namespace, r.Ref) }

// Resolver finds the account of a resource and checks that the account's owner agrees.
type Resolver struct {
	client client.Client
	// namespaces reads Namespace labels; nil when the operator may not (then selectors match nothing).
	namespaces client.Reader
	secrets    client.Reader
	accounts   *account.Manager
	version    string
	contents   *contents
}

// Find returns the WABA resource, or the result that says why it can't be used.
func (r *Resolver) Find(ctx context.Context, who Referrer) (*v1alpha1.WABA, *Result) {
	key := who.Account()
	var waba v1alpha1.WABA
	if err := r.client.Get(ctx, key, &waba); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, Waiting(v1alpha1.ReasonAccountNotReady, fmt.Sprintf(
				"WABA %s doesn't exist; create it or correct spec.wabaRef", Display(key, who.Namespace)), 0).AssetUnaffected()
		}
		return nil, Failed("read the account", err)
	}
	ok, why, err := r.permitted(ctx, &waba, who)
	if err != nil {
		return nil, Failed("read the labels of namespace "+who.Namespace, err)
	}
	if !ok {
		return nil, NotSynced(v1alpha1.ReasonReferenceNotPermitted, why).AssetUnaffected()
	}
	return &waba, nil
}

// Display is how a message in one namespace names a resource that may be in another one.
func Display(key types.NamespacedName, own string) string {
	if key.Namespace == own {
		return key.Name
	}
	return key.String()
}

// Permits reports whether a resource may use its account, which is there.
func (r *Resolver) Permits(ctx context.Context, who Referrer) (bool, error) {
	_, refused := r.Find(ctx, who)
	if refused == nil {
		return true, nil
	}
	return false, refused.Err()
}

// permitted evaluates spec.allowedReferences. Absent, every kind of the account's own namespace may refer to it; present,
// the list is complete.
func (r *Resolver) permitted(ctx context.Context, waba *v1alpha1.WABA, who Referrer) (ok bool, why string, err error) {
	same := waba.Namespace == who.Namespace
	if len(waba.Spec.AllowedReferences) == 0 {
		if same {
			return true, "", nil
		}
		return false, refusal(waba, who, "spec.allowedReferences is empty"), nil
	}
	prefixMissed := false
	for i := range waba.Spec.AllowedReferences {
		a := &waba.Spec.AllowedReferences[i]
		matches, failed := r.namespaceMatches(ctx, a, waba, who.Namespace)
		if failed != nil {
			err = failed // another entry may match
		}
		if !matches || !kindMatches(a, same, who.Kind) {
			continue
		}
		if who.TemplateName != "" && !prefixMatches(a.TemplateNamePrefixes, who.TemplateName) {
			prefixMissed = true
			continue
		}
		return true, "", nil
	}
	if prefixMissed {
		return false, refusal(waba, who, "template names must begin with one of its templateNamePrefixes"), err
	}
	return false, refusal(waba, who, "no entry of spec.allowedReferences matches"), err
}

func refusal(waba *v1alpha1.WABA, who Referrer, why string) string {
	return fmt.Sprintf("WABA %s doesn't allow a %s from namespace %s (%s); its owner can allow it in spec.allowedReferences",
		Display(client.ObjectKeyFromObject(waba), who.Namespace), who.Kind, who.Namespace, why)
}

func kindMatches(a *v1alpha1.AllowedReference, same bool, kind string) bool {
	if len(a.Kinds) == 0 {
		return same
	}
	return slices.Contains(a.Kinds, kind)
}

func prefixMatches(prefixes []string, name string) bool {
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

func (r *Resolver) namespaceMatches(ctx context.Context, a *v1alpha1.AllowedReference, waba *v1alpha1.WABA, ns string) (bool, error) {
	switch a.Namespaces.From {
	case v1alpha1.NamespacesFromAll:
		return true, nil
	case v1alpha1.NamespacesFromSelector:
		return r.selected(ctx, a.Namespaces.Selector, ns)
	default:
		return waba.Namespace == ns, nil
	}
}

func (r *Resolver) selected(ctx context.Context, selector *metav1.LabelSelector, ns string) (bool, error) {
	if r.namespaces == nil || selector == nil {
		return false, nil
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, nil //nolint:nilerr // a selector that can't be parsed selects nothing
	}
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.namespaces.Get(ctx, types.NamespacedName{Name: ns}, namespace); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return s.Matches(labels.Set(namespace.Labels)), nil
}

// accountUnusableReasons are the states of an account in which its resources make no call.
var accountUnusableReasons = map[string]string{
	v1alpha1.ReasonCredentialsInvalid: v1alpha1.ReasonCredentialsInvalid,
	v1alpha1.ReasonPermissionDenied:   v1alpha1.ReasonPermissionDenied,
	v1alpha1.ReasonAccountBlocked:     v1alpha1.ReasonAccountBlocked,
	v1alpha1.ReasonConflict:           v1alpha1.ReasonAccountNotReady,
	v1alpha1.ReasonAccountChanged:     v1alpha1.ReasonAccountNotReady,
	v1alpha1.ReasonInvalidSpec:        v1alpha1.ReasonAccountNotReady,
	v1alpha1.ReasonNotFound:           v1alpha1.ReasonAccountNotReady,
}

// AccountUnusable says whether resources of the account may make calls, according to the observation of its own controller.
func AccountUnusable(waba *v1alpha1.WABA, namespace string) *Result {
	name := Display(client.ObjectKeyFromObject(waba), namespace)
	synced := meta.FindStatusCondition(waba.Status.Conditions, v1alpha1.ConditionSynced)
	if waba.Status.LastObservedTime == nil || synced == nil || waba.Status.AccountID != waba.Spec.ID {
		message := "WABA " + name + " hasn't been observed yet"
		if synced != nil && synced.Status != metav1.ConditionTrue {
			message = fmt.Sprintf("WABA %s can't be used (%s); see its status", name, synced.Reason)
		}
		return Waiting(reasonFor(synced), message, 0).AssetUnaffected()
	}
	if reason, hard := accountUnusableReasons[synced.Reason]; hard && synced.Status == metav1.ConditionFalse {
		return Waiting(reason, fmt.Sprintf(
			"WABA %s can't be used (%s); the status shows the last known state", name, synced.Reason), 0).AssetUnaffected()
	}
	if AccountBlocked(waba) {
		return Waiting(v1alpha1.ReasonAccountBlocked, "Meta has disabled the account of WABA "+name+"; the status shows the last known state", 0).AssetUnaffected()
	}
	return nil
}

// AccountBlocked reports that Meta doesn't let the account be used, as far as its own controller knows.
func AccountBlocked(waba *v1alpha1.WABA) bool {
	ready := meta.FindStatusCondition(waba.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionFalse && ready.Reason == v1alpha1.ReasonAccountBlocked
}

func reasonFor(synced *metav1.Condition) string {
	if synced != nil && synced.Status == metav1.ConditionFalse {
		if reason, ok := accountUnusableReasons[synced.Reason]; ok {
			return reason
		}
	}
	return v1alpha1.ReasonAccountNotReady
}

// sessionOf returns the session of an account, building it from the Secret after a restart. It makes no Graph call.
func (r *Resolver) sessionOf(ctx context.Context, waba *v1alpha1.WABA) (*account.Session, error) {
	if s := r.accounts.Get(string(waba.UID)); s != nil && s.Ref().AccountID == waba.Spec.ID {
		return s, nil
	}
	return r.connect(ctx, waba)
}

// connect reads the account's Secret and returns the session that uses it.
func (r *Resolver) connect(ctx context.Context, waba *v1alpha1.WABA) (*account.Session, error) {
	creds, err := credentials.ReadAccount(ctx, r.secrets,
		types.NamespacedName{Namespace: waba.Namespace, Name: waba.Spec.CredentialsSecretRef.Name})
	if err != nil {
		return nil, err
	}
	r.stable(waba, &creds)
	version := r.version
	if waba.Spec.GraphAPIVersion != "" {
		version = waba.Spec.GraphAPIVersion
	}
	s, err := r.accounts.Ensure(account.Ref{
		Namespace: waba.Namespace, Name: waba.Name, UID: string(waba.UID), AccountID: waba.Spec.ID,
	}, creds, version)
	if err != nil {
		return nil, err
	}
	if numbers := waba.Status.PhoneNumbers; numbers != nil {
		s.AssumeNumber(numbers.Connected > 0)
	}
	if limit := waba.Status.RateLimit; limit != nil && limit.RegainAccessTime != nil {
		s.Budget().Restore(limit.RegainAccessTime.Time)
	}
	if waba.Status.Operator.HeldTime != nil {
		s.TripBreaker()
	}
	return s, nil
}

// stable gives credentials the version with which their content was first read: what else is written on the Secret costs no call.
// After a restart that is the version in the account's status, as long as the Secret wasn't written since.
func (r *Resolver) stable(waba *v1alpha1.WABA, creds *account.Credentials) {
	text := fmt.Sprintf("%q %q %q", creds.AccessToken, creds.AppSecret, creds.AppID)
	from := contentKey{secret: waba.Spec.CredentialsSecretRef.Name, purpose: v1alpha1.SecretPurposeAccount}
	now := r.contents.read(waba.UID, from, text, v1alpha1.SecretVersion{
		UID: creds.SecretUID, ResourceVersion: creds.ResourceVersion, WrittenTime: WrittenTime(creds.Written),
	})
	creds.SecretUID, creds.ResourceVersion, creds.Written = now.Version.UID, now.Version.ResourceVersion, time.Time{}
	if t := now.Version.WrittenTime; t != nil {
		creds.Written = t.Time
	}
	if known := waba.Status.Operator.CredentialsSecret; known != nil && now.Same(known) {
		creds.ResourceVersion = known.ResourceVersion
	}
}
