package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"archiver/archive"
)

// version is set by the linker in a release.
var version = ""

// tool is the program's name and version as records keep it.
func tool() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return "archiver " + v
}

// release is what `version --json` prints.
type release struct {
	Tool   string `json:"tool"` // as records have it
	Format int    `json:"archive_format"`
	Go     string `json:"go"`
	System string `json:"system"`
	ending
}

func versionCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program and of the archive format that it writes",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r := release{Tool: tool(), Format: archive.Format, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
			return g.print(c.OutOrStdout(), r, fmt.Sprintf("%s (archive format %d, %s %s)", r.Tool, r.Format, r.Go, r.System))
		},
	}
}
