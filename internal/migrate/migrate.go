// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package migrate rewrites the manifests of an account for the account that takes its place at Meta, which has another id, and says what
// the operator would do with them. It neither migrates anything at Meta nor changes the cluster.
//
// The resource of an account can't change its id, and a resource of an asset can't change its account: a new resource stands beside each
// old one, and the operator adopts what Meta copied into the new account
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing/change-billing-currency).
package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/manifest"
)

// Options say which account takes the place of which.
type Options struct {
	// From and To are the ids of the accounts at Meta.
	From, To string
	// WABA is the resource of the old account, for manifests that don't contain it.
	WABA types.NamespacedName
	// WABAName is the name of the new account's resource; empty: that of the old one with the suffix.
	WABAName string
	// Suffix is added to the name of each resource; empty: names stay as they are.
	Suffix string
	// Namespace is that of manifests that name none; empty: unknown.
	Namespace string
	// Flows are the ids of Flows in the new account, by those in the old one.
	Flows map[string]string
}

// Result is what became of the manifests.
type Result struct {
	Options
	// Files are the files that changed, in the order in which they were read.
	Files []File
	// Resources are those of the account, in the order in which they were read.
	Resources []Resource
	// NewWABA is the resource of the new account, and Secret that of its credentials, "" where the manifests don't say.
	NewWABA types.NamespacedName
	Secret  string
	// Warnings say in a line each what a person must look at.
	Warnings []string

	// documents are the rewritten resources of the account, and all that isn't of this project, such as ConfigMaps with sample files.
	documents []manifest.Document
}

// Documents are the rewritten resources of the account, and all that isn't of this project.
func (r *Result) Documents() []manifest.Document { return r.documents }

// File is a rewritten file.
type File struct {
	Source string
	Text   []byte
}

// Resource is one resource of the account.
type Resource struct {
	Kind, Namespace string
	// Before and After are its names.
	Before, After string
	// Deletes is its deletion policy, if that changes something at Meta.
	Deletes string
}

// rewriter rewrites the manifests of one account.
type rewriter struct {
	*Result
	// accounts are the resources of the old account.
	accounts map[types.NamespacedName]bool
	// changes are those of each file.
	changes map[string][]manifest.Change
	// renamed are the resources of the account by their old names, moved by their new ones; taken are all resources.
	renamed, moved, taken map[object]bool
}

type object struct {
	kind string
	name types.NamespacedName
}

// Rewrite changes the manifests of an account.
func Rewrite(documents []manifest.Document, o Options) (*Result, error) {
	r := &rewriter{
		Result: &Result{Options: o}, accounts: map[types.NamespacedName]bool{}, changes: map[string][]manifest.Change{},
		renamed: map[object]bool{}, moved: map[object]bool{}, taken: map[object]bool{},
	}
	if err := r.find(documents); err != nil {
		return nil, err
	}
	var sources []string
	for i := range documents {
		d := &documents[i]
		if d.Object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			r.documents = append(r.documents, *d)
			continue
		}
		if !r.renamed[r.objectOf(d.Object)] {
			continue
		}
		if err := r.rewrite(d); err != nil {
			return nil, err
		}
		if !slices.Contains(sources, d.Source) {
			sources = append(sources, d.Source)
		}
	}
	for _, source := range sources {
		text, err := manifest.Rewrite(documents, source, r.changes[source])
		if err != nil {
			return nil, err
		}
		r.Files = append(r.Files, File{source, text})
		r.keep(source, text)
	}
	return r.Result, nil
}

// keep remembers the rewritten resources of a file.
func (r *rewriter) keep(source string, text []byte) {
	documents, _ := manifest.Parse(source, text) // it was parsed before
	for _, d := range documents {
		if r.moved[r.objectOf(d.Object)] {
			r.documents = append(r.documents, d)
		}
	}
}

// find separates the resources of the account from others.
func (r *rewriter) find(documents []manifest.Document) error {
	if r.WABA.Name != "" {
		r.accounts[types.NamespacedName{Namespace: cmp.Or(r.WABA.Namespace, r.Namespace), Name: r.WABA.Name}] = true
	}
	for i := range documents {
		d := &documents[i]
		if !isKind(d.Object, v1alpha1.KindWABA) {
			continue
		}
		switch text(d.Object, "spec", "id") {
		case r.From:
			r.accounts[r.objectOf(d.Object).name] = true
		case r.To:
			return fmt.Errorf("%s: account %s has a WABA resource already; name the manifests of account %s only", d.At("spec.id"), r.To, r.From)
		}
	}
	switch {
	case len(r.accounts) == 0:
		return fmt.Errorf("no WABA with spec.id %q is in the manifests: name its file, too, or give --waba NAME", r.From)
	case len(r.accounts) > 1:
		return fmt.Errorf("several resources stand for account %s: name the manifests of one of them", r.From)
	}
	for account := range maps.Keys(r.accounts) {
		r.NewWABA = types.NamespacedName{Namespace: account.Namespace, Name: cmp.Or(r.WABAName, account.Name+r.Suffix)}
		r.WABA = account
	}
	for i := range documents {
		if err := r.belongs(&documents[i]); err != nil {
			return err
		}
	}
	if maps.DeleteFunc(r.renamed, func(_ object, belongs bool) bool { return !belongs }); len(r.renamed) == 0 {
		return fmt.Errorf("no resource of WABA %s is in the manifests", r.WABA)
	}
	return nil
}

// belongs notes whether a document is about the account.
func (r *rewriter) belongs(d *manifest.Document) error {
	if d.Object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
		return nil
	}
	o := r.objectOf(d.Object)
	if r.renamed[o] {
		return fmt.Errorf("%s: %s %s is in the manifests twice", d.At("metadata.name"), o.kind, o.name.Name)
	}
	r.taken[o] = true
	ref := types.NamespacedName{Namespace: cmp.Or(text(d.Object, "spec", "wabaRef", "namespace"), o.name.Namespace), Name: text(d.Object, "spec", "wabaRef", "name")}
	switch {
	case o.kind == v1alpha1.KindWABA:
		r.renamed[o] = r.accounts[o.name]
	case ref.Name == "":
		r.warn("%s: %s %s has no spec.wabaRef and stays as it is; if it is a patch, change its name as that of what it patches", d.At(""), o.kind, o.name.Name)
	default:
		r.renamed[o] = r.accounts[ref]
	}
	return nil
}

func (r *rewriter) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

func (r *rewriter) objectOf(obj *unstructured.Unstructured) object {
	return object{obj.GetKind(), types.NamespacedName{Namespace: cmp.Or(obj.GetNamespace(), r.Namespace), Name: obj.GetName()}}
}

func isKind(obj *unstructured.Unstructured, kind string) bool {
	return obj.GroupVersionKind() == v1alpha1.GroupVersion.WithKind(kind)
}

func text(obj *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(obj.Object, path...) // the check has its say about other types
	return s
}

// after is the name that a resource of the account gets.
func (r *rewriter) after(o object) string {
	if o.kind == v1alpha1.KindWABA {
		return r.NewWABA.Name
	}
	return o.name.Name + r.Suffix
}

// rewrite notes the changes of one resource.
func (r *rewriter) rewrite(d *manifest.Document) error {
	o := r.objectOf(d.Object)
	after := r.after(o)
	if o.name.Name == "" {
		return fmt.Errorf("%s: metadata.name is missing; a resource that is applied needs a name", d.At("metadata"))
	}
	if len(apivalidation.NameIsDNSSubdomain(after, false)) > 0 {
		return fmt.Errorf("%s: %s can't be the name of a resource; choose another --name-suffix", d.At("metadata.name"), after)
	}
	now := object{o.kind, types.NamespacedName{Namespace: o.name.Namespace, Name: after}}
	if now != o && r.taken[now] {
		return fmt.Errorf("%s: a %s %s is in the manifests already; choose another name with --waba-name or --name-suffix", d.At("metadata.name"), o.kind, after)
	}
	r.Resources = append(r.Resources, Resource{
		Kind: o.kind, Namespace: o.name.Namespace, Before: o.name.Name, After: after, Deletes: deletes(d.Object),
	})
	r.moved[now] = true
	r.set(d, after, "metadata", "name")
	switch o.kind {
	case v1alpha1.KindWABA:
		r.set(d, r.To, "spec", "id")
		r.Secret = text(d.Object, "spec", "credentialsSecretRef", "name")
		if policy := text(d.Object, "spec", "managementPolicy"); policy != "" && policy != string(v1alpha1.ManagementPolicyManaged) {
			r.warn("WABA %s has managementPolicy: %s, which counts for all of its resources; remove it from the new manifest when you want the operator to write", after, policy)
		}
	default:
		r.set(d, r.NewWABA.Name, "spec", "wabaRef", "name")
	}
	r.number(d)
	r.overrides(d)
	r.flows(d)
	r.price(d)
	r.state(d)
	return nil
}

// deletes is a deletion policy that changes something at Meta.
func deletes(obj *unstructured.Unstructured) string {
	policy := text(obj, "spec", "deletionPolicy")
	if policy == string(v1alpha1.DeletionPolicyRetain) {
		return ""
	}
	return policy
}

// set changes a field that is there and differs.
func (r *rewriter) set(d *manifest.Document, value string, path ...string) {
	var at any = d.Object.Object
	for _, key := range path {
		switch v := at.(type) {
		case map[string]any:
			at = v[key]
		case []any:
			i, _ := strconv.Atoi(key)
			at = v[i]
		}
	}
	if at == value {
		return
	}
	r.changes[d.Source] = append(r.changes[d.Source], manifest.Change{Document: d, Path: path, Value: &value})
}

// number keeps a number from being added to the new account before Meta moves it there: numbers can't be removed by API.
func (r *rewriter) number(d *manifest.Document) {
	if isKind(d.Object, v1alpha1.KindPhoneNumber) && text(d.Object, "spec", "creationPolicy") == string(v1alpha1.CreationPolicyAdd) {
		r.set(d, string(v1alpha1.CreationPolicyAdopt), "spec", "creationPolicy")
		r.warn("PhoneNumber %s gets creationPolicy: Adopt, so that the number isn't added before Meta moves it", r.after(r.objectOf(d.Object)))
	}
}

// overrides follows the names of numbers.
func (r *rewriter) overrides(d *manifest.Document) {
	numbers, _, _ := unstructured.NestedSlice(d.Object.Object, "spec", "phoneNumbers")
	for i, each := range numbers {
		fields, _ := each.(map[string]any)
		name, _, _ := unstructured.NestedString(fields, "phoneNumberRef", "name")
		number := object{v1alpha1.KindPhoneNumber, types.NamespacedName{Namespace: r.objectOf(d.Object).name.Namespace, Name: name}}
		switch {
		case name == "":
		case r.renamed[number]:
			r.set(d, r.after(number), "spec", "phoneNumbers", strconv.Itoa(i), "phoneNumberRef", "name")
		default:
			r.warn("%s: PhoneNumber %s isn't in the manifests, so its name stays as it is", d.At(fmt.Sprintf("spec.phoneNumbers[%d]", i)), name)
		}
	}
}

// flows follows the ids of Flows, which are others in the new account.
func (r *rewriter) flows(d *manifest.Document) {
	buttons, _, _ := unstructured.NestedSlice(d.Object.Object, "spec", "buttons")
	for i, each := range buttons {
		fields, _ := each.(map[string]any)
		id, _, _ := unstructured.NestedString(fields, "flow", "id")
		switch to := r.Flows[id]; {
		case id == "":
		case to != "":
			r.set(d, to, "spec", "buttons", strconv.Itoa(i), "flow", "id")
		default:
			r.warn("%s: Flow %s may have another id in the new account; give --flow %s=ID then", d.At(fmt.Sprintf("spec.buttons[%d].flow.id", i)), id, id)
		}
	}
}

// price names max prices, which are in the currency of the account.
func (r *rewriter) price(d *manifest.Document) {
	if _, priced, _ := unstructured.NestedFieldNoCopy(d.Object.Object, "spec", "maxPrice"); priced {
		r.warn("%s: the max price of %s is in the currency of account %s; if the new account has another one, write the amount in it",
			d.At("spec.maxPrice"), r.objectOf(d.Object).name.Name, r.From)
	}
}

// clusters are the fields of the metadata that a cluster sets.
var clusters = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences", "finalizers", "selfLink"}

// state removes what belongs to the old resource: its status, requests to the operator, and what a cluster or a tool has noted.
func (r *rewriter) state(d *manifest.Document) {
	remove := func(path ...string) {
		r.changes[d.Source] = append(r.changes[d.Source], manifest.Change{Document: d, Path: path})
	}
	if _, there := d.Object.Object["status"]; there {
		remove("status")
	}
	metadata, _ := d.Object.Object["metadata"].(map[string]any)
	for _, field := range clusters {
		if _, there := metadata[field]; there {
			remove("metadata", field)
		}
	}
	for field, all := range map[string]map[string]string{"annotations": d.Object.GetAnnotations(), "labels": d.Object.GetLabels()} {
		var gone []string
		for name := range all {
			if !manifest.Portable(name) {
				gone = append(gone, name)
			}
		}
		if len(gone) > 0 && len(gone) == len(all) {
			remove("metadata", field)
			continue
		}
		for _, name := range gone {
			remove("metadata", field, name)
		}
	}
}
