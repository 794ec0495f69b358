// Command probe is what tests run in pods: a web server and a client that needs no shell, no libc and no root.
//
//	probe serve ADDRESS [FOLDER]   answers 200 and its host name; POST appends the body to a file in the folder
//	probe get URL                  prints the status code and the body; its exit status is 0 when that is 2xx
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "serve":
		return serve(args[1], append(args, "")[2])
	case len(args) == 2 && args[0] == "get":
		return get(args[1])
	default:
		return fmt.Errorf("usage: probe serve ADDRESS [FOLDER] | probe get URL")
	}
}

func serve(address, folder string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("listening on", address)
	return http.ListenAndServe(address, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodPost {
			if err := store(filepath.Join(folder, "data"), request.Body); err != nil {
				http.Error(answer, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		fmt.Fprintln(answer, host)
		// Who the client is, as whoever is in between says.
		fmt.Fprintln(answer, request.Header.Get("X-Forwarded-For"))
	}))
}

func store(path string, body io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, body); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func get(url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	fmt.Printf("%d\n%s", response.StatusCode, body)
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}
