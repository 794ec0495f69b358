package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"syscall"
	"time"
)

// request is one line of JSON on the control socket.
type request struct {
	// Do is "ping", "start", "stop", "list", "run" or "probe".
	Do   string   `json:"do"`
	Name string   `json:"name"`
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	// URL of a probe.
	URL string `json:"url"`
}

// reply is the one line of JSON that answers it.
type reply struct {
	Error string `json:"error,omitempty"`
	Units []unit `json:"units,omitempty"`
	// Status is the exit status of "run" (128 + the signal when one ended it) or the HTTP status of "probe".
	Status int `json:"status"`
	// Output of "run", standard output and error together.
	Output string `json:"output,omitempty"`
}

// probeClient does not check certificates: it asks whether a part of this cluster answers, and trusts nothing it says.
var probeClient = &http.Client{
	Timeout:   2 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
}

// serve answers requests; the socket's mode lets only the cluster's owner connect.
func (s *supervisor) serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "accept on the control socket:", err)
			return
		}
		go func() {
			defer connection.Close()
			var asked request
			answer := reply{}
			if err := json.NewDecoder(connection).Decode(&asked); err != nil {
				answer.Error = err.Error()
			} else {
				answer = s.answer(asked)
			}
			if err := json.NewEncoder(connection).Encode(answer); err != nil {
				fmt.Fprintln(os.Stderr, "answer on the control socket:", err)
			}
		}()
	}
}

func (s *supervisor) answer(asked request) reply {
	var err error
	answer := reply{}
	switch asked.Do {
	case "ping":
	case "start":
		err = s.start(unit{Name: asked.Name, Argv: asked.Argv, Env: asked.Env})
	case "stop":
		err = s.stop(asked.Name)
	case "list":
		answer.Units = s.list()
	case "run":
		answer.Status, answer.Output, err = s.run(asked.Argv, asked.Env)
	case "probe":
		answer.Status, err = probe(asked.URL)
	default:
		err = fmt.Errorf("unknown request %q", asked.Do)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func (s *supervisor) list() []unit {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	units := make([]unit, 0, len(s.units))
	for _, u := range s.units {
		units = append(units, *u)
	}
	sort.Slice(units, func(a, b int) bool { return units[a].started.Before(units[b].started) })
	return units
}

// run runs a command inside the cluster's namespaces to its end.
func (s *supervisor) run(argv, env []string) (int, string, error) {
	output, write, err := os.Pipe()
	if err != nil {
		return 0, "", err
	}
	defer output.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, "", err
	}
	defer null.Close()
	ended := make(chan syscall.WaitStatus, 1)
	s.mutex.Lock()
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Dir: s.state, Env: append(os.Environ(), env...), Files: []*os.File{null, write, write},
	})
	if err == nil {
		s.exits[process.Pid] = ended
	}
	s.mutex.Unlock()
	write.Close()
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(output)
	status := <-ended
	if status.Signaled() {
		return 128 + int(status.Signal()), string(text), err
	}
	return status.ExitStatus(), string(text), err
}

func probe(url string) (int, error) {
	response, err := probeClient.Get(url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
