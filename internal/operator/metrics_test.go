// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	certutil "k8s.io/client-go/util/cert"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"

	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestMetricsOptions: a certificate needs its key, and a server that can use it.
func TestMetricsOptions(t *testing.T) {
	set := func(name, want string, change func(*operator.MetricsOptions)) optionCase {
		return optionCase{name, func(o *operator.Options) { change(&o.MetricsOptions) }, want}
	}
	checkOptions(t, []optionCase{
		set("off", "", func(o *operator.MetricsOptions) { o.MetricsAddress = "0" }),
		set("series of resources", "", func(o *operator.MetricsOptions) { o.MetricsPerResource = true }),
		set("series that are not served", "needs --metrics-bind-address", func(o *operator.MetricsOptions) {
			o.MetricsPerResource, o.MetricsAddress = true, "0"
		}),
		set("TLS", "", func(o *operator.MetricsOptions) { o.MetricsCertFile, o.MetricsKeyFile = "tls.crt", "tls.key" }),
		set("certificate alone", "--metrics-cert-file and --metrics-key-file go together", func(o *operator.MetricsOptions) { o.MetricsCertFile = "tls.crt" }),
		set("key alone", "--metrics-cert-file and --metrics-key-file go together", func(o *operator.MetricsOptions) { o.MetricsKeyFile = "tls.key" }),
		set("TLS in clear text", "--metrics-cert-file needs --metrics-secure", func(o *operator.MetricsOptions) {
			o.MetricsCertFile, o.MetricsKeyFile, o.MetricsSecure = "tls.crt", "tls.key", false
		}),
		set("TLS of nothing", "--metrics-cert-file needs --metrics-bind-address", func(o *operator.MetricsOptions) {
			o.MetricsCertFile, o.MetricsKeyFile, o.MetricsAddress = "tls.crt", "tls.key", "0"
		}),
	})
}

// volume is a directory as the kubelet mounts a Secret: the files are links, and an update replaces what they lead to.
type volume struct {
	t   *testing.T
	dir string
}

func (v volume) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// update replaces the certificate and returns those who trust the new one alone.
func (v volume) update(version string) *x509.CertPool {
	v.t.Helper()
	cert, key, err := certutil.GenerateSelfSignedCertKey("metrics.example", nil, nil)
	v.must(err)
	data := filepath.Join(v.dir, "..data")
	old, _ := os.Readlink(data)
	v.must(os.Mkdir(filepath.Join(v.dir, version), 0o700))
	for name, content := range map[string][]byte{"tls.crt": cert, "tls.key": key} {
		v.must(os.WriteFile(filepath.Join(v.dir, version, name), content, 0o600))
		if old == "" {
			v.must(os.Symlink(filepath.Join("..data", name), v.file(name)))
		}
	}
	v.must(os.Symlink(version, data+"_tmp"))
	v.must(os.Rename(data+"_tmp", data))
	if old != "" {
		v.must(os.RemoveAll(filepath.Join(v.dir, old)))
	}
	trusting := x509.NewCertPool()
	trusting.AppendCertsFromPEM(cert)
	return trusting
}

func (v volume) file(name string) string { return filepath.Join(v.dir, name) }

// TestMetricsCertificate: metrics are served with the certificate in the files, and with the next one once they are replaced.
func TestMetricsCertificate(t *testing.T) {
	w := harness.New(t, env)
	secret := volume{t, t.TempDir()}
	trusting := secret.update("..first")
	address := freeAddress(t)
	w.Start(func(o *operator.Options) {
		o.MetricsAddress, o.MetricsSecure = address, true
		o.MetricsCertFile, o.MetricsKeyFile = secret.file("tls.crt"), secret.file("tls.key")
	})
	bindClusterRole(t, w, role(t, metricsReaderRole), "system:serviceaccount:"+w.Namespace+":prometheus")
	token := serviceAccountToken(t, w, "prometheus")
	get := func() (int, error) {
		return answer(t, "https://"+address+"/metrics", token, &tls.Config{RootCAs: trusting, ServerName: "metrics.example"})
	}
	w.Wait("the metrics to be served", func() bool { code, err := get(); return err == nil && code == http.StatusOK })
	trusting = secret.update("..second")
	w.Wait("the new certificate to be served", func() bool { code, err := get(); return err == nil && code == http.StatusOK })
}

// TestMissingMetricsCertificate: the operator doesn't start with a certificate of its own instead, which no scraper would accept.
func TestMissingMetricsCertificate(t *testing.T) {
	o := operator.DefaultOptions()
	o.MetricsCertFile, o.MetricsKeyFile = filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	_, err := operator.NewManager(t.Context(), &rest.Config{}, o, operator.Dependencies{MetricsFilter: filters.WithAuthenticationAndAuthorization})
	if err == nil || !strings.Contains(err.Error(), "--metrics-cert-file") || !strings.Contains(err.Error(), o.MetricsCertFile) {
		t.Errorf("got %v", err)
	}
}
