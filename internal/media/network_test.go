// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"
)

// resolver answers all questions for IPv4 addresses itself; with no address, it answers none. It uses no network.
func resolver(address net.IP) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		if address == nil {
			return nil, errors.New("no name server")
		}
		client, server := net.Pipe()
		go answer(server, address)
		return client, nil
	}}
}

// answer answers one question of the DNS, in the form for streams (RFC 1035 section 4.2.2).
func answer(conn net.Conn, address net.IP) {
	defer func() { _ = conn.Close() }()
	var length uint16
	if binary.Read(conn, binary.BigEndian, &length) != nil {
		return
	}
	question := make([]byte, length)
	if _, err := io.ReadFull(conn, question); err != nil {
		return
	}
	const header = 12
	end := header + bytes.IndexByte(question[header:], 0) + 5 // the name ends with 0; type and class follow
	reply := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[header:end]...)
	if binary.BigEndian.Uint16(question[end-4:]) == 1 { // A
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, address.To4()...)
	}
	_, _ = conn.Write(binary.BigEndian.AppendUint16(nil, uint16(len(reply))))
	_, _ = conn.Write(reply)
}

// throughDialer makes a Fetcher for names and addresses of any port 443, which it finds at the server's port instead:
// nothing listens on port 443 here, and a refused connection must not be mistaken for a refused address. What is at
// example.com is taken for public.
func throughDialer(t *testing.T, server *httptest.Server, names *net.Resolver, allowPrivate bool) *Fetcher {
	t.Helper()
	f := NewFetcher(Options{TLS: trustConfig(t, server), AllowPrivateAddresses: allowPrivate, Dir: t.TempDir()})
	f.dialer.Resolver = names
	at := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	f.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		switch {
		case err != nil:
			return nil, err
		case strings.EqualFold(host, "example.com"):
			return new(net.Dialer).DialContext(ctx, network, at)
		}
		return f.dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	return f
}

// TestNetworkFailuresReadTheSame goes through all that keeps a file from coming: the author must not see which it was.
func TestNetworkFailuresReadTheSame(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			w.Header().Set("Content-Length", "1000")
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", maxHeader))
		}
		_, _ = io.WriteString(w, aPNG)
	})
	closed := serve(t, nil)
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	toHTTPS := func(s *httptest.Server) string { return "https://" + s.Listener.Addr().String() }

	open := localFetcher(t, server)
	open.dialer.Resolver = resolver(nil)
	distrustful := NewFetcher(Options{AllowPrivateAddresses: true})
	strict := throughDialer(t, server, resolver(net.IPv4(127, 0, 0, 1)), false)
	nameless := throughDialer(t, server, resolver(nil), false)
	for name, test := range map[string]struct {
		f   *Fetcher
		url string
	}{
		"closed port":            {open, toHTTPS(closed)},
		"unknown name":           {open, "https://files.example"},
		"unknown name, strict":   {nameless, "https://files.example"},
		"unknown certificate":    {distrustful, server.URL},
		"certificate of another": {throughDialer(t, server, resolver(net.IPv4(127, 0, 0, 1)), true), "https://files.example"},
		"no TLS":                 {open, toHTTPS(plain)},
		"cut off":                {open, server.URL + "/short"},
		"endless header":         {open, server.URL + "/header"},
		"loopback":               {strict, "https://127.0.0.1"},
		"loopback, spelled out":  {strict, "https://127.0.0.1:443"},
		"loopback, mapped":       {strict, "https://[::ffff:127.0.0.1]"},
		"loopback, IPv6":         {strict, "https://[::1]"},
		"NAT64":                  {strict, "https://[64:ff9b::7f00:1]"},
		"metadata":               {strict, "https://169.254.169.254"},
		"name of loopback":       {strict, "https://files.example"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.f.Fetch(t.Context(), Image, test.url+query, hashOf(aPNG))
			wantError(t, err, true, unreachable)
			var e *Error
			if !errors.As(err, &e) || e.Cause == "" || strings.Contains(err.Error(), query) || strings.Contains(err.Error(), "hush") {
				t.Errorf("the log must learn the cause, and not the query: %v", err)
			}
		})
	}
	for _, secret := range []string{"127.0.0.1", "hush"} {
		if strings.Contains(unreachable, secret) {
			t.Errorf("the text contains %s", secret)
		}
	}
}

// TestPrivateAddressIsNotEvenConnectedTo checks the listener: only the test's own connection may arrive.
func TestPrivateAddressIsNotEvenConnectedTo(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	f := NewFetcher(Options{})
	f.dialer.Resolver = resolver(net.IPv4(127, 0, 0, 1))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "files.example", "0.0.0.0"} {
		conn, err := f.dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if !errors.Is(err, ssrf.ErrProhibitedIP) {
			t.Errorf("%s: error is %v", host, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
	own, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if first.RemoteAddr().String() != own.LocalAddr().String() {
		t.Error("the fetcher connected")
	}
}

func TestCheckAddress(t *testing.T) {
	f := NewFetcher(Options{})
	for address, allowed := range map[string]bool{
		"8.8.8.8:443": true, "[2606:4700::1111]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "[fe80::1%eth0]:443": false, "[::ffff:8.8.8.8]:443": false,
		"example.com:443": false, "8.8.8.8": false, "/run/socket": false, "": false,
	} {
		if err := f.dialer.Control("tcp4", address, nil); (err == nil) != allowed {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestRedirectsStayPublic(t *testing.T) {
	var to string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "example.com" && r.URL.Path == "/" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, aPNG)
	})
	names := resolver(net.IPv4(127, 0, 0, 1))
	strict, open := throughDialer(t, server, names, false), throughDialer(t, server, names, true)
	fetch := func(f *Fetcher) error {
		file, err := f.Fetch(t.Context(), Image, "https://example.com/"+query, hashOf(aPNG))
		if err == nil {
			err = file.Close()
		}
		return err
	}
	for _, to = range []string{"https://example.com:443/file", "https://EXAMPLE.com/file", "/file"} {
		if err := fetch(strict); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	for _, to = range []string{"https://127.0.0.1/file", "https://files.example/file"} {
		wantError(t, fetch(strict), true, unreachable)
	}
	to = "https://127.0.0.1/file"
	if err := fetch(open); err != nil { // so that it is the address that is refused above
		t.Error(err)
	}
	to = "https://example.com:8443/file"
	wantError(t, fetch(strict), true, "the server redirects to another URL, which must not name another port than 443")
	if err := fetch(open); err != nil {
		t.Error(err)
	}
	to = "http://example.com/file"
	wantError(t, fetch(strict), true, "the server redirects to another URL, which must begin with https://")
}

// TestSlowServer lets the server hold back its answer, or the rest of it, until the fetcher hangs up.
func TestSlowServer(t *testing.T) {
	for _, path := range []string{"/header", "/body"} {
		arrived := make(chan struct{}, 1)
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if path == "/body" {
				_, _ = io.WriteString(w, aPNG)
				_ = http.NewResponseController(w).Flush()
			}
			arrived <- struct{}{}
			<-r.Context().Done()
			panic(http.ErrAbortHandler) // else the end of the answer could still reach a fetcher that is about to hang up
		})
		f := localFetcher(t, server)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, err := f.Fetch(ctx, Image, server.URL+path, hashOf(aPNG))
		wantError(t, err, true, unreachable)

		f.timeout = 50 * time.Millisecond
		_, err = f.Fetch(t.Context(), Image, server.URL+path, hashOf(aPNG))
		wantError(t, err, true, unreachable)
	}
}
