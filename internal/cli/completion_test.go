// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// complete returns what a shell would offer for the last word.
func complete(t *testing.T, words ...string) (offered []string) {
	t.Helper()
	code, out, stderr := run(t, "", append([]string{cobra.ShellCompRequestCmd}, words...)...)
	if code != ExitOK || strings.Contains(stderr, "rror:") {
		t.Fatalf("%v: exit code %d\n%s%s", words, code, out, stderr)
	}
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ":") {
			offered = append(offered, line)
		}
	}
	return offered
}

func expectOffered(t *testing.T, want string, words ...string) {
	t.Helper()
	if got := complete(t, words...); !slices.Equal(got, strings.Fields(want)) {
		t.Errorf("%v: offered %v, want %v", words, got, want)
	}
}

func TestCompletion(t *testing.T) {
	env, namespace := acts(t)
	for _, purpose := range []string{v1alpha1.SecretPurposeAccount, v1alpha1.SecretPurposePIN} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Name: "acme-" + purpose, Namespace: namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: purpose},
		}}
		if err := env.Client.Create(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	in := func(words ...string) []string { return append([]string{words[0], "-n", namespace}, words[1:]...) }
	for _, tc := range []struct {
		want  string
		words []string
	}{
		{"messagetemplate phonenumber waba wamt wapn wawh webhooksubscription", in("refresh", "")},
		{"messagetemplate", in("pause", "mess")},
		{"sale", in("refresh", "wamt", "")},
		{"", in("refresh", "wamt", "sale", "")},
		{"", in("refresh", "wamt", "x")},
		{"acme", in("resume", "waba", "")},
		{"wamt/sale", in("refresh", "wamt/s")},
		{"messagetemplate/ phonenumber/ waba/ webhooksubscription/", in("refresh", "wamt/sale", "")},
		{"", in("refresh", "pods", "")},
		{"acme", in("status", "")},
		{"", in("status", "acme", "")},
		{"acme", in("report", "a")},
		{"", in("report", "acme", "")},
		{"", in("export", "")},
		{namespace, []string{"status", "-n", namespace}},
		{"acme-account", in("export", "--secret", "acme")},
		{namespace + "/acme-account", []string{"export", "--secret", namespace + "/"}},
		{"DELETED DISABLED", in("export", "--status", "D")},
		{"APPROVED,PAUSED", in("export", "--status", "APPROVED,PA")},
		{"de de_AT de_CH", in("export", "--language", "de")},
		{"MARKETING", in("copy", "--category", "M")},
		{"json name yaml", in("pause", "-o", "")},
		{"none client server", in("pause", "--dry-run", "")},
	} {
		expectOffered(t, tc.want, tc.words...)
	}
	for _, flag := range []string{"--context", "--cluster", "--user"} {
		if got := complete(t, "status", flag, ""); len(got) == 0 {
			t.Errorf("%s: nothing is offered", flag)
		}
	}
}

// TestCompletionWithoutCluster: without a cluster nothing is offered, and nothing is said.
func TestCompletionWithoutCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "none")
	for _, words := range [][]string{
		{"status", ""}, {"refresh", "wamt", ""}, {"status", "-n", ""}, {"export", "--secret", ""}, {"status", "--server", "http://127.0.0.1:1", ""},
		{"status", "--context", ""},
	} {
		expectOffered(t, "", words...)
	}
}
