// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// platforms are those of the image, in the order of the binaries on the command line.
var platforms = []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}

// What every image has and says: the Dockerfile must make the same ones.
const (
	rootsPath = "/etc/ssl/certs/ca-certificates.crt"
	user      = "65532:65532"
	licence   = "Apache-2.0" // of the project itself
)

// program is what an image runs. The image has its name.
type program struct {
	name, description string
	// prints is what its --version begins with, before the version.
	prints string
}

var programs = []program{
	{"waba-operator", "Kubernetes operator for WhatsApp Business assets", "waba-operator "},
	{"kubectl-waba", "Command line for WhatsApp Business assets in Kubernetes", "kubectl waba version "},
}

// programNamed returns the program of an image.
func programNamed(name string) (program, error) {
	for _, p := range programs {
		if p.name == name {
			return p, nil
		}
	}
	return program{}, fmt.Errorf("-program must be waba-operator or kubectl-waba, not %q", name)
}

// path is where the image has it.
func (p program) path() string { return "/" + p.name }

// labels are those that are the same in every release.
func (p program) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       p.name,
		"org.opencontainers.image.description": p.description,
		"org.opencontainers.image.source":      "https://github.com/waba-operator/waba-operator",
		"org.opencontainers.image.licenses":    licence,
	}
}

// facts are what differs from release to release.
type facts struct {
	program           program
	version, revision string
	created           time.Time
}

func (f facts) labels() map[string]string {
	out := f.program.labels()
	out["org.opencontainers.image.version"] = f.version
	out["org.opencontainers.image.revision"] = f.revision
	out["org.opencontainers.image.created"] = f.created.Format(time.RFC3339)
	return out
}

// roots are the certificates of Mozilla's programme as Go's own security team publishes them, without those that are trusted
// under conditions only: a file can't tell conditions.
func roots() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // never fails
		}
	}
	return out.Bytes()
}

// file is one file of the image.
type file struct {
	path string
	mode int64
	data []byte
}

// archive is a reproducible tar file with directories where they are needed.
func archive(modified time.Time, files ...file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, dir := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: modified}); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path[1:], Mode: f.mode, Size: int64(len(f.data)), ModTime: modified}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}

// newImage is the image of one platform: a static binary on nothing.
func newImage(f facts, platform v1.Platform, binary string) (v1.Image, error) {
	executable, err := os.ReadFile(binary) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	content, err := archive(f.created, file{rootsPath, 0o444, roots()}, file{f.program.path(), 0o555, executable})
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Created: v1.Time{Time: f.created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{User: user, Entrypoint: []string{f.program.path()}, Labels: f.labels()},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, mutate.Addendum{
		Layer: layer, History: v1.History{Created: v1.Time{Time: f.created}, CreatedBy: f.program.name + " " + f.version},
	})
}

// writeLayout writes an OCI image layout with an image for each platform.
func writeLayout(dir string, f facts, binaries []string) error {
	if _, err := os.Stat(dir); err == nil || dir == "" {
		return errors.New("-out must name a directory that doesn't exist yet")
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for n, platform := range platforms {
		image, err := newImage(f, platform, binaries[n])
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	annotated, ok := mutate.Annotations(index, f.labels()).(v1.ImageIndex)
	if !ok {
		return errors.New("an index with annotations isn't one any more")
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(annotated, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": f.version}))
}

// open returns the index of all platforms in a layout.
func open(dir string) (v1.ImageIndex, error) {
	path, err := layout.FromPath(dir)
	if err != nil {
		return nil, err
	}
	outer, err := path.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("the layout has %d images, want one for all platforms", len(manifest.Manifests))
	}
	return outer.ImageIndex(manifest.Manifests[0].Digest)
}

// push sends the image of a layout to a registry, with the credentials that docker login has left.
func push(ctx context.Context, out io.Writer, dir, reference string) error {
	index, err := open(dir)
	if err != nil {
		return err
	}
	ref, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, ref.Context().Name()+"@"+digest.String())
	return err
}
