// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// TestAsyncFailuresAreLogged: the arrival of events is stored after the sender got its answer, so only the log can show a
// failure.
func TestAsyncFailuresAreLogged(t *testing.T) {
	away := errors.New("the API server is away")
	for operation, c := range map[string]struct{ list, get error }{
		"list the subscriptions of an account": {away, nil},
		"note that events arrive":              {nil, away},
	} {
		t.Run(operation, func(t *testing.T) {
			lines := make(chan string, 10)
			cluster := fake.NewClientBuilder().WithScheme(testenv.NewScheme()).WithInterceptorFuncs(interceptor.Funcs{
				List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
					if l, ok := list.(*v1alpha1.WebhookSubscriptionList); ok {
						o := v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hooks"}}
						o.Status.AccountID = accountID
						l.Items = append(l.Items, o)
						return c.list
					}
					return nil
				},
				Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
					return c.get
				},
			}).Build()
			w := NewWriter(Options{
				Client: cluster, Live: cluster, Clock: clocktesting.NewFakeClock(start),
				Log: funcr.New(func(_, args string) { lines <- args }, funcr.Options{}),
			})
			a := Account{ID: accountID, UID: "uid"}
			a.Name.Namespace, a.Name.Name = "shop", "acme"
			d := Delivery{AppID: "1", Accounts: []Account{a}, Received: start, Changes: []webhook.Change{{AccountID: accountID, Field: "unheard_of"}}}
			if _, err := w.Record(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			select {
			case line := <-lines:
				if !strings.Contains(line, `"operation"="`+operation+`"`) || !strings.Contains(line, away.Error()) {
					t.Errorf("got %s", line)
				}
			case <-time.After(patience.Limit):
				t.Error("nothing is in the log")
			}
		})
	}
}
