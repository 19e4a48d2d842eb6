// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"debug/buildinfo"
	"io"
	"runtime/debug"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes which modules a binary is made of, as its compiler wrote it into the binary, and their licences, in the format of
// CycloneDX. It has no time and no serial number: the same binary has the same one.
func writeSBOM(ctx context.Context, out io.Writer, binary, version string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	bom := cyclonedx.NewBOM()
	main := component(&debug.Module{Path: info.Main.Path, Version: version})
	main.Type, main.Licenses = cyclonedx.ComponentTypeApplication, spdx(licence)
	bom.Metadata = &cyclonedx.Metadata{Component: &main}
	standard := cyclonedx.Component{
		BOMRef: "pkg:golang/std@" + info.GoVersion, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: info.GoVersion,
		PackageURL: "pkg:golang/std@" + info.GoVersion, Licenses: spdx("BSD-3-Clause"),
	}
	components, refs := []cyclonedx.Component{standard}, []string{standard.BOMRef}
	modules := make([]*debug.Module, 0, len(info.Deps))
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		modules = append(modules, module)
	}
	found, err := licences(ctx, modules)
	if err != nil {
		return err
	}
	for _, module := range modules {
		c := component(module)
		c.Licenses = found[module.Path]
		components, refs = append(components, c), append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}

func component(m *debug.Module) cyclonedx.Component {
	purl := "pkg:golang/" + m.Path + "@" + m.Version
	c := cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: purl}
	if m.Sum != "" {
		// Go's own hash of the module's content, as go.sum has it.
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: m.Sum}}
	}
	return c
}
