package depcheck

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var rules = []Rule{
	{
		From: []string{"archiver/..."}, Except: []string{"archiver/cmd/..."},
		To:  []string{"archiver/cmd/..."},
		Why: "commands wire the packages; nothing may know them",
	},
	{
		From: []string{"archiver/archive/..."},
		To:   []string{"archiver/snapshot/...", "archiver/crypto/...", "archiver/internal/..."},
		Why:  "an archive knows no cluster, and reaches OpenPGP over the ports that it declares",
	},
	{
		From: []string{"archiver/archive/store/..."},
		To:   []string{"archiver/archive/..."}, Allow: []string{"archiver/archive/store/..."},
		Why: "a store moves objects and does not know what they mean",
	},
	{
		From: []string{"archiver/snapshot/..."},
		To:   []string{"archiver/archive/...", "archiver/crypto/...", "archiver/internal/..."},
		Why:  "the cluster's side knows no archive, and reads repositories over the port that it declares",
	},
	{
		From: []string{"archiver/crypto/..."},
		To:   []string{"archiver/archive/...", "archiver/snapshot/...", "archiver/internal/..."},
		Why:  "OpenPGP knows neither archives nor clusters",
	},
	{
		From: []string{"archiver/internal/config/..."},
		To:   []string{"archiver/internal/job/...", "archiver/archive/...", "archiver/snapshot/...", "archiver/crypto/..."},
		Why:  "the configuration describes; cmd turns it into the packages' options",
	},
	{
		From: []string{"archiver/..."}, Except: []string{"archiver/internal/lab/..."},
		To:  []string{"archiver/internal/lab/..."},
		Why: "the servers for tests belong to tests and to the demonstration day",
	},
	{
		From: []string{"archiver/..."}, Except: []string{"archiver/internal/demo", "archiver/cmd/archiver", "archiver/snapshot/snapshottest/..."},
		To:  []string{"archiver/snapshot/snapshottest/...", "archiver/internal/demo"},
		Why: "the simulated cluster belongs to tests and to the demonstration, and nothing needs a demonstration",
	},
	{
		From: []string{"archiver/internal/lab"},
		To:   []string{"archiver/..."},
		Why:  "what is tested must not help the tests",
	},
}

func TestImportsPointInOneDirection(t *testing.T) {
	g := module(t)
	for _, must := range []string{"archiver/internal/depcheck", "archiver/internal/lab", "archiver/archive/store"} {
		if _, ok := g[must]; !ok {
			t.Fatalf("%s was not looked at: the test proves nothing", must)
		}
	}
	for _, v := range Violations(g, rules) {
		t.Error(v)
	}
}

// module asks the go tool what every package of this module imports.
func module(t *testing.T) Graph {
	t.Helper()
	// The import path pattern works from any folder of the module.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "archiver/...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	g := Graph{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = p.Imports
	}
}

func TestViolations(t *testing.T) {
	noCluster := []Rule{{From: []string{"m/archive/..."}, To: []string{"m/snapshot/..."}, Why: "because"}}
	for _, c := range []struct {
		name  string
		graph Graph
		rules []Rule
		want  []string
	}{
		{
			"nothing forbidden",
			Graph{"m/archive": {"fmt", "m/store"}, "m/store": {"io"}, "m/job": {"m/archive", "m/snapshot"}, "m/snapshot": nil},
			noCluster, nil,
		},
		{
			"direct",
			Graph{"m/archive": {"m/snapshot"}},
			noCluster, []string{"m/archive -> m/snapshot: because"},
		},
		{
			"over others, by the shortest way",
			Graph{"m/archive/x": {"m/a", "m/c"}, "m/a": {"m/b"}, "m/b": {"m/snapshot/y"}, "m/c": {"m/snapshot/y"}},
			noCluster, []string{"m/archive/x -> m/c -> m/snapshot/y: because"},
		},
		{
			"behind another violation",
			Graph{"m/archive": {"m/snapshot"}, "m/snapshot": {"m/snapshot/inner"}},
			noCluster, []string{"m/archive -> m/snapshot: because"},
		},
		{
			"a name that only begins alike",
			Graph{"m/archive": {"m/snapshots"}, "m/archives": {"m/snapshot"}},
			noCluster, nil,
		},
		{
			"exceptions",
			Graph{"m/cmd": {"m/cmd/help"}, "m/store/s3": {"m/store", "m"}},
			[]Rule{
				{From: []string{"m/..."}, Except: []string{"m/cmd/..."}, To: []string{"m/cmd/..."}, Why: "1"},
				{From: []string{"m/store/..."}, To: []string{"m/..."}, Allow: []string{"m/store/..."}, Why: "2"},
			},
			[]string{"m/store/s3 -> m: 2"},
		},
		{
			"cycles end",
			Graph{"m/archive": {"m/a"}, "m/a": {"m/archive"}},
			noCluster, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Violations(c.graph, c.rules); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
