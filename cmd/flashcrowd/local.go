package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashcrowd.io/flashcrowd/config"
	"flashcrowd.io/flashcrowd/internal/localcluster"
)

// upTimeout bounds how long a local cluster may take to start on a busy machine.
const upTimeout = 3 * time.Minute

// localFlags are shared by the commands about the local cluster.
type localFlags struct{ dir string }

func (f *localFlags) register(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&f.dir, "dir", "", "directory of the local cluster (default ~/.flashcrowd)")
}

// cluster resolves the directory.
func (f *localFlags) cluster() (localcluster.Cluster, string, error) {
	dir := f.dir
	if dir == "" {
		home, err := localcluster.DefaultDir()
		if err != nil {
			return localcluster.Cluster{}, "", err
		}
		dir = home
	}
	dir, err := filepath.Abs(dir)
	return localcluster.Open(dir), dir, err
}

func localCommand() *cobra.Command {
	flags := &localFlags{}
	command := &cobra.Command{Use: "local", Short: "Run a Kubernetes control plane and Prometheus on this machine"}
	flags.register(command)
	command.AddCommand(upCommand(flags), downCommand(flags), statusCommand(flags), superviseCommand(flags))
	return command
}

func upCommand(flags *localFlags) *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Start the local cluster and wait until it is ready", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cluster, err := bringUp(cmd.Context(), flags)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The local cluster is up.\n  kubectl --kubeconfig %s get nodes\n", cluster.Kubeconfig())
			link, err := dashboardLink(cmd.Context(), cluster, "/")
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The dashboard, for one browser (another link: flashcrowd dashboard):\n  %s\n", link)
			return nil
		},
	}
}

// bringUp starts the local cluster with this program as its supervisor.
func bringUp(ctx context.Context, flags *localFlags) (localcluster.Cluster, error) {
	cluster, dir, err := flags.cluster()
	if err != nil {
		return cluster, err
	}
	self, err := os.Executable()
	if err != nil {
		return cluster, fmt.Errorf("finding this program: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	return cluster, cluster.Up(ctx, []string{self, "local", "supervise", "--dir", dir})
}

func downCommand(flags *localFlags) *cobra.Command {
	var remove bool
	command := &cobra.Command{
		Use: "down", Short: "Stop the local cluster", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cluster, _, err := flags.cluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			deletion := localcluster.KeepData
			if remove {
				deletion = localcluster.DeleteData
			}
			return cluster.Down(ctx, deletion)
		},
	}
	command.Flags().BoolVar(&remove, "delete", false, "delete the cluster's data too")
	return command
}

func statusCommand(flags *localFlags) *cobra.Command {
	var output outputFormat
	command := &cobra.Command{
		Use: "status", Short: "Tell the health of the local cluster", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cluster, _, err := flags.cluster()
			if err != nil {
				return err
			}
			status, err := cluster.Status(cmd.Context())
			if err != nil {
				return err
			}
			if err := output.print(cmd.OutOrStdout(), status, func(w io.Writer) error { return printStatus(w, status) }); err != nil {
				return err
			}
			if !status.Ready {
				return errNotSucceeded
			}
			return nil
		},
	}
	output.register(command)
	return command
}

func printStatus(w io.Writer, status localcluster.Status) error {
	if !status.Running {
		_, err := fmt.Fprintf(w, "The local cluster is down (%s). Start it with: flashcrowd local up\n", status.Dir)
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, part := range status.Parts {
		word := "healthy"
		if !part.Healthy {
			word = "unhealthy: " + part.Problem
		}
		fmt.Fprintf(tw, "%s\t%s\n", part.Name, word)
	}
	fmt.Fprintf(tw, "kubeconfig\t%s\nprometheus\t%s\ndashboard\t%s (sign in by the link of: flashcrowd dashboard)\n", status.Kubeconfig, status.Prometheus, status.Dashboard)
	return tw.Flush()
}

// superviseCommand is what `local up` starts in the background.
func superviseCommand(flags *localFlags) *cobra.Command {
	return &cobra.Command{
		Use: "supervise", Short: "Run the local cluster in the foreground", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, dir, err := flags.cluster()
			if err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program: %w", err)
			}
			supervisor := localcluster.Supervisor{
				Dir: dir, Binaries: filepath.Dir(self), Manifests: config.Install(),
				Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now,
			}
			return supervisor.Run(cmd.Context())
		},
	}
}
