// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tutorial_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/testenv"
)

const (
	release   = "waba-operator"
	namespace = "waba-operator-system"
	// pageAddress is where the page reaches the simulator.
	pageAddress = "127.0.0.1:8099"
)

// cluster is an API server, and the processes of the Deployment that the chart installs.
type cluster struct {
	env       *testenv.Env
	root      string
	simulator string // its address in the test
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{env: testenv.StartWithoutCRDs(t), root: root}
}

// run runs one of the tools that the Makefile builds, and returns what it prints.
func (c *cluster) run(t *testing.T, dir, tool string, args ...string) (string, error) {
	t.Helper()
	return c.runWith(t, dir, "", tool, args...)
}

func (c *cluster) runWith(t *testing.T, dir, stdin, tool string, args ...string) (string, error) {
	t.Helper()
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, tool), args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.env.KubeconfigFile, "HOME="+home)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// forwarded is where the test reaches what the page reaches through a port of the machine.
func (c *cluster) forwarded(text string) string {
	return strings.ReplaceAll(text, pageAddress, c.simulator)
}

// install runs helm as the page says, with addresses that are free on this machine and reviews that take a second; then it starts what
// the Deployment describes.
func (c *cluster) install(t *testing.T, args []string) {
	t.Helper()
	ports := make([]int, 4)
	for i := range ports {
		ports[i] = freePort(t)
	}
	c.simulator = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	values, err := yaml.Marshal(map[string]any{
		"listenAddress": "127.0.0.1", "leaderElectionNamespace": namespace,
		"simulator": map[string]any{"port": ports[0], "reviewDelay": "1s"},
		"webhooks":  map[string]any{"port": ports[1]}, "probes": map[string]any{"port": ports[2]}, "metrics": map[string]any{"port": ports[3]},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.runWith(t, c.root, string(values), "helm", append(args, "--values", "-")...); err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	} else if !strings.Contains(out, "SIMULATOR") {
		t.Errorf("the notes don't say that Meta is simulated:\n%s", out)
	}
	deployment := &appsv1.Deployment{}
	if err := c.env.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: release}, deployment); err != nil {
		t.Fatal(err)
	}
	c.start(t, &deployment.Spec.Template.Spec)
}

// start runs the containers of a pod until the test ends.
func (c *cluster) start(t *testing.T, pod *corev1.PodSpec) {
	t.Helper()
	simulator := slices.IndexFunc(pod.InitContainers, func(c corev1.Container) bool { return c.Name == "simulator" })
	if simulator < 0 || pod.InitContainers[simulator].RestartPolicy == nil || *pod.InitContainers[simulator].RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Fatalf("no simulator starts before the operator: %+v", pod.InitContainers)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	listening := make(chan string, 1)
	ended := make(chan error, 2)
	go func() {
		var problems strings.Builder
		code := cli.Run(ctx, "v0.1.0", cli.Streams{Out: announcement(listening), Err: &problems}, pod.InitContainers[simulator].Args)
		if code != cli.ExitOK {
			ended <- errors.New("the simulator: " + problems.String())
			return
		}
		ended <- nil
	}()
	select {
	case <-listening:
	case err := <-ended:
		stop()
		t.Fatal(err)
	}
	manager := c.operator(ctx, t, pod)
	go func() { ended <- manager(ctx) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// operator returns what runs the operator's container.
func (c *cluster) operator(ctx context.Context, t *testing.T, pod *corev1.PodSpec) func(context.Context) error {
	t.Helper()
	options, flags := operator.DefaultOptions(), pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	options.BindFlags(flags)
	if err := flags.Parse(pod.Containers[0].Args); err != nil {
		t.Fatal(err)
	}
	cfg := c.env.Impersonate("system:serviceaccount:"+namespace+":"+pod.ServiceAccountName,
		"system:serviceaccounts", "system:serviceaccounts:"+namespace, "system:authenticated")
	manager, err := operator.NewManager(ctx, cfg, options, operator.Dependencies{
		Log: logr.Discard(), Version: "v0.1.0", MetricsFilter: filters.WithAuthenticationAndAuthorization,
	})
	if err != nil {
		t.Fatal(err)
	}
	return manager.Start
}

// announcement passes on that something was printed.
type announcement chan string

func (a announcement) Write(p []byte) (int, error) {
	select {
	case a <- string(p):
	default:
	}
	return len(p), nil
}

// describe logs the resources when a command failed.
func (c *cluster) describe(t *testing.T) {
	t.Helper()
	out, err := c.run(t, "", "kubectl", "get", "whatsapp,events", "--output", "yaml")
	t.Logf("%v\n%s", err, out)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("%s isn't an address of TCP", listener.Addr())
	}
	return address.Port
}
