package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"flashcrowd.io/flashcrowd/internal/history"
)

// historyFlags say where a history is.
type historyFlags struct {
	dsn   string
	local localFlags
}

func (f *historyFlags) register(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&f.dsn, "history", "", "a SQLite file, or a DSN that begins with postgres:// (default: the local cluster's)")
	f.local.register(cmd)
}

// open opens the history, which must be there.
func (f *historyFlags) open(ctx context.Context) (*history.Store, error) {
	dsn := f.dsn
	if dsn == "" {
		cluster, _, err := f.local.cluster()
		if err != nil {
			return nil, err
		}
		dsn = cluster.History()
	}
	return openHistory(ctx, dsn)
}

// errNoHistory says that the file of a history is not there.
var errNoHistory = errors.New("there is no history yet")

// openHistory opens a history, which must be there.
func openHistory(ctx context.Context, dsn string) (*history.Store, error) {
	if file, _, _ := strings.Cut(dsn, "?"); !strings.Contains(dsn, "://") {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("%w: %w", errNoHistory, err)
		}
	}
	return history.Open(ctx, dsn)
}

func historyCommand() *cobra.Command {
	flags := &historyFlags{}
	command := &cobra.Command{
		Use: "history", Short: "List, export and import the runs that were kept",
		Long: `Works on the database that the dashboard keeps runs in, whether or not a cluster is up.
A cluster's can be reached through its dashboard as well: GET /api/history,
GET /api/simulation/{id}/archive and POST /api/history.`,
	}
	flags.register(command)
	command.AddCommand(historyListCommand(flags), historyExportCommand(flags), historyImportCommand(flags))
	return command
}

func historyListCommand(flags *historyFlags) *cobra.Command {
	var limit int
	command := &cobra.Command{
		Use: "list", Short: "List the runs that were kept, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.with(cmd.Context(), func(store *history.Store) error {
				runs, err := store.Runs(cmd.Context(), history.Page{Limit: limit})
				if err != nil {
					return err
				}
				return listRuns(cmd.OutOrStdout(), runs)
			})
		},
	}
	command.Flags().IntVar(&limit, "limit", 50, "runs at most")
	return command
}

// with works on the history and closes it.
func (f *historyFlags) with(ctx context.Context, work func(*history.Store) error) error {
	store, err := f.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(store), store.Close())
}

func listRuns(w io.Writer, runs []history.Run) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tGRAPH\tVERDICT\tSTARTED\tTOOK\tBY\tUID")
	for _, r := range runs {
		started, took := "-", "-"
		if !r.StartedAt.IsZero() {
			started = r.StartedAt.Format(time.RFC3339)
		}
		if !r.EndedAt.IsZero() && !r.StartedAt.IsZero() {
			took = r.EndedAt.Sub(r.StartedAt).Round(time.Second).String()
		}
		fmt.Fprintf(table, "%s/%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Namespace, r.Name, r.Graph, r.Status, started, took, cmp.Or(r.User, "-"), r.ID)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

func historyExportCommand(flags *historyFlags) *cobra.Command {
	var file string
	command := &cobra.Command{
		Use: "export RUN", Short: "Write a run, its events and its measurements as one archive", Args: cobra.ExactArgs(1),
		Long: "Writes a run that has ended as one archive. RUN is namespace/name, of which the newest is\ntaken, or a UID.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.with(cmd.Context(), func(store *history.Store) error {
				run, err := keptRun(cmd.Context(), store, args[0])
				if err != nil {
					return err
				}
				name := cmp.Or(file, run.Namespace+"-"+run.Name+".flashcrowd.gz")
				if err := exportTo(cmd.Context(), store, run.ID, name); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), name)
				return nil
			})
		},
	}
	command.Flags().StringVarP(&file, "file", "f", "", "where to write it (default namespace-name.flashcrowd.gz)")
	return command
}

// keptRun is a run by namespace/name or UID.
func keptRun(ctx context.Context, store *history.Store, id string) (history.Run, error) {
	if namespace, name, ok := strings.Cut(id, "/"); ok {
		return store.Newest(ctx, namespace, name)
	}
	return store.Run(ctx, id)
}

// exportTo leaves either a whole file or none.
func exportTo(ctx context.Context, store *history.Store, id, name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("making the archive: %w", err)
	}
	buffered := bufio.NewWriter(file)
	if err := cmp.Or(store.Export(ctx, id, buffered), buffered.Flush()); err != nil {
		return errors.Join(err, file.Close(), os.Remove(name))
	}
	return file.Close()
}

func historyImportCommand(flags *historyFlags) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE...", Short: "Take in runs from archives", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.with(cmd.Context(), func(store *history.Store) error {
				for _, name := range args {
					run, err := importFrom(cmd.Context(), store, name)
					if err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s/%s %s\n", run.Namespace, run.Name, run.ID)
				}
				return nil
			})
		},
	}
}

func importFrom(ctx context.Context, store *history.Store, name string) (history.Run, error) {
	file, err := os.Open(name)
	if err != nil {
		return history.Run{}, fmt.Errorf("reading the archive: %w", err)
	}
	defer file.Close()
	return store.Import(ctx, file, func(history.Run) error { return nil })
}
