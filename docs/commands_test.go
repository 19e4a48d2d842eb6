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

	"github.com/spf13/pflag"
	"k8s.io/client-go/util/jsonpath"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/internal/operator"
)

var (
	shell     = regexp.MustCompile("(?s)```(?:sh|console)\n(.*?)```")
	block     = regexp.MustCompile("(?s)```.*?```")
	span      = regexp.MustCompile("`([^`]+)`")
	target    = regexp.MustCompile(`(?m)^([a-z][a-z-]*):.*##`)
	flag      = regexp.MustCompile(`^--([a-z][a-z-]+)`)
	flagValue = regexp.MustCompile(`(?m)^\s*(?:- |value: )--([a-z][a-z-]+)`)
	path      = regexp.MustCompile(`jsonpath='([^']*)'`)
	ofType    = regexp.MustCompile(`@\.type=="([A-Za-z]+)"`)
	ours      = regexp.MustCompile(`(?:^|[^.\w])whatsapp\.waba-operator\.io/([a-z0-9-]+)`)
	// serverSide is an apply with what it applies; the field manager stands before that.
	serverSide = regexp.MustCompile(`apply --server-side(?: --\S+)* -[fk]\b`)
	metric     = regexp.MustCompile(`\b(?:waba_operator|whatsapp)_[a-z0-9_]*[a-z0-9]\b`)
)

// commands returns what a page says to type: the lines of its shell blocks, and the code in its sentences.
func commands(text string) []string {
	var out []string
	for _, b := range shell.FindAllStringSubmatch(text, -1) {
		joined := strings.ReplaceAll(b[1], "\\\n", " ")
		for line := range strings.SplitSeq(joined, "\n") {
			out = append(out, strings.TrimPrefix(strings.TrimSpace(line), "$ "))
		}
	}
	for _, s := range span.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		out = append(out, strings.Join(strings.Fields(s[1]), " "))
	}
	return out
}

// each calls f with every command that begins with a program's name, and counts them.
func each(t *testing.T, program string, f func(page string, words []string)) {
	t.Helper()
	count := 0
	for page, text := range pages(t) {
		for _, command := range commands(text) {
			if words := strings.Fields(command); len(words) > 1 && words[0] == program {
				count++
				f(page, words[1:])
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d commands of %s were found", count, program)
	}
}

// TestMakeTargetsExist: what pages say to make can be made.
func TestMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	each(t, "make", func(page string, words []string) {
		for _, word := range words {
			if strings.HasPrefix(word, "#") {
				return
			}
			if !strings.Contains(word, "=") && !slices.Contains(targets, word) {
				t.Errorf("%s: there is no target %s", page, word)
			}
		}
	})
}

// otherFlags are those of other programs that pages name by themselves.
var otherFlags = []string{"server-side", "take-ownership", "help", "force-conflicts", "dry-run", "prune", "field-manager"}

// TestFlagsExist: every flag that a page names, in a sentence or in a manifest, is one of the operator's or of kubectl waba.
func TestFlagsExist(t *testing.T) {
	options, flags, count := operator.DefaultOptions(), pflag.NewFlagSet("", pflag.ContinueOnError), 0
	options.BindFlags(flags)
	for _, command := range cli.New("", cli.Streams{}).Commands() {
		flags.AddFlagSet(command.Flags())
	}
	for page, text := range pages(t) {
		var named []string
		for _, command := range commands(text) {
			if m := flag.FindStringSubmatch(command); m != nil {
				named = append(named, m[1])
			}
		}
		for _, m := range flagValue.FindAllStringSubmatch(text, -1) {
			named = append(named, m[1])
		}
		for _, name := range named {
			count++
			if flags.Lookup(name) == nil && !slices.Contains(otherFlags, name) {
				t.Errorf("%s: there is no flag --%s", page, name)
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d flags were found", count)
	}
}

// TestAppliesHaveAFieldManager: with kubectl's own field manager, a server-side apply takes away what somebody else has applied to
// the same object with kubectl.
func TestAppliesHaveAFieldManager(t *testing.T) {
	texts := pages(t)
	for _, pattern := range []string{"Makefile", "hack/*.sh", "config/*/*.yaml", "charts/*/templates/*.txt", "charts/*/*.md"} {
		files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(raw)
		}
	}
	count := 0
	for page, text := range texts {
		for _, m := range serverSide.FindAllString(strings.Join(strings.Fields(text), " "), -1) {
			if count++; !strings.Contains(m, " --field-manager=waba-operator ") {
				t.Errorf("%s: %q has no --field-manager=waba-operator", page, m)
			}
		}
	}
	if count < 7 {
		t.Errorf("only %d applies were found", count)
	}
}

// resources are those that pages may name to kubectl: ours by every name they have, and Kubernetes' own.
func resources(t *testing.T) []string {
	t.Helper()
	out := []string{
		"secret", "secrets", "configmap", "deployment", "deploy", "namespace", "lease", "crd", "events", "pods", "service",
		"clusterrolebinding", "rolebinding", "validatingadmissionpolicy", "applications",
	}
	for _, crd := range crds(t) {
		n := crd.Spec.Names
		out = append(append(append(out, n.Plural, n.Singular, n.Plural+"."+crd.Spec.Group), n.ShortNames...), n.Categories...)
	}
	return out
}

// verbs are kubectl's that are followed by a resource.
var verbs = []string{"get", "describe", "annotate", "label", "patch", "delete", "explain", "edit", "wait"}

// TestKubectlCommandsArePlausible: resources that pages name to kubectl exist, as do the conditions that they look for.
func TestKubectlCommandsArePlausible(t *testing.T) {
	known, conditions := resources(t), map[string]bool{}
	for name, value := range knownReasons(t) {
		conditions[value] = conditions[value] || strings.HasPrefix(name, "Condition")
	}
	each(t, "kubectl", func(page string, words []string) {
		command := strings.Join(words, " ")
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") })
		i := slices.IndexFunc(words, func(w string) bool { return slices.Contains(verbs, w) })
		if i >= 0 && i+1 < len(words) && words[0] != "auth" && !strings.Contains(command, " -f ") {
			for name := range strings.SplitSeq(words[i+1], ",") {
				name, _, _ = strings.Cut(name, "/")
				name, _, _ = strings.Cut(name, ".spec")
				if !slices.Contains(known, name) && name != "…" {
					t.Errorf("%s: kubectl %s: there is no resource %s", page, command, name)
				}
			}
		}
		for _, m := range path.FindAllStringSubmatch(command, -1) {
			if err := jsonpath.New("").Parse(m[1]); err != nil {
				t.Errorf("%s: %s: %v", page, m[1], err)
			}
		}
		for _, m := range ofType.FindAllStringSubmatch(command, -1) {
			if !conditions[m[1]] {
				t.Errorf("%s: there is no condition %s", page, m[1])
			}
		}
	})
}

// TestAnnotationsExist: every annotation and label of ours that a page names means something.
func TestAnnotationsExist(t *testing.T) {
	// What an action of Argo CD leaves, and the API's version.
	known := []string{"policy-before-pause", v1alpha1.GroupVersion.Version}
	for _, name := range []string{
		v1alpha1.AnnotationRequestedAt, v1alpha1.AnnotationAcceptAccount, v1alpha1.AnnotationReleaseHeld, v1alpha1.AnnotationUnpause,
		v1alpha1.AnnotationUnarchive, v1alpha1.AnnotationRequestOBA, v1alpha1.AnnotationAcceptBadgeReview,
		v1alpha1.AnnotationRequestCode, v1alpha1.AnnotationRevokeAppSecret, v1alpha1.AnnotationWaitForApproval, v1alpha1.LabelSecretPurpose,
	} {
		known = append(known, strings.TrimPrefix(name, v1alpha1.GroupName+"/"))
	}
	for page, text := range pages(t) {
		for _, m := range ours.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: nothing heeds %s", page, m[0])
			}
		}
	}
}

// TestMetricsExist: every metric that a page names is exported.
func TestMetricsExist(t *testing.T) {
	var known strings.Builder
	for _, pattern := range []string{"internal/metrics/*.go", "docs/reference/metrics.md"} {
		files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			known.Write(raw)
		}
	}
	names := metric.FindAllString(known.String(), -1)
	if len(names) < 10 {
		t.Fatalf("only %d metrics are exported", len(names))
	}
	for page, text := range pages(t) {
		if strings.Contains(page, "graphsim") {
			continue // about Meta's endpoints, whose names look the same
		}
		for _, name := range metric.FindAllString(text, -1) {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !slices.Contains(names, name) && !slices.Contains(names, base) && !strings.HasPrefix(name, "whatsapp_business_") {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		}
	}
}
