// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// manifest reads a file of config/rbac.
func manifest(t *testing.T, name string, into any) {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "config", "rbac", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatal(err)
	}
}

// TestRunsWithItsOwnRole runs everything the operator does with the permissions that config/rbac gives it, and no others:
// create, adopt foreign status fields, elect a leader, write events, and delete.
func TestRunsWithItsOwnRole(t *testing.T) {
	w := harness.New(t, env)
	w.Config = env.UserConfig(t, "the-operator")
	subject := rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "the-operator"}
	var role rbacv1.ClusterRole
	var election rbacv1.Role
	manifest(t, "role.yaml", &role)
	manifest(t, "leader_election_role.yaml", &election)
	role.Name, election.Namespace = role.Name+"-"+w.Namespace, w.Namespace
	for _, obj := range []client.Object{
		&role,
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: []rbacv1.Subject{subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name}},
		&election,
		&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: election.Name, Namespace: w.Namespace}, Subjects: []rbacv1.Subject{subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: election.Name}},
	} {
		if err := w.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}

	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	op := w.Start(func(o *operator.Options) { o.LeaderElection, o.LeaderElectionNamespace = true, w.Namespace })
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Fatalf("not ready: %+v", c)
	}
	tmpl.Status.Conditions = append(tmpl.Status.Conditions, metav1.Condition{
		Type: "Foreign", Status: metav1.ConditionTrue, Reason: "Left", LastTransitionTime: metav1.Now(),
	})
	if err := w.Client.Status().Update(t.Context(), tmpl, client.FieldOwner("backup")); err != nil {
		t.Fatal(err)
	}
	w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, "Foreign"); c.Type != "" {
		t.Error("foreign status fields weren't taken over")
	}
	var events eventsv1.EventList
	w.Wait("events", func() bool {
		return w.Client.List(t.Context(), &events, client.InNamespace(w.Namespace)) == nil && len(events.Items) > 0
	})
	w.Delete(tmpl)
	op.SettleRetries()
	if w.Reload(tmpl) {
		t.Errorf("not deleted: %+v", tmpl.Status.Conditions)
	}

	// A graceful stop gives the lease back, so that the next leader need not wait for it to expire.
	op.Stop()
	var leases coordinationv1.LeaseList
	if err := w.Client.List(context.Background(), &leases, client.InNamespace(w.Namespace)); err != nil || len(leases.Items) != 1 {
		t.Fatalf("leases: %v, %v", len(leases.Items), err)
	}
	if holder := leases.Items[0].Spec.HolderIdentity; holder != nil && *holder != "" {
		t.Errorf("the lease is still held by %s", *holder)
	}
	if strings.Contains(w.Logs(), "forbidden") {
		t.Error("the operator was refused something; see the log")
	}
}

// TestRoleIsLeast: Secrets may be got one by one, never listed or watched, and nothing but status and finalizers is written.
func TestRoleIsLeast(t *testing.T) {
	var role rbacv1.ClusterRole
	manifest(t, "role.yaml", &role)
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			if resource == "secrets" && !slices.Equal(rule.Verbs, []string{"get"}) {
				t.Errorf("secrets: %v", rule.Verbs)
			}
			for _, verb := range []string{"*", "delete", "deletecollection", "update", "escalate", "bind", "impersonate"} {
				if slices.Contains(rule.Verbs, verb) {
					t.Errorf("%s: %s", resource, verb)
				}
			}
			if slices.Contains(rule.Verbs, "create") && resource != "events" {
				t.Errorf("%s: create", resource)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*operator.Options)
		want   string // part of the error; empty for none
	}{
		{"defaults", func(*operator.Options) {}, ""},
		{"simulator on this machine", func(o *operator.Options) { o.GraphBaseURL = "http://127.0.0.1:8099" }, ""},
		{"clear text elsewhere", func(o *operator.Options) { o.GraphBaseURL = "http://graph.example" }, "must begin with https://"},
		{"token in the URL", func(o *operator.Options) { o.GraphBaseURL = "https://a:b@graph.example" }, "must be a URL such as"},
		{"version", func(o *operator.Options) { o.GraphAPIVersion = "25" }, "must look like v25.0"},
		{"interval", func(o *operator.Options) { o.ObservationInterval = time.Second }, "at least 30s"},
		{"page", func(o *operator.Options) { o.PageSize = 1000 }, "1 to 250"},
		{"concurrency", func(o *operator.Options) { o.Concurrency = 0 }, "at least 1"},
		{"selector", func(o *operator.Options) { o.LabelSelector = "a=b=c" }, "--watch-label-selector"},
		{"log level that would print Secrets", func(o *operator.Options) { o.LogLevel = 8 }, "0 to 5"},
		{"log format", func(o *operator.Options) { o.LogFormat = "xml" }, "json or console"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := operator.DefaultOptions()
			tc.change(&o)
			err := o.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
