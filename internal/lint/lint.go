// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lint checks manifests before they are applied: what the API server would refuse, what the operator couldn't send, what
// Meta tends to reject, and resources that conflict with each other.
package lint

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/schema"
	"github.com/waba-operator/waba-operator/internal/template"
)

// Severity says what a finding means for applying the manifest.
type Severity string

const (
	// Error is what will not work.
	Error Severity = "error"
	// Warning is what works, but perhaps not as meant, or what Meta tends to reject.
	Warning Severity = "warning"
)

// Rule names the kind of a finding.
type Rule string

// The rules, in the order of what they need to be true before.
const (
	RuleUnreadable Rule = "unreadable"
	RuleSchema     Rule = "schema"
	RuleContent    Rule = "content"
	RuleDuplicate  Rule = "duplicate"
	RuleReview     Rule = "review"
	RuleLenient    Rule = "lenient"
)

// Rules describes all rules by name.
var Rules = map[Rule]string{
	RuleUnreadable: "The file can't be read, or isn't YAML or JSON.",
	RuleSchema:     "The API server would refuse the resource.",
	RuleContent:    "The operator couldn't send the template to Meta.",
	RuleDuplicate:  "Two resources are the same, or are about the same asset at Meta.",
	RuleReview:     "Meta tends to reject this, or recipients won't see it.",
	RuleLenient:    "With contentValidation: Lenient the operator describes this, but doesn't send it.",
}

// Finding is one thing that was found.
type Finding struct {
	// Source is the file, or manifest.Stdin; Document counts the objects in it, 0 where it couldn't be read that far; Line is
	// where it is, 0 where that isn't known.
	Source   string   `json:"file"`
	Document int      `json:"document,omitempty"`
	Line     int      `json:"line,omitempty"`
	Severity Severity `json:"severity"`
	Rule     Rule     `json:"rule"`
	// Resource is the kind and the name, such as MessageTemplate/parcel.
	Resource string `json:"resource,omitempty"`
	// Field is the path of the field, such as spec.buttons[0].url.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// Result is the result of a run.
type Result struct {
	output.TypeMeta

	Findings []Finding `json:"findings"`
	// Checked are the resources of this project that were found, Skipped those of others.
	Checked int `json:"checked"`
	Skipped int `json:"skipped"`
}

// DocumentKind is the kind of a Result for programs.
const DocumentKind = "LintResult"

// Count returns how many findings have a severity.
func (r *Result) Count(s Severity) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// Linter checks manifests. It is safe for concurrent use.
type Linter struct{ schema *schema.Validator }

// New returns a Linter.
func New() (*Linter, error) {
	v, err := schema.New()
	if err != nil {
		return nil, err
	}
	return &Linter{schema: v}, nil
}

// Check checks manifests. Findings come in the order of files and lines; what couldn't be read is one, too.
func (l *Linter) Check(ctx context.Context, documents []manifest.Document, unreadable []*manifest.ReadError) *Result {
	r := &Result{TypeMeta: output.TypeOf(DocumentKind), Findings: []Finding{}}
	for _, e := range unreadable {
		r.Findings = append(r.Findings, Finding{
			Source: e.Source, Line: e.Line, Severity: Error, Rule: RuleUnreadable, Message: e.Err.Error(),
		})
	}
	var checks []*check
	for i := range documents {
		if documents[i].Object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			checks = append(checks, &check{document: &documents[i]})
		}
	}
	r.Checked, r.Skipped = len(checks), len(documents)-len(checks)
	var running errgroup.Group
	running.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range checks {
		running.Go(func() error {
			if c.schema(ctx, l.schema) {
				c.template()
			}
			return nil
		})
	}
	_ = running.Wait() // none fails
	known := newRegister()
	for _, c := range checks {
		known.note(c)
		r.Findings = append(r.Findings, c.findings...)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line))
	})
	return r
}

// check checks one resource.
type check struct {
	document *manifest.Document
	findings []Finding
}

func (c *check) found(s Severity, rule Rule, path, format string, args ...any) {
	d := c.document
	if path == "<nil>" {
		path = "" // that is how errors name the whole object
	}
	file, line := d.Place(path)
	c.findings = append(c.findings, Finding{
		Source: file, Document: d.Number, Line: line, Severity: s, Rule: rule,
		Resource: resource(d.Object), Field: path, Message: fmt.Sprintf(format, args...),
	})
}

// Update returns what the API server would refuse if the resource that is there became what the manifest says, above all
// changes of what can't be changed.
func (l *Linter) Update(ctx context.Context, d *manifest.Document, there *unstructured.Unstructured) []Finding {
	c := &check{document: d}
	for _, e := range l.schema.ValidateUpdate(ctx, d.Object, there) {
		c.found(Error, RuleSchema, e.Field, "%s", schema.Explain(e))
	}
	return c.findings
}

func resource(obj *unstructured.Unstructured) string {
	return obj.GetKind() + "/" + cmp.Or(obj.GetName(), obj.GetGenerateName()+"*")
}

// schema reports whether the API server would take the resource. It names the part that breaks a rule about new content; here the field is
// named, and its line.
func (c *check) schema(ctx context.Context, v *schema.Validator) bool {
	errs := v.Validate(ctx, c.document.Object)
	refused := false
	for _, e := range errs {
		if template.IsRefusal(e.Detail) {
			refused = true
			continue
		}
		c.found(Error, RuleSchema, e.Field, "%s", schema.Explain(e))
	}
	if obj := c.messageTemplate(); refused && obj != nil {
		for _, b := range template.Creatable(&obj.Spec) {
			c.found(Error, RuleSchema, b.Path, "%s", b.Message)
		}
	}
	return len(errs) == 0
}

// messageTemplate returns the resource as a MessageTemplate, nil if it isn't one.
func (c *check) messageTemplate() *v1alpha1.MessageTemplate {
	if c.document.Object.GetKind() != v1alpha1.KindMessageTemplate {
		return nil
	}
	obj := &v1alpha1.MessageTemplate{}
	if err := k8sruntime.DefaultUnstructuredConverter.FromUnstructured(c.document.Object.Object, obj); err != nil {
		c.found(Error, RuleSchema, "spec", "%s", err)
		return nil
	}
	return obj
}

// template asks what the operator asks before it sends a template.
func (c *check) template() {
	obj := c.messageTemplate()
	if obj == nil {
		return
	}
	_, problems := template.Content(&obj.Spec)
	for _, p := range problems {
		c.found(Error, RuleContent, p.Path, "%s", p.Message)
	}
	for _, b := range template.Creatable(&obj.Spec) { // only a lenient manifest gets this far with one
		c.found(Warning, RuleLenient, b.Path, "%s", b.Message)
	}
	for _, b := range template.Warnings(&obj.Spec) {
		c.found(Warning, RuleReview, b.Path, "%s", b.Message)
	}
}
