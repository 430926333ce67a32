package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual pages, one a verb. It is for packagers, and so
// not listed.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("making the manual pages' folder: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true
			// A date of its own would make every build another one.
			header := &doc.GenManHeader{Section: "1", Source: tool(), Manual: "archiver", Date: &time.Time{}}
			return doc.GenManTree(root, header, args[0])
		},
	}
}
