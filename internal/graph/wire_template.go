// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

// templateFields are asked for wherever a template is read.
var templateFields = []string{
	"id", "name", "language", "status", "category", "previous_category", "correct_category", "sub_category",
	"rejected_reason", "quality_score", "parameter_format", "message_send_ttl_seconds", "last_updated_time",
	"library_template_name", "components",
}

// templateSummary are the totals that a listing can carry.
const templateSummary = "total_count,message_template_count,message_template_limit"

func templateFrom(n node) (Template, error) {
	t := Template{
		ID: n.str("id"), Name: n.str("name"), Language: n.str("language"),
		Status: n.upper("status"), Category: n.upper("category"),
		PreviousCategory: n.upper("previous_category"), CorrectCategory: n.upper("correct_category"),
		SubCategory: n.upper("sub_category"), RejectedReason: n.upper("rejected_reason"),
		ParameterFormat: n.upper("parameter_format"), LibraryTemplateName: n.str("library_template_name"),
		MessageSendTTLSeconds: n.int64Ptr("message_send_ttl_seconds"),
		LastUpdatedTime:       n.time("last_updated_time"),
		Components:            componentsFrom(n.nodes("components")),
	}
	if t.ID == "" || t.Name == "" || t.Language == "" {
		// Left out silently, it would look deleted.
		return Template{}, shapeError("a template without id, name or language")
	}
	if quality := n.obj("quality_score"); quality != nil {
		t.QualityScore, t.QualityDate = quality.upper("score"), quality.time("date")
		t.QualityReasons = append(quality.strs("reasons"), quality.strs("reason")...)
	} else {
		t.QualityScore = n.upper("quality_score")
	}
	return t, nil
}

func templatePageFrom(n node) (*TemplatePage, error) {
	items, after, err := pageFrom(n, templateFrom)
	if err != nil {
		return nil, err
	}
	summary := n.obj("summary")
	return &TemplatePage{
		Items: items, After: after,
		Count: summary.int("message_template_count", summary.int("total_count", -1)),
		Limit: summary.int("message_template_limit", -1),
	}, nil
}

// wireTemplate fixes the order of the properties, so that one content always gives the same bytes.
type wireTemplate struct {
	Name                  string      `json:"name,omitempty"`
	Language              string      `json:"language,omitempty"`
	Category              string      `json:"category,omitempty"`
	ParameterFormat       string      `json:"parameter_format,omitempty"`
	SubCategory           string      `json:"sub_category,omitempty"`
	DisplayFormat         string      `json:"display_format,omitempty"`
	MessageSendTTLSeconds *int64      `json:"message_send_ttl_seconds,omitempty"`
	Components            []Component `json:"components,omitempty"`
}
