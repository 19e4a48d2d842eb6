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
	"runtime"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// bareFlag makes this program the bare client.
const bareFlag = "bare-client"

// bareClient is what the least client costs that holds the same objects as the operator: caches of the four kinds without managed fields,
// and nothing else.
type bareClient struct {
	// ListSeconds is the time until the caches were filled.
	ListSeconds float64 `json:"listSeconds"`
	memory
	// HeapMB is the heap after a garbage collection.
	HeapMB float64 `json:"heapMB"`
}

// listAndReport is the bare client: it fills the caches, and prints what that cost.
func listAndReport(ctx context.Context, out io.Writer) error {
	config, err := ctrlconfig.GetConfig()
	if err != nil {
		return err
	}
	config.QPS = -1 // no limit
	informers, err := cache.New(config, cache.Options{Scheme: testenv.NewScheme(), DefaultTransform: cache.TransformStripManagedFields()})
	if err != nil {
		return err
	}
	for _, kind := range []client.Object{&v1alpha1.WABA{}, &v1alpha1.PhoneNumber{}, &v1alpha1.MessageTemplate{}, &v1alpha1.WebhookSubscription{}} {
		if _, err := informers.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := time.Now()
	go func() { _ = informers.Start(ctx) }() // ends with the process
	if !informers.WaitForCacheSync(ctx) {
		return errors.New("the caches weren't filled")
	}
	r := bareClient{ListSeconds: time.Since(begin).Seconds()}
	if r.memory, err = memoryOf(os.Getpid()); err != nil {
		return err
	}
	runtime.GC()
	runtime.GC() // a second one also frees what had finalizers
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	r.HeapMB = float64(stats.HeapAlloc) / 1e6
	runtime.KeepAlive(informers)
	return json.NewEncoder(out).Encode(r)
}

// measureBare runs the bare client as a process of its own.
func measureBare(ctx context.Context, kubeconfig string) (bareClient, error) {
	program, err := os.Executable()
	if err != nil {
		return bareClient{}, err
	}
	cmd := exec.CommandContext(ctx, program, "--"+bareFlag) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return bareClient{}, fmt.Errorf("the bare client: %w", err)
	}
	var r bareClient
	return r, json.Unmarshal(text, &r)
}
