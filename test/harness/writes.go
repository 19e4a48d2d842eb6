// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// noting is a transport to the API server that notes which version each write left.
type noting struct {
	next   http.RoundTripper
	writes *writes
}

func (n *noting) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header["Accept"] = []string{strings.Join(slices.DeleteFunc(strings.Split(r.Header.Get("Accept"), ","), func(kind string) bool {
		return strings.Contains(kind, "protobuf") // which note can't read
	}), ",")}
	resp, err := n.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return resp, n.note(r, resp)
}

// note reads an answer, and puts it back, if it is one to a write of an object that controllers watch.
func (n *noting) note(r *http.Request, resp *http.Response) error {
	resource, ok := watchedResource(r.URL.Path)
	if !ok || r.Method == http.MethodGet || r.URL.Query().Has("dryRun") || resp.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	raw, err := bodyOf(resp)
	if err != nil {
		return err
	}
	var answer metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	o := objectID{resource: resource}
	if answer.Kind == "Status" {
		o.Namespace, o.Name = namesIn(r.URL.Path)
		n.writes.wrote(o, version{gone: true})
		return nil
	}
	o.Namespace, o.Name = answer.Namespace, answer.Name
	v := version{labels: answer.Labels, gone: answer.DeletionTimestamp != nil && len(answer.Finalizers) == 0}
	if v.revision, err = strconv.ParseUint(answer.ResourceVersion, 10, 64); err != nil {
		return err
	}
	n.writes.wrote(o, v)
	return nil
}

// bodyOf reads the body of an answer, and puts it back.
func bodyOf(resp *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return raw, nil
}

// watchedResource returns the resource of a path if controllers may watch it: this project's kinds, and Namespaces.
func watchedResource(path string) (string, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 5 && parts[0] == "apis" && parts[1] == v1alpha1.GroupVersion.Group && parts[3] == "namespaces":
		return parts[5], true
	case len(parts) > 2 && len(parts) < 5 && parts[0] == "api" && parts[2] == "namespaces":
		return parts[2], true
	}
	return "", false
}

// namesIn returns the namespace and the name in the path of a watched resource.
func namesIn(path string) (namespace, name string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 6:
		return parts[4], parts[6]
	case len(parts) == 4:
		return "", parts[3]
	}
	return "", ""
}
