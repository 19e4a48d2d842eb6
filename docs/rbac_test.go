// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestPermissionsAreExplained: the page about security tells what the roles grant, no more and no less.
func TestPermissionsAreExplained(t *testing.T) {
	granted := map[string][]string{}
	for _, file := range []string{"role.yaml", "leader_election_role.yaml", "metrics_auth_role.yaml"} {
		raw, err := os.ReadFile(filepath.Join("..", "config", "rbac", file))
		if err != nil {
			t.Fatal(err)
		}
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(raw, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				granted[resource] = append(granted[resource], rule.Verbs...)
			}
		}
	}
	page := pages(t)[filepath.Join("..", "docs", "security.md")]
	said := map[string][]string{}
	for what, resources := range map[string][]string{
		"the four kinds":                     {"wabas", "phonenumbers", "messagetemplates", "webhooksubscriptions"},
		"their `status`":                     {"wabas/status", "phonenumbers/status", "messagetemplates/status", "webhooksubscriptions/status"},
		"Secrets":                            {"secrets"},
		"ConfigMaps":                         {"configmaps"},
		"Namespaces":                         {"namespaces"},
		"Events":                             {"events"},
		"Leases of its own namespace":        {"leases"},
		"TokenReviews, SubjectAccessReviews": {"tokenreviews", "subjectaccessreviews"},
	} {
		row := regexp.MustCompile(`(?m)^\| ([^|]+) \| ` + regexp.QuoteMeta(what) + ` \|`).FindStringSubmatch(page)
		if row == nil {
			t.Errorf("%s: nothing is said", what)
			continue
		}
		for _, resource := range resources {
			said[resource] = strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ")
		}
	}
	for resource, verbs := range granted {
		slices.Sort(verbs)
		slices.Sort(said[resource])
		if verbs = slices.Compact(verbs); !slices.Equal(verbs, said[resource]) {
			t.Errorf("%s: %v is granted, %v is said", resource, verbs, said[resource])
		}
	}
	if len(said) > len(granted) {
		t.Errorf("said: %v, granted: %v", said, granted)
	}
}
