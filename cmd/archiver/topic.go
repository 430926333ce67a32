package main

import (
	"github.com/spf13/cobra"

	"archiver/internal/config"
)

// configurationTopic is a page of help and no command.
func configurationTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "configuration",
		Short: "Every key of the configuration, its environment variable and its default",
		Long: `The configuration is one YAML file (--config, else $ARCHIVER_CONFIG, else
archiver.yaml); the environment goes over it, and --set key=value over both.
Lists in the environment are written with commas or as JSON. Each secret has a
key of its name with _file, and no flag.

` + config.ReferenceText(),
	}
}
