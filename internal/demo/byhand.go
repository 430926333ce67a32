package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"text/template"

	"archiver/archive"
	"archiver/internal/job"
)

//go:embed byhand.sh.tmpl
var commandsTemplate string

// block is some commands and what they are for.
type block struct {
	why      string
	commands string // lines for sh
}

// sealedDay is what the commands need to know of one day.
type sealedDay struct {
	Stream, Date string
	Entry        string // key of the ledger entry
	Previous     string // key of the one before; "" for the first
	Volumes      []archive.Volume
}

// byHand prints how to open both days without this program, and does it where
// the folder is about to go.
func (s *show) byHand(ctx context.Context) error {
	s.head("Opening both days by hand, without this program")
	blocks, err := s.blocks(ctx)
	if err != nil {
		return err
	}
	missing := missingTools()
	try := s.Keep == "" && len(missing) == 0
	if try {
		s.say("Each of these is run as printed, by sh.")
	}
	for _, b := range blocks {
		s.say("%s\n", b.why)
		s.line("    %s", strings.ReplaceAll(strings.TrimSpace(b.commands), "\n", "\n    "))
		if !try {
			continue
		}
		s.line("")
		if err := s.sh(ctx, b.commands); err != nil {
			return fmt.Errorf("opening by hand: %w", err)
		}
	}
	s.farewell(missing)
	return nil
}

func (s *show) farewell(missing []string) {
	s.head("Done: two days archived, one of them over a death, and everything checked")
	if len(missing) > 0 {
		s.line("The commands above need what is not installed here: %s.", strings.Join(missing, ", "))
	}
	if s.Keep == "" {
		s.line("%s is removed now. To keep it and paste the commands:\n\n  archiver demo --keep DIR", s.folder)
		return
	}
	s.line("Everything stays in %s; paste the commands above into a shell.", s.folder)
}

func (s *show) blocks(ctx context.Context) ([]block, error) {
	chain, err := s.chain(ctx)
	if err != nil {
		return nil, err
	}
	var days []sealedDay
	for i, e := range chain.Entries {
		d := sealedDay{Stream: stream, Date: e.Archive.Date, Entry: archive.LedgerKey(stream, e.Sequence), Volumes: e.Archive.Volumes}
		if i > 0 {
			d.Previous = archive.LedgerKey(stream, e.Sequence-1)
		}
		days = append(days, d)
	}
	t, err := template.New("").Parse(commandsTemplate)
	if err != nil {
		return nil, err
	}
	var blocks []block
	add := func(why, name string, data any) {
		var b strings.Builder
		if e := t.ExecuteTemplate(&b, name, data); e != nil && err == nil {
			err = e
		}
		blocks = append(blocks, block{why, b.String()})
	}
	add("A gpg home of its own, with the private key of operations:", "home",
		map[string]string{"Folder": quote(string(s.folder)), "Home": quote(s.folder.gnupg())})
	add("By the script that lies with the archives. It checks the whole ledger, up to the\nhead that was reported, and then the day:", "script",
		map[string]any{"Head": chain.Head(), "Days": days})
	for _, d := range days {
		add(d.Date+" step by step: the signed entry, the volumes that it names, the manifests\nin them, and that there is nothing else:", "day", d)
	}
	add("And gpg's agent may go:", "end", nil)
	return blocks, err
}

// missingTools are those of the commands' programs that are not installed.
func missingTools() (missing []string) {
	for _, name := range []string{"sh", "gpg", "gpg-agent", "gpgv", "tar", "sha256sum", "jq"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// sh runs a block as if it were pasted after the first one.
func (s *show) sh(ctx context.Context, commands string) error {
	cmd := exec.CommandContext(ctx, "sh", "-e", "-u")
	cmd.Dir = string(s.folder)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+s.folder.gnupg())
	cmd.Stdin = strings.NewReader(commands)
	cmd.Stdout, cmd.Stderr = s.Out, s.Err
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() {
		return fmt.Errorf("%w: %w", job.ErrInterrupted, err) // a terminal's interrupt reaches both
	}
	return err
}

// quote makes one word of a path, for sh.
func quote(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
