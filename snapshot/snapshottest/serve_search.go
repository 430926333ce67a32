package snapshottest

import (
	"encoding/json"
	"net/http"
	"slices"
)

// searchRequest is what the simulation understands of a search: all documents
// or those with given IDs, in the order of shards and segments. Anything else is
// refused: an answer to another question would be worse than none.
type searchRequest struct {
	From  int  `json:"from"`
	Size  *int `json:"size"`
	Query *struct {
		MatchAll *struct{} `json:"match_all"`
		IDs      *struct {
			Values []string `json:"values"`
		} `json:"ids"`
	} `json:"query"`
	Sort           []string        `json:"sort"` // ["_doc"] or nothing
	TrackTotalHits json.RawMessage `json:"track_total_hits"`
}

type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Score  *float64        `json:"_score"`
	Source json.RawMessage `json:"_source"`
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
		answer["max_score"] = 1.0
	}
	return map[string]any{"took": 0, "timed_out": false, "_shards": searched(found, true), "hits": answer}, nil
}

func (s *searchRequest) hits(found []*index) []hit {
	hits := []hit{}
	one := 1.0
	for _, i := range found {
		for _, d := range i.docs() {
			if s.Query != nil && s.Query.IDs != nil && !slices.Contains(s.Query.IDs.Values, d.ID) {
				continue
			}
			h := hit{Index: i.name, ID: d.ID, Source: d.Source}
			if s.Sort == nil {
				h.Score = &one
			} else {
				h.Sort = []int{len(hits)}
			}
			hits = append(hits, h)
		}
	}
	return hits
}

func (s *searchRequest) parse(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if err := strictly(body, s); err != nil {
		return refuse(http.StatusBadRequest, "parsing_exception", "not simulated: %v", err)
	}
	if s.Sort != nil && !slices.Equal(s.Sort, []string{"_doc"}) {
		return refuse(http.StatusBadRequest, "parsing_exception", "not simulated: sort %v", s.Sort)
	}
	return nil
}
