// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package testenv gives tests, benchmarks and the demo a real Kubernetes API
// server with this project's CRDs installed. The server and its etcd are those
// that `make control-plane` builds from source, or those in the directory that
// KUBEBUILDER_ASSETS names. They listen on 127.0.0.1 only and never outlive the
// process that started them, however it ends.
//
// A package's tests share one server, each test in a namespace of its own:
//
//	var env *testenv.Env
//
//	func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }
//
//	func TestX(t *testing.T) { ns := env.Namespace(t); … }
//
// Under the command test/testenv/shared, which `make test` uses, all such packages share one server, too. Packages whose tests
// read or change what is not in a namespace use RunAlone, and have one of their own.
package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// startTimeout is generous: on a busy two-core machine with several packages
// under test, starting can take ten times its usual two seconds.
const startTimeout = 90 * time.Second

// Env is a running API server.
type Env struct {
	// Config authenticates as a member of system:masters, without client-side
	// rate limits that a test could run into.
	Config *rest.Config
	// Client reads and writes directly, without a cache.
	Client client.Client
	// Scheme knows this project's kinds, Kubernetes' own and CRDs. It belongs to
	// this Env alone.
	Scheme *runtime.Scheme
	// KubeconfigFile is the path of a kubeconfig for Config. It is removed by Stop.
	KubeconfigFile string

	// environment and guard are nil where another process runs the server.
	environment *envtest.Environment
	guard       *guard
}

// SharedVariable names the environment variable with the path of a kubeconfig: that of a server that Run uses instead of starting one.
const SharedVariable = "WABA_OPERATOR_TEST_KUBECONFIG"

// Options change what New starts. The zero value is what tests want.
type Options struct {
	// WithoutCRDs starts the server without this project's CRDs, for tests that
	// install them by other means.
	WithoutCRDs bool
	// Kubeconfig, where set, is written instead of a file in a temporary
	// directory, and is removed by Stop.
	Kubeconfig string
	// DatabaseBytes, where set, is how large etcd's database may become; its own limit is 2 GiB.
	DatabaseBytes int64
}

// NewScheme returns a new scheme with this project's kinds, Kubernetes' own and
// CustomResourceDefinition.
func NewScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// New starts an API server for callers that are not tests. Stop must be called
// when it is no longer needed; if the process dies before, the server is ended
// all the same.
func New(options Options) (*Env, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	assets, err := assetsIn(root, os.Getenv("KUBEBUILDER_ASSETS"))
	if err != nil {
		return nil, err
	}
	crds := filepath.Join(root, "config", "crd", "bases")
	if _, err := os.Stat(crds); err != nil && !options.WithoutCRDs {
		return nil, fmt.Errorf("no CRDs to install: run `make manifests` first: %w", err)
	}
	watch, err := newGuard(assets)
	if err != nil {
		return nil, err
	}
	env := &Env{Scheme: NewScheme(), guard: watch}
	env.environment = newEnvironment(watch, env.Scheme)
	if !options.WithoutCRDs {
		env.environment.CRDDirectoryPaths = []string{crds}
	}
	if options.DatabaseBytes > 0 {
		env.environment.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", strconv.FormatInt(options.DatabaseBytes, 10))
	}
	if err := env.start(options.Kubeconfig); err != nil {
		return nil, errors.Join(err, env.Stop())
	}
	return env, nil
}

func newEnvironment(watch *guard, scheme *runtime.Scheme) *envtest.Environment {
	// USE_EXISTING_CLUSTER would make envtest fill the developer's own cluster
	// with test objects.
	existing := false
	environment := &envtest.Environment{
		Scheme:                   scheme,
		ErrorIfCRDPathMissing:    true,
		UseExistingCluster:       &existing,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}
	server := environment.ControlPlane.GetAPIServer()
	server.Path = watch.binary(apiServerName)
	server.CertDir = watch.subdirectory("apiserver")
	// Without these a machine that has no network but loopback can't start it.
	server.Configure().Set("advertise-address", "127.0.0.1").Set("endpoint-reconciler-type", "none")
	environment.ControlPlane.Etcd = &envtest.Etcd{
		Path:    watch.binary(etcdName),
		DataDir: watch.subdirectory("etcd"),
	}
	return environment
}

func (e *Env) start(kubeconfig string) error {
	config, err := e.environment.Start()
	if err != nil {
		return fmt.Errorf("starting the API server: %w", err)
	}
	e.Config = config
	if e.Client, err = client.New(config, client.Options{Scheme: e.Scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if kubeconfig == "" {
		kubeconfig = filepath.Join(e.guard.directory, "kubeconfig")
	}
	e.KubeconfigFile = kubeconfig
	if err := os.WriteFile(kubeconfig, e.environment.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return nil
}

// connect returns the server that a kubeconfig is for. Another process runs it and ends it.
func connect(kubeconfig string) (*Env, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig that %s names: %w", SharedVariable, err)
	}
	config.QPS = -1 // no limit
	env := &Env{Config: config, Scheme: NewScheme(), KubeconfigFile: kubeconfig}
	if env.Client, err = client.New(config, client.Options{Scheme: env.Scheme}); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return env, nil
}

// Stop ends the API server and etcd, and removes their files, unless another process runs them.
func (e *Env) Stop() error {
	if e.environment == nil {
		return nil
	}
	err := e.environment.Stop()
	if e.KubeconfigFile != "" {
		if remove := os.Remove(e.KubeconfigFile); remove != nil && !errors.Is(remove, os.ErrNotExist) {
			err = errors.Join(err, remove)
		}
	}
	return errors.Join(err, e.guard.release(err == nil))
}
