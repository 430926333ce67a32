package main

import "github.com/spf13/cobra"

// global are the flags of every verb that reads the configuration.
type global struct {
	config string
	set    []string
	json   bool
}

func rootCommand() *cobra.Command {
	g := new(global)
	root := &cobra.Command{
		Use:   "archiver",
		Short: "Archive daily search indices: complete, unaltered, encrypted, and possible to bring back",
		Long: `archiver takes one day's indices from OpenSearch or Elasticsearch through a
snapshot into an encrypted, signed archive in another bucket, and leaves the
staging bucket ready for the next day.

Exit codes:
  0  done, or done before
  1  failed; run again
  2  usage or configuration, or something that a person must look at
  3  nothing to archive for the date
  4  another run holds the lease
  5  interrupted; run again, it resumes
  6  integrity violation: do not run again, look at once`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&g.config, "config", "c", "", "configuration file (default: $ARCHIVER_CONFIG, else archiver.yaml)")
	flags.StringArrayVar(&g.set, "set", nil, "override a configuration key, as in --set archive.volume_size=1GiB; may be repeated")
	flags.BoolVar(&g.json, "json", false, "answer in JSON on standard output")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(runCommand(g), listCommand(g), showCommand(g), verifyCommand(g), extractCommand(g), unlockCommand(g), cleanCommand(g), restoreCommand(g), drillCommand(g), demoCommand(), doomedCommand(), versionCommand())
	return root
}

// noArgs refuses arguments; everything is a flag.
func noArgs(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return usageError{err}
	}
	return nil
}
