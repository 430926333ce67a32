// Command day shows one whole day on real servers: it starts OpenSearch and an
// S3 server, makes a day of logs, archives it with the built program, opens the
// archive by hand, and stops everything again. `make day` runs it.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/template"
	"time"

	"archiver/internal/lab"
)

//go:embed archiver.yaml
var configuration string

const documents = 20_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := day(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "make day:", err)
		os.Exit(1)
	}
}

// show is one demonstration and its servers.
type show struct {
	dir    string // everything that it writes
	keys   string // test keys
	search *lab.SearchServer
	s3     *lab.S3Server
	date   string // YYYY-MM-DD: yesterday
}

func day(ctx context.Context) (err error) {
	say("Starting OpenSearch %s and an S3 server on loopback (the first time fetches them, which takes minutes)", lab.OpenSearch36)
	l, err := lab.Open()
	if err != nil {
		return err
	}
	defer func() {
		say("Stopping the servers")
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	s := &show{date: time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)}
	if s.s3, err = l.S3(ctx); err != nil {
		return err
	}
	if s.search, err = l.Search(ctx, lab.OpenSearch36, lab.SearchOptions{}); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("/tmp", "archiver-day-"); err != nil { // gpg's socket wants a short path
		return err
	}
	defer os.RemoveAll(s.dir)
	if s.keys, err = filepath.Abs("testdata/keys"); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.logs, s.configure, s.archive, s.repeat, s.open} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// logs makes a day of logs.
func (s *show) logs(ctx context.Context) error {
	say("Writing %d log lines of %s", documents, s.date)
	var b bytes.Buffer
	for i := range documents {
		fmt.Fprintf(&b, "{\"index\":{}}\n{\"@timestamp\":\"%sT%02d:%02d:%02dZ\",\"level\":\"INFO\",\"message\":\"request %d took %d ms\"}\n",
			s.date, i/3600%24, i/60%60, i%60, i, i*31%977)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.search.URL+"/"+s.index()+"/_bulk?refresh=true", &b)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("bulk: %s: %s", res.Status, text)
	}
	return nil
}

func (s *show) index() string { return "logdata-" + s.date[8:10] + s.date[5:7] + s.date[:4] }

// configure makes the buckets and writes the configuration.
func (s *show) configure(ctx context.Context) error {
	for _, bucket := range []string{"logs-staging", "logs-archive"} {
		if err := s.s3.CreateBucket(ctx, bucket, lab.BucketOptions{}); err != nil {
			return err
		}
	}
	t, err := template.New("archiver.yaml").Parse(configuration)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]string{"Cluster": s.search.URL, "S3": s.s3.Endpoint, "Region": lab.Region, "Keys": s.keys}); err != nil {
		return err
	}
	say("archiver.yaml:\n%s", b.String())
	return os.WriteFile(filepath.Join(s.dir, "archiver.yaml"), b.Bytes(), 0o600)
}

func (s *show) archive(ctx context.Context) error {
	say("$ archiver run --date %s", s.date)
	return s.archiver(ctx)
}

func (s *show) repeat(ctx context.Context) error {
	say("$ archiver run --date %s        (once more: it is safe to repeat)", s.date)
	return s.archiver(ctx)
}

func (s *show) archiver(ctx context.Context) error {
	program, err := filepath.Abs("bin/archiver")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "run", "--date", s.date)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.s3.AccessKey, "AWS_SECRET_ACCESS_KEY="+s.s3.SecretKey)
	return s.run(cmd)
}

// open opens the archive with what lies beside it in the bucket, as someone
// would who has never heard of this program.
func (s *show) open(ctx context.Context) error {
	root := filepath.Join(s.s3.Dir, "logs-archive", "prod")
	signer, private := filepath.Join(s.keys, "signer.asc"), filepath.Join(s.keys, "ops-private.asc")
	env := append(os.Environ(), "GNUPGHOME="+filepath.Join(s.dir, "gnupg"))
	if err := os.Mkdir(filepath.Join(s.dir, "gnupg"), 0o700); err != nil {
		return err
	}
	defer func() {
		kill := exec.Command("gpgconf", "--kill", "all")
		kill.Env = env
		_ = kill.Run() // best effort: gpg ends by itself when its home is gone
	}()
	load := exec.CommandContext(ctx, "gpg", "--batch", "--quiet", "--import", private)
	load.Env = env
	if err := s.run(load); err != nil {
		return err
	}
	say("The bucket, copied to a folder, opens with gpg, tar and sha256sum alone:\n$ sh open.sh -s signer.asc -o opened BUCKET logdata %s", s.date)
	cmd := exec.CommandContext(ctx, "sh", filepath.Join(root, "open.sh"), "-s", signer, "-o", filepath.Join(s.dir, "opened"), root, "logdata", s.date)
	cmd.Env = env
	return s.run(cmd)
}

func (s *show) run(cmd *exec.Cmd) error {
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, os.Stdout, os.Stderr
	return cmd.Run()
}

func say(format string, args ...any) { fmt.Printf("\n"+format+"\n", args...) }
