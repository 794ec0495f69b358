package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// unit is a component that is kept running.
type unit struct {
	Name string   `json:"name"`
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	// State is "running", "waiting" (it exited and will be started again) or "stopped" (on request).
	State string `json:"state"`
	// PID in the supervisor's process namespace, 0 when not running.
	PID int `json:"pid"`
	// Exits counts how often it ended without being asked to.
	Exits int `json:"exits"`
	// LastExit is the last such end, in words.
	LastExit string `json:"last_exit"`

	started time.Time
	stdin   *os.File
}

// supervisor starts units, keeps them running and reaps what is orphaned to it.
type supervisor struct {
	state string

	mutex sync.Mutex
	units map[string]*unit
	// exits are the processes that somebody waits for.
	exits map[int]chan syscall.WaitStatus
}

// restartDelay is the pause before an exited unit is started again.
const restartDelay = 500 * time.Millisecond

// supervise is the process that holds a cluster. It answers on the socket control.sock in the state folder.
func supervise(args []string) error {
	flags := flag.NewFlagSet("supervise", flag.ExitOnError)
	state := flags.String("state", "", "state folder")
	isolated := flags.Bool("isolated", false, "prepare the namespaces that it was started in")
	forward := flags.String("forward", "", "targets of the inherited listeners")
	if err := flags.Parse(args); err != nil {
		return err
	}
	gate := os.NewFile(3, "gate")
	if n, err := gate.Read(make([]byte, 1)); n != 1 || err != nil {
		return errors.New("the launcher went away before it wrote the record")
	}
	_ = gate.Close()
	if *isolated {
		if err := isolate(*state); err != nil {
			return err
		}
	}
	this := &supervisor{state: *state, units: map[string]*unit{}, exits: map[int]chan syscall.WaitStatus{}}
	children := make(chan os.Signal, 16)
	signal.Notify(children, syscall.SIGCHLD)
	go this.reap(children)
	for index, target := range splitList(*forward) {
		listener, err := net.FileListener(os.NewFile(uintptr(4+index), target))
		if err != nil {
			return fmt.Errorf("take over the listener for %s: %w", target, err)
		}
		go forwardAll(listener, target)
	}
	socket := filepath.Join(*state, "control.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", socket, err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return err
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	go this.serve(listener)
	<-end
	this.stopAll()
	return nil
}

// start starts a unit, or does nothing when one of that name is already kept.
func (s *supervisor) start(wanted unit) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if kept, ok := s.units[wanted.Name]; ok && kept.State != "stopped" {
		return nil
	}
	fresh := &wanted
	if err := s.spawn(fresh); err != nil {
		return err
	}
	s.units[wanted.Name] = fresh
	return nil
}

// spawn starts the unit's process; the caller holds the mutex, so the reaper cannot see its end before its PID is kept.
func (s *supervisor) spawn(u *unit) error {
	log, err := os.OpenFile(filepath.Join(s.state, "logs", u.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	// A pipe that nobody writes to: see exitWithParent.
	stdin, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	process, err := os.StartProcess(u.Argv[0], u.Argv, &os.ProcAttr{
		Dir:   s.state,
		Env:   append(append(os.Environ(), "RM_EXIT_WITH_STDIN=1"), u.Env...),
		Files: []*os.File{stdin, log, log},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		hold.Close()
		return fmt.Errorf("start %s: %w", u.Name, err)
	}
	if u.stdin != nil {
		u.stdin.Close()
	}
	u.PID, u.State, u.started, u.stdin = process.Pid, "running", time.Now(), hold
	return process.Release()
}

// stop ends a unit: SIGTERM, and SIGKILL when it has not gone after ten seconds.
func (s *supervisor) stop(name string) error {
	s.mutex.Lock()
	u, ok := s.units[name]
	if !ok || u.State == "stopped" {
		s.mutex.Unlock()
		return nil
	}
	pid := u.PID
	u.State = "stopped"
	if pid == 0 {
		s.mutex.Unlock()
		return nil
	}
	ended := make(chan syscall.WaitStatus, 1)
	s.exits[pid] = ended
	s.mutex.Unlock()
	_ = syscall.Kill(pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(pid, syscall.SIGKILL)
		<-ended
	}
	return nil
}

func (s *supervisor) stopAll() {
	s.mutex.Lock()
	names := make([]string, 0, len(s.units))
	for name := range s.units {
		names = append(names, name)
	}
	s.mutex.Unlock()
	var group sync.WaitGroup
	for _, name := range names {
		group.Go(func() { _ = s.stop(name) })
	}
	group.Wait()
}

// reap takes the exit status of every child, ours and those orphaned to us.
func (s *supervisor) reap(children <-chan os.Signal) {
	for range children {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
			s.ended(pid, status)
		}
	}
}

// ended tells who waits for the process, and starts it again when it is a unit that should be running.
func (s *supervisor) ended(pid int, status syscall.WaitStatus) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if waiting, ok := s.exits[pid]; ok {
		waiting <- status
		delete(s.exits, pid)
	}
	for _, u := range s.units {
		if u.PID != pid {
			continue
		}
		u.PID = 0
		if u.State == "stopped" {
			return
		}
		u.State = "waiting"
		u.Exits++
		u.LastExit = describeExit(status)
		fmt.Fprintf(os.Stderr, "%s %s after %s\n", u.Name, u.LastExit, time.Since(u.started).Round(time.Millisecond))
		time.AfterFunc(restartDelay, func() { s.restart(u) })
	}
}

func (s *supervisor) restart(u *unit) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if u.State != "waiting" {
		return
	}
	if err := s.spawn(u); err != nil {
		fmt.Fprintln(os.Stderr, err)
		time.AfterFunc(restartDelay, func() { s.restart(u) })
	}
}

func describeExit(status syscall.WaitStatus) string {
	if status.Signaled() {
		return fmt.Sprintf("was ended by signal %d (%s)", status.Signal(), status.Signal())
	}
	return fmt.Sprintf("exited with status %d", status.ExitStatus())
}
