// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/test/gitops/argocd"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// build runs the pinned kustomize, which `make test` builds.
func build(t *testing.T, directory string) []*unstructured.Unstructured {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), testenv.Tool(t, "kustomize"), "build", directory).CombinedOutput()
	if err != nil {
		t.Fatalf("kustomize: %v\n%s", err, out)
	}
	return documents(t, string(out))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

const everyReference = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: WABA
metadata:
  name: acme
spec:
  id: "102290129340398"
  credentialsSecretRef: {name: meta}
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: photos
spec:
  wabaRef: {name: acme}
  name: photos
  header:
    format: IMAGE
    media: {configMapKeyRef: {name: media, key: photo.png}}
  carousel:
    cards:
    - header: {media: {configMapKeyRef: {name: media, key: photo.png}}}
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: PhoneNumber
metadata:
  name: support
spec:
  wabaRef: {name: acme}
  verification: {codeSecretRef: {name: code, key: code}}
  registration: {pinSecretRef: {name: pin, key: pin}}
  profile: {picture: {configMapKeyRef: {name: media, key: photo.png}}}
---
apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: WebhookSubscription
metadata:
  name: acme
spec:
  wabaRef: {name: acme}
  app: {delivery: Operator, verifyTokenSecretRef: {name: tokens, key: operator}}
  messages: {callbackURL: "https://bot.acme.example/wa", verifyTokenSecretRef: {name: tokens, key: bot}}
  phoneNumbers:
  - phoneNumberRef: {name: support}
    callbackURL: https://bot.acme.example/support
    verifyTokenSecretRef: {name: tokens, key: bot}
`

// TestReferencesFollowNames builds a base with the component, and an overlay that changes every name.
func TestReferencesFollowNames(t *testing.T) {
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "kustomizeconfig"), os.DirFS(filepath.Join(root, "config", "kustomizeconfig"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(work, "base", "all.yaml"), everyReference)
	write(t, filepath.Join(work, "base", "kustomization.yaml"), `resources: [all.yaml]
secretGenerator:
- {name: meta, literals: [accessToken=x]}
- {name: code, literals: [code=x]}
- {name: pin, literals: [pin=x]}
- {name: tokens, literals: [operator=x, bot=y]}
configMapGenerator:
- {name: media, literals: [photo.png=x]}
`)
	write(t, filepath.Join(work, "overlay", "kustomization.yaml"), `resources: [../base]
components: [../kustomizeconfig]
namespace: shop
namePrefix: test-
nameSuffix: -eu
`)
	built := build(t, filepath.Join(work, "overlay"))
	names := map[string]string{} // by kind and the middle of the name
	for _, u := range built {
		middle := strings.SplitN(strings.TrimPrefix(u.GetName(), "test-"), "-", 2)[0]
		names[u.GetKind()+"/"+middle] = u.GetName()
	}
	for _, generated := range []string{"Secret/meta", "Secret/code", "Secret/pin", "Secret/tokens", "ConfigMap/media"} {
		if _, kind, _ := strings.Cut(generated, "/"); len(names[generated]) < len("test-"+kind+"-eu-0123456789") {
			t.Fatalf("%s became %q, which has no hash", generated, names[generated])
		}
	}
	found := 0
	for _, u := range built {
		for _, r := range references(u.Object["spec"], "spec") {
			found++
			if want := names[r.kind+"/"+original[r.kind+" "+r.path]]; r.name != want || want == "" {
				t.Errorf("%s %s: %s is %q, want %q", u.GetKind(), u.GetName(), r.path, r.name, want)
			}
		}
	}
	if found != len(paths(t)) {
		t.Errorf("%d references were tried, and the kinds have %d", found, len(paths(t)))
	}
}

// original are the names in everyReference, by kind and path of the reference.
var original = map[string]string{
	"WABA spec/wabaRef/name": "acme", "PhoneNumber spec/phoneNumbers/phoneNumberRef/name": "support",
	"Secret spec/credentialsSecretRef/name": "meta", "Secret spec/verification/codeSecretRef/name": "code",
	"Secret spec/registration/pinSecretRef/name": "pin", "Secret spec/app/verifyTokenSecretRef/name": "tokens",
	"Secret spec/messages/verifyTokenSecretRef/name": "tokens", "Secret spec/phoneNumbers/verifyTokenSecretRef/name": "tokens",
	"ConfigMap spec/header/media/configMapKeyRef/name": "media", "ConfigMap spec/carousel/cards/header/media/configMapKeyRef/name": "media",
	"ConfigMap spec/profile/picture/configMapKeyRef/name": "media",
}

type reference struct{ kind, path, name string }

// refersTo is the kind that a field refers to, "" for other fields.
func refersTo(field string) string {
	switch {
	case field == "wabaRef":
		return "WABA"
	case field == "phoneNumberRef":
		return "PhoneNumber"
	case field == "configMapKeyRef":
		return "ConfigMap"
	case strings.HasSuffix(field, "SecretRef"):
		return "Secret"
	}
	return ""
}

func references(value any, path string) []reference {
	var out []reference
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			out = append(out, references(item, path)...)
		}
	case map[string]any:
		for field, item := range v {
			if kind := refersTo(field); kind != "" {
				name, _, _ := unstructured.NestedString(v, field, "name")
				out = append(out, reference{kind, path + "/" + field + "/name", name})
				continue
			}
			out = append(out, references(item, path+"/"+field)...)
		}
	}
	return out
}

// paths are all references in the schemas of all kinds: "referred kind, referring kind, path".
func paths(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%v, %v", files, err)
	}
	var out []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensions.CustomResourceDefinition
		if err := yaml.Unmarshal(raw, &crd); err != nil {
			t.Fatal(err)
		}
		var walk func(schema apiextensions.JSONSchemaProps, path string)
		walk = func(schema apiextensions.JSONSchemaProps, path string) {
			if schema.Items != nil {
				walk(*schema.Items.Schema, path)
			}
			for field, property := range schema.Properties {
				if kind := refersTo(field); kind != "" {
					out = append(out, kind+" "+crd.Spec.Names.Kind+" "+path+"/"+field+"/name")
					continue
				}
				walk(property, path+"/"+field)
			}
		}
		walk(crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"], "spec")
	}
	slices.Sort(out)
	return out
}

// TestReferencesAreComplete compares the configuration with the schemas.
func TestReferencesAreComplete(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "config", "kustomizeconfig", "namereference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		NameReference []struct {
			Kind       string
			FieldSpecs []struct{ Kind, Group, Path string }
		}
	}
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range config.NameReference {
		for _, f := range r.FieldSpecs {
			got = append(got, r.Kind+" "+f.Kind+" "+f.Path)
		}
	}
	slices.Sort(got)
	if want := paths(t); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestArgoCDComponent: the component adds the customizations to what is in argocd-cm.
func TestArgoCDComponent(t *testing.T) {
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "component"), os.DirFS(filepath.Dir(filepath.Join(root, filepath.FromSlash(argocd.ConfigMap))))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(work, "argocd", "cm.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n  url: https://argocd.acme.example\n")
	write(t, filepath.Join(work, "argocd", "kustomization.yaml"), "resources: [cm.yaml]\ncomponents: [../component]\nnamespace: argocd\n")
	built := build(t, filepath.Join(work, "argocd"))
	if len(built) != 1 {
		t.Fatalf("%d objects", len(built))
	}
	data, _, _ := unstructured.NestedStringMap(built[0].Object, "data")
	if len(data) != 9 || data["url"] == "" || data["resource.customizations.health.whatsapp.waba-operator.io_WABA"] == "" {
		t.Errorf("%d keys", len(data))
	}
}

// TestNetworkPolicyPatch: the patch of docs/security.md restricts who may read metrics, and nothing else.
func TestNetworkPolicyPatch(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://github.com/waba-operator/waba-operator//config/default?ref=main"
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "config"), os.DirFS(filepath.Join(root, "config"))); err != nil {
		t.Fatal(err)
	}
	for _, m := range block.FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(m[1], base) {
			write(t, filepath.Join(work, "overlay", "kustomization.yaml"), strings.ReplaceAll(m[1], base, "../config/default"))
		}
	}
	found := 0
	for _, u := range build(t, filepath.Join(work, "overlay")) {
		if u.GetKind() != "NetworkPolicy" {
			continue
		}
		rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "ingress")
		for _, rule := range rules {
			ports, _, _ := unstructured.NestedSlice(rule.(map[string]any), "ports")
			_, restricted := rule.(map[string]any)["from"]
			if port := ports[0].(map[string]any)["port"]; (fmt.Sprint(port) == "8443") != restricted {
				t.Errorf("port %v: restricted %t", ports[0], restricted)
			}
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d rules", found)
	}
}
