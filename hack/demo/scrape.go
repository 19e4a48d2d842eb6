// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scrape reads the metrics as Prometheus would, with the token of the service account that the chart lets read them; and is
// refused with none, and with that of another one.
func (d *demo) scrape(ctx context.Context) error {
	d.screen.step("Reading the operator's metrics at %s …", d.metricsURL)
	for _, reader := range []struct {
		account string
		want    int
	}{{"", http.StatusUnauthorized}, {"somebody-else", http.StatusForbidden}, {scraper, http.StatusOK}} {
		token, err := d.token(ctx, reader.account)
		if err != nil {
			return err
		}
		status, body, err := d.readMetrics(ctx, token)
		if err != nil {
			return err
		}
		who := "without a token"
		if reader.account != "" {
			who = "as service account " + reader.account
		}
		d.screen.say("%s: %d %s, %d bytes", who, status, http.StatusText(status), len(body))
		if status != reader.want {
			return fmt.Errorf("metrics %s: %d, not %d\n%s", who, status, reader.want, body)
		}
		if told := strings.Contains(body, "waba_operator_graph_requests_total"); told != (status == http.StatusOK) {
			return fmt.Errorf("metrics %s: the answer is\n%s", who, body)
		}
	}
	return nil
}

// token makes a service account, and a token of it; the empty name has none.
func (d *demo) token(ctx context.Context, account string) (string, error) {
	if account == "" {
		return "", nil
	}
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: helmNamespace, Name: account}}
	if err := d.cluster.Client.Create(ctx, sa); err != nil {
		return "", err
	}
	request := &authenticationv1.TokenRequest{}
	err := d.cluster.Client.SubResource("token").Create(ctx, sa, request)
	return request.Status.Token, err
}

// readMetrics trusts any certificate: the operator makes its own at every start.
func (d *demo) readMetrics(ctx context.Context, token string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.metricsURL, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // on this machine's loopback interface
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}
