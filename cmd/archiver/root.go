package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// global are the flags of every verb that reads the configuration.
type global struct {
	config string
	set    []string
	json   bool
	quiet  bool
	// verbose is what quiet is not; neither is the usual.
	verbose bool
}

// loudness is how much the flags want to be told.
func (g *global) loudness() loudness {
	switch {
	case g.quiet:
		return quiet
	case g.verbose:
		return verbose
	}
	return normal
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
  3  no index for the date, or no archive of it
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
	flags.BoolVarP(&g.quiet, "quiet", "q", false, "tell neither phases nor progress, only what is wrong, and the answer")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "outside of a terminal, tell every few seconds how far a long step is")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if g.quiet && g.verbose {
			return usageError{errors.New("--quiet and --verbose contradict each other")}
		}
		return nil
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: %s --help lists what there is", err, c.CommandPath())}
	})
	addGroup(root, "Setting up:", initCommand(g), checkCommand(g))
	addGroup(root, "Archiving:", runCommand(g))
	addGroup(root, "Bringing back:", listCommand(g), showCommand(g), verifyCommand(g), extractCommand(g), restoreCommand(g), drillCommand(g))
	addGroup(root, "Housekeeping:", unlockCommand(g), cleanCommand(g))
	root.AddCommand(demoCommand(), doomedCommand(), manCommand(), versionCommand(g), configurationTopic())
	return root
}

// noArgs refuses arguments; everything is a flag.
func noArgs(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.Flags().Lookup("date") != nil:
		return usageError{fmt.Errorf("%s takes no argument such as %q: a day is given with --date", c.CommandPath(), args[0])}
	}
	return usageError{fmt.Errorf("%s takes no argument such as %q", c.CommandPath(), args[0])}
}

// addGroup adds commands that the help shows together.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
		root.AddCommand(c)
	}
}
