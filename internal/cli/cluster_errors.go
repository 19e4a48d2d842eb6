// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/internal/operator"
)

// clusterError is an error of the API server, or on the way there, in a sentence that says what to do.
type clusterError struct {
	text string
	err  error
}

func (e *clusterError) Error() string { return e.text }

// Unwrap gives the error itself.
func (e *clusterError) Unwrap() error { return e.err }

// connect returns a client with errors that are sentences.
func connect(cfg *rest.Config) (client.WithWatch, error) {
	c, err := client.NewWithWatch(cfg, client.Options{Scheme: operator.Scheme()})
	if err != nil {
		return nil, explainCluster(err)
	}
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			return explainCluster(c.Get(ctx, key, obj, opts...))
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			return explainCluster(c.List(ctx, list, opts...))
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return explainCluster(c.Patch(ctx, obj, patch, opts...))
		},
		Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return explainCluster(c.Apply(ctx, obj, opts...))
		},
		Watch: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
			w, err := c.Watch(ctx, list, opts...)
			return w, explainCluster(err)
		},
	}), nil
}

// explainCluster puts what is about the connection or the user into a sentence. Other errors, such as a missing object, stay as they are.
func explainCluster(err error) error {
	var text string
	var connection *url.Error
	var kind *meta.NoKindMatchError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errTokenForCluster):
		return errTokenForCluster
	case apierrors.IsUnauthorized(err):
		text = "the API server refuses your credentials (401 Unauthorized): log in again, and check the user of the kubeconfig's context"
	case apierrors.IsForbidden(err):
		text = err.Error() + "; ask an administrator of the cluster for a role that permits it"
	case errors.As(err, &kind):
		text = fmt.Sprintf("the cluster has no resources of the kind %s: install waba-operator's CRDs, or choose another cluster with --context", kind.GroupKind.Kind)
	case errors.As(err, &connection):
		text = explainConnection(connection)
	default:
		return err
	}
	return &clusterError{text: text, err: err}
}

// explainConnection is about a request that wasn't answered.
func explainConnection(err *url.Error) string {
	server := err.URL
	if parsed, parseErr := url.Parse(err.URL); parseErr == nil && parsed.Host != "" {
		server = parsed.Host
	}
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("the connection to the server %s was refused - did you specify the right host or port? See --kubeconfig, --context and --server", server)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name of the server %s can't be resolved: check the address in the kubeconfig, the network and --server", server)
	case errors.As(err, &certificate):
		return fmt.Sprintf("the certificate of the server %s isn't valid for it (%s): check certificate-authority-data in the kubeconfig, or --certificate-authority", server, certificate.Err)
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("the server %s doesn't speak TLS: check the address in the kubeconfig, or --server", server)
	case err.Timeout():
		return fmt.Sprintf("the server %s didn't answer in time: check the network, and --request-timeout", server)
	}
	return fmt.Sprintf("the server %s can't be reached: %s", server, err.Err)
}

// explainConfig says what is wrong with a kubeconfig or the flags that replace parts of it.
func (f *clusterFlags) explainConfig(err error) error {
	var file *fs.PathError
	switch {
	case err == nil:
		return nil
	case clientcmd.IsEmptyConfig(err):
		err = errors.New("there is no kubeconfig: name one with --kubeconfig or the variable KUBECONFIG")
	case errors.As(err, &file) && errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("the kubeconfig refers to %s, which doesn't exist: check --kubeconfig and the variable KUBECONFIG", file.Path)
	case clientcmd.IsContextNotFound(err), *f.Context != "" && err.Error() == fmt.Sprintf("context %q does not exist", *f.Context):
		err = fmt.Errorf("the kubeconfig has no context %q: kubectl config get-contexts lists those that there are", *f.Context)
	}
	return fmt.Errorf("no cluster: %w", err)
}
