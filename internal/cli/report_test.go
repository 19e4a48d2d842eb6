// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/compliance"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func tokenFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(graphsim.DemoToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestReportWithoutACluster: everything Meta says, and that the rest isn't known.
func TestReportWithoutACluster(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	_, base := serveDemo(t)
	args := []string{"report", "--account", acmeGarden, "--graph-base-url", base, "--access-token-file", tokenFile(t)}
	code, out, stderr := run(t, "", args...)
	if code != ExitOK || !strings.Contains(out, "# Compliance record of WhatsApp Business Account Acme Garden "+acmeGarden) || !strings.Contains(stderr, "note: not seen: History") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	if strings.Contains(out+stderr, graphsim.DemoToken) {
		t.Error("the token is in the output")
	}
	// The demo's token never expires, which is right for a system user's, and reaches another account.
	code, out, _ = run(t, "", append(args, "--strict", "-o", "json", "--approved-app", "634974688087057")...)
	var r compliance.Record
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != ExitFound {
		t.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	found := map[string]bool{}
	for _, f := range r.Findings {
		found[f.Check] = true
	}
	if found["token-expiry"] || !found["token-reach"] || found["apps"] || len(r.Users.Items) != 2 || len(r.Templates.Items) != 2 {
		t.Errorf("%v, users %+v", found, r.Users)
	}
	code, out, _ = run(t, "", append(args, "-o", "html")...)
	if code != ExitOK || !strings.HasPrefix(out, "<!DOCTYPE html>") || !strings.Contains(out, "Ana Lima") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// TestReportOfTheCluster: with the token of the WABA's own Secret, and for a user who may not read it.
func TestReportOfTheCluster(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme"}, Spec: v1alpha1.WABASpec{
		ID: acmeGarden, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"},
	}}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme-meta", Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}},
		StringData: map[string]string{v1alpha1.SecretKeyAccessToken: graphsim.DemoToken, v1alpha1.SecretKeyAppSecret: "graphsim-demo-app-secret"},
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "auditor"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"*"}, Verbs: []string{"get", "list"}},
	}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "auditor"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "auditor"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "auditor-" + namespace}},
	}
	for _, err := range []error{
		env.Client.Create(t.Context(), waba), env.Client.Create(t.Context(), secret), env.Client.Create(t.Context(), role), env.Client.Create(t.Context(), binding),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, base := serveDemo(t)
	args := []string{"report", "acme", "-n", namespace, "--graph-base-url", base}
	code, out, stderr := run(t, "", args...)
	if code != ExitOK || !strings.Contains(out, "| Owned by | Acme Garden GmbH, portfolio 506914307656634 |") || !strings.Contains(out, "App 634974688087057 itself has no callback") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	for _, hidden := range []string{graphsim.DemoToken, "graphsim-demo-app-secret"} {
		if strings.Contains(out+stderr, hidden) {
			t.Errorf("%s is in the output", hidden)
		}
	}
	t.Setenv("KUBECONFIG", env.AddUser(t, "auditor-"+namespace))
	code, out, stderr = run(t, "", args...)
	if code != ExitOK || !strings.Contains(out, "- What Meta reports now: you may not get Secret acme-meta in namespace "+namespace) ||
		!strings.Contains(stderr, "note: not seen: What Meta reports now: you may not get Secret acme-meta") || !strings.Contains(stderr, "in other namespaces") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	code, out, stderr = run(t, "", "report", "none", "-n", namespace)
	if code != ExitFailed || out != "" || stderr != "error: there is no WABA none in namespace "+namespace+"\n" {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}

func TestReportBadInput(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv(envAccessToken, "")
	_, base := serveDemo(t)
	for want, args := range map[string][]string{
		"no account: name a WABA, or give --account ID to do without a cluster":                                 {},
		"one account at a time: name one WABA":                                                                  {"a", "b"},
		"name a WABA or give --account, not both":                                                               {"a", "--account", "1"},
		"unknown format \"pdf\": use one of html, json, markdown, yaml":                                         {"a", "-o", "pdf"},
		"--account must be the account's id at Meta, 1 to 32 digits, not \"acme\"":                              {"--account", "acme"},
		"--account and --offline leave nothing to read: name a WABA, or leave out --offline":                    {"--account", "1", "--offline"},
		"no access token: give --access-token-file FILE or --secret [NAMESPACE/]NAME, or set WABA_ACCESS_TOKEN": {"--account", "1"},
		"--access-token-file: open none: no such file or directory":                                             {"--account", "1", "--access-token-file", "none"},
		"account 1 can't be read: Unsupported get request. Object with ID '1' does not exist, cannot be loaded": {"--account", "1", "--graph-base-url", base, "--access-token-file", tokenFile(t)},
	} {
		code, out, stderr := run(t, "", append([]string{"report"}, args...)...)
		if code != ExitFailed || out != "" || !strings.HasPrefix(stderr, "error: "+want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out, stderr)
		}
	}
}
