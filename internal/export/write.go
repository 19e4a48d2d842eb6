// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	kustomizationFile = "kustomization.yaml"
	// SecretsFile has Secrets to fill in. It is no resource of the kustomization, so that placeholders aren't applied over
	// real ones.
	SecretsFile = "secrets.example.yaml"
)

// placeholder stands for what Meta doesn't give back.
const placeholder = "fill-in-"

// Stream writes resources as one stream of documents.
func Stream(out io.Writer, resources iter.Seq[*Resource]) error {
	for r := range resources {
		text, err := r.YAML()
		if err != nil {
			return err
		}
		if _, err := out.Write(append([]byte("---\n"), text...)); err != nil {
			return err
		}
	}
	return nil
}

// Stream writes all resources as one stream of documents.
func (e *Exporter) Stream(ctx context.Context, out io.Writer) error {
	secrets := e.neededSecrets()
	if err := Stream(out, secrets.noting(e.Resources(ctx))); err != nil {
		return err
	}
	for _, line := range secrets.lines() {
		if _, err := fmt.Fprintln(out, "# "+line); err != nil {
			return err
		}
	}
	return nil
}

// Directory writes a file for each resource, and a kustomization that lists them, below comments. Files that are there are replaced; no
// other file is touched.
func Directory(dir string, resources iter.Seq[*Resource], comments ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // manifests are no secrets
		return err
	}
	files := []string{}
	for r := range resources {
		text, err := r.YAML()
		if err == nil {
			err = write(dir, r.File(), text, os.O_TRUNC)
		}
		if err != nil {
			return err
		}
		files = append(files, r.File())
	}
	text, err := encode(document{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: files}, comments)
	if err == nil {
		err = write(dir, kustomizationFile, text, os.O_TRUNC)
	}
	return err
}

// Directory writes a file for each resource, a kustomization that lists them, and Secrets to fill in. Files that are there are
// replaced, but for the Secrets; no other file is touched.
func (e *Exporter) Directory(ctx context.Context, dir string) error {
	secrets := e.neededSecrets()
	if err := Directory(dir, secrets.noting(e.Resources(ctx)), "Secrets aren't listed, so that placeholders never replace real ones."); err != nil {
		return err
	}
	text, err := secrets.yaml()
	if err != nil || len(text) == 0 {
		return err
	}
	err = write(dir, SecretsFile, text, os.O_EXCL)
	if errors.Is(err, fs.ErrExist) {
		return nil // a user may have filled it in
	}
	return err
}

func write(dir, name string, text []byte, flag int) error {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|flag, 0o644) //nolint:gosec // manifests are no secrets
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// neededSecrets are those that resources refer to.
type neededSecrets struct {
	exporter *Exporter
	account  bool
	tokens   []string // the keys of verify tokens
}

func (e *Exporter) neededSecrets() *neededSecrets { return &neededSecrets{exporter: e} }

// noting remembers what resources refer to on their way.
func (s *neededSecrets) noting(resources iter.Seq[*Resource]) iter.Seq[*Resource] {
	return func(yield func(*Resource) bool) {
		for r := range resources {
			s.note(r)
			if !yield(r) {
				return
			}
		}
	}
}

// note remembers what a resource refers to.
func (s *neededSecrets) note(r *Resource) {
	s.account = s.account || r.Kind == v1alpha1.KindWABA
	spec, ok := r.Spec.(*v1alpha1.WebhookSubscriptionSpec)
	if !ok {
		return
	}
	if spec.App != nil {
		s.tokens = append(s.tokens, spec.App.VerifyTokenSecretRef.Key)
	}
	if spec.Messages != nil {
		s.tokens = append(s.tokens, spec.Messages.VerifyTokenSecretRef.Key)
	}
	for i := range spec.PhoneNumbers {
		s.tokens = append(s.tokens, spec.PhoneNumbers[i].VerifyTokenSecretRef.Key)
	}
}

// lines name the Secrets for readers of a stream.
func (s *neededSecrets) lines() []string {
	var lines []string
	if s.account {
		lines = append(lines, fmt.Sprintf("- %s, with the label %s: %s and the keys accessToken and appSecret",
			s.exporter.SecretName, v1alpha1.LabelSecretPurpose, v1alpha1.SecretPurposeAccount))
	}
	if len(s.tokens) > 0 {
		lines = append(lines, fmt.Sprintf("- %s, with the label %s: %s and the keys %s",
			s.exporter.WABAName+verifyTokenSuffix, v1alpha1.LabelSecretPurpose, v1alpha1.SecretPurposeVerifyToken, strings.Join(s.tokens, ", ")))
	}
	if len(lines) > 0 {
		lines = slices.Insert(lines, 0, "Secrets aren't part of this:")
	}
	return lines
}

// yaml is empty where no Secret is needed.
func (s *neededSecrets) yaml() ([]byte, error) {
	var documents [][]byte
	add := func(text []byte, err error) error {
		documents = append(documents, text)
		return err
	}
	if s.account {
		if err := add(s.secret(s.exporter.SecretName, v1alpha1.SecretPurposeAccount,
			map[string]string{"accessToken": placeholder + "access-token", "appSecret": placeholder + "app-secret"},
			"Fill in the values, and keep the filled-in file out of version control: better let a tool such as External Secrets",
			"make the Secret. appSecret is needed for webhooks only, and may be removed.")); err != nil {
			return nil, err
		}
	}
	if len(s.tokens) > 0 {
		values := map[string]string{}
		for _, key := range s.tokens {
			values[key] = placeholder + "verify-token"
		}
		if err := add(s.secret(s.exporter.WABAName+verifyTokenSuffix, v1alpha1.SecretPurposeVerifyToken, values,
			"The verify tokens with which the services answer Meta. They are read only once the WebhookSubscription is managed.")); err != nil {
			return nil, err
		}
	}
	return bytes.Join(documents, []byte("---\n")), nil
}

func (s *neededSecrets) secret(name, purpose string, values map[string]string, comments ...string) ([]byte, error) {
	return encode(document{
		APIVersion: "v1", Kind: "Secret", Type: "Opaque", StringData: values,
		Metadata: &metadata{Name: name, Namespace: s.exporter.Namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: purpose}},
	}, comments)
}
