package snapshottest

import (
	"fmt"
	"strings"
)

// cleanup removes what no snapshot refers to and counts it.
func (c *Cluster) cleanup(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	if r.readonly() {
		return nil, repositoryFault(r.name, "cannot run cleanup on readonly repository")
	}
	if err := c.idle(r); err != nil {
		return nil, err
	}
	now, err := r.load()
	if err != nil {
		return nil, err
	}
	keys, err := r.stale(now)
	if err != nil {
		return nil, repositoryFault(r.name, "could not list the repository: %v", err)
	}
	var bytes int
	if len(keys) > 0 {
		// The new generation tells other clusters that something changed.
		if err := r.replace(now); err != nil {
			return nil, err
		}
		r.point()
		r.forget()
	}
	for _, key := range keys {
		if blob, err := r.blobs.Get(key); err == nil {
			bytes += len(blob)
		}
		r.discard(key)
	}
	return map[string]any{"results": map[string]any{"deleted_bytes": bytes, "deleted_blobs": len(keys)}}, nil
}

// idle refuses a cleanup while any repository of the cluster is worked on.
func (c *Cluster) idle(r *repository) error {
	var running, deleting []string
	for _, name := range sortedKeys(c.repositories) {
		for _, w := range c.repositories[name].queue {
			if w.taking != nil {
				running = append(running, w.taking.info.Name)
			} else {
				deleting = append(deleting, fmt.Sprintf("[%s]%v", name, w.deletion.names))
			}
		}
	}
	if running != nil {
		return illegalState("Cannot cleanup [%s] - a snapshot is currently running in [SnapshotsInProgress[%s]]", r.name, strings.Join(running, ","))
	}
	if deleting != nil {
		return illegalState("Cannot cleanup [%s] - a snapshot is currently being deleted in [SnapshotDeletionsInProgress[%s]]", r.name, strings.Join(deleting, ","))
	}
	return nil
}
