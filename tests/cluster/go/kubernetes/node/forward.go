package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// forwardAll passes every connection of the listener on to the target. A target "proxy+ADDRESS" is sent a PROXY
// protocol header first, so that it sees the client's address and not this process's.
func forwardAll(listener net.Listener, target string) {
	address, header := strings.CutPrefix(target, "proxy+")
	for {
		client, err := listener.Accept()
		if err != nil {
			fmt.Fprintf(os.Stderr, "accept for %s: %v\n", target, err)
			return
		}
		go forwardOne(client, address, header)
	}
}

func forwardOne(client net.Conn, address string, header bool) {
	defer client.Close()
	server, err := net.DialTimeout("tcp4", address, 5*time.Second)
	if err != nil {
		// The client sees its connection closed, as it would with the target away.
		return
	}
	defer server.Close()
	if header {
		from, fromOK := client.RemoteAddr().(*net.TCPAddr)
		to, toOK := client.LocalAddr().(*net.TCPAddr)
		if !fromOK || !toOK {
			return
		}
		if _, err := fmt.Fprintf(server, "PROXY TCP4 %s %s %d %d\r\n", from.IP, to.IP, from.Port, to.Port); err != nil {
			return
		}
	}
	var group sync.WaitGroup
	group.Go(func() { copyHalf(server, client) })
	group.Go(func() { copyHalf(client, server) })
	group.Wait()
}

// copyHalf copies one direction and passes its end on, so that half-closed connections work.
func copyHalf(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
