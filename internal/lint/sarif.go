// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"io"
	"net/url"
	"path/filepath"

	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/output"
)

// The parts of a log in the Static Analysis Results Interchange Format that a report has; test/gitops/sarif checks them against the
// format's schema.
//
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"` // empty where nothing was found; null would mean that the run failed
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               Rule         `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
	}
	sarifResult struct {
		RuleID    Rule            `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     Severity        `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysicalLocation `json:"physicalLocation"`
	}
	sarifPhysicalLocation struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// sarifRules are all rules, in a fixed order.
var sarifRules = []Rule{RuleUnreadable, RuleSchema, RuleContent, RuleDuplicate, RuleReview, RuleLenient}

// writeSARIF writes the Static Analysis Results Interchange Format, version 2.1.0.
func writeSARIF(w io.Writer, r *Result) error {
	run := sarifRun{
		Tool:    sarifTool{Driver: sarifDriver{Name: "kubectl-waba", InformationURI: "https://github.com/waba-operator/waba-operator"}},
		Results: []sarifResult{},
	}
	index := map[Rule]int{}
	for i, rule := range sarifRules {
		index[rule] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: rule, ShortDescription: sarifMessage{Rules[rule]}})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule, RuleIndex: index[f.Rule], Level: f.Severity, Message: sarifMessage{f.subject() + f.Message}, Locations: f.locations(),
		})
	}
	return output.JSON(w, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// locations is where a finding is; nowhere if it is in no file.
func (f *Finding) locations() []sarifLocation {
	if f.Source == manifest.Stdin {
		return nil
	}
	place := sarifPhysicalLocation{ArtifactLocation: sarifArtifact{URI: (&url.URL{Path: filepath.ToSlash(f.Source)}).String()}}
	if f.Line > 0 {
		place.Region = &sarifRegion{StartLine: f.Line}
	}
	return []sarifLocation{{PhysicalLocation: place}}
}
