// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// restrictedV2 are the rules of OpenShift's security context constraints for ordinary pods. OpenShift chooses the user, from a range of
// the namespace, and refuses any other one. Where it would fill in a field that is absent, the field is wanted here.
var restrictedV2 = map[string]string{
	"no user":           "!has(variables.pod.runAsUser) && variables.containers.all(c, !has(c.securityContext.runAsUser))",
	"no group":          "!has(variables.pod.runAsGroup) && variables.containers.all(c, !has(c.securityContext.runAsGroup))",
	"no group of files": "!has(variables.pod.fsGroup)",
	"not root":          "has(variables.pod.runAsNonRoot) && variables.pod.runAsNonRoot",
	"seccomp":           "has(variables.pod.seccompProfile) && variables.pod.seccompProfile.type == 'RuntimeDefault'",
	"no capabilities": "variables.containers.all(c, has(c.securityContext.capabilities) && 'ALL' in c.securityContext.capabilities.drop && " +
		"!has(c.securityContext.capabilities.add))",
	"no escalation":         "variables.containers.all(c, !c.securityContext.allowPrivilegeEscalation)",
	"no network of nodes":   "!has(variables.spec.hostNetwork) || !variables.spec.hostNetwork",
	"no directory of nodes": "!has(variables.spec.volumes) || variables.spec.volumes.all(v, !has(v.hostPath))",
}

// likeOpenShift has the API server judge pods in some namespaces as OpenShift does, until the test ends.
func likeOpenShift(t *testing.T, namespaces ...string) {
	t.Helper()
	const name = "restricted-v2.example.com"
	rule := func(group string, resource string, operations ...admissionv1.OperationType) admissionv1.NamedRuleWithOperations {
		return admissionv1.NamedRuleWithOperations{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: operations,
			Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{resource}},
		}}
	}
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{
				rule("", "pods", admissionv1.Create), rule("apps", "deployments", admissionv1.Create, admissionv1.Update),
			}},
			Variables: []admissionv1.Variable{
				{Name: "spec", Expression: "has(object.spec.template) ? object.spec.template.spec : object.spec"},
				{Name: "pod", Expression: "variables.spec.securityContext"},
				{Name: "containers", Expression: "variables.spec.containers + (has(variables.spec.initContainers) ? variables.spec.initContainers : [])"},
			},
		},
	}
	for rule, expression := range restrictedV2 {
		policy.Spec.Validations = append(policy.Spec.Validations, admissionv1.Validation{Expression: expression, Message: rule})
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: namespaces},
			}}},
		},
	}
	for _, o := range []client.Object{policy, binding} {
		if err := env.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = env.Client.Delete(context.Background(), o) })
	}
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, func(ctx context.Context) (bool, error) {
		return tryPod(ctx, namespaces[0], func(spec *corev1.PodSpec) { spec.SecurityContext.RunAsUser = ptr.To(int64(65532)) }) != nil, nil
	})
	if err != nil {
		t.Fatalf("the policy isn't in force: %v", err)
	}
}

// tryPod is what the API server says about a pod that the chart could have, changed.
func tryPod(ctx context.Context, namespace string, change func(*corev1.PodSpec)) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "try", Namespace: namespace}, Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{Name: "a", Image: "a", SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}}},
	}}
	change(&pod.Spec)
	return env.Client.Create(ctx, pod, client.DryRunAll)
}

// TestOpenShift: chart and kustomization are admitted by restricted-v2 without any setting.
func TestOpenShift(t *testing.T) {
	prepare(t)
	ns := env.Namespace(t)
	likeOpenShift(t, ns, "openshift-default", "openshift-all", namespace)
	t.Run("it bites", func(t *testing.T) { restrictedV2Bites(t, ns) })

	all := withSwitches(t, map[string]bool{"hostNetwork": false})
	for ns, v := range map[string]values{"openshift-default": "", "openshift-all": all} {
		if _, err := helm(t, []byte(v), "install", ns, chartDir(), "--namespace", ns, "--create-namespace", "--values", "-",
			"--set", "crds.enabled=false"); err != nil {
			t.Error(err)
		}
		pod := as[corev1.Pod](t, render(t, v), "Pod/"+release+"-check")
		pod.Namespace = ns
		if err := env.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("helm test: %v", err)
		}
	}
	_, err := helm(t, []byte("podSecurityContext: {runAsUser: 65532}"), "install", "fixed", chartDir(), "--namespace", "openshift-default",
		"--values", "-", "--set", "crds.enabled=false")
	if err == nil || !strings.Contains(err.Error(), "no user") {
		t.Errorf("a fixed user is admitted: %v", err)
	}

	for _, o := range kustomized(t, filepath.Join(root, "config", "default")) {
		if o.GetKind() == "CustomResourceDefinition" {
			continue
		}
		if err := env.Client.Create(t.Context(), o, client.DryRunAll); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Errorf("config/default: %s: %v", o.GetName(), err)
		}
	}
}

// restrictedV2Bites: each rule refuses what it is for.
func restrictedV2Bites(t *testing.T, ns string) {
	t.Helper()
	if err := tryPod(t.Context(), ns, func(*corev1.PodSpec) {}); err != nil {
		t.Errorf("an ordinary pod is refused: %v", err)
	}
	id := ptr.To(int64(65532))
	cases := map[string][]func(*corev1.PodSpec){
		"no user": {
			func(s *corev1.PodSpec) { s.SecurityContext.RunAsUser = id },
			func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.RunAsUser = id },
			func(s *corev1.PodSpec) {
				init := *s.Containers[0].DeepCopy()
				init.Name, init.SecurityContext.RunAsUser = "init", id
				s.InitContainers = []corev1.Container{init}
			},
		},
		"no group": {
			func(s *corev1.PodSpec) { s.SecurityContext.RunAsGroup = id },
			func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.RunAsGroup = id },
		},
		"no group of files": {func(s *corev1.PodSpec) { s.SecurityContext.FSGroup = id }},
		"not root":          {func(s *corev1.PodSpec) { s.SecurityContext.RunAsNonRoot = nil }},
		"seccomp":           {func(s *corev1.PodSpec) { s.SecurityContext.SeccompProfile = nil }},
		"no capabilities": {func(s *corev1.PodSpec) {
			s.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"NET_ADMIN"}
		}},
		"no escalation": {func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.AllowPrivilegeEscalation = ptr.To(true) }},
		"no network of nodes": {
			func(s *corev1.PodSpec) { s.HostNetwork = true },
		},
		"no directory of nodes": {func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{Name: "a", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
		}},
	}
	for rule := range restrictedV2 {
		if len(cases[rule]) == 0 {
			t.Errorf("%s has no case", rule)
		}
		for i, change := range cases[rule] {
			if err := tryPod(t.Context(), ns, change); err == nil || !strings.Contains(err.Error(), rule) {
				t.Errorf("%s, case %d: %v", rule, i, err)
			}
		}
	}
}

// kustomized are the objects of a kustomization.
func kustomized(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), testenv.Tool(t, "kustomize"), "build", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bufio.NewReader(bytes.NewReader(out)), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", dir, err))
		}
		all = append(all, o)
	}
}
