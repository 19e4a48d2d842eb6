// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
)

// licenceFile matches the names of files with a module's licences.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].*)?$`)

// leastCoverage is how much of a file, in per cent, must be the text of licences. Notices and lists of holders are around it.
const leastCoverage = 70

// licences finds those of modules, by module path. What is compiled was downloaded, so that nothing is fetched.
func licences(ctx context.Context, modules []*debug.Module) (map[string]*cyclonedx.Licenses, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.Path+"@"+m.Version)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // names of modules that the compiler wrote
	cmd.Dir, cmd.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	listed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("finding the modules: %w", err)
	}
	found := map[string]*cyclonedx.Licenses{}
	for decoder := json.NewDecoder(strings.NewReader(string(listed))); ; {
		var module struct{ Path, Dir string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		ids, err := licencesIn(module.Dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module.Path, err)
		}
		found[module.Path] = spdx(ids...)
	}
}

// licencesIn are the identifiers of the licences in a module's directory.
func licencesIn(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) || filepath.Ext(entry.Name()) == ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(directory, entry.Name())) //nolint:gosec // of a module that the compiler downloaded
		if err != nil {
			return nil, err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < leastCoverage {
			return nil, fmt.Errorf("only %.0f %% of %s is the text of a known licence", coverage.Percent, entry.Name())
		}
		for _, match := range coverage.Match {
			ids = append(ids, match.ID)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("no licence is known")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func spdx(ids ...string) *cyclonedx.Licenses {
	var out cyclonedx.Licenses
	for _, id := range ids {
		out = append(out, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &out
}
