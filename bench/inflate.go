// Writes what gzip files hold to standard output: Go's decoder for script/bench decoders.
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := inflate(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func inflate(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, reader)
	return err
}
