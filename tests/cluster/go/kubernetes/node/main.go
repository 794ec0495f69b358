// Command node holds every long-running part of the test cluster, chosen by its first argument: one compile and one
// link step instead of ten, and one text segment in memory for all of them.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: node COMPONENT [ARGUMENT...]")
		os.Exit(2)
	}
	name := os.Args[1]
	// The components read their name and flags from os.Args.
	os.Args = append([]string{name}, os.Args[2:]...)
	exitWithParent()
	if command, ok := own[name]; ok {
		if err := command(os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "coredns":
		runCoreDNS()
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllermanager.NewControllerManagerCommand())
	case "kube-scheduler":
		run(scheduler.NewSchedulerCommand())
	case "kubelet":
		run(kubelet.NewKubeletCommand(context.Background()))
	case "kube-proxy":
		run(proxy.NewProxyCommand())
	default:
		fmt.Fprintln(os.Stderr, "unknown component", name)
		os.Exit(2)
	}
}

// own are the parts written here rather than imported.
var own = map[string]func([]string) error{
	"image":          makeImage,
	"launch":         launch,
	"supervise":      supervise,
	"pki":            makePKI,
	"metrics-server": runMetricsServer,
	"provisioner":    provision,
}

func run(command *cobra.Command) {
	command.SetArgs(os.Args[1:])
	os.Exit(cli.Run(command))
}

// exitWithParent ends this process when its standard input closes, if the environment asks for it: whoever started it
// holds the other end of the pipe, so not even a SIGKILL of the starter leaves it running.
func exitWithParent() {
	if os.Getenv("RM_EXIT_WITH_STDIN") == "" {
		return
	}
	os.Unsetenv("RM_EXIT_WITH_STDIN")
	go func() {
		buffer := make([]byte, 1)
		for {
			if n, err := os.Stdin.Read(buffer); err != nil || n == 0 {
				os.Exit(0)
			}
		}
	}()
}
