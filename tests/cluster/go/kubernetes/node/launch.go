package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// record is what the launcher leaves in the state folder, so that a later run finds this cluster and no other process.
type record struct {
	// PID of the supervisor in the caller's process namespace.
	PID int `json:"pid"`
	// StartTime of that process in clock ticks since boot (field 22 of /proc/PID/stat): a reused PID has another.
	StartTime uint64 `json:"start_time"`
	// BootID tells boots apart, because start times repeat after one.
	BootID string `json:"boot_id"`
	// Ports of the loopback listeners, in the order of the --listen flag.
	Ports []int `json:"ports"`
	// Isolated says whether the supervisor is PID 1 of namespaces of its own.
	Isolated bool `json:"isolated"`
}

// launch starts a supervisor, writes its record and leaves. An isolated one gets process, mount, network and host name
// namespaces of its own, so that killing that one process ends every process, mount, interface and nftables rule that
// the cluster made. The listeners are opened here, outside: a socket stays in the network namespace it was made in, so
// the supervisor can pass on connections from the machine's loopback without any interface between the two.
func launch(args []string) error {
	flags := flag.NewFlagSet("launch", flag.ExitOnError)
	state := flags.String("state", "", "state folder")
	isolated := flags.Bool("isolate", false, "run in namespaces of its own")
	attached := flags.Bool("attached", false, "end when standard input closes")
	listen := flags.String("listen", "", "comma-separated loopback ports to pass on (0: any free one)")
	forward := flags.String("forward", "", "comma-separated targets of these ports, proxy+ADDRESS to send a PROXY header")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listeners, ports, err := openListeners(*listen)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(*state, "logs", "supervisor.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	goRead, goWrite, err := os.Pipe()
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	environment := os.Environ()
	if *attached {
		stdin = os.Stdin
		environment = append(environment, "RM_EXIT_WITH_STDIN=1")
	}
	attributes := &os.ProcAttr{
		Dir:   "/",
		Env:   environment,
		Files: append([]*os.File{stdin, log, log, goRead}, listeners...),
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	argv := []string{executable, "supervise", "--state", *state, "--forward", *forward}
	if *isolated {
		attributes.Sys.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS
		argv = append(argv, "--isolated")
	}
	process, err := os.StartProcess(executable, argv, attributes)
	if err != nil {
		return fmt.Errorf("start the supervisor (namespaces need root): %w", err)
	}
	if err := writeRecord(*state, process.Pid, ports, *isolated); err != nil {
		_ = process.Kill()
		return err
	}
	// The supervisor does nothing before this byte: killed earlier, this launcher leaves no process without a record.
	if _, err := goWrite.Write([]byte{1}); err != nil {
		return fmt.Errorf("release the supervisor: %w", err)
	}
	return nil
}

func openListeners(spec string) ([]*os.File, []int, error) {
	var files []*os.File
	ports := []int{}
	for _, port := range splitList(spec) {
		listener, err := net.Listen("tcp4", "127.0.0.1:"+port)
		if err != nil {
			return nil, nil, fmt.Errorf("listen on loopback port %s: %w", port, err)
		}
		tcp, ok := listener.(*net.TCPListener)
		if !ok {
			return nil, nil, fmt.Errorf("listener on port %s is no TCP listener", port)
		}
		file, err := tcp.File()
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
		ports = append(ports, tcp.Addr().(*net.TCPAddr).Port)
	}
	return files, ports, nil
}

func splitList(spec string) []string {
	if spec == "" {
		return nil
	}
	return strings.Split(spec, ",")
}

func writeRecord(state string, pid int, ports []int, isolated bool) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return err
	}
	// The second field is the name in brackets, which may hold spaces: count from behind the last bracket.
	fields := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:])
	var startTime uint64
	if _, err := fmt.Sscan(fields[19], &startTime); err != nil {
		return fmt.Errorf("read the start time of process %d: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	text, err := json.Marshal(record{
		PID: pid, StartTime: startTime, BootID: strings.TrimSpace(string(boot)), Ports: ports, Isolated: isolated,
	})
	if err != nil {
		return err
	}
	temporary := filepath.Join(state, "supervisor.json.new")
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(state, "supervisor.json"))
}
