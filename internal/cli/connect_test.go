// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const secretToken = "EAAGaTokenThatNobodyMaySee"

func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"token": secretToken + "\n", "empty": "\n",
		"kubeconfig": `{apiVersion: v1, kind: Config, current-context: none}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for name, tc := range map[string]struct {
		args             []string
		env, secret      string
		stdin            string
		token, appSecret string
		err              string
	}{
		"file":            {args: []string{"--access-token-file", "token"}, env: "other", secret: "s", token: secretToken, appSecret: "s"},
		"standard input":  {args: []string{"--access-token-file", "-"}, stdin: secretToken, token: secretToken},
		"environment":     {env: secretToken, secret: "s", token: secretToken, appSecret: "s"},
		"nothing":         {err: "no access token: give --access-token-file FILE or --secret [NAMESPACE/]NAME, or set WABA_ACCESS_TOKEN"},
		"no such file":    {args: []string{"--access-token-file", "none"}, err: "--access-token-file: open none: no such file or directory"},
		"empty file":      {args: []string{"--access-token-file", "empty"}, err: "--access-token-file: there is nothing in empty"},
		"file and Secret": {args: []string{"--access-token-file", "token", "--secret", "acme"}, err: "--access-token-file and --secret exclude each other"},
		"half a name":     {args: []string{"--secret", "acme/"}, err: `--secret must be NAME or NAMESPACE/NAME, not "acme/"`},
		"no cluster":      {args: []string{"--secret", "a/b", "--kubeconfig", "kubeconfig"}, err: "no cluster: "},
		"no kubeconfig":   {args: []string{"--secret", "a/b", "--kubeconfig", "none"}, err: "no cluster: "},
		"clear text":      {args: []string{"--graph-base-url", "http://graph.example"}, env: secretToken, err: "--graph-base-url must begin with https://"},
		"version":         {args: []string{"--graph-api-version", "25"}, env: secretToken, err: `--graph-api-version must look like v25.0, not "25"`},
		"page":            {args: []string{"--graph-page-size", "0"}, env: secretToken, err: "--graph-page-size must be 1 to 250, not 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(envAccessToken, tc.env)
			t.Setenv(envAppSecret, tc.secret)
			t.Setenv("KUBECONFIG", "")
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			cluster, meta := newClusterFlags(flags), newGraphFlags(flags)
			if err := flags.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			got, err := meta.credentials(t.Context(), cluster, strings.NewReader(tc.stdin))
			switch {
			case tc.err != "":
				if err == nil || !strings.HasPrefix(err.Error(), tc.err) || strings.Contains(err.Error(), secretToken) {
					t.Errorf("got %v, want %q", err, tc.err)
				}
			case err != nil:
				t.Error(err)
			case got.AccessToken != tc.token || got.AppSecret != tc.appSecret:
				t.Errorf("got other credentials than wanted")
			}
		})
	}
}
