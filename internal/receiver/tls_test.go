// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority issues certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	}
	a.cert, a.key = a.sign(template, nil)
	return a
}

func (a *authority) sign(template *x509.Certificate, parent *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// issue returns a certificate for a server or client.
func (a *authority) issue(name string, usage x509.ExtKeyUsage) tls.Certificate {
	a.t.Helper()
	cert, key := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"receiver"},
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, NotAfter: time.Now().Add(time.Hour),
	}, a.cert)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func write(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// install writes a certificate to the files of the server.
func install(t *testing.T, dir string, cert tls.Certificate) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tls.key"), "PRIVATE KEY", der)
	write(t, filepath.Join(dir, "tls.crt"), "CERTIFICATE", cert.Certificate[0])
}

// visit sends a delivery over a new connection.
func (r *rig) visit(config *tls.Config) (reply, error) {
	r.t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+r.address+PathPrefix+theApp, strings.NewReader("[]"))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", sign("[]", theSecret))
	return send(transport, req)
}

func TestTLS(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	first, second := ca.issue("first", x509.ExtKeyUsageServerAuth), ca.issue("second", x509.ExtKeyUsageServerAuth)
	install(t, dir, first)
	r := newRig(t, func(o *Options) {
		o.CertFile, o.KeyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	}, oneAccount()...)
	served := func() string {
		resp, err := r.visit(&tls.Config{RootCAs: ca.pool(), ServerName: "receiver"})
		if err != nil || resp.status != http.StatusOK || resp.major != 2 {
			t.Fatalf("got %+v, %v", resp, err)
		}
		return resp.peer
	}
	if got := served(); got != "first" {
		t.Errorf("got the certificate %s", got)
	}
	if _, err := r.visit(&tls.Config{RootCAs: ca.pool(), ServerName: "receiver", MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	install(t, dir, second)
	r.until("the new certificate is served", func() bool { return served() == "second" })
}

func TestMutualTLS(t *testing.T) {
	ca, other, dir := newAuthority(t), newAuthority(t), t.TempDir()
	install(t, dir, ca.issue("receiver", x509.ExtKeyUsageServerAuth))
	write(t, filepath.Join(dir, "clients.crt"), "CERTIFICATE", ca.cert.Raw)
	r := newRig(t, func(o *Options) {
		o.CertFile, o.KeyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		o.ClientCAFile = filepath.Join(dir, "clients.crt")
	}, oneAccount()...)
	tests := []struct {
		name string
		cert []tls.Certificate
		ok   bool
	}{
		{"Meta's", []tls.Certificate{ca.issue(MetaClientCommonName, x509.ExtKeyUsageClientAuth)}, true},
		{"none", nil, false},
		{"another name", []tls.Certificate{ca.issue("someone", x509.ExtKeyUsageClientAuth)}, false},
		{"another authority", []tls.Certificate{other.issue(MetaClientCommonName, x509.ExtKeyUsageClientAuth)}, false},
		{"meant for a server", []tls.Certificate{ca.issue(MetaClientCommonName, x509.ExtKeyUsageServerAuth)}, false},
	}
	visit := func(cert []tls.Certificate) error {
		_, err := r.visit(&tls.Config{RootCAs: ca.pool(), ServerName: "receiver", Certificates: cert})
		return err
	}
	for _, tt := range tests {
		before := r.recorder.count()
		if err := visit(tt.cert); (err == nil) != tt.ok || (r.recorder.count() > before) != tt.ok {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}

	// Meta announces another authority: the server reloads the file, and certificates of the old authority are invalid.
	write(t, filepath.Join(dir, "clients.crt"), "CERTIFICATE", other.cert.Raw)
	r.until("the new authority is valid", func() bool {
		return visit([]tls.Certificate{other.issue(MetaClientCommonName, x509.ExtKeyUsageClientAuth)}) == nil
	})
	if visit([]tls.Certificate{ca.issue(MetaClientCommonName, x509.ExtKeyUsageClientAuth)}) == nil {
		t.Error("the old authority is still valid")
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	install(t, dir, newAuthority(t).issue("receiver", x509.ExtKeyUsageServerAuth))
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	good := newRig(t, nil).server.options
	for name, spoil := range map[string]func(*Options){
		"no client":          func(o *Options) { o.Client = nil },
		"no recorder":        func(o *Options) { o.Recorder = nil },
		"no key":             func(o *Options) { o.CertFile = cert },
		"clients but no TLS": func(o *Options) { o.ClientCAFile = cert },
		"no such file":       func(o *Options) { o.CertFile, o.KeyFile = filepath.Join(dir, "none"), key },
		"no authority":       func(o *Options) { o.CertFile, o.KeyFile, o.ClientCAFile = cert, key, key },
		"no authority file":  func(o *Options) { o.CertFile, o.KeyFile, o.ClientCAFile = cert, key, filepath.Join(dir, "none") },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if newRig(t, nil).server.NeedLeaderElection() {
		t.Error("only the leader receives")
	}
	o := good
	o.Address = newRig(t, nil).address
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err == nil {
		t.Error("two servers listen at one address")
	}
}
