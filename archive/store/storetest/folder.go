package storetest

import (
	"os"
	"testing"
)

// Folder is an empty folder in memory, where there is one: thousands of fsyncs on
// a disk would tell nothing more.
func Folder(t testing.TB) string {
	t.Helper()
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	d, err := os.MkdirTemp(memory, "archiver-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d) })
	return d
}
