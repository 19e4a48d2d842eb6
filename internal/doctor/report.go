// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package doctor makes the operator's own calls with an account, and reports what differs at Meta from what this version knows: properties,
// values of enumerations, errors, pages, headers, versions, and what becomes of templates that are created. The report has no ids, names,
// texts or tokens of the account.
package doctor

import (
	"cmp"
	"slices"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/output"
)

// Kind is what a difference is about.
type Kind string

// The kinds of differences.
const (
	// UnknownProperty is a property that this version doesn't know.
	UnknownProperty Kind = "UnknownProperty"
	// UnknownValue is a value of an enumeration that this version doesn't know.
	UnknownValue Kind = "UnknownValue"
	// UnexpectedType is a property with another JSON type than the known one.
	UnexpectedType Kind = "UnexpectedType"
	// UnknownError is an error that this version can't classify.
	UnknownError Kind = "UnknownError"
	// UnreadableAnswer isn't JSON, or lacks what every answer has.
	UnreadableAnswer Kind = "UnreadableAnswer"
	// RefusedField is a field that Meta doesn't have in this version of the API, or for this account.
	RefusedField Kind = "RefusedField"
	// RefusedComposite is the request for the account with all its edges, which Meta answers only edge by edge.
	RefusedComposite Kind = "RefusedComposite"
	// Paging is a listing whose pages don't make up the whole.
	Paging Kind = "Paging"
	// Header is a header about limits that has another form than the known one.
	Header Kind = "Header"
	// Version is a version of the API that another one answers for.
	Version Kind = "Version"
	// ReadsDiffer is an object that looks different in a listing and alone.
	ReadsDiffer Kind = "ReadsDiffer"
	// RefusedTemplate is a documented kind of template that can't be created.
	RefusedTemplate Kind = "RefusedTemplate"
	// Normalisation is content of a template that Meta gives back in a form that this version takes for a change.
	Normalisation Kind = "Normalisation"
	// NotDeleted is a template of the probe that is still there.
	NotDeleted Kind = "NotDeleted"
)

// DocumentKind is the kind of the document for programs.
const DocumentKind = "DoctorReport"

// Difference is one thing at Meta that differs from what this version knows.
type Difference struct {
	Kind Kind `json:"kind"`
	// Where is the object or the call.
	Where string `json:"where"`
	// What is the property, the value or the code.
	What string `json:"what"`
	// Count is how often it was seen.
	Count int `json:"count"`
}

// Check is a part of the examination.
type Check struct {
	Name string `json:"name"`
	// Done is false if it could not be made; Why says the reason.
	Done bool   `json:"done"`
	Why  string `json:"why,omitempty"`
}

// Call counts the calls of an operation.
type Call struct {
	Operation graph.Operation `json:"operation"`
	Endpoint  string          `json:"endpoint"`
	Made      int             `json:"made"`
	// Errors counts the refusals by code and subcode.
	Errors map[string]int `json:"errors,omitempty"`
}

// Shape is what was seen of a property.
type Shape struct {
	Object string `json:"object"`
	Path   string `json:"path"`
	// Types are the JSON types: string, number, boolean, object, null; in lists each item counts.
	Types []string `json:"types"`
	// Values are those of an enumeration.
	Values []string `json:"values,omitempty"`
	// Seen is how often the property was there.
	Seen int `json:"seen"`
}

// Probed is what became of one documented kind of template.
type Probed struct {
	Kind string `json:"kind"`
	// Created is false if Meta refused it, and Code says how, or if it wasn't sent.
	Created bool   `json:"created"`
	Code    string `json:"code,omitempty"`
	// Status and Category are what Meta gave it.
	Status   string `json:"status,omitempty"`
	Category string `json:"category,omitempty"`
	// Deleted says that it is gone again.
	Deleted bool `json:"deleted"`
}

// Report is the result of an examination. Nothing in it identifies the account.
type Report struct {
	output.TypeMeta

	// Tool is the version of the program.
	Tool string `json:"tool"`
	// GraphAPIVersion is the version of the API.
	GraphAPIVersion string `json:"graphAPIVersion"`
	// Probe says that templates were to be created.
	Probe       bool         `json:"probe"`
	Differences []Difference `json:"differences"`
	Checks      []Check      `json:"checks"`
	Probed      []Probed     `json:"probed,omitempty"`
	Calls       []Call       `json:"calls"`
	Shapes      []Shape      `json:"shapes"`
}

// differ adds a difference, or counts it once more.
func (r *Report) differ(kind Kind, where, what string) {
	i := slices.IndexFunc(r.Differences, func(d Difference) bool { return d.Kind == kind && d.Where == where && d.What == what })
	if i < 0 {
		r.Differences = append(r.Differences, Difference{Kind: kind, Where: where, What: what})
		i = len(r.Differences) - 1
	}
	r.Differences[i].Count++
}

func (r *Report) checked(name string) { r.Checks = append(r.Checks, Check{Name: name, Done: true}) }

func (r *Report) notChecked(name, why string) {
	r.Checks = append(r.Checks, Check{Name: name, Why: why})
}

// sort makes the same findings the same report.
func (r *Report) sort() {
	slices.SortFunc(r.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What))
	})
	slices.SortFunc(r.Calls, func(a, b Call) int { return cmp.Compare(a.Operation, b.Operation) })
	slices.SortFunc(r.Shapes, func(a, b Shape) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Path, b.Path)) })
}
