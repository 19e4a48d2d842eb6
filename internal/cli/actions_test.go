// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/action"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// acts is a namespace with an account and a template, in which no operator runs.
func acts(t *testing.T) (env *testenv.Env, namespace string) {
	t.Helper()
	env = startCluster(t)
	namespace = env.Namespace(t)
	apply(t, env, namespace, "../../config/samples/waba.yaml")
	template := &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: "sale", Namespace: namespace, Labels: map[string]string{"team": "shop"}},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Name:       "sale", Language: "en_US", Category: v1alpha1.TemplateCategoryMarketing,
			Body: &v1alpha1.TemplateBody{Text: "Everything must go."},
		},
	}
	if err := env.Client.Create(t.Context(), template); err != nil {
		t.Fatal(err)
	}
	return env, namespace
}

func saleOf(t *testing.T, env *testenv.Env, namespace string) *v1alpha1.MessageTemplate {
	t.Helper()
	out := &v1alpha1.MessageTemplate{}
	if err := env.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "sale"}, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestActions: what the actions write, and what they print.
func TestActions(t *testing.T) {
	env, namespace := acts(t)
	const name = "messagetemplate.whatsapp.waba-operator.io/sale"
	for _, step := range []struct {
		args     string
		code     int
		out, err string
		policy   v1alpha1.ManagementPolicy
		before   string
	}{
		{args: "refresh wamt sale --dry-run=client", out: name + " refreshed (dry run)\n"},
		{args: "refresh wamt/sale", out: name + " refreshed\n"},
		{args: "refresh MessageTemplate sale -o name", out: name + "\n"},
		{args: "refresh messagetemplates -l team=shop", out: name + " refreshed\n"},
		{args: "refresh wamt,waba --all", out: name + " refreshed\nwaba.whatsapp.waba-operator.io/acme refreshed\n"},
		{args: "refresh whatsapp --all", out: "waba.whatsapp.waba-operator.io/acme refreshed\n" + name + " refreshed\n"},
		{args: "pause wamt sale --dry-run=server", out: name + " paused (server dry run)\n"},
		{args: "pause wamt sale", out: name + " paused\n", policy: "Paused", before: "Absent"},
		{args: "pause wamt sale", out: name + " already paused\n", policy: "Paused", before: "Absent"},
		{args: "refresh wamt sale", code: ExitFailed, err: "error: " + name + " is paused, so no call to Meta is made", policy: "Paused", before: "Absent"},
		{args: "refresh wamt --all", err: "note: " + name + " is paused", policy: "Paused", before: "Absent"},
		{args: "resume wamt sale", out: name + " resumed\n"},
		{args: "resume wamt sale", out: name + " not paused\n"},
		{args: "release waba acme", out: "waba.whatsapp.waba-operator.io/acme holds no changes\n"},
		{args: "release wamt sale", code: ExitFailed, err: "name the WABA acme"},
	} {
		code, out, stderr := run(t, "", append(strings.Fields(step.args), "-n", namespace)...)
		if code != step.code || out != step.out || !strings.Contains(stderr, step.err) || (step.err == "") != (stderr == "") {
			t.Errorf("%s: exit code %d\n%s%s", step.args, code, out, stderr)
		}
		obj := saleOf(t, env, namespace)
		if obj.Spec.ManagementPolicy != step.policy || obj.Annotations[v1alpha1.AnnotationPolicyBeforePause] != step.before {
			t.Errorf("%s: policy %q, before %q", step.args, obj.Spec.ManagementPolicy, obj.Annotations[v1alpha1.AnnotationPolicyBeforePause])
		}
	}
	obj := saleOf(t, env, namespace)
	if obj.Annotations[v1alpha1.AnnotationRequestedAt] == "" {
		t.Error("no request was written")
	}
	for _, entry := range obj.ManagedFields {
		if entry.Manager == action.FieldManager && entry.Operation == metav1.ManagedFieldsOperationUpdate {
			return
		}
	}
	t.Errorf("nothing is owned by %s: %v", action.FieldManager, obj.ManagedFields)
}

// TestActionsFindNothing: what is wrong with arguments is said as kubectl says it, and what to write instead.
func TestActionsFindNothing(t *testing.T) {
	_, namespace := acts(t)
	for args, want := range map[string]string{
		"refresh":                                 "error: no resource: name a kind and resources",
		"refresh wamt":                            "error: resource(s) were provided, but no name was specified",
		"refresh wamt none":                       `error: messagetemplates.whatsapp.waba-operator.io "none" not found`,
		"refresh templat x":                       `error: there is no kind "templat": did you mean messagetemplate?`,
		"refresh mesagetemplate x":                `error: there is no kind "mesagetemplate": did you mean messagetemplate?`,
		"refresh pods x":                          `error: there is no kind "pods": use waba, phonenumber (wapn), messagetemplate (wamt), webhooksubscription (wawh)`,
		"refresh wapn --all":                      "error: no matching resources found in namespace " + namespace,
		"refresh wamt -l team=none":               "error: no matching resources found in namespace " + namespace,
		"refresh wamt sale --timeout=0s":          "error: --timeout must be longer than 0, not 0s",
		"refresh wamt sale --dry-run=yes":         `error: --dry-run must be one of none, client, server, not "yes"`,
		"refresh wamt sale -o xml":                `error: unknown format "xml": use one of json, name, yaml`,
		"pause wamt sale --wait --dry-run=client": "error: --wait and --dry-run exclude each other",
	} {
		code, out, stderr := run(t, "", append(strings.Fields(args), "-n", namespace)...)
		if code != ExitFailed || out != "" || !strings.HasPrefix(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, want %q\n%s%s", args, code, want, out, stderr)
		}
	}
	code, out, stderr := run(t, "", "refresh", "wamt", "none", "sale", "-n", namespace)
	if code != ExitFailed || !strings.Contains(out, "sale refreshed") || !strings.Contains(stderr, `"none" not found`) {
		t.Errorf("one of two: exit code %d\n%s%s", code, out, stderr)
	}
}

// answering plays the operator: it has each version of the template that a watch shows answered by a function, which returns false where it
// leaves the status as it is.
func answering(t *testing.T, env *testenv.Env, namespace string, answer func(*v1alpha1.MessageTemplate) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	there, err := client.NewWithWatch(env.Config, client.Options{Scheme: env.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	w, err := there.Watch(ctx, &v1alpha1.MessageTemplateList{}, client.InNamespace(namespace))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range w.ResultChan() {
			obj, ok := e.Object.(*v1alpha1.MessageTemplate)
			if !ok || e.Type == watch.Deleted || !answer(obj) {
				continue
			}
			if err := there.Status().Update(ctx, obj); client.IgnoreNotFound(err) != nil && ctx.Err() == nil {
				t.Errorf("answer: %v", err)
			}
		}
	}()
	t.Cleanup(func() {
		w.Stop()
		stop()
		<-done
	})
}

func synced(obj *v1alpha1.MessageTemplate, status metav1.ConditionStatus, reason string) {
	obj.Status.ObservedGeneration = obj.Generation
	obj.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionSynced, Status: status, Reason: reason, Message: "because", LastTransitionTime: metav1.Now(),
	}}
}

// TestWaits: --wait ends with the operator's answer to this very request, and says what is wrong then.
func TestWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		command string
		answer  func(*v1alpha1.MessageTemplate) bool
		code    int
		err     string
	}{
		"refresh": {"refresh", func(obj *v1alpha1.MessageTemplate) bool {
			if obj.Annotations[v1alpha1.AnnotationRequestedAt] == obj.Status.Operator.LastHandledRequest {
				return false
			}
			obj.Status.Operator.LastHandledRequest = obj.Annotations[v1alpha1.AnnotationRequestedAt]
			synced(obj, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			return true
		}, ExitOK, ""},
		"refresh, and Meta can't be reached": {"refresh", func(obj *v1alpha1.MessageTemplate) bool {
			if obj.Annotations[v1alpha1.AnnotationRequestedAt] == obj.Status.Operator.LastHandledRequest {
				return false
			}
			obj.Status.Operator.LastHandledRequest = obj.Annotations[v1alpha1.AnnotationRequestedAt]
			synced(obj, metav1.ConditionFalse, v1alpha1.ReasonTransientError)
			return true
		}, ExitFound, "note: messagetemplate.whatsapp.waba-operator.io/sale Synced=False, TransientError: because\n"},
		"pause": {"pause", func(obj *v1alpha1.MessageTemplate) bool {
			if obj.Status.ObservedGeneration == obj.Generation {
				return false
			}
			synced(obj, metav1.ConditionFalse, v1alpha1.ReasonPaused)
			return true
		}, ExitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			env, namespace := acts(t)
			answering(t, env, namespace, tc.answer)
			code, out, stderr := run(t, "", tc.command, "wamt", "sale", "-n", namespace, "--wait", "-o", "json")
			obj := &v1alpha1.MessageTemplate{}
			if err := json.Unmarshal([]byte(out), obj); err != nil {
				t.Fatalf("%v\n%s%s", err, out, stderr)
			}
			if code != tc.code || stderr != tc.err {
				t.Errorf("exit code %d, want %d\n%s", code, tc.code, stderr)
			}
			if obj.Kind != v1alpha1.KindMessageTemplate || len(obj.Status.Conditions) == 0 || len(obj.ManagedFields) > 0 {
				t.Errorf("printed is not the resource as it was answered: %s", out)
			}
		})
	}
}

// TestWaitsInVain: what isn't answered is named, as is where to look.
func TestWaitsInVain(t *testing.T) {
	env, namespace := acts(t)
	code, out, stderr := run(t, "", "refresh", "wamt,waba", "--all", "-n", namespace, "--wait", "--timeout", "1ms")
	if code != ExitFailed || out != "" || !strings.Contains(stderr, "timed out after 1ms: ") ||
		!strings.Contains(stderr, "the operator hasn't answered the request yet; see whether the operator runs and watches namespace "+namespace) {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	answering(t, env, namespace, func(obj *v1alpha1.MessageTemplate) bool {
		if obj.Annotations["deleted"] == "" && obj.DeletionTimestamp == nil && obj.Spec.ManagementPolicy == v1alpha1.ManagementPolicyPaused {
			if err := env.Client.Delete(context.Background(), obj); client.IgnoreNotFound(err) != nil {
				t.Error(err)
			}
		}
		return false
	})
	code, _, stderr = run(t, "", "pause", "wamt", "sale", "-n", namespace, "--wait")
	if want := "error: messagetemplate.whatsapp.waba-operator.io/sale was deleted before the operator has answered\n"; code != ExitFailed || stderr != want {
		t.Errorf("deleted: exit code %d\n%s", code, stderr)
	}
}

// TestActionsForUsers: actions need patch, and --wait needs list and watch.
func TestActionsForUsers(t *testing.T) {
	env, namespace := acts(t)
	t.Setenv("KUBECONFIG", permit(t, env, namespace, "get", "list", "watch"))
	if code, _, stderr := run(t, "", "refresh", "wamt", "sale", "-n", namespace); code != ExitFailed || !strings.Contains(stderr, "cannot patch resource") {
		t.Errorf("view: exit code %d\n%s", code, stderr)
	}
	t.Setenv("KUBECONFIG", permit(t, env, namespace, "get", "patch"))
	if code, _, stderr := run(t, "", "refresh", "wamt", "sale", "-n", namespace, "--wait"); code != ExitFailed ||
		stderr != "error: can't be watched: you may not list and watch messagetemplates; leave out --wait\n" {
		t.Errorf("without list and watch: exit code %d\n%s", code, stderr)
	}
}

// permit makes a user who may do some things with this project's resources in a namespace, and returns a kubeconfig.
func permit(t *testing.T, env *testenv.Env, namespace string, verbs ...string) string {
	t.Helper()
	name := strings.Join(verbs, "-") + "-" + namespace
	for _, obj := range []client.Object{
		&rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"*"}, Verbs: verbs}},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
		},
	} {
		if err := env.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	return env.AddUser(t, name)
}
