package acceptance

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestTwoGiBTakeNeitherMemoryNorDisk archives a large day under the default
// budget of 256 MiB, and brings it back.
func TestTwoGiBTakeNeitherMemoryNorDisk(t *testing.T) {
	const date, documents = "2026-11-20", 8800
	w := newWorld(t, "large")
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	w.largeDay(date, documents)

	w.measured("run", "--date", date)
	w.wantEmpty()
	size := w.bytes(w.archive, "prod/archives/")
	if size < 2<<30 {
		t.Fatalf("the archive has only %d MiB", size>>20)
	}
	w.ok("DELETE", "/"+w.index(date), nil)
	w.measured("restore", "--date", date)
	w.wantNoScratch()
	if n := w.ok("GET", "/"+w.index(date)+"/_count", nil)["count"]; n != float64(documents) {
		t.Errorf("%v documents came back", n)
	}
}

// measured runs the program, and wants it to keep the memory budget and the local
// disk untouched.
func (w *world) measured(args ...string) {
	w.t.Helper()
	cmd := w.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	written := watch(cmd.Process.Pid, "io", "write_bytes: %d")
	// Not the rusage's maximum: that one has the peak of the process that forked,
	// this test, in it (exec_mmap in Linux).
	resident := watch(cmd.Process.Pid, "status", "VmHWM: %d kB")
	if err := cmd.Wait(); err != nil {
		w.t.Fatalf("%v\n%s", err, stderr.String())
	}
	peak := resident() >> 10
	if peak == 0 || peak >= 256 {
		w.t.Errorf("%s: peak resident memory %d MiB, the budget is 256 MiB", args[0], peak)
	}
	// The kernel counts an access time that it updates as a page written.
	if n := written(); n > 64<<10 {
		w.t.Errorf("%s: %d bytes were written to local disk", args[0], n)
	}
	w.t.Logf("%s: peak resident memory %d MiB, %v CPU, disk writes %d bytes", args[0], peak, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), written())
}

// watch follows a number that only grows in a file of proc(5) about a process:
// the bytes it has caused to be written to storage, its peak resident memory.
func watch(pid int, file, format string) func() int64 {
	var last atomic.Int64
	go func() {
		for {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil {
				return
			}
			for line := range strings.Lines(string(text)) {
				var n int64
				if _, err := fmt.Sscanf(line, format, &n); err == nil && n > last.Load() {
					last.Store(n)
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return last.Load
}

// largeDocument is the size of one of its documents, in bytes.
const largeDocument = 256 << 10

// largeDay makes documents that cannot be compressed well.
func (w *world) largeDay(date string, documents int) {
	w.t.Helper()
	w.ok("PUT", "/"+w.index(date), map[string]any{
		"settings": map[string]any{"number_of_shards": 2, "number_of_replicas": 0, "refresh_interval": "-1", "translog.durability": "async"},
		"mappings": map[string]any{"dynamic": false},
	})
	const batch = 20 // the server's heap is small
	raw := make([]byte, largeDocument*3/4)
	for from := 0; from < documents; from += batch {
		var b bytes.Buffer
		for i := from; i < min(documents, from+batch); i++ {
			_, _ = rand.Read(raw)
			fmt.Fprintf(&b, "{\"index\":{\"_id\":\"%d\"}}\n{\"d\":\"%s\"}\n", i, base64.StdEncoding.EncodeToString(raw))
		}
		w.bulk("/"+w.index(date)+"/_bulk", b.Bytes())
	}
	w.ok("POST", "/"+w.index(date)+"/_refresh", nil)
}

// bulk sends documents, again when the server has no memory for them just now.
func (w *world) bulk(path string, body []byte) {
	w.t.Helper()
	for range 60 {
		status, answer := w.call("POST", path, body)
		if status == 200 && answer["errors"] == false {
			return
		}
		if status != 429 && status != 200 {
			w.t.Fatalf("bulk: %d %v", status, answer)
		}
		time.Sleep(time.Second)
	}
	w.t.Fatal("bulk: the server stays busy")
}

// bytes adds up the objects below a prefix.
func (w *world) bytes(bucket, prefix string) (sum int64) {
	w.t.Helper()
	for _, key := range w.keys(bucket, prefix) {
		info, err := os.Stat(filepath.Join(w.s3.Dir, bucket, key))
		if err != nil {
			w.t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}
