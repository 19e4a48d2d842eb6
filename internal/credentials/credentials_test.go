// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package credentials

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/internal/account"
)

const label = "whatsapp.waba-operator.io/secret"

var secretKey = types.NamespacedName{Namespace: "platform", Name: "acme-meta"}

func secret(purpose string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name, UID: "uid-1", ResourceVersion: "42"},
		Data:       map[string][]byte{},
	}
	if purpose != "" {
		s.Labels = map[string]string{label: purpose}
	}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

func reader(objects ...client.Object) client.Reader {
	return fake.NewClientBuilder().WithObjects(objects...).Build()
}

func failing(err error) client.Reader {
	return fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return err
		},
	}).Build()
}

func TestReadAccount(t *testing.T) {
	for name, c := range map[string]struct {
		data map[string]string
		want account.Credentials
	}{
		"all keys": {
			map[string]string{"accessToken": "EAAtoken", "appSecret": "app-secret", "appID": "123"},
			account.Credentials{AccessToken: "EAAtoken", AppSecret: "app-secret", AppID: "123", SecretUID: "uid-1", ResourceVersion: "42"},
		},
		"token only": {
			map[string]string{"accessToken": "EAAtoken"},
			account.Credentials{AccessToken: "EAAtoken", SecretUID: "uid-1", ResourceVersion: "42"},
		},
		"made from files": {
			map[string]string{"accessToken": "EAAtoken\n", "appSecret": " app-secret\r\n", "appID": "123\n", "other": "x"},
			account.Credentials{AccessToken: "EAAtoken", AppSecret: "app-secret", AppID: "123", SecretUID: "uid-1", ResourceVersion: "42"},
		},
	} {
		got, err := ReadAccount(context.Background(), reader(secret("account", c.data)), secretKey)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.want.Source = "Secret " + secretKey.String(); got != c.want {
			t.Errorf("%s: other credentials than those in the Secret", name)
		}
	}
}

func TestReadAccountSaysWhatToDo(t *testing.T) {
	resource := schema.GroupResource{Resource: "secrets"}
	const token = "EAAleak"
	for name, c := range map[string]struct {
		reader  client.Reader
		missing bool
		want    string
	}{
		"missing": {
			reader(), true,
			"Secret acme-meta doesn't exist in namespace platform; create it with the label whatsapp.waba-operator.io/secret=account",
		},
		"forbidden": {
			failing(apierrors.NewForbidden(resource, "acme-meta", errors.New("no rule"))), false,
			"the operator isn't allowed to get Secret acme-meta in namespace platform; grant its service account the verb get",
		},
		"without label": {
			reader(secret("", map[string]string{"accessToken": token})), false,
			"Secret acme-meta isn't released to the operator; run: kubectl label secret acme-meta -n platform whatsapp.waba-operator.io/secret=account",
		},
		"for another purpose": {
			reader(secret("verify-token", map[string]string{"accessToken": token})), false,
			"Secret acme-meta is labelled whatsapp.waba-operator.io/secret=verify-token and can't be used as account; use a Secret of its own for each purpose",
		},
		"without token": {
			reader(secret("account", map[string]string{"token": token, "appSecret": token})), false,
			"Secret acme-meta has no key accessToken; put the access token of a system user there",
		},
		"blank token": {
			reader(secret("account", map[string]string{"accessToken": " \n", "appSecret": token})), false,
			"Secret acme-meta has no key accessToken; put the access token of a system user there",
		},
		"two lines": {
			reader(secret("account", map[string]string{"accessToken": token + "\n" + token})), false,
			"the key accessToken of Secret acme-meta holds blanks, line breaks or characters that no access token has; put the token alone there",
		},
		"not ASCII": {
			reader(secret("account", map[string]string{"accessToken": "“" + token + "”"})), false,
			"the key accessToken of Secret acme-meta holds blanks, line breaks or characters that no access token has; put the token alone there",
		},
	} {
		creds, err := ReadAccount(context.Background(), c.reader, secretKey)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v (%T), want an *Error", name, err, err)
			continue
		}
		if e.Message != c.want || !strings.HasPrefix(e.Error(), c.want) || e.Forbidden != apierrors.IsForbidden(err) || e.Missing != c.missing {
			t.Errorf("%s: missing %t, text\n got %s\nwant %s", name, e.Missing, e, c.want)
		}
		if creds != (account.Credentials{}) || strings.Contains(fmt.Sprintf("%v %+v", e, e), token) {
			t.Errorf("%s: an error must carry nothing of the Secret", name)
		}
	}
}

// Other errors of the API server say nothing about the Secret and must stay distinguishable from those above.
func TestReadAccountPassesOnOtherErrors(t *testing.T) {
	for _, cause := range []error{apierrors.NewInternalError(errors.New("etcd")), apierrors.NewTooManyRequests("slow", 1), context.DeadlineExceeded} {
		_, err := ReadAccount(context.Background(), failing(cause), secretKey)
		var e *Error
		if errors.As(err, &e) || !errors.Is(err, cause) {
			t.Errorf("%v became %v", cause, err)
		}
	}
}
