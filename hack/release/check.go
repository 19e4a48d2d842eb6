// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// check judges a layout: that it is whole, has all platforms, and that each image has what it should and nothing else. The
// program of this machine's platform is run.
func check(ctx context.Context, out io.Writer, dir string, runs program, version string) error {
	index, err := open(dir)
	if err != nil {
		return err
	}
	if err := validate.Index(index); err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	if len(manifest.Manifests) != len(platforms) {
		return fmt.Errorf("%d images, want %d", len(manifest.Manifests), len(platforms))
	}
	for n, want := range platforms {
		found := manifest.Manifests[n]
		if found.Platform == nil || !found.Platform.Satisfies(want) {
			return fmt.Errorf("image %d is for %v, want %v", n, found.Platform, want)
		}
		image, err := index.Image(found.Digest)
		if err != nil {
			return err
		}
		if err := checkImage(ctx, image, want, runs, version); err != nil {
			return fmt.Errorf("%s: %w", want, err)
		}
		if _, err := fmt.Fprintf(out, "%s %s\n", want, found.Digest); err != nil {
			return err
		}
	}
	return nil
}

func checkImage(ctx context.Context, image v1.Image, platform v1.Platform, runs program, version string) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	c := config.Config
	switch {
	case c.User != user:
		return fmt.Errorf("user %q, want %s", c.User, user)
	case !slices.Equal(c.Entrypoint, []string{runs.path()}) || len(c.Cmd) > 0:
		return fmt.Errorf("it runs %v %v, want %s", c.Entrypoint, c.Cmd, runs.path())
	case c.Labels["org.opencontainers.image.version"] != version:
		return fmt.Errorf("version %q, want %s", c.Labels["org.opencontainers.image.version"], version)
	case config.OS != platform.OS || config.Architecture != platform.Architecture:
		return fmt.Errorf("it is for %s/%s", config.OS, config.Architecture)
	}
	files, err := contents(image)
	if err != nil {
		return err
	}
	executable := files[runs.path()]
	if len(files) != 2 || executable == nil {
		return fmt.Errorf("%d files, want %s and %s", len(files), runs.path(), rootsPath)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(files[rootsPath]) {
		return errors.New("no certificate authorities in " + rootsPath)
	}
	if err := checkFormat(executable, platform); err != nil {
		return err
	}
	if platform.OS != runtime.GOOS || platform.Architecture != runtime.GOARCH {
		return nil
	}
	return checkProgram(ctx, executable, runs, version)
}

// checkFormat: the program is for the platform's processor, and has nothing to load when it starts: there is nothing else.
func checkFormat(executable []byte, platform v1.Platform) error {
	parsed, err := elf.NewFile(bytes.NewReader(executable))
	if err != nil {
		return fmt.Errorf("the program: %w", err)
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[platform.Architecture]
	if parsed.Machine != want {
		return fmt.Errorf("the program is for %s, want %s", parsed.Machine, want)
	}
	for _, segment := range parsed.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("the program isn't static")
		}
	}
	return nil
}

// contents returns the regular files of an image by path.
func contents(image v1.Image) (map[string][]byte, error) {
	stream := mutate.Extract(image)
	defer func() { _ = stream.Close() }()
	files := map[string][]byte{}
	for r := tar.NewReader(stream); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		if header.Mode&0o222 != 0 || header.Uid != 0 {
			return nil, fmt.Errorf("%s could be changed by the program: mode %o, owner %d", header.Name, header.Mode, header.Uid)
		}
		if files["/"+strings.TrimPrefix(header.Name, "/")], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

// checkProgram runs the program of an image.
func checkProgram(ctx context.Context, executable []byte, runs program, version string) error {
	dir, err := os.MkdirTemp("", "release-check-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, runs.name)
	if err := os.WriteFile(path, executable, 0o700); err != nil { //nolint:gosec // it is run
		return err
	}
	said, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // what was made a moment ago
	if err != nil {
		return fmt.Errorf("%s --version: %w", runs.name, err)
	}
	rest, named := strings.CutPrefix(string(said), runs.prints)
	if fields := strings.Fields(rest); !named || len(fields) == 0 || fields[0] != version {
		return fmt.Errorf("the program says that it is %q, want %s%s", said, runs.prints, version)
	}
	return nil
}
