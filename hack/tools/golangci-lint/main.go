// The linter of this repository: golangci-lint with the analyzers for
// Kubernetes API types and for structured logs built in.
package main

import (
	"fmt"
	"os"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"
	_ "sigs.k8s.io/kube-api-linter"             // linter kubeapilinter
	_ "sigs.k8s.io/logtools/logcheck/gclplugin" // linter logcheck
)

func main() {
	if err := commands.Execute(commands.BuildInfo{GoVersion: "unknown", Version: "custom", Commit: "unknown", Date: "unknown"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitcodes.Failure)
	}
}
