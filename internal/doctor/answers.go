// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/lenient"
	"github.com/waba-operator/waba-operator/internal/properties"
	"github.com/waba-operator/waba-operator/internal/recording"
)

// object is what a part of an answer is about.
type object struct {
	prefix string // of the path, "" for the whole answer
	name   string
}

// objects are those of the answers. The first prefix that fits counts.
var objects = map[graph.Operation][]object{
	graph.OpDebugToken: {{"data.", "access token"}},
	graph.OpReadAccount: {
		{"message_templates.data.", objectTemplate}, {"phone_numbers.data.", objectNumber}, {"subscribed_apps.data.", objectApp}, {"", objectAccount},
	},
	graph.OpReadAccountOptional: {{"", objectAccount}},
	graph.OpListTemplates:       {{"data.", objectTemplate}, {"", "list of templates"}},
	graph.OpFindTemplates:       {{"data.", objectTemplate}, {"", "list of templates"}},
	graph.OpReadTemplate:        {{"", objectTemplate}},
	graph.OpListPhoneNumbers:    {{"data.", objectNumber}, {"", "list of phone numbers"}},
	graph.OpReadPhoneNumber:     {{"", objectNumber}},
	graph.OpListSubscribedApps:  {{"data.", objectApp}, {"", "list of subscribed apps"}},
	graph.OpListCatalogs:        {{"data.", "product catalogue"}, {"", "list of product catalogues"}},
	graph.OpListAssignedUsers:   {{"data.", "assigned user"}, {"", "list of assigned users"}},
	graph.OpReadProfile:         {{"data.", "business profile"}, {"", "business profile"}},
	graph.OpReadCommerce:        {{"data.", "commerce settings"}, {"", "commerce settings"}},
	graph.OpReadAutomation:      {{"", objectNumber}},
	graph.OpReadSettings:        {{"data.", "settings of a phone number"}, {"", "settings of a phone number"}},
	graph.OpReadEncryption:      {{"data.", "encryption key"}, {"", "encryption key"}},
	graph.OpReadCompliance:      {{"data.", "compliance information"}, {"", "compliance information"}},
	graph.OpReadUsername:        {{"data.", "username"}, {"", "username"}},
	graph.OpReadAppSubscription: {{"data.", "subscription of the app"}, {"", "list of subscriptions"}},
}

const (
	objectAccount  = "account"
	objectTemplate = "template"
	objectNumber   = "phone number"
	objectApp      = "subscribed app"
)

// locate splits the path in an answer into the object and the path in it.
func locate(op graph.Operation, path string) (where, rest string) {
	path = properties.Class(path)
	for _, o := range objects[op] {
		if rest, ok := strings.CutPrefix(path, o.prefix); ok {
			return o.name, rest
		}
	}
	return "answer to " + op.Endpoint(), path
}

// study adds to the report what the exchanges show by themselves.
func (r *Report) study(exchanges []recording.Exchange) {
	calls, shapes := map[graph.Operation]*Call{}, shapes{}
	for i := range exchanges {
		e := &exchanges[i]
		call := calls[e.Operation]
		if call == nil {
			call = &Call{Operation: e.Operation, Endpoint: e.Operation.Endpoint(), Errors: map[string]int{}}
			calls[e.Operation] = call
		}
		call.Made++
		r.studyHeaders(e)
		for _, body := range bodies(e) {
			r.studyBody(e.Operation, body, call, shapes)
		}
	}
	for _, op := range slices.Sorted(maps.Keys(calls)) {
		r.Calls = append(r.Calls, *calls[op])
	}
	r.Shapes = append(r.Shapes, shapes.list()...)
}

// bodies returns the answers of an exchange: the only one, or those of a batch.
func bodies(e *recording.Exchange) [][]byte {
	if e.Operation != graph.OpDebugToken {
		return [][]byte{e.Body}
	}
	var items []struct {
		Body string `json:"body"`
	}
	if json.Unmarshal(e.Body, &items) != nil {
		return [][]byte{e.Body}
	}
	var out [][]byte
	for _, item := range items {
		out = append(out, []byte(item.Body))
	}
	return out
}

func (r *Report) studyBody(op graph.Operation, body []byte, call *Call, seen shapes) {
	value, err := lenient.Decode(body)
	if err != nil {
		r.differ(UnreadableAnswer, op.Endpoint(), "not JSON")
		return
	}
	if failure := graph.ErrorIn(op, body); failure != nil {
		call.Errors[code(failure)]++
		r.studyError(op, failure)
		r.deviate(op, properties.Deviations(value, graph.ErrorProperties()))
		return
	}
	known, ok := graph.AnswerProperties(op)
	if !ok {
		return
	}
	r.deviate(op, properties.Deviations(value, known))
	seen.add(op, "", value, &known)
}

// code is Meta's code and subcode.
func code(e *graph.Error) string {
	if e.Subcode == 0 {
		return fmt.Sprint(e.Code)
	}
	return fmt.Sprintf("%d/%d", e.Code, e.Subcode)
}

func (r *Report) studyError(op graph.Operation, e *graph.Error) {
	switch {
	case e.Cause == graph.CauseUnknownField:
		where, _ := locate(op, "")
		for _, field := range e.BlameFields {
			r.differ(RefusedField, where, field)
		}
	case e.Class == graph.ClassUnknown:
		r.differ(UnknownError, op.Endpoint(), code(e))
	}
}

func (r *Report) deviate(op graph.Operation, deviations []properties.Deviation) {
	for _, d := range deviations {
		where, path := locate(op, d.Path)
		switch d.Kind {
		case properties.Property:
			r.differ(UnknownProperty, where, path)
		case properties.Value:
			r.differ(UnknownValue, where, path+" = "+d.Value)
		case properties.Type:
			r.differ(UnexpectedType, where, path)
		}
	}
}

var (
	usageEntry = properties.Of("call_count", "total_cputime", "total_time", "estimated_time_to_regain_access", "type")
	accountKey = regexp.MustCompile(`^[0-9]+$`)
	inPath     = regexp.MustCompile(`^/(v[0-9]+\.[0-9]+)/`)
)

func (r *Report) studyHeaders(e *recording.Exchange) {
	if asked := inPath.FindStringSubmatch(e.Path); asked != nil {
		if answered := e.Header.Get("Facebook-Api-Version"); answered != "" && answered != asked[1] {
			r.differ(Version, asked[1], "answered by another version")
		}
	}
	r.studyUsage(e, "X-App-Usage", func(value map[string]any) []properties.Deviation {
		return properties.Deviations(value, usageEntry)
	})
	r.studyUsage(e, "X-Business-Use-Case-Usage", func(value map[string]any) (out []properties.Deviation) {
		for id, entries := range value {
			if !accountKey.MatchString(id) {
				out = append(out, properties.Deviation{Path: "the key of an account"})
			}
			out = append(out, properties.Deviations(entries, usageEntry)...)
		}
		return out
	})
}

func (r *Report) studyUsage(e *recording.Exchange, header string, deviations func(map[string]any) []properties.Deviation) {
	text := e.Header.Get(header)
	if text == "" {
		return
	}
	value, err := lenient.Decode([]byte(text))
	object, ok := value.(map[string]any)
	if err != nil || !ok {
		r.differ(Header, header, "no JSON object")
		return
	}
	for _, d := range deviations(object) {
		r.differ(Header, header, strings.TrimPrefix(properties.Class(d.Path), "."))
	}
}
