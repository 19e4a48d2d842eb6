// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/recording"
)

var update = flag.Bool("update", false, "write the reports that those of the recordings are compared with")

// TestRecordings: the answers that users recorded are understood, and differ only in what the report beside each recording says. A new
// recording goes into the directory; -update writes its report, which has to be read.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/recordings/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r recording.Recording
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			if r.Format != recording.Format {
				t.Fatalf("format %d is unknown", r.Format)
			}
			server := httptest.NewServer(recording.NewReplay(r))
			defer server.Close()
			report, _, err := newPatient(t).examine(server.URL, r.AccountID, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			shown := &Report{Tool: r.Tool, GraphAPIVersion: report.GraphAPIVersion, Differences: report.Differences, Checks: report.Checks}
			if err := Markdown(&got, shown); err != nil {
				t.Fatal(err)
			}
			expected := strings.TrimSuffix(file, ".json") + ".md"
			if *update {
				if err := os.WriteFile(expected, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(expected)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}
