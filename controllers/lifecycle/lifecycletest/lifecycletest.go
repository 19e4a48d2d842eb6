// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycletest has what the tests of the lifecycle and of the kinds share: a beginning of time, resources, and test doubles.
package lifecycletest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	// AccountID is Meta's id of the account.
	AccountID = "102290129340398"
	// Owner is the namespace of the account's resource.
	Owner = "platform"
)

// Start is when tests begin.
var Start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// At is some seconds after the start.
func At(seconds int) time.Time { return Start.Add(time.Duration(seconds) * time.Second) }

// EventsAt are watermarks of events that Meta sent and the operator received some seconds after the start.
func EventsAt(seconds int, fields ...string) []v1alpha1.WebhookEvent {
	var out []v1alpha1.WebhookEvent
	for _, field := range fields {
		t := metav1.NewTime(At(seconds))
		out = append(out, v1alpha1.WebhookEvent{Field: field, Time: t, ReceivedTime: &t, Hash: field})
	}
	return out
}

// WABA is an account that was observed and works.
func WABA(change ...func(*v1alpha1.WABA)) *v1alpha1.WABA {
	w := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: Owner, Name: "acme", UID: "uid-1", Generation: 1}}
	w.Spec.ID, w.Status.AccountID = AccountID, AccountID
	w.Spec.CredentialsSecretRef.Name = "acme-meta"
	w.Status.LastObservedTime = &metav1.Time{Time: Start}
	w.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSynced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced}}
	for _, f := range change {
		f(w)
	}
	return w
}

// Scheme has the types of this project and the core ones of Kubernetes.
func Scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

// ErrAway is the error of an API server that doesn't answer.
var ErrAway = errors.New("etcd is away")

// Away is an API server that answers lists with two resources of the kind or with an error, as lists says, and no Get.
func Away(t *testing.T, lists *error) client.Client {
	t.Helper()
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: Owner, Name: name, UID: types.UID(name)}
	}
	return fake.NewClientBuilder().WithScheme(Scheme(t)).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return ErrAway
		},
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
			switch l := list.(type) {
			case *v1alpha1.MessageTemplateList:
				l.Items = []v1alpha1.MessageTemplate{{ObjectMeta: meta("own")}, {ObjectMeta: meta("rival")}}
			case *v1alpha1.PhoneNumberList:
				own, rival := v1alpha1.PhoneNumber{ObjectMeta: meta("own")}, v1alpha1.PhoneNumber{ObjectMeta: meta("rival")}
				own.Spec.ID, rival.Spec.ID = "1", "1"
				l.Items = []v1alpha1.PhoneNumber{own, rival}
			case *v1alpha1.WebhookSubscriptionList:
				l.Items = []v1alpha1.WebhookSubscription{{ObjectMeta: meta("own")}, {ObjectMeta: meta("rival")}}
			}
			return *lists
		},
	}).Build()
}

// Metrics records what is counted and measured.
type Metrics struct{ Recorded []string }

// UnknownNormalisation notes a field.
func (m *Metrics) UnknownNormalisation(kind, field string) {
	m.Recorded = append(m.Recorded, "normalised "+kind+" "+field)
}

// Drift notes a field.
func (m *Metrics) Drift(kind, field string) { m.Recorded = append(m.Recorded, "drift "+kind+" "+field) }

// FirstReady notes a time.
func (m *Metrics) FirstReady(kind string, took time.Duration) {
	m.Recorded = append(m.Recorded, "ready "+kind+" "+took.String())
}

// Deleted notes a time.
func (m *Metrics) Deleted(kind string, took time.Duration) {
	m.Recorded = append(m.Recorded, "deleted "+kind+" "+took.String())
}

// InternalError notes a kind.
func (m *Metrics) InternalError(kind string) { m.Recorded = append(m.Recorded, "internal error "+kind) }

// Log keeps lines of a log.
type Log struct{ all []string }

// Logged returns a context whose logger keeps what is logged up to a level.
func Logged(verbosity int) (context.Context, *Log) {
	l := &Log{}
	return ctrl.LoggerInto(context.Background(), funcr.NewJSON(func(obj string) { l.all = append(l.all, obj) }, funcr.Options{Verbosity: verbosity})), l
}

// Next returns the lines since it was last called.
func (l *Log) Next() []string {
	out := l.all
	l.all = nil
	return out
}
