// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package credentials reads Secrets. The operator may get Secrets but never lists or watches them, and it uses only those whose
// owner opted in with a label that names the purpose. Otherwise a user who may create a resource could have any Secret of the
// namespace sent to Meta, or an account's token sent elsewhere as a "verify token".
package credentials

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
)

// Error is a Secret that can't be used, with a message that says what to do about it. Errors of the API server other than "not
// found" and "forbidden" are returned as they are: they are not about the Secret.
type Error struct {
	// Missing is set when the Secret doesn't exist.
	Missing bool
	// Forbidden is set when the Secret may not be read; the message speaks of the operator.
	Forbidden bool
	Message   string
	// Err is the API server's error where there is one, for the log.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap gives the API server's error.
func (e *Error) Unwrap() error { return e.Err }

// ReadAccount reads the Secret of a WABA.
func ReadAccount(ctx context.Context, r client.Reader, key types.NamespacedName) (account.Credentials, error) {
	secret, err := read(ctx, r, key, v1alpha1.SecretPurposeAccount)
	if err != nil {
		return account.Credentials{}, err
	}
	// `kubectl create secret --from-file` adds the newline at the end of the file.
	value := func(k string) string { return strings.TrimSpace(string(secret.Data[k])) }
	creds := account.Credentials{
		Source:      "Secret " + key.String(),
		AccessToken: value(v1alpha1.SecretKeyAccessToken), AppSecret: value(v1alpha1.SecretKeyAppSecret),
		AppID: value(v1alpha1.SecretKeyAppID), SecretUID: string(secret.UID), ResourceVersion: secret.ResourceVersion,
		Written: written(secret, v1alpha1.SecretKeyAccessToken, v1alpha1.SecretKeyAppSecret, v1alpha1.SecretKeyAppID),
	}
	if creds.AccessToken == "" {
		return account.Credentials{}, &Error{Message: fmt.Sprintf(
			"Secret %s has no key %s; put the access token of a system user there", key.Name, v1alpha1.SecretKeyAccessToken)}
	}
	// Such a token can't be sent; without this check the error would look like one of the operator's own.
	if strings.IndexFunc(creds.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return account.Credentials{}, &Error{Message: fmt.Sprintf(
			"the key %s of Secret %s holds blanks, line breaks or characters that no access token has; put the token alone there",
			v1alpha1.SecretKeyAccessToken, key.Name)}
	}
	return creds, nil
}

// Value is one key of a Secret. It is never printed.
type Value struct {
	Text string
	// UID and ResourceVersion identify a version of the Secret without a hash of its content.
	UID, ResourceVersion string
	// Written is when the key was last written, zero if that isn't known.
	Written time.Time
}

// String hides the text.
func (Value) String() string { return "[redacted]" }

// GoString hides the text from %#v too.
func (Value) GoString() string { return "[redacted]" }

// ReadValue reads one key of a Secret that was released for one purpose, such as a PIN. Blanks around the value are dropped.
func ReadValue(ctx context.Context, r client.Reader, key types.NamespacedName, name, purpose string) (Value, error) {
	secret, err := read(ctx, r, key, purpose)
	if err != nil {
		return Value{}, err
	}
	text := strings.TrimSpace(string(secret.Data[name]))
	if text == "" {
		return Value{}, &Error{Missing: true, Message: fmt.Sprintf("Secret %s has no key %s, or nothing in it", key.Name, name)}
	}
	return Value{Text: text, UID: string(secret.UID), ResourceVersion: secret.ResourceVersion, Written: written(secret, name)}, nil
}

func read(ctx context.Context, r client.Reader, key types.NamespacedName, purpose string) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := r.Get(ctx, key, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &Error{Missing: true, Message: fmt.Sprintf(
			"Secret %s doesn't exist in namespace %s; create it with the label %s=%s",
			key.Name, key.Namespace, v1alpha1.LabelSecretPurpose, purpose)}
	case apierrors.IsForbidden(err):
		return nil, &Error{Forbidden: true, Message: fmt.Sprintf(
			"the operator isn't allowed to get Secret %s in namespace %s; grant its service account the verb get",
			key.Name, key.Namespace), Err: err}
	case err != nil:
		return nil, fmt.Errorf("get Secret %s: %w", key.Name, err)
	}
	switch got := secret.Labels[v1alpha1.LabelSecretPurpose]; got {
	case purpose:
		return &secret, nil
	case "":
		return nil, &Error{Message: fmt.Sprintf(
			"Secret %s isn't released to the operator; run: kubectl label secret %s -n %s %s=%s",
			key.Name, key.Name, key.Namespace, v1alpha1.LabelSecretPurpose, purpose)}
	default:
		return nil, &Error{Message: fmt.Sprintf(
			"Secret %s is labelled %s=%s and can't be used as %s; use a Secret of its own for each purpose",
			key.Name, v1alpha1.LabelSecretPurpose, got, purpose)}
	}
}
