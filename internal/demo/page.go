package demo

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// page is what the demonstration is told on. Only the first failed write is
// remembered: the rest would fail alike.
type page struct {
	w      io.Writer
	pretty bool // bold headings
	err    error
}

func (p *page) line(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

// say is a paragraph.
func (p *page) say(format string, args ...any) { p.line("\n"+format, args...) }

// head is a heading.
func (p *page) head(text string) {
	if p.pretty {
		p.say("\x1b[1m%s\x1b[0m", text)
		return
	}
	p.say("== %s", text)
}

// files lists what lies below a folder, with sizes, apart from what stores keep
// for themselves.
func (p *page) files(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == ".archiver-tmp" {
				return fs.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		p.line("  %8d    %s", info.Size(), relative)
		return err
	})
}

// ledger shows the ledger's entries.
func (s *show) ledger(ctx context.Context) error {
	chain, err := s.chain(ctx)
	if err != nil {
		return err
	}
	s.say("The ledger, each entry signed, each naming the hash of the one before:")
	for _, e := range chain.Entries {
		s.line("  %06d  %s  %s of %s  run %s  %d volumes  after %s…", e.Sequence, e.Time.Format(time.RFC3339), e.Type,
			e.Archive.Date, e.Archive.Run, len(e.Archive.Volumes), strings.ToLower(e.Previous[:16]))
	}
	s.line("  head    %v", chain.Head())
	return nil
}
