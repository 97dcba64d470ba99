// Command flashcrowd rehearses a system architecture against traffic.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"flashcrowd.io/flashcrowd/internal/localcluster/node"
)

// version is set when a release is built.
var version = "dev"

func main() {
	node.ShimMain() // containers of the local cluster begin as this program
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx)
	stop()
	os.Exit(code)
}

// execute runs the command line and turns its error into an exit code: 0 for
// success, 1 when what was asked did not succeed, 2 for wrong usage.
func execute(ctx context.Context) int {
	err := root().ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNotSucceeded):
		return 1
	default:
		fmt.Fprintln(os.Stderr, "flashcrowd:", err)
		return 2
	}
}

// errNotSucceeded says that a run ended without meeting its objectives; the
// report has said why.
var errNotSucceeded = errors.New("the run did not succeed")

func root() *cobra.Command {
	command := &cobra.Command{
		Use:           "flashcrowd",
		Short:         "Rehearse a system architecture against traffic",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	command.AddCommand(runCommand(), reportCommand(), localCommand(), dashboardCommand(), historyCommand(), versionCommand())
	return command
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "flashcrowd", version) },
	}
}
