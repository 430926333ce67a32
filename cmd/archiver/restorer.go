package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path"
	"strings"
	"time"

	"archiver/archive"
	"archiver/internal/config"
	"archiver/internal/restore"
	"archiver/snapshot"
)

// restorer is a session of the verbs that bring archives back: a reader with a
// cluster, and the place that it restores from.
type restorer struct {
	*reader
	*restore.Restorer
	done  func() // ends the output
	close func() // connections
}

func (r *restorer) end() {
	r.done()
	r.close()
}

// openRestorer builds a restorer from the configuration.
func (g *global) openRestorer(ctx context.Context, stderr io.Writer) (*restorer, error) {
	r, err := g.openReader(ctx, stderr, config.NeedOpening|config.NeedCluster|config.NeedRestore)
	if err != nil {
		return nil, err
	}
	c := r.config
	s := &restorer{reader: r, Restorer: &restore.Restorer{
		Stream: c.Stream, Tool: tool(), Holder: holder(), Archive: r.store, Trust: r.trust, Opener: r.opener, Budget: r.budget,
		Timeout: time.Duration(c.Restore.Timeout), Now: time.Now,
	}}
	if err := restorePlace(ctx, c, s.Restorer); err != nil {
		return nil, err
	}
	s.Watch, s.done = newWatch(stderr, r.level, restore.Steps()...)
	cluster, err := connect(ctx, c, func(err error) {
		s.Watch.Note("the cluster does not answer; asking again", slog.String("error", err.Error()))
	})
	if err != nil {
		return nil, usageError{err}
	}
	s.Cluster, s.close = cluster, func() { _ = cluster.Close() } // idle connections: nothing can be lost
	return s, nil
}

// restorePlace opens the store that archives are restored from, and says how the
// cluster is told of a prefix in it.
func restorePlace(ctx context.Context, c *config.Config, r *restore.Restorer) (err error) {
	place := c.RestoreStaging()
	r.At = func(prefix string) snapshot.Repository { return registrationAt(place, prefix) }
	// The whole bucket: restores lie beside the staging area, not in it.
	r.Staging, err = openStore(ctx, config.Location{Bucket: place.URL.Bucket, Dir: place.URL.Dir}, place.S3)
	return err
}

// registrationAt is the registration, for reading only, of a repository that lies
// at a prefix of the bucket or directory.
func registrationAt(s config.Staging, prefix string) snapshot.Repository {
	prefix = strings.TrimSuffix(prefix, "/")
	settings := map[string]string{}
	if s.URL.Bucket != "" && s.Type == config.RepositoryS3 {
		settings["bucket"] = s.URL.Bucket
	}
	maps.Copy(settings, s.Settings)
	settings["readonly"] = "true"
	if s.Type == config.RepositoryFS {
		root := s.URL.Dir
		if at := settings["location"]; at != "" { // of the base path, as the nodes see it
			root = strings.TrimSuffix(strings.TrimSuffix(at, "/"), "/"+s.URL.Prefix)
		}
		settings["location"] = path.Join(root, prefix)
	} else {
		settings["base_path"] = prefix
	}
	return snapshot.Repository{Type: string(s.Type), Settings: settings}
}

// knownHead reads the flag --head.
func (r *restorer) knownHead(text string) (err error) {
	if text == "" {
		return nil
	}
	if r.KnownHead, err = archive.ParseHead(text); err != nil {
		return usageError{fmt.Errorf("--head: %w", err)}
	}
	return nil
}

// parseDate reads the flag --date.
func parseDate(text string) (string, error) {
	if text == "" {
		return "", usageError{errors.New("--date is missing: write YYYY-MM-DD; `archiver list` shows what there is")}
	}
	d, err := config.ParseDate(text)
	if err != nil {
		return "", usageError{fmt.Errorf("--date: %w", err)}
	}
	return d.String(), nil
}

// broughtBack is what `restore --json` and `drill --json` print.
type broughtBack struct {
	Result *restore.Result `json:"result"` // null if nothing came back
	ending
}

// answer prints a result, in JSON or in words, and passes the error on.
func (r *restorer) answer(g *global, result *restore.Result, err error, stdout, stderr io.Writer) error {
	r.done()
	words := ""
	if result != nil {
		words = verdict(result)
	}
	return g.conclude(stdout, stderr, broughtBack{result, ended(err)}, words, err)
}

// verdict is a result in words.
func verdict(r *restore.Result) string {
	var b strings.Builder
	what := "came back whole"
	if r.Verdict == restore.Failed {
		what = "came back otherwise than it was recorded"
	}
	fmt.Fprintf(&b, "%s of %s %s: %s in %s, %d of them compared by content; %s in %v",
		r.Stream, r.Date, what, count(r.Documents, "document", "documents"), count(len(r.Indices), "index", "indices"), r.Samples, sizeText(r.Bytes), time.Duration(r.Milliseconds)*time.Millisecond)
	var times []string
	for _, p := range r.Phases {
		times = append(times, fmt.Sprintf("%s %v", p.Phase, time.Duration(p.Milliseconds)*time.Millisecond))
	}
	fmt.Fprintf(&b, " (%s)", strings.Join(times, ", "))
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\nnot compared: %s", note)
	}
	for _, m := range r.Mismatches {
		fmt.Fprintf(&b, "\ndiffers: %s", m)
	}
	if r.Recorded != (archive.Head{}) {
		fmt.Fprintf(&b, "\nThe ledger says so as entry %v", r.Recorded)
	}
	if !r.Kept {
		b.WriteString("\nThe scratch indices were removed.")
		return b.String()
	}
	for _, i := range r.Indices {
		as := ""
		if i.Target != i.Index {
			as = " as " + i.Target
		}
		fmt.Fprintf(&b, "\n%s is there%s, with %s", i.Index, as, count(i.Documents, "document", "documents"))
	}
	return b.String()
}
