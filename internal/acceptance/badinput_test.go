package acceptance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// badRow is one kind of bad input: what is wrong, what the program must say of
// it, and how it is mended.
type badRow struct {
	args []string // in place of a run of the day
	do   func(b *bench)
	code int
	says []string
	mend func(b *bench)
}

// try makes it bad, wants the message and nothing sealed, mends it, and wants the
// day sealed.
func (row badRow) try(t *testing.T, b *bench) {
	t.Helper()
	if row.do != nil {
		row.do(b)
	}
	args := []string{"run", "--date", badDay, "--set", "snapshot.retries=0", "--set", "snapshot.timeout=5s"}
	if row.args != nil {
		args = row.args
	}
	r := b.run(args...)
	if r.code != row.code {
		t.Errorf("exit code %d, want %d", r.code, row.code)
	}
	wantWords(t, r, row.says...)
	b.wantNothingSealed(t)
	b.answer(nil)
	if row.mend != nil {
		row.mend(b)
	}
	b.wantSealed(t)
}

func set(pairs ...string) []string {
	args := []string{"run", "--date", badDay}
	for _, p := range pairs {
		args = append(args, "--set", p)
	}
	return args
}

func TestBadDatesAndPatternsAreExplained(t *testing.T) {
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for name, row := range map[string]badRow{
		"a day of the future":            {args: []string{"run", "--date", tomorrow}, code: 2, says: []string{"--date", tomorrow, "not over yet", "from"}},
		"a month that is none":           {args: []string{"run", "--date", "2026-13-01"}, code: 2, says: []string{"2026-13-01", "months are 01 to 12"}},
		"a day that is none":             {args: []string{"run", "--date", "2026-02-30"}, code: 2, says: []string{"2026-02-30", "01 to 28"}},
		"a date in another form":         {args: []string{"run", "--date", "20.11.2026"}, code: 2, says: []string{"20.11.2026", "YYYY-MM-DD"}},
		"a pattern without a date":       {args: set("indices=logdata-*"), code: 2, says: []string{"indices", "other days", "{DDMMYYYY}"}},
		"a pattern without a day":        {args: set("indices=logdata-{YYYY}.{MM}"), code: 2, says: []string{"indices", "no day", "other days"}},
		"a star before the date":         {args: set("indices=log*-{DDMMYYYY}"), code: 2, says: []string{"indices", "before the date"}},
		"a star that touches the date":   {args: set("indices=logdata-{DDMMYYYY}*"), code: 2, says: []string{"indices", "separator"}},
		"a token that is none":           {args: set("indices=logdata-{DAY}"), code: 2, says: []string{"{DAY}", "{DDMMYYYY}"}},
		"a day without an index":         {args: []string{"run", "--date", "2026-10-01"}, code: 3, says: []string{"logdata-01102026", "indices"}},
		"a stream with odd characters":   {args: set("stream=Log Daten/ä"), code: 2, says: []string{"stream", "Log Daten/ä"}},
		"an index with odd characters":   {args: set("indices=log,data#{DDMMYYYY}"), code: 2, says: []string{"indices", "cannot stand in an index name"}},
		"a repository of odd characters": {args: set("staging.repository=a/b c"), code: 2, says: []string{"staging.repository"}},
	} {
		t.Run(name, func(t *testing.T) { row.try(t, newBench(t)) })
	}
}

func TestBadConfigurationIsExplained(t *testing.T) {
	keys := testKeys(t)
	appended := func(text string) func(*bench) {
		return func(b *bench) {
			path := filepath.Join(b.dir, "archiver.yaml")
			old, err := os.ReadFile(path)
			if err != nil {
				b.t.Fatal(err)
			}
			b.text(string(old) + text)
		}
	}
	good := func(b *bench) { b.write() }
	for name, row := range map[string]badRow{
		"an unknown key":             {do: appended("snapshots:\n  retries: 1\n"), mend: good, code: 2, says: []string{"archiver.yaml", "snapshots", "snapshot"}},
		"a duplicate key":            {do: appended("stream: other\n"), mend: good, code: 2, says: []string{"archiver.yaml", "stream", "line"}},
		"no YAML":                    {do: appended("\t- {\n"), mend: good, code: 2, says: []string{"archiver.yaml:13", "not valid YAML", "#configuration-and-command-line"}},
		"a value of another kind":    {args: set("snapshot.timeout=soon"), code: 2, says: []string{"snapshot.timeout", "soon"}},
		"a user without a password":  {args: set("cluster.auth=basic", "cluster.username=x"), code: 2, says: []string{"cluster.password"}},
		"staging inside the archive": {args: set("archive.url=file:///srv/a", "staging.url=file:///srv/a/b"), code: 2, says: []string{"archive.url", "staging.url", "alone"}},
		"retention in a directory":   {args: set("archive.retention.mode=compliance"), code: 2, says: []string{"archive.retention.mode", "Object Lock"}},
		"a file that is not there":   {args: []string{"run", "--config", "none.yaml"}, code: 2, says: []string{"none.yaml", "archiver init"}},

		"a private key as recipient":     {args: set("encryption.recipients=" + keys + "/ops-private.asc"), code: 2, says: []string{"ops-private.asc", "private key", "public"}},
		"an expired recipient":           {args: set("encryption.recipients=" + keys + "/ops.asc," + keys + "/expired.asc"), code: 2, says: []string{"expired.asc", "is expired", "renew", "#a-key-that-cannot-be-used"}},
		"a revoked recipient":            {args: set("encryption.recipients=" + keys + "/ops.asc," + keys + "/revoked.asc"), code: 2, says: []string{"revoked.asc", "is revoked"}},
		"a recipient that can only sign": {args: set("encryption.recipients=" + keys + "/sign-only.asc"), code: 2, says: []string{"sign-only.asc", "cannot encrypt"}},
		"the same recipient twice":       {args: set("encryption.recipients=" + keys + "/ops.asc," + keys + "/ops.asc"), code: 2, says: []string{"ops.asc", "already"}},
		"a recipient that is not there":  {args: set("encryption.recipients=none.asc"), code: 2, says: []string{"none.asc"}},
		"no key at all":                  {args: set("encryption.recipients=archiver.yaml"), code: 2, says: []string{"archiver.yaml"}},
		"a signing key that is locked":   {args: set("signing.key_file=" + keys + "/signer-passphrase-private.asc"), code: 2, says: []string{"passphrase"}},
		"a public key that should sign":  {args: set("signing.key_file=" + keys + "/signer.asc"), code: 2, says: []string{"private half"}},
		"a folder that is not there":     {args: set("archive.url=file:///none/vault"), code: 2, says: []string{"/none/vault", "mounted", "#the-file-system"}},
	} {
		t.Run(name, func(t *testing.T) { row.try(t, newBench(t)) })
	}
}

func TestIndicesAndSnapshotsThatAreNotWholeAreExplained(t *testing.T) {
	index := "logdata-20112026"
	must := func(b *bench, err error) {
		if err != nil {
			b.t.Fatal(err)
		}
	}
	again := func(b *bench) { b.day() }
	const repo = "/_snapshot/archiver-logdata"
	// meanwhile sends a request of someone else at the first look at a running
	// snapshot.
	meanwhile := func(b *bench, method string, paths ...string) {
		var done atomic.Bool
		b.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/_status") && done.CompareAndSwap(false, true) {
				for _, path := range paths {
					b.send(method, path, "")
				}
			}
			return false
		})
	}
	for name, row := range map[string]badRow{
		"a closed index": {do: func(b *bench) { must(b, b.cluster.CloseIndex(index)) }, mend: again, code: 2, says: []string{"resolve of " + badDay, index, "is closed", "POST " + index + "/_open"}},
		"a red index":    {do: func(b *bench) { must(b, b.cluster.UnassignShard(index, 0)) }, mend: again, code: 1, says: []string{"resolve of " + badDay, index, "is red", "allocation/explain"}},
		"a PARTIAL snapshot": {do: func(b *bench) { must(b, b.cluster.BreakShard(index, 0)) }, mend: again, code: 1,
			says: []string{"snapshot of " + badDay, "PARTIAL", "the failed snapshot was deleted"}},
		"a FAILED snapshot": {do: func(b *bench) { b.cluster.FailSnapshot("the moon is in the wrong house") }, code: 1,
			says: []string{"snapshot of " + badDay, "FAILED", "the moon"}},
		"a repository deleted while we poll": {do: func(b *bench) { meanwhile(b, "DELETE", repo+"/*", repo) }, code: 1, says: []string{"snapshot of " + badDay, "archiver-logdata"}},
	} {
		t.Run(name, func(t *testing.T) { row.try(t, newBench(t)) })
	}
	t.Run("a snapshot deleted while we poll is taken again", func(t *testing.T) {
		b := newBench(t)
		meanwhile(b, "DELETE", repo+"/*")
		b.wantSealed(t)
	})
}
