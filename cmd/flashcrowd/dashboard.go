package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"flashcrowd.io/flashcrowd/internal/localcluster"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
)

// linkTimeout bounds how long the dashboard of a cluster that is up may take to answer.
const linkTimeout = 30 * time.Second

func dashboardCommand() *cobra.Command {
	flags := &localFlags{}
	var open bool
	command := &cobra.Command{
		Use: "dashboard", Short: "Print a link that opens the dashboard of the local cluster", Args: cobra.NoArgs,
		Long: `Prints a link that signs one browser in, once, for ten minutes. Starts the local
cluster if it is down.

In another cluster, reach its dashboard with
  kubectl -n flashcrowd-system port-forward service/flashcrowd-dashboard 8080:80
and sign in with a token, such as that of: kubectl create token NAME`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cluster, err := bringUp(cmd.Context(), flags)
			if err != nil {
				return err
			}
			link, err := dashboardLink(cmd.Context(), cluster, "/")
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), link)
			if open {
				return openBrowser(cmd.Context(), link)
			}
			return nil
		},
	}
	flags.register(command)
	command.Flags().BoolVar(&open, "open", false, "open the link in a browser")
	return command
}

// dashboardLink is a link to a path of the local cluster's dashboard.
func dashboardLink(ctx context.Context, cluster localcluster.Cluster, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	return cluster.DashboardLink(ctx, path)
}

// runLink leads to the run of some manifests; it is empty where the cluster is not
// the local one.
func (f *clusterFlags) runLink(ctx context.Context, m rehearsal.Manifests) (string, error) {
	if f.started == nil {
		return "", nil
	}
	id := cmp.Or(m.Simulation.GetNamespace(), f.namespace) + "/" + m.Simulation.GetName()
	return dashboardLink(ctx, *f.started, "/runs/"+url.PathEscape(id))
}

// openBrowser asks the desktop to show a link.
func openBrowser(ctx context.Context, link string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	if err := exec.CommandContext(ctx, opener, link).Run(); err != nil {
		return fmt.Errorf("opening a browser with %s: %w; open the link by hand", opener, err)
	}
	return nil
}
