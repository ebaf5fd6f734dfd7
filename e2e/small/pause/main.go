// The first process of every pod: it holds the pod's namespaces, and buries what has lost its parent.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for id := 1; id > 0; {
			id, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		}
	}
}
