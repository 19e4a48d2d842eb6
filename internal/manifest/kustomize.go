// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	k8syaml "sigs.k8s.io/yaml"
)

// kustomize reads what kubectl kustomize prints for a directory. Each document has the file from which it comes as its origin.
func (r *reader) kustomize(dir string) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // as in kubectl
	fs := &originFS{FileSystem: filesys.MakeFsOnDisk()}
	built, err := krusty.MakeKustomizer(options).Run(fs, dir)
	if err != nil {
		r.failed(dir, err)
		return
	}
	origins, err := originsOf(built, dir)
	if err == nil && !fs.asked {
		err = built.RemoveOriginAnnotations()
	}
	if err != nil {
		r.failed(dir, err)
		return
	}
	text, err := built.AsYaml()
	if err != nil {
		r.failed(dir, err)
		return
	}
	from := len(r.documents)
	r.parse(dir, text)
	for i := range r.documents[from:] {
		d := &r.documents[from+i]
		if d.Number <= len(origins) {
			d.Origin = origins[d.Number-1]
		}
	}
}

// originsOf returns the file of each resource, or the kustomization where no file has it.
func originsOf(built resmap.ResMap, dir string) ([]string, error) {
	out := make([]string, 0, built.Size())
	for _, resource := range built.Resources() {
		origin, err := resource.GetOrigin()
		switch {
		case err != nil:
			return nil, err
		case origin == nil:
			out = append(out, dir)
		case origin.Repo != "":
			out = append(out, origin.Repo+"/"+origin.Path)
		case origin.Path != "":
			out = append(out, filepath.Join(dir, origin.Path))
		default:
			out = append(out, filepath.Join(dir, origin.ConfiguredIn))
		}
	}
	return out, nil
}

// originFS has the first kustomization that is read ask for the origin of each resource.
type originFS struct {
	filesys.FileSystem

	// read says that it was read, asked that it does so by itself.
	read, asked bool
}

// ReadFile reads a file.
func (f *originFS) ReadFile(path string) ([]byte, error) {
	text, err := f.FileSystem.ReadFile(path)
	if err != nil || f.read || !slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
		return text, err
	}
	f.read = true
	fields := map[string]any{}
	if k8syaml.UnmarshalStrict(text, &fields) != nil {
		return text, nil //nolint:nilerr // kustomize says what is wrong
	}
	metadata, _ := fields["buildMetadata"].([]any)
	if f.asked = slices.Contains(metadata, any(types.OriginAnnotations)); f.asked {
		return text, nil
	}
	fields["buildMetadata"] = append(metadata, types.OriginAnnotations)
	return k8syaml.Marshal(fields)
}
