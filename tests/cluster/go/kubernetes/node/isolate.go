package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// bridgeName is the pods' bridge; every cluster can use the same, it exists only in the cluster's own namespace.
	bridgeName = "cni0"
	// nodeAddress is the bridge's address: the node's, the API server's and the add-ons'.
	nodeAddress = "10.244.0.1/24"
	// serviceNetwork is routed to the bridge so that a connection from the node to a Service gets as far as nftables.
	serviceNetwork = "10.96.0.0/16"
)

// isolate prepares the namespaces that this process was started in.
func isolate(state string) error {
	if err := isolateMounts(state); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("node1")); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	return makeNetwork()
}

// isolateMounts gives the cluster a /proc of its own process namespace, an empty /run (sockets of containerd, its shims
// and runc, named network namespaces) and, from the state folder, the fixed folders of kubelet, CNI and containerd.
func isolateMounts(state string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, target := range []string{"/var/lib", "/var/log"} {
		if strings.HasPrefix(state+"/", target+"/") {
			return fmt.Errorf("the state folder %s is below %s, which the cluster covers; choose another", state, target)
		}
		source := filepath.Join(state, "root", target)
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", target, err)
		}
	}
	if strings.HasPrefix(state+"/", "/run/") {
		return fmt.Errorf("the state folder %s is below /run, which the cluster covers; choose another", state)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	// Named network namespaces of pods are shared mounts, as ip-netns makes them.
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	return nil
}

// makeNetwork brings up loopback and the pods' bridge. There is no way out: pods reach pods, Services and the node.
func makeNetwork() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("add bridge %s: %w", bridgeName, err)
	}
	address, err := netlink.ParseAddr(nodeAddress)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(bridge, address); err != nil {
		return fmt.Errorf("add address %s: %w", nodeAddress, err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("bring up %s: %w", bridgeName, err)
	}
	_, services, err := net.ParseCIDR(serviceNetwork)
	if err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: bridge.Attrs().Index, Dst: services, Scope: netlink.SCOPE_LINK}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("add route to %s: %w", serviceNetwork, err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("allow forwarding: %w", err)
	}
	// Replies between two pods of one bridge pass conntrack only with this; the file is absent without br_netfilter.
	if err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "bridged packets skip conntrack:", err)
	}
	return nil
}
