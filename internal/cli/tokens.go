// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	// flagAccessToken names the file with Meta's access token; flagAccessTokenBefore is its former name.
	flagAccessToken, flagAccessTokenBefore = "access-token-file", "token-file"
	// flagClusterToken is kubectl's.
	flagClusterToken = "token"
	// metaTokenStart is how Meta's access tokens begin.
	metaTokenStart = "EAA"
)

// metaToken is the form of an access token of Meta's, inside of a text.
var metaToken = regexp.MustCompile(`\b` + metaTokenStart + `[A-Za-z0-9]{7,}`)

// withoutTokens removes access tokens from a text.
func withoutTokens(text string) string { return metaToken.ReplaceAllString(text, metaTokenStart+"…") }

// elsewhere says where an access token belongs.
const elsewhere = "put it into a file for --" + flagAccessToken + ", a Secret for --secret, or the variable " + envAccessToken

var (
	errTokenArgument = errors.New("an argument has the form of a Meta access token, and arguments are visible to others of this machine: " + elsewhere)
	errClusterToken  = errors.New("--" + flagClusterToken + " is kubectl's flag for the API server, which this command doesn't take. " +
		"Meta's access token: " + elsewhere + ". A token for the API server: put it into the kubeconfig")
	errTokenForCluster = errors.New("the credentials for the API server have the form of a Meta access token, and weren't sent: " +
		"check --" + flagClusterToken + " and the user of the kubeconfig. For commands that call Meta, " + elsewhere)
)

// checkArguments refuses access tokens on the command line, whichever command they are for: there they end up in the history of the
// shell, in the list of processes, in messages, and as the name of a Secret at the API server. A file may have such a name.
func checkArguments(args []string) error {
	for _, arg := range args {
		if !metaToken.MatchString(arg) {
			continue
		}
		if _, err := os.Lstat(arg); err != nil {
			return errTokenArgument
		}
	}
	return nil
}

// callsMeta reports whether a command takes an access token.
func callsMeta(c *cobra.Command) bool { return c.Flags().Lookup(flagAccessToken) != nil }

// separateTokens keeps the tokens of Meta and of the API server apart, in all commands: those that call Meta don't take kubectl's --token.
func separateTokens(root *cobra.Command) {
	var hide func(*cobra.Command)
	hide = func(c *cobra.Command) {
		if token := c.Flags().Lookup(flagClusterToken); token != nil && callsMeta(c) {
			token.Hidden = true
		}
		for _, sub := range c.Commands() {
			hide(sub)
		}
	}
	hide(root)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if callsMeta(c) && c.Flags().Changed(flagClusterToken) {
			return errClusterToken
		}
		return nil
	}
}

// bindAccessToken adds the flag with its former name.
func bindAccessToken(flags *pflag.FlagSet, file *string) {
	flags.StringVar(file, flagAccessToken, "", "file with Meta's access token, - for the standard input; else the variable "+envAccessToken+
		" ("+envAppSecret+" has the app secret, if calls need one)")
	flags.StringVar(file, flagAccessTokenBefore, "", "former name of --"+flagAccessToken)
	flags.Lookup(flagAccessTokenBefore).Hidden = true
}

// guard is the last step before the network: whatever a kubeconfig, a plugin or a flag makes of it, an access token of Meta's isn't sent
// to an API server.
type guard struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	user, password, _ := r.BasicAuth()
	sent := []string{user, password, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "Impersonate-") {
			sent = append(sent, values...)
		}
	}
	isToken := func(s string) bool { return strings.HasPrefix(s, metaTokenStart) }
	if slices.ContainsFunc(sent, isToken) || metaToken.MatchString(r.URL.String()) {
		return nil, errTokenForCluster
	}
	return g.next.RoundTrip(r)
}
