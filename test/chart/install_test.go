// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/patience"
)

// crdNames are those that the chart installs.
var crdNames = []string{
	"messagetemplates.whatsapp.waba-operator.io", "phonenumbers.whatsapp.waba-operator.io", "wabas.whatsapp.waba-operator.io",
	"webhooksubscriptions.whatsapp.waba-operator.io",
}

// installation is a release in the test's API server.
type installation struct {
	t       *testing.T
	program string // one of helms
	chart   string
}

func (i installation) do(v values, command ...string) string {
	i.t.Helper()
	if command[0] == "install" || command[0] == "upgrade" {
		command = append(command, i.chart, "--values", "-")
	}
	out, warnings, err := runHelm(i.t, i.program, []byte(v), append(command, "--namespace", namespace)...)
	if err != nil {
		i.t.Fatal(err)
	}
	if warnings != "" && command[0] != "uninstall" {
		i.t.Errorf("%s %v: %s", i.program, command, warnings)
	}
	return out
}

// inVersion is the chart in another version, unpacked.
func inVersion(t *testing.T, v string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "waba-operator")
	if err := os.CopyFS(dir, os.DirFS(chartDir())); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Chart.yaml")
	changed := bytes.Replace(readFile(t, file), []byte("\nversion: 0.1.0\n"), []byte("\nversion: "+v+"\n"), 1)
	if bytes.Equal(changed, readFile(t, file)) {
		t.Fatal("the version of the chart isn't replaced")
	}
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func get[T client.Object](t *testing.T, name string, into T) error {
	t.Helper()
	return env.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, into)
}

// crds are the installed ones, of which each must be established and from one version of the chart.
func crds(t *testing.T, chart string) map[string]types.UID {
	t.Helper()
	uids := map[string]types.UID{}
	for _, name := range crdNames {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, func(ctx context.Context) (bool, error) {
			if err := env.Client.Get(ctx, client.ObjectKey{Name: name}, crd); err != nil {
				return false, err
			}
			return slices.ContainsFunc(crd.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
				return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
			}), nil
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := crd.Labels["helm.sh/chart"]; got != chart {
			t.Errorf("%s is of %s, not of %s", name, got, chart)
		}
		uids[name] = crd.UID
	}
	return uids
}

// TestLifeOfARelease: installed in an older version, upgraded, without and with CRDs again, uninstalled, installed again.
// Accounts and CRDs stay the same ones all the time, until somebody wants the CRDs removed.
func TestLifeOfARelease(t *testing.T) {
	for _, program := range helms {
		t.Run(program, func(t *testing.T) { lifeOfARelease(t, program) })
	}
}

func lifeOfARelease(t *testing.T, program string) {
	t.Helper()
	old := installation{t, program, inVersion(t, "0.0.1")}
	notes := old.do("readOnly: true", "install", release, "--create-namespace")
	for _, want := range []string{"It is read-only", "whatsapp.waba-operator.io/secret=account", "kind: WABA", "helm test waba-operator", "webhooks.url"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes don't say %q:\n%s", want, notes)
		}
	}
	before := crds(t, "waba-operator-0.0.1")
	waba := &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: namespace, Finalizers: []string{"whatsapp.waba-operator.io/test"}},
		Spec:       v1alpha1.WABASpec{ID: "102290129340398", CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"}},
	}
	if err := env.Client.Create(t.Context(), waba); err != nil {
		t.Fatal(err)
	}
	survives := func(after string) {
		t.Helper()
		now := &v1alpha1.WABA{}
		if err := get(t, "acme", now); err != nil || now.UID != waba.UID || now.DeletionTimestamp != nil {
			t.Fatalf("after %s the account is gone or another one: %v, %+v", after, err, now.ObjectMeta)
		}
	}

	i := installation{t, program, chartDir()}
	i.do("replicas: 2\nwebhooks: {url: 'https://hooks.acme.example'}", "upgrade", release)
	survives("an upgrade")
	deployment := &appsv1.Deployment{}
	if err := get(t, release, deployment); err != nil || *deployment.Spec.Replicas != 2 {
		t.Fatalf("%v: %+v", err, deployment.Spec)
	}
	if given := deployment.Spec.Template.Spec.Containers[0].Args; slices.Contains(given, "--read-only=true") || !slices.Contains(given, "--webhook-url=https://hooks.acme.example") {
		t.Errorf("flags after the upgrade: %v", given)
	}
	if err := get(t, release, &policyv1.PodDisruptionBudget{}); err != nil {
		t.Error(err)
	}
	for name, uid := range crds(t, "waba-operator-0.1.0") {
		if before[name] != uid {
			t.Errorf("%s was replaced", name)
		}
	}

	i.do("crds: {enabled: false}", "upgrade", release)
	survives("an upgrade without CRDs")
	if err := get(t, release, &policyv1.PodDisruptionBudget{}); !apierrors.IsNotFound(err) {
		t.Errorf("the disruption budget of one replica: %v", err)
	}
	i.do("", "upgrade", release)
	survives("an upgrade with CRDs again")

	i.do("", "uninstall", release)
	survives("an uninstallation")
	if err := get(t, release, deployment); !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment after the uninstallation: %v", err)
	}
	i.do("", "install", release)
	survives("another installation")

	i.do("crds: {keep: false}", "upgrade", release)
	if err := env.Client.Patch(t.Context(), waba, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
		t.Fatal(err)
	}
	i.do("", "uninstall", release)
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, crdsGone()); err != nil {
		t.Errorf("with crds.keep=false the CRDs stay: %v", err)
	}
}

// crdsGone returns a condition for a poll: that the CRDs are gone. Where two of its own writes meet, the API server forgets a CRD that
// is being deleted until its informers resync after five minutes
// (https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/finalizer/crd_finalizer.go): a change of the
// object makes it look again.
func crdsGone() wait.ConditionWithContextFunc {
	const changeEvery = 100
	looks := 0
	return func(ctx context.Context) (bool, error) {
		var list apiextensionsv1.CustomResourceDefinitionList
		if err := env.Client.List(ctx, &list); err != nil {
			return false, err
		}
		looks++
		left := 0
		for i := range list.Items {
			crd := &list.Items[i]
			if !slices.Contains(crdNames, crd.Name) {
				continue
			}
			left++
			if crd.DeletionTimestamp != nil && looks%changeEvery == 0 {
				change := fmt.Appendf(nil, `{"metadata":{"annotations":{"test.waba-operator.io/looks":"%d"}}}`, looks)
				if err := env.Client.Patch(ctx, crd, client.RawPatch(types.MergePatchType, change)); client.IgnoreNotFound(err) != nil {
					return false, err
				}
			}
		}
		return left == 0, nil
	}
}

// TestAccountInTheRelease: an account can be a part of the release once the CRDs are there.
func TestAccountInTheRelease(t *testing.T) {
	const account = `extraObjects: [{apiVersion: whatsapp.waba-operator.io/v1alpha1, kind: WABA, metadata: {name: in-release},
  spec: {id: "102290129340398", credentialsSecretRef: {name: acme-meta}}}]`
	i := installation{t, "helm", chartDir()}
	if _, err := helm(t, []byte(account), "install", release, i.chart, "--create-namespace", "--namespace", namespace, "--values", "-"); err == nil ||
		!strings.Contains(err.Error(), "ensure CRDs are installed first") {
		t.Errorf("before the CRDs: %v", err)
	}
	i.do("", "install", release, "--create-namespace")
	i.do(account, "upgrade", release)
	if err := get(t, "in-release", &v1alpha1.WABA{}); err != nil {
		t.Error(err)
	}
	i.do("crds: {keep: false}", "upgrade", release)
	i.do("", "uninstall", release)
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, crdsGone()); err != nil {
		t.Error(err)
	}
}

// crdsByHand are applied as `kubectl apply --server-side` does.
func crdsByHand(t *testing.T) {
	t.Helper()
	for _, o := range renderAll(t, "", "--show-only", "templates/crds.yaml") {
		o.SetLabels(nil)
		o.SetAnnotations(nil)
		if err := env.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckPod does what `helm test` would: it runs the check with the flags and the permissions that the chart gives it.
// The CRDs were there before the release, which takes them over when it is told to.
func TestCheckPod(t *testing.T) {
	crdsByHand(t)
	for _, program := range helms {
		if _, _, err := runHelm(t, program, nil, "install", release, chartDir(), "--create-namespace", "--namespace", namespace); err == nil ||
			!strings.Contains(err.Error(), "cannot be imported into the current release") {
			t.Errorf("%s: CRDs of another owner are taken over unasked: %v", program, err)
		}
	}
	createNamespaces(t, "team-a", "team-b")
	i := installation{t, "helm", chartDir()}
	i.do("", "install", release, "--create-namespace", "--take-ownership")
	crds(t, "waba-operator-0.1.0")
	for _, v := range []values{"", "namespaces: [team-a, team-b]", "shards: [{name: a, selector: shard=a}, {name: b, selector: shard!=a}]"} {
		i.do(v, "upgrade", release)
		pod := as[corev1.Pod](t, render(t, v), "Pod/waba-operator-check")
		cfg := env.Impersonate("system:serviceaccount:" + namespace + ":" + pod.Spec.ServiceAccountName)
		check := func(args ...string) error {
			o := operator.DefaultOptions()
			fs := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
			o.BindFlags(fs)
			if err := fs.Parse(args); err != nil {
				return err
			}
			if !o.Check {
				t.Fatalf("%v isn't a check", args)
			}
			return operator.Check(t.Context(), cfg, o, &bytes.Buffer{})
		}
		for _, container := range pod.Spec.Containers {
			if err := check(container.Args...); err != nil {
				t.Errorf("%s: container %s: %v", v, container.Name, err)
			}
		}
		if strings.HasPrefix(string(v), "namespaces") {
			if err := check("--check"); !apierrors.IsForbidden(err) && (err == nil || !strings.Contains(err.Error(), "at the cluster scope")) {
				t.Errorf("with permissions in two namespaces everything can be read: %v", err)
			}
		}
	}
	i.do("crds: {keep: false}", "upgrade", release)
	i.do("", "uninstall", release)
}
