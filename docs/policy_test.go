// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// TestAdmissionPolicySample: with the policy of the page about security, nothing that deletes at Meta is taken in namespaces of
// production, and everything else is.
func TestAdmissionPolicySample(t *testing.T) {
	testenv.Require(t)
	ctx := context.Background()
	for _, u := range samples(t, pages(t)[filepath.Join("..", "docs", "security.md")]) {
		if !strings.HasPrefix(u.GetKind(), "ValidatingAdmissionPolicy") {
			continue
		}
		if err := env.Client.Create(ctx, u); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = env.Client.Delete(ctx, u) })
	}
	namespaces := map[bool]string{}
	for _, production := range []bool{false, true} {
		namespaces[production] = env.Namespace(t)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaces[true]}}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"environment":"production"}}}`))
	if err := env.Client.Patch(ctx, ns, patch); err != nil {
		t.Fatal(err)
	}
	create := func(namespace string, policy v1alpha1.DeletionPolicy) error {
		obj := harness.Template("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = policy })
		obj.Namespace = namespace
		return env.Client.Create(ctx, obj, client.DryRunAll)
	}
	// The API server takes a moment to notice a policy.
	var refused error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience.Limit, true, func(context.Context) (bool, error) {
		refused = create(namespaces[true], v1alpha1.DeletionPolicyDelete)
		return refused != nil, nil
	})
	if err != nil || !strings.Contains(refused.Error(), "in production nothing is deleted at Meta") {
		t.Fatalf("not refused: %v, %v", err, refused)
	}
	for _, policy := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyRetain} {
		if err := create(namespaces[true], policy); err != nil {
			t.Errorf("%q in production: %v", policy, err)
		}
	}
	if err := create(namespaces[false], v1alpha1.DeletionPolicyDelete); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
}

// TestNamedTestsExist: a page that names a test as proof names one that there is.
func TestNamedTestsExist(t *testing.T) {
	var code strings.Builder
	for _, dir := range []string{"controllers", "internal", "test", "docs"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			code.Write(raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(pages(t)[filepath.Join("..", "docs", "security.md")], -1)
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !strings.Contains(code.String(), "\nfunc "+m[1]+"(") {
			t.Errorf("there is no test %s", m[1])
		}
	}
}
