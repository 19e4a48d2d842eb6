// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/test/states"
)

// RecordStates names the environment variable with the directory into which every state is written that a resource comes to
// in a test. `make states` makes the corpus of states of it.
const RecordStates = "WABA_RECORD_STATES"

// record keeps the state of an object that a test made or changed.
func (w *World) record(obj client.Object) {
	into := os.Getenv(RecordStates)
	if into == "" {
		return
	}
	gvk, err := apiutil.GVKForObject(obj, w.Client.Scheme())
	if err != nil {
		w.T.Fatal(err)
	}
	raw, err := json.Marshal(obj)
	if err != nil {
		w.T.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		w.T.Fatal(err)
	}
	content["apiVersion"], content["kind"] = gvk.GroupVersion().String(), gvk.Kind
	if err := states.Record(into, content); err != nil {
		w.T.Fatal(err)
	}
}

// recordAnswer keeps the state that the API server answered a status write with.
func recordAnswer(r *http.Request, resp *http.Response) error {
	into := os.Getenv(RecordStates)
	if into == "" || r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/status") || resp.StatusCode != http.StatusOK {
		return nil
	}
	raw, err := bodyOf(resp)
	if err != nil {
		return err
	}
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		return err
	}
	return states.Record(into, content)
}
