// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	clientfeatures "k8s.io/client-go/features"
	clientfeaturestesting "k8s.io/client-go/features/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// The roles that config/rbac gives to the operator's service account. The election's is bound in one namespace only.
const (
	managerRole     = "role.yaml"
	electionRole    = "leader_election_role.yaml"
	metricsAuthRole = "metrics_auth_role.yaml"
)

// metricsReaderRole is for clients that scrape the operator.
const metricsReaderRole = "metrics_reader_role.yaml"

// permission is what a rule of a role grants: a verb on a resource, or on a "resource/subresource".
type permission struct{ group, resource, verb string }

func (p permission) String() string {
	return fmt.Sprintf("%s %s", p.verb, strings.TrimSuffix(p.resource+"."+p.group, "."))
}

// role reads a role, of a namespace or of the cluster, from config/rbac.
func role(t *testing.T, name string) *rbacv1.ClusterRole {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "config", "rbac", name))
	if err != nil {
		t.Fatal(err)
	}
	var r rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(raw, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &r
}

// permissions are all that the rules of a role grant. What a wildcard or a name grants could not be compared with requests.
func permissions(t *testing.T, r *rbacv1.ClusterRole) sets.Set[permission] {
	t.Helper()
	all := sets.Set[permission]{}
	for _, rule := range r.Rules {
		if len(rule.ResourceNames) > 0 || len(rule.NonResourceURLs) > 0 {
			t.Errorf("%s: a rule about names or addresses", r.Name)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					if strings.Contains(group+resource+verb, "*") {
						t.Errorf("%s: %s %s.%s", r.Name, verb, resource, group)
					}
					all.Insert(permission{group, resource, verb})
				}
			}
		}
	}
	return all
}

// recorder notes what is asked of the API server, in the words in which its authoriser puts it.
type recorder struct {
	// before is called with every request before it is made.
	before func(*http.Request, *request.RequestInfo)

	mu   sync.Mutex
	used map[permission]string // and one request for each
}

var requestInfo = request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

func (r *recorder) note(req *http.Request) error {
	info, err := requestInfo.NewRequestInfo(req)
	if err != nil || !info.IsResourceRequest {
		return err
	}
	p := permission{info.APIGroup, info.Resource, info.Verb}
	if info.Subresource != "" {
		p.resource += "/" + info.Subresource
	}
	r.mu.Lock()
	r.used[p] = req.Method + " " + req.URL.Path
	r.mu.Unlock()
	r.before(req, info)
	return nil
}

func (r *recorder) has(p permission) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used[p] != ""
}

// recordingTransport is a transport that has a recorder note every request.
type recordingTransport struct {
	*recorder
	next http.RoundTripper
}

func (n recordingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := n.note(req); err != nil {
		return nil, err
	}
	return n.next.RoundTrip(req)
}

// conflictFirst lets another client change a resource, of each kind, just before the first fact is written to it: the operator
// then has to read it again.
func conflictFirst(t *testing.T, w *harness.World) func(*http.Request, *request.RequestInfo) {
	t.Helper()
	var beaten sync.Map
	return func(req *http.Request, info *request.RequestInfo) {
		if req.Method != http.MethodPatch || req.URL.Query().Get("fieldManager") != v1alpha1.FieldOwnerFacts {
			return
		}
		if _, again := beaten.LoadOrStore(info.Resource, true); again {
			return
		}
		kind := map[string]string{
			"wabas": "WABA", "phonenumbers": "PhoneNumber", "messagetemplates": "MessageTemplate", "webhooksubscriptions": "WebhookSubscription",
		}[info.Resource]
		obj := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: info.Name, Namespace: info.Namespace}}
		obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"acme.example/edited":"just now"}}}`))
		if err := w.Client.Patch(req.Context(), obj, patch); err != nil {
			t.Errorf("changing %s %s: %v", kind, info.Name, err)
		}
	}
}

// asOperator lets the world's operators act as a user with exactly the permissions of the operator's service account, and
// returns what they make of them.
func asOperator(t *testing.T, w *harness.World) *recorder {
	t.Helper()
	const user = "the-operator"
	// Without it a watch begins with what there is. API servers that are older than that are listed.
	clientfeaturestesting.SetFeatureDuringTest(t, clientfeatures.WatchListClient, false)
	w.Config = env.Impersonate(user)
	r := &recorder{used: map[permission]string{}, before: conflictFirst(t, w)}
	w.Config.Wrap(func(next http.RoundTripper) http.RoundTripper { return recordingTransport{r, next} })
	for _, name := range []string{managerRole, metricsAuthRole} {
		bindClusterRole(t, w, role(t, name), user)
	}
	election := role(t, electionRole)
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: election.Name}
	meta := metav1.ObjectMeta{Name: election.Name, Namespace: w.Namespace}
	create(t, w, &rbacv1.Role{ObjectMeta: meta, Rules: election.Rules})
	create(t, w, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects(user)})
	return r
}

func subjects(user string) []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}}
}

// bindClusterRole creates a role and gives it to a user, in all namespaces.
func bindClusterRole(t *testing.T, w *harness.World, r *rbacv1.ClusterRole, user string) {
	t.Helper()
	r.Name, r.Labels = r.Name+"-"+w.Namespace, nil
	create(t, w, r)
	create(t, w, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: r.Name}, Subjects: subjects(user),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.Name},
	})
}

func create(t *testing.T, w *harness.World, obj client.Object) {
	t.Helper()
	if err := w.Client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

// checkUse compares what was used with what is granted: nothing may be missing, and nothing superfluous.
func (r *recorder) checkUse(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	granted := sets.Set[permission]{}
	for _, name := range []string{managerRole, electionRole, metricsAuthRole} {
		of := permissions(t, role(t, name))
		for _, p := range sorted(of) {
			if _, ok := r.used[p]; !ok {
				t.Errorf("%s grants what the operator doesn't use: %s", name, p)
			}
		}
		if both := sorted(granted.Intersection(of)); len(both) > 0 {
			t.Errorf("%s grants what another role grants: %v", name, both)
		}
		granted = granted.Union(of)
	}
	for _, p := range sorted(sets.KeySet(r.used).Difference(granted)) {
		t.Errorf("the operator uses what no role grants: %s, as in %s", p, r.used[p])
	}
}

func sorted(of sets.Set[permission]) []permission {
	return slices.SortedFunc(maps.Keys(of), func(a, b permission) int { return cmp.Compare(a.String(), b.String()) })
}

// TestRoleIsLeast: what none of the operator's roles may ever grant, used or not. Secrets may be got one by one, never listed
// or watched, and nothing but status and finalizers is written.
func TestRoleIsLeast(t *testing.T) {
	for p := range permissions(t, role(t, managerRole)) {
		if p.resource == "secrets" && p.verb != "get" {
			t.Error(p)
		}
		switch p.verb {
		case "get", "list", "watch", "patch":
		case "create":
			if p.resource != "events" {
				t.Error(p)
			}
		default:
			t.Error(p)
		}
	}
}

// TestRolesForPeople: what Kubernetes adds to its own roles view, edit and admin. Nobody gets */status: whoever may write a
// status could point the operator at another account's asset.
func TestRolesForPeople(t *testing.T) {
	read, write := []string{"get", "list", "watch"}, []string{"create", "delete", "patch", "update"}
	for name, test := range map[string]struct {
		verbs   []string
		addedTo []string
	}{
		"aggregate_view_role.yaml":  {read, []string{"admin", "edit", "view"}},
		"aggregate_edit_role.yaml":  {write, []string{"admin", "edit"}},
		"aggregate_admin_role.yaml": {[]string{"deletecollection"}, []string{"admin"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := role(t, name)
			want := sets.Set[permission]{}
			for _, resource := range []string{"wabas", "phonenumbers", "messagetemplates", "webhooksubscriptions"} {
				for _, verb := range test.verbs {
					want.Insert(permission{v1alpha1.GroupVersion.Group, resource, verb})
				}
			}
			if got := permissions(t, r); !got.Equal(want) {
				t.Errorf("too much: %v, too little: %v", sorted(got.Difference(want)), sorted(want.Difference(got)))
			}
			var addedTo []string
			for label, value := range r.Labels {
				if to, ok := strings.CutPrefix(label, "rbac.authorization.k8s.io/aggregate-to-"); ok && value == "true" {
					addedTo = append(addedTo, to)
				}
			}
			if slices.Sort(addedTo); !slices.Equal(addedTo, test.addedTo) {
				t.Errorf("added to %v, want %v", addedTo, test.addedTo)
			}
		})
	}
}
