// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// codeSecret is the Secret that config/samples/phonenumber_new.yaml tells a person to create.
const codeSecret = "acme-sales-code" //nolint:gosec // the name of a Secret, not what is in it

// person plays whoever holds the phone: when the operator waits for a code, it reads the one that Meta has sent and puts it
// into the Secret that the resource names.
func (d *demo) person(ctx context.Context, s *state) error {
	number := s.numbers[salesName]
	synced := apimeta.FindStatusCondition(number.Status.Conditions, v1alpha1.ConditionSynced)
	if synced == nil || synced.Reason != v1alpha1.ReasonActionRequired {
		return nil
	}
	sent, ok := d.meta.sim.SentCode(number.Status.ID)
	if !ok {
		return nil
	}
	err := d.cluster.Client.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: codeSecret, Namespace: namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeCode},
		},
		StringData: map[string]string{"code": sent.Code},
	})
	switch {
	case apierrors.IsAlreadyExists(err):
		return nil
	case err != nil:
		return err
	}
	d.screen.say("%s: %s", salesName, synced.Message)
	d.screen.say("a person reads the code on the phone and puts it into Secret %s", codeSecret)
	return nil
}
