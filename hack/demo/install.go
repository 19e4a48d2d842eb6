// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	// helmRelease and helmNamespace are what the documentation calls them.
	helmRelease   = "waba-operator"
	helmNamespace = "waba-operator-system"
	// scraper is the service account to which the chart lets the metrics be read.
	scraper = "prometheus"
)

// installed is how the operator is to be run.
type installed struct {
	flags       []string
	user        string
	groups      []string
	permissions string // what gives it its permissions, in words
}

// byHand installs what is needed without a tool; the API server has the CRDs.
func (d *demo) byHand(ctx context.Context) (*installed, error) {
	if err := grantRole(ctx, d.cluster.Client, d.root); err != nil {
		return nil, err
	}
	return &installed{
		flags: []string{
			"--graph-base-url=" + d.meta.url, "--observation-interval=" + observationInterval.String(),
			"--webhook-bind-address=" + d.meta.receiver, "--webhook-url=https://" + hooksHost,
			"--metrics-bind-address=127.0.0.1:0", "--metrics-secure=false", "--health-probe-bind-address=127.0.0.1:0",
			"--log-format=console", "--log-level=1",
		},
		user: operatorUser, permissions: "with the permissions of config/rbac/role.yaml and no others",
	}, nil
}

// byHelm installs the chart and reads back from the API server how it wants the operator to be run. Nothing is added to that
// but a kubeconfig, in place of the token that a pod finds in its file system.
func (d *demo) byHelm(ctx context.Context) (*installed, error) {
	d.screen.step("Installing charts/waba-operator with helm …")
	values, err := d.helmValues(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.runHelm(ctx, values, "install", helmRelease, filepath.Join(d.root, "charts", "waba-operator"), "--values", "-",
		"--namespace", helmNamespace, "--create-namespace"); err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(values)) {
		d.screen.say("%s", strings.TrimRight(line, "\n"))
	}
	deployment := &appsv1.Deployment{}
	if err := d.cluster.Client.Get(ctx, client.ObjectKey{Namespace: helmNamespace, Name: helmRelease}, deployment); err != nil {
		return nil, err
	}
	pod := deployment.Spec.Template.Spec
	return &installed{
		flags: pod.Containers[0].Args,
		user:  "system:serviceaccount:" + helmNamespace + ":" + pod.ServiceAccountName,
		groups: []string{
			"system:serviceaccounts", "system:serviceaccounts:" + helmNamespace, "system:authenticated",
		},
		permissions: "with the flags and the permissions that the chart gives it and no others",
	}, nil
}

// helmValues keep everything on this machine's loopback interface. A pod would know the namespace of its lease by itself.
func (d *demo) helmValues(ctx context.Context) ([]byte, error) {
	host, webhooks, err := net.SplitHostPort(d.meta.receiver)
	if err != nil {
		return nil, err
	}
	ports := map[string]int{}
	if ports["webhooks"], err = strconv.Atoi(webhooks); err != nil {
		return nil, err
	}
	for _, what := range []string{"metrics", "probes"} {
		address, err := freeAddress(ctx)
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(address)
		if err == nil {
			ports[what], err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, err
		}
	}
	d.metricsURL = "https://" + net.JoinHostPort(host, strconv.Itoa(ports["metrics"])) + "/metrics"
	return yaml.Marshal(map[string]any{
		"graphBaseURL": d.meta.url, "observationInterval": observationInterval.String(), "logFormat": "console", "logLevel": 1,
		"listenAddress": host, "leaderElectionNamespace": helmNamespace,
		"webhooks": map[string]any{"port": ports["webhooks"], "url": "https://" + hooksHost},
		"probes":   map[string]any{"port": ports["probes"]},
		"metrics": map[string]any{"port": ports["metrics"], "rbac": map[string]any{
			"readers": []map[string]string{{"name": scraper, "namespace": helmNamespace}},
		}},
	})
}

// runHelm runs the helm of this repository against the demo's API server, with a home of its own.
func (d *demo) runHelm(ctx context.Context, stdin []byte, args ...string) error {
	home := d.files.path("helm")
	cmd := exec.CommandContext(ctx, filepath.Join(d.root, "bin", "tools", "helm"), args...) //nolint:gosec // our own path
	cmd.Env = append(os.Environ(), "KUBECONFIG="+d.files.path("kubeconfig"), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home,
		"HELM_DATA_HOME="+home)
	cmd.Stdin = bytes.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm %s (make demo-helm builds helm): %w\n%s", args[0], err, out)
	}
	return nil
}
