// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/loglimit"
	"github.com/waba-operator/waba-operator/internal/receiver/admission"
)

// Server receives Meta's webhooks. It is a Runnable of a controller-runtime manager.
type Server struct {
	options  Options
	apps     *apps
	conns    *admission.ConnLimiter
	requests *admission.RequestLimiter
	refusals logSampler
	failures *loglimit.Failures
	ready    atomic.Bool

	http        *http.Server
	certificate *certwatcher.CertWatcher                  // nil without TLS
	authorities *dynamiccertificates.DynamicFileCAContent // nil without mTLS

	// listening is closed once addr is known.
	listening chan struct{}
	addr      net.Addr
}

// New builds the server. It doesn't listen yet.
func New(options Options) (*Server, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	failures := loglimit.New(o.Log, o.Clock)
	s := &Server{
		options:  o,
		failures: failures,
		apps: &apps{
			client: o.Client, secrets: o.Secrets, clock: o.Clock, failures: failures, known: map[string]*app{},
			deliveries: admission.NewDeliveryLimiter(o.Limits.ofDeliveries()),
			reads:      admission.NewReadLimiter(concurrentReads, readsPerSecond, o.Clock),
		},
		conns:     admission.NewConnLimiter(o.Limits.Connections, o.Clock),
		requests:  admission.NewRequestLimiter(o.Limits.Unverified, o.Limits.MemoryBytes),
		refusals:  logSampler{clock: o.Clock},
		listening: make(chan struct{}),
	}
	s.http = &http.Server{
		Handler: s, ConnState: s.conns.ConnState, ConnContext: s.conns.ConnContext,
		ReadHeaderTimeout: o.Limits.HeaderTimeout, ReadTimeout: o.Limits.ReadTimeout,
		WriteTimeout: o.Limits.WriteTimeout, IdleTimeout: o.Limits.IdleTimeout,
		MaxHeaderBytes: 16 << 10, DisableGeneralOptionsHandler: true,
		// These limits are per connection, so that one HTTP/2 connection costs no more than several HTTP/1.1 connections.
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 32, MaxReceiveBufferPerConnection: 128 << 10, MaxReceiveBufferPerStream: 64 << 10},
		ErrorLog: log.New(&serverLog{log: o.Log.V(1), limit: logSampler{clock: o.Clock}}, "", 0),
	}
	if o.CertFile != "" {
		if err := s.secure(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// secure sets up TLS, and mTLS if Options ask for it.
func (s *Server) secure() error {
	var err error
	if s.certificate, err = certwatcher.New(s.options.CertFile, s.options.KeyFile); err != nil {
		return fmt.Errorf("certificate of the receiver: %w", err)
	}
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate.GetCertificate}
	if s.options.ClientCAFile == "" {
		return nil
	}
	if s.authorities, err = dynamiccertificates.NewDynamicCAContentFromFile("webhook-clients", s.options.ClientCAFile); err != nil {
		return fmt.Errorf("certificate authorities of the receiver's clients: %w", err)
	}
	// The authorities can change, so TLS accepts any certificate and verifyClient checks it. Unlike VerifyPeerCertificate, TLS calls
	// VerifyConnection for resumed sessions too.
	s.http.TLSConfig.ClientAuth, s.http.TLSConfig.VerifyConnection = tls.RequireAnyClientCert, s.verifyClient
	return nil
}

// verifyClient accepts a certificate with Meta's common name that one of the current authorities has issued.
func (s *Server) verifyClient(state tls.ConnectionState) error {
	options, ok := s.authorities.VerifyOptions()
	if !ok || len(state.PeerCertificates) == 0 {
		return errors.New("the client's certificate can't be checked")
	}
	options.Intermediates = x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	client := state.PeerCertificates[0]
	if _, err := client.Verify(options); err != nil {
		return fmt.Errorf("the client's certificate: %w", err)
	}
	if client.Subject.CommonName != s.options.ClientCommonName {
		return errors.New("the client's certificate has another common name")
	}
	return nil
}

// NeedLeaderElection is false: Meta's requests arrive at any replica.
func (s *Server) NeedLeaderElection() bool { return false }

// Addr waits until the server listens, and returns its address.
func (s *Server) Addr(ctx context.Context) (net.Addr, error) {
	select {
	case <-s.listening:
		return s.addr, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Forget frees the memory for a WABA or WebhookSubscription that is gone from the cache, or that belongs to another app now.
func (s *Server) Forget(ctx context.Context, obj client.Object) error { return s.apps.forget(ctx, obj) }

// Revoke invalidates all cached app secrets of an account, those included that its Secret has replaced. The receiver reads the
// Secret again before it accepts a delivery for the account.
func (s *Server) Revoke(account types.UID) { s.apps.revoke(account) }

// Start serves until the context ends, and then finishes the requests in progress. It can be called once.
func (s *Server) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return fmt.Errorf("webhook receiver: %w", err)
	}
	s.addr = listener.Addr()
	close(s.listening)
	s.options.Log.Info("receiving webhooks", "address", s.addr.String(), "tls", s.certificate != nil, "mtls", s.options.ClientCAFile != "")

	running, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 2) // room for both writers, so that neither blocks
	go func() {
		if s.certificate == nil {
			failed <- s.http.Serve(listener)
			return
		}
		go func() {
			if err := s.certificate.Start(running); err != nil {
				failed <- err
			}
		}()
		if s.authorities != nil {
			go s.authorities.Run(running, 1)
		}
		failed <- s.http.ServeTLS(listener, "", "")
	}()
	select {
	case err = <-failed:
	case <-running.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Limits.DrainTimeout)
	defer cancel()
	if drained := s.http.Shutdown(draining); drained != nil {
		_ = s.http.Close() // requests in progress fail, and Meta sends them again
		err = errors.Join(err, drained)
	}
	if err != nil {
		return fmt.Errorf("webhook receiver: %w", err)
	}
	return nil
}
