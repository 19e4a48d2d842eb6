// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// operatorUser is who the operator is to the API server.
	operatorUser = "waba-operator-demo"
	fieldOwner   = client.FieldOwner("demo")
)

// The files of config/samples, in the order in which they are applied. Templates come when webhooks work, so that no
// decision about them is missed, however slow the machine.
var (
	accountSamples = []string{
		"account-secret.yaml", "waba.yaml", "webhooksubscription.yaml", "phonenumber.yaml", "phonenumber_new.yaml",
	}
	templateSamples = []string{
		"messagetemplate_order_confirmation.yaml", "messagetemplate_flash_sale_reminder.yaml",
		"messagetemplate_account_password_check.yaml", "messagetemplate_spring_photos.yaml",
	}
)

// writeKubeconfig writes a kubeconfig for the API server, as another user if one is named.
func writeKubeconfig(cfg *rest.Config, path, as string, groups ...string) error {
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"demo": {Server: cfg.Host, CertificateAuthorityData: cfg.CAData}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"demo": {
			ClientCertificateData: cfg.CertData, ClientKeyData: cfg.KeyData, Impersonate: as, ImpersonateGroups: groups,
		}},
		Contexts: map[string]*clientcmdapi.Context{"demo": {Cluster: "demo", AuthInfo: "demo", Namespace: namespace}},

		CurrentContext: "demo",
	}, path)
}

// grantRole gives the operator what it has in a cluster, so that a permission missing there is missing here.
func grantRole(ctx context.Context, c client.Client, root string) error {
	objects, err := readManifest(filepath.Join(root, "config", "rbac", "role.yaml"), nil)
	if err != nil {
		return err
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: operatorUser}}
	for _, o := range objects {
		if err := apply(ctx, c, o); err != nil {
			return err
		}
		binding.RoleRef = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: o.GetKind(), Name: o.GetName()}
	}
	binding.Subjects = []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: operatorUser}}
	return c.Create(ctx, binding)
}

// applySamples applies files as `kubectl apply --server-side` does, with real values for the placeholders.
func (d *demo) applySamples(ctx context.Context, files []string) error {
	c := d.cluster.Client
	ns := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace},
	}}
	if err := apply(ctx, c, ns); err != nil {
		return err
	}
	for _, file := range files {
		objects, err := readManifest(filepath.Join(d.root, "config", "samples", file), d.meta.placeholders())
		if err != nil {
			return err
		}
		for _, o := range objects {
			o.SetNamespace(namespace)
			if err := apply(ctx, c, o); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			d.screen.say("%s/%s", strings.ToLower(o.GetKind()), o.GetName())
		}
	}
	return nil
}

func apply(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership)
}

// readManifest reads the objects of a YAML file and puts values in place of the placeholders.
func readManifest(path string, values map[string]string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, err
	}
	for placeholder, value := range values {
		raw = bytes.ReplaceAll(raw, []byte(placeholder), []byte(value))
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var out []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(o); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		case len(o.Object) > 0:
			out = append(out, o)
		}
	}
}
