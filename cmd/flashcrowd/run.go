package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"flashcrowd.io/flashcrowd/internal/export"
	"flashcrowd.io/flashcrowd/internal/localcluster"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/report"
)

// clusterFlags say which cluster a command works on: one that a kubeconfig or a
// context names, or the local one.
type clusterFlags struct {
	kubeconfig, context, namespace string
	// prometheusURL is where the cluster's measurements are, empty if nobody says.
	prometheusURL string
	local         localFlags
	// started is the local cluster, if it is the one that is worked on.
	started *localcluster.Cluster
}

func (f *clusterFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster (default: the local cluster, which is started)")
	cmd.Flags().StringVar(&f.context, "context", "", "context of the kubeconfig")
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "default", "namespace of the objects")
	cmd.Flags().StringVar(&f.prometheusURL, "prometheus-url", "", "Prometheus that the report's charts are read from (default: the local cluster's)")
	f.local.register(cmd)
}

// config is that of the cluster; the local one is brought up when none is named.
func (f *clusterFlags) config(ctx context.Context, tell func(string)) (*rest.Config, error) {
	if f.kubeconfig == "" && f.context == "" {
		tell("starting the local cluster")
		cluster, err := bringUp(ctx, &f.local)
		if err != nil {
			return nil, err
		}
		f.kubeconfig, f.started = cluster.Kubeconfig(), &cluster
		if f.prometheusURL == "" {
			if f.prometheusURL, err = cluster.PrometheusURL(); err != nil {
				return nil, err
			}
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	return config, nil
}

// runner works on the cluster of the flags.
func (f *clusterFlags) runner(ctx context.Context, tell func(string)) (*rehearsal.Runner, error) {
	config, err := f.config(ctx, tell)
	if err != nil {
		return nil, err
	}
	return rehearsal.NewRunner(config, f.namespace)
}

// meter is the metrics source, nil if nobody says where it is. The cluster has been
// reached before.
func (f *clusterFlags) meter() (*metrics.Client, error) {
	if f.prometheusURL == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return metrics.NewClient(f.prometheusURL, measureTimeout)
}

// measureTimeout bounds one question to Prometheus.
const measureTimeout = 2 * time.Second

func runCommand() *cobra.Command {
	var cluster clusterFlags
	var output outputFormat
	command := &cobra.Command{
		Use:   "run FILE...",
		Short: "Rehearse: apply the manifests, watch the run, print its report",
		Long: `Applies a ComponentGraph and a Simulation, shows the run while it lasts and prints
its report. Without a kubeconfig or a context it starts the local cluster.

Exits with 0 only when the run finished and every objective held.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			manifests, err := rehearsal.Load(files, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return rehearse(cmd, &cluster, output, manifests)
		},
	}
	cluster.register(command)
	output.registerReport(command)
	return command
}

// rehearse carries one run out. The view goes to standard error, so that the
// report is all that standard output holds.
func rehearse(cmd *cobra.Command, cluster *clusterFlags, output outputFormat, manifests rehearsal.Manifests) error {
	log.SetLogger(logr.Discard()) // the view tells what a person wants to know
	view := viewOf(cmd.ErrOrStderr())
	runner, err := cluster.runner(cmd.Context(), view.Step)
	if err != nil {
		view.Close()
		return err
	}
	meter, err := cluster.meter()
	if err != nil {
		view.Close()
		return err
	}
	if meter != nil {
		runner = runner.WithRecorder(meter)
	}
	if link, err := cluster.runLink(cmd.Context(), manifests); err != nil {
		view.Notice(0, "the dashboard does not answer: "+err.Error())
	} else if link != "" {
		view.Notice(0, "watch it: "+link)
	}
	result, err := runner.Run(cmd.Context(), manifests, view)
	view.Close()
	if err != nil {
		return err
	}
	if err := printReport(cmd.OutOrStdout(), output, result); err != nil {
		return err
	}
	if result.Verdict != report.Met {
		return errNotSucceeded
	}
	return nil
}

// viewOf is a live view on a terminal, and plain lines elsewhere.
func viewOf(w io.Writer) rehearsal.View {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return rehearsal.NewPlainView(w)
	}
	return rehearsal.NewLiveView(w, func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 80
		}
		return width
	})
}

func printReport(w io.Writer, output outputFormat, r report.Report) error {
	switch output {
	case "markdown":
		return report.WriteMarkdown(w, r)
	case "html":
		return report.WriteHTML(w, r)
	case "text", "json", "yaml":
		return output.print(w, r, func(w io.Writer) error { return report.WriteText(w, r) })
	default:
		return fmt.Errorf("unknown output %q: write -o text, -o markdown, -o html, -o json or -o yaml", string(output))
	}
}

func reportCommand() *cobra.Command {
	var cluster clusterFlags
	var output outputFormat
	var exported, kept string
	var against []string
	command := &cobra.Command{
		Use: "report RUN", Short: "Print the report of a run, or its decisions as manifests", Args: cobra.ExactArgs(1),
		Long: `Prints the report of a run. RUN is a name, namespace/name or a UID. The run of the
cluster counts; when it is not there any more, the newest run of that name that the
history kept. With --export it prints instead what the run decided as manifests that
do the same in production: Deployments, and what scales them. With --against it
compares the run with others, side by side; runs that ask for the same show how much
a number differs by chance.`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			write, err := reportWriter(output, exported)
			if err != nil {
				return err
			}
			tell := func(what string) { fmt.Fprintln(cmd.ErrOrStderr(), what) }
			places, err := cluster.places(cmd.Context(), kept, tell)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, places.close()) }()
			if len(against) > 0 {
				compared, err := places.compare(cmd.Context(), append(args, against...))
				if err != nil {
					return err
				}
				return output.print(cmd.OutOrStdout(), compared, func(w io.Writer) error { return report.WriteComparison(w, compared) })
			}
			run, err := places.find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), places.whole(cmd.Context(), run))
		},
	}
	cluster.register(command)
	output.registerReport(command)
	command.Flags().StringVar(&exported, "export", "", "print manifests instead: hpa or keda")
	command.Flags().StringSliceVar(&against, "against", nil, "compare with these runs, named as RUN is, as text, json or yaml")
	command.Flags().StringVar(&kept, "history", "", "where runs were kept: a SQLite file, or a DSN that begins with postgres:// (default: the local cluster's)")
	command.MarkFlagsMutuallyExclusive("export", "output")
	command.MarkFlagsMutuallyExclusive("export", "against")
	return command
}

// reportWriter is how a report is written: as manifests of a format if one is
// named, and as the user asked otherwise.
func reportWriter(output outputFormat, exported string) (func(io.Writer, report.Report) error, error) {
	if exported == "" {
		return func(w io.Writer, r report.Report) error { return printReport(w, output, r) }, nil
	}
	format, err := export.ParseFormat(exported)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer, r report.Report) error { return export.Write(w, r, format) }, nil
}
