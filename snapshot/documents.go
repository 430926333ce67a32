package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Document is a document as the index keeps it.
type Document struct {
	ID     string
	Source json.RawMessage // as it was sent, where SourceMode is SourceStored
}

const (
	// maxDocuments bounds an answer with documents, in bytes. A document may be
	// as large as a request, 100 MB; one that is larger than this cannot be had.
	maxDocuments = 16 << 20
	// maxHits is how many hits a server gives at once unless an index says
	// otherwise (index.max_result_window).
	maxHits = 10_000
)

// ErrTooLarge: more than this program takes at once.
var ErrTooLarge = errors.New("too large")

// Sample gives n documents of an index, chosen by chance; all of them where
// there are fewer. The seed makes the choice: of an index that nobody writes
// to, equal seeds give equal documents. It holds what it gives in memory, and
// is ErrTooLarge if that is more than 16 MiB; SampleIDs and Documents do the
// same in steps.
func (c *Cluster) Sample(ctx context.Context, index string, n int, seed int64) ([]Document, error) {
	ids, err := c.SampleIDs(ctx, index, n, seed)
	if err != nil {
		return nil, err
	}
	return c.Documents(ctx, index, ids)
}

// SampleIDs is Sample without the documents: their IDs alone, up to 10,000.
func (c *Cluster) SampleIDs(ctx context.Context, index string, n int, seed int64) ([]string, error) {
	if n < 0 || n > maxHits {
		return nil, fmt.Errorf("sample %s: %d documents are not 0 to %d", index, n, maxHits)
	}
	if n == 0 {
		return nil, nil
	}
	hits, _, err := c.search(ctx, "sample documents of "+index, index, map[string]any{
		"size":    n,
		"_source": false,
		"query": map[string]any{"function_score": map[string]any{
			"query":        map[string]any{"match_all": map[string]any{}},
			"random_score": map[string]any{"seed": seed, "field": "_seq_no"},
			"boost_mode":   "replace",
		}},
	})
	var ids []string
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	return ids, err
}

// Documents gives the documents of these IDs, in no order. It searches for
// them, since only a search finds a document without its routing, and where
// several have one ID it gives all of them. IDs without a document are left
// out. What it gives is held in memory: ErrTooLarge if it is more than 16 MiB.
func (c *Cluster) Documents(ctx context.Context, index string, ids []string) ([]Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	op := fmt.Sprintf("read %d documents of %s", len(ids), index)
	size := min(2*len(ids), maxHits)
	for {
		hits, total, err := c.search(ctx, op, index, map[string]any{
			"size":             size,
			"track_total_hits": true,
			"query":            map[string]any{"ids": map[string]any{"values": ids}},
		})
		switch {
		case err != nil:
			return nil, err
		case total > maxHits:
			return nil, fmt.Errorf("%s: %w: there are %d of these IDs", op, ErrTooLarge, total)
		case total > size:
			size = total
			continue
		}
		var all []Document
		for _, h := range hits {
			all = append(all, Document(h))
		}
		return all, nil
	}
}

type searchHit struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"` // absent if it is not kept
}

// search gives the hits and how many there are, where that was asked for. An
// answer of some of the shards is an error.
func (c *Cluster) search(ctx context.Context, op, index string, body map[string]any) ([]searchHit, int, error) {
	if err := checkName("index", index); err != nil {
		return nil, 0, err
	}
	r := request{op: op, method: http.MethodPost, path: []string{index, "_search"}, body: body, most: maxDocuments}
	var out struct {
		TimedOut bool `json:"timed_out"`
		Shards   struct {
			Total      int `json:"total"`
			Successful int `json:"successful"`
		} `json:"_shards"`
		Hits *struct {
			Total struct {
				Value int `json:"value"`
			} `json:"total"`
			Hits []searchHit `json:"hits"`
		} `json:"hits"`
	}
	err := c.read(ctx, r, &out)
	switch {
	case err != nil:
		return nil, 0, err
	case out.Hits == nil:
		return nil, 0, c.gibberish(r, answer{status: http.StatusOK}, errors.New("no hits in it"))
	case out.TimedOut || out.Shards.Successful != out.Shards.Total:
		return nil, 0, fmt.Errorf("%s: only %d of %d shards answered", op, out.Shards.Successful, out.Shards.Total)
	}
	return out.Hits.Hits, out.Hits.Total.Value, nil
}
