// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schema judges manifests as the API server would, without one: by the schemas and CEL rules of the project's
// CustomResourceDefinitions.
package schema

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apimachineryvalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/config/crd"
)

// Validator judges objects of the kinds it knows. It is safe for concurrent use.
type Validator struct {
	kinds map[schema.GroupVersionKind]*kind
}

type kind struct {
	structural *structural.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// New returns the Validator of the project's kinds, always the same one: compiling the rules takes half a second.
func New() (*Validator, error) { return compiled() }

var compiled = sync.OnceValues(compile)

func compile() (*Validator, error) {
	v := &Validator{kinds: map[schema.GroupVersionKind]*kind{}}
	files, err := fs.Glob(crd.Files, "bases/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := crd.Files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, definition); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := v.add(&definition.Spec); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return v, nil
}

func (v *Validator) add(spec *apiextensionsv1.CustomResourceDefinitionSpec) error {
	for _, version := range spec.Versions {
		internal := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil); err != nil {
			return err
		}
		shape, err := structural.NewStructural(internal)
		if err != nil {
			return err
		}
		checks, _, err := validation.NewSchemaValidator(internal)
		if err != nil {
			return err
		}
		gvk := schema.GroupVersionKind{Group: spec.Group, Version: version.Name, Kind: spec.Names.Kind}
		v.kinds[gvk] = &kind{structural: shape, schema: checks, rules: cel.NewValidator(shape, true, celconfig.PerCallLimit)}
	}
	return nil
}

// Knows reports whether the Validator can judge objects of a kind.
func (v *Validator) Knows(gvk schema.GroupVersionKind) bool { return v.kinds[gvk] != nil }

// Validate returns everything for which the API server would refuse to create the object, with the order of its own checks:
// rules in CEL are asked only if the schema holds. Fields that the schema doesn't know are errors, as they are for kubectl.
func (v *Validator) Validate(ctx context.Context, obj *unstructured.Unstructured) field.ErrorList {
	return v.ValidateUpdate(ctx, obj, nil)
}

// ValidateUpdate is Validate for an object that is there already as old says, nil where it isn't: rules about changes are asked
// too. Unlike the API server it doesn't overlook faults that the old object has as well.
func (v *Validator) ValidateUpdate(ctx context.Context, obj, old *unstructured.Unstructured) field.ErrorList {
	k := v.kinds[obj.GroupVersionKind()]
	if k == nil {
		return field.ErrorList{field.NotSupported(field.NewPath("kind"), obj.GroupVersionKind().String(), v.names())}
	}
	obj, err := received(obj)
	if err != nil {
		return field.ErrorList{field.Invalid(nil, nil, err.Error())}
	}
	errs := append(unknownFields(obj, k), metadata(obj)...)
	broken := validation.ValidateCustomResource(nil, obj.Object, k.schema)
	broken = append(broken, listtype.ValidateListSetsAndMaps(nil, k.structural, obj.Object)...)
	if errs = append(errs, broken...); len(broken) > 0 {
		return errs
	}
	var before any
	if old != nil {
		if old, err = received(old); err != nil {
			return append(errs, field.Invalid(nil, nil, err.Error()))
		}
		before = old.Object
		if status, there := old.Object["status"]; there {
			obj.Object["status"] = status // who applies a manifest leaves it as it is
		}
	}
	violations, _ := k.rules.Validate(ctx, nil, k.structural, obj.Object, before, celconfig.RuntimeCELCostBudget)
	return append(errs, violations...)
}

// received returns the object as it arrives at an API server: whole numbers are integers, which rules distinguish from others.
func received(obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	sent, err := obj.MarshalJSON()
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{}
	return out, out.UnmarshalJSON(sent)
}

// metadata judges the name, the labels and the rest. What is absent there is chosen by the client that applies the object, or
// by the API server.
func metadata(obj *unstructured.Unstructured) field.ErrorList {
	placed := &unstructured.Unstructured{Object: map[string]any{"metadata": obj.Object["metadata"]}}
	if placed = placed.DeepCopy(); placed.GetNamespace() == "" {
		placed.SetNamespace("default")
	}
	if placed.GetName() == "" && placed.GetGenerateName() != "" {
		placed.SetName(placed.GetGenerateName() + "x")
	}
	return apimachineryvalidation.ValidateObjectMetaAccessor(placed, true, apimachineryvalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
}

func unknownFields(obj *unstructured.Unstructured, k *kind) (errs field.ErrorList) {
	found := pruning.PruneWithOptions(obj.DeepCopy().Object, k.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range found {
		errs = append(errs, field.Forbidden(field.NewPath(path), "there is no such field"))
	}
	return errs
}

func (v *Validator) names() (out []string) {
	for gvk := range v.kinds {
		out = append(out, gvk.String())
	}
	return out
}

// Explain says what is wrong with a field, without repeating a value that may be the whole spec.
func Explain(e *field.Error) string {
	switch e.Type {
	case field.ErrorTypeInvalid, field.ErrorTypeForbidden:
		if e.Detail != "" {
			return e.Detail
		}
	default:
	}
	return strings.TrimPrefix(e.ErrorBody(), ": ")
}
