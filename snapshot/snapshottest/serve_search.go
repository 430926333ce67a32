package snapshottest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
)

// searchRequest is what the simulation understands of a search: all documents
// or those with given IDs, in the order of shards and segments, or by chance.
// Anything else is refused: an answer to another question would be worse than
// none.
type searchRequest struct {
	From           int             `json:"from"`
	Size           *int            `json:"size"`
	Source         *bool           `json:"_source"`
	Query          *query          `json:"query"`
	Sort           []string        `json:"sort"` // ["_doc"] or nothing
	TrackTotalHits json.RawMessage `json:"track_total_hits"`
}

type query struct {
	MatchAll *struct{} `json:"match_all"`
	IDs      *struct {
		Values []string `json:"values"`
	} `json:"ids"`
	Chance *struct {
		Query  *query `json:"query"`
		Random *struct {
			Seed  int64  `json:"seed"`
			Field string `json:"field"`
		} `json:"random_score"`
		Mode string `json:"boost_mode"`
	} `json:"function_score"`
}

// inner is the query whose hits are given.
func (q *query) inner() *query {
	if q != nil && q.Chance != nil {
		return q.Chance.Query.inner()
	}
	return q
}

type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Score  *float64        `json:"_score"`
	Source json.RawMessage `json:"_source,omitempty"`
	Sort   []int           `json:"sort,omitempty"`
}

func (c *Cluster) search(q *call) (any, error) {
	found, err := c.open(q)
	if err != nil {
		return nil, err
	}
	var s searchRequest
	if err := s.parse(q.body); err != nil {
		return nil, err
	}
	hits := s.hits(found)
	total := len(hits)
	hits = hits[min(max(s.From, 0), total):]
	size := 10 // the servers' default
	if s.Size != nil {
		size = *s.Size
	}
	hits = hits[:min(max(size, 0), len(hits))]
	answer := map[string]any{
		"total":     map[string]any{"value": total, "relation": "eq"},
		"max_score": nil,
		"hits":      hits,
	}
	if s.Sort == nil && len(hits) > 0 {
		answer["max_score"] = hits[0].Score
	}
	return map[string]any{"took": 0, "timed_out": false, "_shards": searched(found, true), "hits": answer}, nil
}

func (s *searchRequest) hits(found []*index) []hit {
	hits := []hit{}
	which := s.Query.inner()
	for _, i := range found {
		for _, d := range i.docs() {
			if which != nil && which.IDs != nil && !slices.Contains(which.IDs.Values, d.ID) {
				continue
			}
			h := hit{Index: i.name, ID: d.ID, Source: d.Source}
			if s.Source != nil && !*s.Source {
				h.Source = nil
			}
			if s.Sort == nil {
				score := s.Query.score(i.name, d.ID)
				h.Score = &score
			} else {
				h.Sort = []int{len(hits)}
			}
			hits = append(hits, h)
		}
	}
	if s.Sort == nil {
		slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(*b.Score, *a.Score) })
	}
	return hits
}

// score is a number that looks like chance and is the same for the same seed.
func (q *query) score(index, id string) float64 {
	if q == nil || q.Chance == nil {
		return 1
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%d/%s/%s", q.Chance.Random.Seed, index, id)
	return float64(h.Sum32()>>8) / (1 << 24)
}

func (s *searchRequest) parse(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if err := strictly(body, s); err != nil {
		return refuse(http.StatusBadRequest, "parsing_exception", "not simulated: %v", err)
	}
	if q := s.Query; q != nil && q.Chance != nil && (q.Chance.Random == nil || q.Chance.Random.Field != "_seq_no" || q.Chance.Mode != "replace") {
		return refuse(http.StatusBadRequest, "parsing_exception", "not simulated: another score than chance by _seq_no")
	}
	if s.Sort != nil && !slices.Equal(s.Sort, []string{"_doc"}) {
		return refuse(http.StatusBadRequest, "parsing_exception", "not simulated: sort %v", s.Sort)
	}
	return nil
}
