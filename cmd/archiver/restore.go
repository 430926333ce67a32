package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"archiver/internal/restore"
)

func restoreCommand(g *global) *cobra.Command {
	var o restore.Options
	var head string
	var replicas int
	c := &cobra.Command{
		Use:   "restore",
		Short: "Bring one day's indices back into a cluster",
		Long: `Bring one day's indices back. The volumes stream from the archive through hash
and decryption to a place that the cluster reads, restore.staging or else staging;
nothing lies on this machine's disk. Only when every volume, signature and file has
been checked is the cluster told of it. What came back is compared with what was
recorded when the day was archived. The files are removed in the end, also after a
failure or an interrupt.

An index that exists is never touched: use --rename to have both. Lifecycle
policies are left off, because they would go by the index's true age and might
delete it at once.

It needs a private key of a recipient (opening.keys), and rights in the cluster to
register a repository and to create indices.`,
		Example: `  archiver restore --date 2026-11-20
  archiver restore --date 2026-11-20 --index logdata-20112026 --rename 'restored-{index}' --replicas 0
  archiver restore --date 2026-11-20 --set cluster.urls=https://forensics.example.org`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Date, err = parseDate(o.Date); err != nil {
				return err
			}
			if err := restore.CheckRename(o.Rename); err != nil {
				return usageError{fmt.Errorf("--rename: %w", err)}
			}
			if c.Flags().Changed("replicas") {
				if replicas < 0 {
					return usageError{fmt.Errorf("--replicas: %d is less than none", replicas)}
				}
				o.Replicas = &replicas
			}
			r, err := g.openRestorer(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			defer r.end()
			if err := r.knownHead(head); err != nil {
				return err
			}
			result, err := r.Restore(c.Context(), o)
			return r.answer(g, result, err, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Date, "date", "", "the day, as YYYY-MM-DD")
	f.StringArrayVar(&o.Indices, "index", nil, "an index of the day, by its archived name; may be repeated (default: all)")
	f.StringVar(&o.Rename, "rename", "", "new name, with {index} for the archived one, as in 'restored-{index}'")
	f.IntVar(&replicas, "replicas", 0, "replicas of each shard (default: as many as there were)")
	f.BoolVar(&o.KeepPolicies, "keep-policies", false, "leave lifecycle policies on the indices")
	f.StringVar(&head, "head", "", "head of the ledger that is known from elsewhere, as 000007:SHA256")
	return c
}
