// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

const maxBatch = 50

type batchItem struct {
	Method      string `json:"method"`
	RelativeURL string `json:"relative_url"`
	Body        string `json:"body"`
	AccessToken string `json:"access_token"`
}

// doBatch runs the items one after the other through the ordinary handlers; every item counts as one call.
// See https://developers.facebook.com/docs/graph-api/batch-requests.
func (s *Simulator) doBatch(ctx context.Context, outer *call) reply {
	hit := s.match(outer)
	outer.op = OpBatch
	for _, f := range hit {
		if f.Hook != nil {
			f.Hook(outer.request)
		}
		s.pause(ctx, f.Delay)
	}
	answer, decided := faultReply(hit)
	if !decided || answer.handleFirst {
		own := s.runBatch(ctx, outer)
		if !decided {
			answer.reply = own
		}
	}
	for _, f := range hit {
		if f.AfterHook != nil {
			f.AfterHook(outer.request)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if decided {
		s.finishFault(outer, &answer)
	} else if outer.token == nil {
		outer.token, outer.appToken = s.tokens[outer.bearer], s.appToken(outer.bearer)
	}
	s.record(outer, answer.reply)
	return answer.reply
}

func (s *Simulator) runBatch(ctx context.Context, outer *call) reply {
	items, problem := parseBatch(outer)
	if problem != nil {
		return errorReply(problem, s.lockedTraceID())
	}
	withHeaders := outer.param("include_headers") != "false"
	out := make([]map[string]any, 0, len(items))
	for _, item := range items {
		got := s.do(ctx, newItem(outer, item))
		if got.cut {
			return got
		}
		one := map[string]any{"code": got.status, "body": string(got.body)}
		if withHeaders {
			one["headers"] = headerList(got.header)
		}
		out = append(out, one)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return errorReply(&apiError{Code: 1, Message: defaultMessage(1)}, s.lockedTraceID())
	}
	return reply{status: http.StatusOK, body: body, header: http.Header{}}
}

func parseBatch(outer *call) ([]batchItem, *apiError) {
	if outer.bearer == "" {
		return nil, &apiError{Code: 104, Message: "An access token is required to request this resource."}
	}
	raw, ok := outer.raw("batch")
	if !ok {
		return nil, &apiError{Code: 2500, Message: "Unknown path components: /"}
	}
	var items []batchItem
	if err := json.Unmarshal(raw, &items); err != nil {
		if json.Unmarshal([]byte(scalar(raw)), &items) != nil {
			return nil, &apiError{Type: "GraphBatchException", Code: -3, Message: "batch parameter must be a JSON array"}
		}
	}
	switch {
	case len(items) == 0:
		return nil, &apiError{Type: "GraphBatchException", Code: -3, Message: "Empty batch message"}
	case len(items) > maxBatch:
		return nil, &apiError{Type: "GraphBatchException", Code: -3, Message: "Too many requests in batch message. Maximum batch size is 50"}
	}
	return items, nil
}

func newItem(outer *call, item batchItem) *call {
	location, rawQuery, _ := strings.Cut(item.RelativeURL, "?")
	query, _ := url.ParseQuery(rawQuery)
	method := item.Method
	if method == "" {
		method = http.MethodGet
	}
	contentType := "application/x-www-form-urlencoded"
	if strings.HasPrefix(strings.TrimSpace(item.Body), "{") {
		contentType = "application/json"
	}
	c := newCall(outer.request, method, location, query, contentType, []byte(item.Body))
	if c.version == "" {
		c.version = outer.version
	}
	c.bearer, c.proof = outer.bearer, outer.proof
	if own := c.anyToken(item.AccessToken); own != "" {
		c.bearer, c.proof = own, ""
	}
	if own := c.param("appsecret_proof"); own != "" {
		c.proof = own
	}
	return c
}

func headerList(h http.Header) []map[string]string {
	out := []map[string]string{{"name": "Content-Type", "value": "application/json; charset=UTF-8"}}
	for name, values := range h {
		for _, v := range values {
			out = append(out, map[string]string{"name": name, "value": v})
		}
	}
	return out
}

// multipartForm reads the plain values of a multipart body.
func multipartForm(contentType string, body []byte) url.Values {
	out := url.Values{}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return out
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := reader.NextPart()
		if err != nil {
			return out
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return out
		}
		out.Add(part.FormName(), string(value))
	}
}
