// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/operator"
)

const (
	// envAccessToken and envAppSecret name the environment's variables with which Meta is called.
	envAccessToken = "WABA_ACCESS_TOKEN" //nolint:gosec // the name of a variable
	envAppSecret   = "WABA_APP_SECRET"   //nolint:gosec // the name of a variable
	// clusterTimeout bounds one request to the API server.
	clusterTimeout = 30 * time.Second
	// maxTokenFile is more than any access token has, in bytes.
	maxTokenFile = 64 << 10
)

// accountID is the form of an account's id at Meta.
var accountID = regexp.MustCompile(`^[0-9]{1,32}$`)

// config is how the API server is reached. Requests have no deadline unless --request-timeout sets one.
func (f *clusterFlags) config() (*rest.Config, error) {
	cfg, err := f.ToRESTConfig()
	if err != nil {
		return nil, f.explainConfig(err)
	}
	cfg.QPS = -1 // the API server has its own priority and fairness
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return guard{next} })
	return cfg, nil
}

// client reads from the API server directly. It knows Kubernetes' types and ours.
func (f *clusterFlags) client() (client.Client, error) {
	cfg, err := f.config()
	if err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = clusterTimeout
	}
	return connect(cfg)
}

// watcher is client without deadlines: the API server limits the duration of a watch.
func (f *clusterFlags) watcher() (client.WithWatch, error) {
	cfg, err := f.config()
	if err != nil {
		return nil, err
	}
	return connect(cfg)
}

// namespace is the one of --namespace, else the context's, else "default".
func (f *clusterFlags) namespace() (string, error) {
	namespace, _, err := f.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", f.explainConfig(err)
	}
	return namespace, nil
}

// graphFlags say how Meta is called, and with which token.
type graphFlags struct {
	baseURL, version  string
	pageSize          int
	tokenFile, secret string
}

func newGraphFlags(flags *pflag.FlagSet) *graphFlags {
	defaults := operator.DefaultOptions()
	f := &graphFlags{}
	flags.StringVar(&f.baseURL, "graph-base-url", defaults.GraphBaseURL,
		"where Meta's Graph API is; the access token is sent there. Anything but https is refused, except on this machine")
	flags.StringVar(&f.version, "graph-api-version", defaults.GraphAPIVersion, "version of the Graph API")
	flags.IntVar(&f.pageSize, "graph-page-size", defaults.PageSize, "templates or numbers per page of a listing, 1 to 250")
	bindAccessToken(flags, &f.tokenFile)
	flags.StringVar(&f.secret, "secret", "", "[NAMESPACE/]NAME of the Secret in the cluster with Meta's access token, as a WABA's credentialsSecretRef names it")
	return f
}

// validate says what to write instead of a flag that can't be used.
func (f *graphFlags) validate() error {
	if _, err := graph.CheckBaseURL(f.baseURL); err != nil {
		return fmt.Errorf("--graph-base-url %w", err)
	}
	if err := graph.CheckVersion(f.version); err != nil {
		return fmt.Errorf("--graph-api-version %w, not %q", err, f.version)
	}
	if f.pageSize < 1 || f.pageSize > 250 {
		return fmt.Errorf("--graph-page-size must be 1 to 250, not %d", f.pageSize)
	}
	if f.tokenFile != "" && f.secret != "" {
		return errors.New("--access-token-file and --secret exclude each other")
	}
	return nil
}

// given reports whether the caller said where the token is.
func (f *graphFlags) given() bool {
	return f.tokenFile != "" || f.secret != "" || os.Getenv(envAccessToken) != ""
}

// credentials reads the token: from the file, else from the Secret, else from the environment.
func (f *graphFlags) credentials(ctx context.Context, cluster *clusterFlags, stdin io.Reader) (account.Credentials, error) {
	if err := f.validate(); err != nil {
		return account.Credentials{}, err
	}
	switch {
	case f.secret != "":
		return f.fromSecret(ctx, cluster)
	case f.tokenFile != "":
		token, err := readToken(f.tokenFile, stdin)
		source := "the file " + f.tokenFile
		if f.tokenFile == "-" {
			source = "the standard input"
		}
		return account.Credentials{Source: source, AccessToken: token, AppSecret: os.Getenv(envAppSecret)}, err
	case os.Getenv(envAccessToken) != "":
		return account.Credentials{
			Source: "the variable " + envAccessToken, AccessToken: os.Getenv(envAccessToken), AppSecret: os.Getenv(envAppSecret),
		}, nil
	}
	return account.Credentials{}, errors.New("no access token: give --access-token-file FILE or --secret [NAMESPACE/]NAME, or set " + envAccessToken)
}

func (f *graphFlags) fromSecret(ctx context.Context, cluster *clusterFlags) (account.Credentials, error) {
	namespace, name, qualified := strings.Cut(f.secret, "/")
	if !qualified {
		own, err := cluster.namespace()
		if err != nil {
			return account.Credentials{}, err
		}
		namespace, name = own, f.secret
	}
	if namespace == "" || name == "" {
		return account.Credentials{}, fmt.Errorf("--secret must be NAME or NAMESPACE/NAME, not %q", f.secret)
	}
	c, err := cluster.client()
	if err != nil {
		return account.Credentials{}, err
	}
	key := types.NamespacedName{Namespace: namespace, Name: name}
	creds, err := credentials.ReadAccount(ctx, c, key)
	var unusable *credentials.Error
	if errors.As(err, &unusable) && unusable.Forbidden {
		return creds, fmt.Errorf("you may not get Secret %s", key)
	}
	return creds, err
}

func readToken(path string, stdin io.Reader) (string, error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // the caller of the program names the file
		if err != nil {
			return "", fmt.Errorf("--access-token-file: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxTokenFile))
	if err != nil {
		return "", fmt.Errorf("--access-token-file: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return "", fmt.Errorf("--access-token-file: there is nothing in %s", path)
	}
	return token, nil
}

// accounts makes sessions with the accounts at Meta. observe, which may be nil, is called after every exchange.
func (f *graphFlags) accounts(version string, observe func(graph.CallInfo)) *account.Manager {
	return account.NewManager(f.options(version, observe))
}

// options are those of sessions with the accounts at Meta.
func (f *graphFlags) options(version string, observe func(graph.CallInfo)) account.Options {
	return account.Options{
		BaseURL: f.baseURL, UserAgent: "kubectl-waba/" + version, Timeout: graph.DefaultTimeout, PageSize: f.pageSize,
		Clock: clock.RealClock{}, Observe: observe, Log: logr.Discard(),
	}
}
