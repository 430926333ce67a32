package snapshot

import (
	"context"
	"fmt"
	"net/http"
)

// DeleteIndex deletes one index, by its exact name. An alias or data stream of
// that name is refused by the cluster. The errors to decide on are ErrNotFound,
// ErrBusy (it is being taken into a snapshot) and ErrAmbiguous.
func (c *Cluster) DeleteIndex(ctx context.Context, name string) error {
	if err := checkName("index", name); err != nil {
		return err
	}
	return c.change(ctx, request{op: "delete index " + name, method: http.MethodDelete, path: []string{name}})
}

// Refresh makes all that was written to an index visible to searches and
// counts. It may be repeated without harm, and is. ErrNotFound: no such index.
func (c *Cluster) Refresh(ctx context.Context, index string) error {
	if err := checkName("index", index); err != nil {
		return err
	}
	var out struct {
		Shards struct {
			Failed int `json:"failed"`
		} `json:"_shards"`
	}
	r := request{op: "refresh index " + index, method: http.MethodPost, path: []string{index, "_refresh"}}
	if err := c.read(ctx, r, &out); err != nil {
		return err
	}
	if out.Shards.Failed > 0 {
		return fmt.Errorf("%s: %d shards failed", r.op, out.Shards.Failed)
	}
	return nil
}
