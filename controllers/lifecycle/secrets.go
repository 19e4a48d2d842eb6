// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
)

// RestoredSecret reports that a record is about a resource and a Secret that are gone. Both were brought back from a backup, or
// made anew from the same manifests. A client that only changes the content of a Secret changes no resource.
func RestoredSecret(known, now *v1alpha1.SecretVersion) bool {
	return known != nil && now != nil && known.ResourceUID != "" && known.ResourceUID != now.ResourceUID && known.UID != now.UID
}

// SecretValue is one key of a Secret.
type SecretValue struct {
	Text string
	// Content says whether the text is another one than before, version what is recorded once Meta has it.
	Content *Content
	Version *v1alpha1.SecretVersion
}

// SecretProblem is the result where a Secret can't be used.
type SecretProblem struct {
	*Result
	Missing bool
}

// ReadSecretKey reads one key of a Secret, in the namespace of the resource that uses it, that was released for a purpose.
func (b *Base) ReadSecretKey(ctx context.Context, user v1alpha1.Asset, ref v1alpha1.SecretKeyReference, purpose string) (SecretValue, *SecretProblem) {
	value, err := credentials.ReadValue(ctx, b.Resolver.secrets,
		types.NamespacedName{Namespace: user.GetNamespace(), Name: ref.Name}, ref.Key, purpose)
	var known *credentials.Error
	switch {
	case errors.As(err, &known):
		reason := v1alpha1.ReasonSecretNotPermitted
		if known.Missing {
			reason = v1alpha1.ReasonSecretNotFound
		}
		o := Waiting(reason, strings.TrimSuffix(known.Message, "."), SecretRecheck).Join(FailedStep{"read Secret " + ref.Name, err})
		return SecretValue{}, &SecretProblem{Result: o, Missing: known.Missing}
	case err != nil:
		return SecretValue{}, &SecretProblem{Result: Failed("read Secret "+ref.Name, err)}
	}
	now := b.Resolver.contents.read(user.GetUID(), contentKey{ref.Name, ref.Key, purpose}, value.Text, v1alpha1.SecretVersion{
		UID: value.UID, ResourceVersion: value.ResourceVersion, Key: ref.Key, ResourceUID: string(user.GetUID()),
		WrittenTime: WrittenTime(value.Written),
	})
	return SecretValue{Text: value.Text, Content: now, Version: now.Record()}, nil
}
