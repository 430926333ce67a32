package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryVerbExplainsItself: a short line, the long story, and an example that
// names the verb. What cobra brings along explains itself.
func TestEveryVerbExplainsItself(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		if c.Hidden || c.IsAdditionalHelpTopicCommand() || c.Name() == "completion" || c.Name() == "help" {
			continue
		}
		t.Run(c.Name(), func(t *testing.T) {
			if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Long) < len(c.Short) && !plain(c) {
				t.Errorf("short %q, long %q", c.Short, c.Long)
			}
			if !strings.Contains(c.Example, "archiver "+c.Name()) && !plain(c) {
				t.Errorf("its example is %q", c.Example)
			}
		})
	}
}

// plain are verbs without anything to explain.
func plain(c *cobra.Command) bool { return c.Name() == "version" }
