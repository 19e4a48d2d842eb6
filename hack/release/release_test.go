// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// standIn builds a small program that prints the version v1.2.3, in place of one of the released programs, for each platform.
func standIn(t *testing.T, prints string) []string {
	t.Helper()
	dir := t.TempDir()
	source := "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"" + prints + "v1.2.3 and more\") }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module standin.example\n\ngo 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var binaries []string
	for _, platform := range platforms {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", platform.Architecture, ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		binaries = append(binaries, filepath.Join(dir, platform.Architecture))
	}
	return binaries
}

func release(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// made writes a layout of a program for each platform and returns its directory.
func made(t *testing.T, binaries []string, version, created string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	args := append([]string{"image", "-version", version, "-revision", "abc", "-created", created, "-out", dir}, binaries...)
	if _, err := release(t, args...); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestImage(t *testing.T) {
	binaries := standIn(t, "waba-operator ")
	first := made(t, binaries, "v1.2.3", "1700000000")
	digests, err := release(t, "check", "-version", "v1.2.3", first)
	if err != nil || strings.Count(digests, "sha256:") != 2 {
		t.Fatalf("%v: %s", err, digests)
	}
	if again, err := release(t, "check", "-version", "v1.2.3", made(t, binaries, "v1.2.3", "1700000000")); err != nil || again != digests {
		t.Errorf("the same commit made another image: %v\n%s%s", err, digests, again)
	}
	if later, err := release(t, "check", "-version", "v1.2.3", made(t, binaries, "v1.2.3", "1700000001")); err != nil || later == digests {
		t.Errorf("another commit made the same image: %v", err)
	}
	if _, err := release(t, "check", "-version", "v1.2.4", first); err == nil || !strings.Contains(err.Error(), `version "v1.2.3"`) {
		t.Errorf("another version passed: %v", err)
	}
	if _, err := release(t, "check", "-version", "v9.9.9", made(t, binaries, "v9.9.9", "0")); err == nil || !strings.Contains(err.Error(), "says that it is") {
		t.Errorf("a program of another version passed: %v", err)
	}
	if _, err := release(t, "image", "-out", first, binaries[0], binaries[1]); err == nil {
		t.Error("a layout was overwritten")
	}
	for n := range binaries { // of the two, the one that can't be run here
		same := made(t, []string{binaries[n], binaries[n]}, "v1.2.3", "0")
		if _, err := release(t, "check", "-version", "v1.2.3", same); err == nil || !strings.Contains(err.Error(), "the program is for EM_") {
			t.Errorf("the program of one platform passed for both: %v", err)
		}
	}
	blobs, err := filepath.Glob(filepath.Join(first, "blobs", "sha256", "*"))
	if err != nil || len(blobs) == 0 {
		t.Fatal(blobs, err)
	}
	largest := blobs[0]
	for _, blob := range blobs {
		if size(t, blob) > size(t, largest) {
			largest = blob
		}
	}
	if err := os.Truncate(largest, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := release(t, "check", "-version", "v1.2.3", first); err == nil {
		t.Error("a damaged layout passed")
	}
}

// TestImageOfEachProgram: an image runs the program that it is named after, and is refused as that of another one.
func TestImageOfEachProgram(t *testing.T) {
	for _, p := range programs {
		dir := filepath.Join(t.TempDir(), "image")
		args := append([]string{"image", "-program", p.name, "-version", "v1.2.3", "-out", dir}, standIn(t, p.prints)...)
		if _, err := release(t, args...); err != nil {
			t.Fatal(err)
		}
		for _, other := range programs {
			_, err := release(t, "check", "-program", other.name, "-version", "v1.2.3", dir)
			if (err == nil) != (other == p) {
				t.Errorf("the image of %s as that of %s: %v", p.name, other.name, err)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "image")
	wrong := standIn(t, "another program ")
	if _, err := release(t, append([]string{"image", "-program", "kubectl-waba", "-version", "v1.2.3", "-out", dir}, wrong...)...); err != nil {
		t.Fatal(err)
	}
	if _, err := release(t, "check", "-program", "kubectl-waba", "-version", "v1.2.3", dir); err == nil || !strings.Contains(err.Error(), "says that it is") {
		t.Errorf("another program passed: %v", err)
	}
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	dir := made(t, standIn(t, "waba-operator "), "v1.2.3", "0")
	reference := strings.TrimPrefix(server.URL, "http://") + "/team/waba-operator:v1.2.3"
	said, err := release(t, "push", dir, reference)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := pushed.Digest()
	if err != nil || strings.TrimSpace(said) != ref.Context().Name()+"@"+digest.String() {
		t.Errorf("%v: said %s, pushed %s", err, said, digest)
	}
	if _, err := release(t, "push", dir, "no reference"); err == nil {
		t.Error("pushed to nowhere")
	}
}

func TestSBOM(t *testing.T) {
	// The test's own binary has modules.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := release(t, "sbom", "-version", "v1.2.3", self)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		BOMFormat  string
		Components []struct {
			Name, PURL string
			Licenses   []struct{ License struct{ ID string } }
		}
	}
	if err := json.Unmarshal([]byte(text), &bom); err != nil || bom.BOMFormat != "CycloneDX" {
		t.Fatalf("%v: %.200s", err, text)
	}
	names, licences := map[string]string{}, map[string]string{}
	for _, c := range bom.Components {
		names[c.Name] = c.PURL
		for _, l := range c.Licenses {
			licences[c.Name] += " " + l.License.ID
		}
		if licences[c.Name] == "" {
			t.Errorf("%s has no licence", c.Name)
		}
	}
	for want, licence := range map[string]string{"std": " BSD-3-Clause", "github.com/google/go-containerregistry": " Apache-2.0"} {
		if !strings.HasPrefix(names[want], "pkg:golang/"+want+"@") || licences[want] != licence {
			t.Errorf("%s: %q, licence%s", want, names[want], licences[want])
		}
	}
}

// TestLicences: what is no licence isn't taken for one, and several are all listed.
func TestLicences(t *testing.T) {
	own, err := os.ReadFile(filepath.Join("..", "..", "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	apache := string(own)
	const isc = "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, " +
		"provided that the above copyright notice and this permission notice appear in all copies.\n\n" +
		"THE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED " +
		"WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL " +
		"DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER " +
		"TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  string // empty: an error
	}{
		"one":             {map[string]string{"LICENSE": apache, "README.md": "x", "license.go": "package x"}, "Apache-2.0"},
		"two":             {map[string]string{"LICENSE.txt": isc, "COPYING": apache}, "Apache-2.0 ISC"},
		"two in one file": {map[string]string{"LICENCE": isc + apache}, "Apache-2.0 ISC"},
		"none":            {map[string]string{"README.md": apache}, ""},
		"another text":    {map[string]string{"LICENSE": strings.Repeat("You must dance before you use this. ", 50)}, ""},
		"mostly another":  {map[string]string{"LICENSE": isc + strings.Repeat("You must dance before you use this. ", 50)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			for file, text := range test.files {
				if err := os.WriteFile(filepath.Join(directory, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ids, err := licencesIn(directory)
			if got := strings.Join(ids, " "); got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %q, want %q (%v)", got, test.want, err)
			}
		})
	}
}

// stages are the Dockerfile's stages that become images, by their programs. The last one is the operator's: it needs no --target.
func stages(t *testing.T) (whole string, byProgram map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(raw), "\nFROM scratch AS ")
	byProgram = map[string]string{}
	for _, part := range parts[1:] {
		name, stage, _ := strings.Cut(part, "\n")
		byProgram[name] = stage
	}
	if len(byProgram) != len(programs) || !strings.HasPrefix(parts[len(parts)-1], "waba-operator\n") {
		t.Fatalf("the stages from scratch are %v, want one for each program, the operator's last", slices.Collect(maps.Keys(byProgram)))
	}
	return string(raw), byProgram
}

// TestDockerfile: a build with Docker makes the images that are released.
func TestDockerfile(t *testing.T) {
	whole, byProgram := stages(t)
	// How they are compiled is written down once.
	if strings.Contains(whole, "go build") {
		t.Error("it doesn't compile by hack/compile.sh alone")
	}
	for program, pkg := range map[string]string{"/waba-operator": ".", "/kubectl-waba": "./cmd/kubectl-waba"} {
		if !strings.Contains(whole, ` hack/compile.sh "$VERSION" `+program+" "+pkg+"\n") {
			t.Errorf("%s isn't compiled by hack/compile.sh", program)
		}
	}
	// What comes from elsewhere is named by its content: the compiler's image, and the syntax if another than the builder's own is wanted.
	for _, m := range regexp.MustCompile(`(?m)^(?:FROM(?: --\S+)*|# *syntax *=) *(\S+)`).FindAllStringSubmatch(whole, -1) {
		own := m[1] == "scratch" || strings.Contains(whole, " AS "+m[1]+"\n")
		if !own && !regexp.MustCompile(`@sha256:[0-9a-f]{64}$`).MatchString(m[1]) {
			t.Errorf("%s isn't named by digest", m[1])
		}
	}
	for _, p := range programs {
		final := byProgram[p.name]
		for _, want := range []string{"USER " + user + "\n", `ENTRYPOINT ["` + p.path() + `"]`, " " + rootsPath + "\n", " " + p.path() + "\n"} {
			if !strings.Contains(final, want) {
				t.Errorf("%s lacks %q", p.name, want)
			}
		}
		found := map[string]string{}
		for _, m := range regexp.MustCompile(`(org\.opencontainers\.image\.\w+)="([^"]*)"`).FindAllStringSubmatch(final, -1) {
			found[m[1]] = m[2]
		}
		for label, value := range p.labels() {
			if found[label] != value {
				t.Errorf("%s: %s is %q, want %q", p.name, label, found[label], value)
			}
		}
		if copies := strings.Count(final, "COPY "); copies != 2 {
			t.Errorf("%s: %d files are copied", p.name, copies)
		}
	}
}

// TestBuildContext: what the Dockerfile copies isn't kept from the builder.
func TestBuildContext(t *testing.T) {
	root := filepath.Join("..", "..")
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	sources := regexp.MustCompile(`(?m)^COPY (\w[^-\n]*) \S+$`).FindAllStringSubmatch(string(dockerfile), -1)
	if len(sources) < 5 {
		t.Fatalf("only %v is copied", sources)
	}
	for _, m := range sources {
		for source := range strings.FieldsSeq(m[1]) {
			if !strings.Contains(string(ignored), "\n!"+strings.TrimSuffix(source, "/")+"\n") {
				t.Errorf("%s is copied, but .dockerignore keeps it out", source)
			}
		}
	}
}

// TestDockerfileCopiesWhatIsCompiled: every package of the programs is in the images' build.
func TestDockerfileCopiesWhatIsCompiled(t *testing.T) {
	whole, _ := stages(t)
	for _, program := range []string{".", "./cmd/kubectl-waba"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", program)
		cmd.Dir, cmd.Env = filepath.Join("..", ".."), append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		packages := strings.Fields(string(out))
		if len(packages) < 10 {
			t.Fatalf("only %v", packages)
		}
		for _, pkg := range packages {
			dir := strings.TrimPrefix(strings.TrimPrefix(pkg, "github.com/waba-operator/waba-operator"), "/")
			if dir != "" && !copied(whole, dir) {
				t.Errorf("%s isn't copied", pkg)
			}
		}
	}
}

// copied reports whether the Dockerfile copies a directory, or one that it is in.
func copied(dockerfile, dir string) bool {
	for ; dir != "."; dir = filepath.Dir(dir) {
		if strings.Contains(dockerfile, "COPY "+dir+"/ "+dir+"/\n") {
			return true
		}
	}
	return false
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"paint"}, {"image", "one"}, {"check"}, {"image", "-created", "today", "a", "b"}, {"image", "-program", "other", "a", "b"}, {"sbom", "none"}} {
		if _, err := release(t, args...); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
	if pem, err := release(t, "roots"); err != nil || strings.Count(pem, "BEGIN CERTIFICATE") < 50 {
		t.Errorf("%v: %d bytes of certificates", err, len(pem))
	}
}
