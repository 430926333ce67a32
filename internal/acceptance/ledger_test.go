package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
)

// goldenIn puts the golden archive into a bucket that keeps versions.
func goldenIn(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, s3: lab.S3(t), stream: "logdata", staging: "not-looked-at", dir: t.TempDir()}
	w.s3.Env(t)
	w.archiveTo(w.s3.BucketVersioned(t, false))
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	w.configure("http://127.0.0.1:9", w.s3.Endpoint, "trusted_signers: ["+keys+"/signer.asc]\n")
	const golden = "../../archive/testdata/golden-1/archive"
	err = filepath.WalkDir(golden, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(golden, path)
		w.put(w.archive, "prod/"+filepath.ToSlash(name), string(body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A ledger entry has one version for ever, whatever lies on top or below.
func TestVerifyNamesALedgerEntryWithAPast(t *testing.T) {
	const key = "prod/ledger/logdata/000004.json.asc"
	for _, c := range []struct {
		name   string
		tamper func(w *world, body string)
		says   string
	}{
		{"written twice, with the same bytes", func(w *world, body string) { w.put(w.archive, key, body) }, "more than one version"},
		{"written over", func(w *world, _ string) { w.put(w.archive, key, "hello\n") }, "more than one version"},
		{"deleted", func(w *world, _ string) { w.remove(w.archive, key) }, "deleted"},
		{"deleted and written again", func(w *world, body string) {
			w.remove(w.archive, key)
			w.put(w.archive, key, body)
		}, ""}, // by either
	} {
		t.Run(c.name, func(t *testing.T) {
			w := goldenIn(t)
			w.must(0, "verify")
			body, err := os.ReadFile("../../archive/testdata/golden-1/archive/ledger/logdata/000004.json.asc")
			if err != nil {
				t.Fatal(err)
			}
			c.tamper(w, string(body))
			r := w.must(6, "verify", "--json")
			var found struct {
				Violations []struct{ Class, Object, Reason string }
			}
			if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
				t.Fatal(err)
			}
			if len(found.Violations) != 1 || found.Violations[0].Class != "ledger-versions" ||
				!strings.HasSuffix(found.Violations[0].Object, "ledger/logdata/000004.json.asc") || !strings.Contains(found.Violations[0].Reason, c.says) {
				t.Errorf("found %+v", found.Violations)
			}
		})
	}
}
