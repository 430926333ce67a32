package snapshottest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// repository is a registration, what the cluster remembers of the files, and
// what is going on in it.
type repository struct {
	name     string
	typ      string
	settings map[string]string
	place    Place
	blobs    Blobs
	hashed   bool // shards of new indices lie outside the base path

	root       *root // nil: not looked for since the registration
	generation int64 // of root
	disabled   bool
	queue      []*work // the first one advances, the others wait
}

func (r *repository) readonly() bool { return r.settings["readonly"] == "true" }

func (r *repository) compress() bool { return r.settings["compress"] == "true" }

// hashesPaths says whether the shards of new indices lie outside the base path,
// which OpenSearch 3.1 to 3.6 do unless told otherwise.
func (c *Cluster) hashesPaths(settings map[string]string) bool {
	if c.o.Distribution != "opensearch" {
		return false
	}
	switch settings["shard_path_type"] {
	case "fixed":
		return false
	case "":
		n := versionNumber(c.o.Version)
		return n >= 3_01_00 && n < 3_07_00
	}
	return true
}

// partSize is the setting chunk_size in bytes: longer files become several
// blobs.
func (r *repository) partSize() (int64, error) {
	size := strings.ToLower(r.settings["chunk_size"])
	if size == "" {
		return math.MaxInt64, nil
	}
	shift := 0
	for n, unit := range []string{"kb", "mb", "gb"} {
		if digits, ok := strings.CutSuffix(size, unit); ok {
			size, shift = digits, 10*(n+1)
		}
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(size, "b"), 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("failed to parse setting [chunk_size] with value [%s] as a size in bytes", r.settings["chunk_size"])
	}
	return n << shift, nil
}

// verify writes and removes a file, as each of the nodes would.
func (r *repository) verify(seed string) error {
	if r.readonly() {
		return nil
	}
	key := r.place.key("tests-" + seed + "/master.dat")
	err := r.blobs.Put(key, []byte(seed))
	if err == nil {
		err = r.blobs.Delete(key)
	}
	if err != nil {
		fault := refuse(500, "repository_verification_exception", "[%s] path [%s] is not accessible on cluster-manager node", r.name, strings.TrimSuffix(r.place.Base, "/"))
		fault.cause = &refusal{typ: "i_o_exception", reason: err.Error()}
		return fault
	}
	return nil
}

// discard removes a blob that nothing refers to. What cannot be removed stays:
// clusters only log that.
func (r *repository) discard(key string) { _ = r.blobs.Delete(key) }

// step advances the first work of the queue by one step.
func (r *repository) step() {
	if r.queue[0].step() {
		r.queue = r.queue[1:]
	}
}

// finish does everything up to the end of w.
func (r *repository) finish(w *work) {
	for len(r.queue) > 0 {
		first := r.queue[0]
		r.step()
		if first == w && w.ended() {
			return
		}
	}
}

// running are the snapshots being taken, in the order of their requests.
func (r *repository) running() []*taking {
	var all []*taking
	for _, w := range r.queue {
		if w.taking != nil {
			all = append(all, w.taking)
		}
	}
	return all
}
