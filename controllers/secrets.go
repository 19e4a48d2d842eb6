// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
)

// restoredSecret reports that a record is about a resource and a Secret that are gone: both were brought back from a backup, or
// made anew from the same manifests. Somebody who only changes the content of a Secret changes no resource.
func restoredSecret(known, now *v1alpha1.SecretVersion) bool {
	return known != nil && now != nil && known.ResourceUID != "" && known.ResourceUID != now.ResourceUID && known.UID != now.UID
}

// secretValue is one key of a Secret.
type secretValue struct {
	text string
	// content says whether the text is another one than before, version what is recorded once Meta has it.
	content *content
	version *v1alpha1.SecretVersion
}

// secretProblem is the result where a Secret can't be used.
type secretProblem struct {
	*Result
	missing bool
}

// keySecret reads one key of a Secret, in the namespace of the resource that uses it, that was released for a purpose.
func (b *base) keySecret(ctx context.Context, user v1alpha1.Asset, ref v1alpha1.SecretKeyReference, purpose string) (secretValue, *secretProblem) {
	value, err := credentials.ReadValue(ctx, b.resolver.secrets,
		types.NamespacedName{Namespace: user.GetNamespace(), Name: ref.Name}, ref.Key, purpose)
	var known *credentials.Error
	switch {
	case errors.As(err, &known):
		reason := v1alpha1.ReasonSecretNotPermitted
		if known.Missing {
			reason = v1alpha1.ReasonSecretNotFound
		}
		o := waiting(reason, strings.TrimSuffix(known.Message, "."), secretRecheck).join(failedStep{"read Secret " + ref.Name, err})
		return secretValue{}, &secretProblem{Result: o, missing: known.Missing}
	case err != nil:
		return secretValue{}, &secretProblem{Result: failure("read Secret "+ref.Name, err)}
	}
	now := b.resolver.contents.read(user.GetUID(), contentKey{ref.Name, ref.Key, purpose}, value.Text, v1alpha1.SecretVersion{
		UID: value.UID, ResourceVersion: value.ResourceVersion, Key: ref.Key, ResourceUID: string(user.GetUID()),
		WrittenTime: writtenTime(value.Written),
	})
	return secretValue{text: value.Text, content: now, version: now.record()}, nil
}
