package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
)

// Repositories reads all registrations, by name. They are as Repository gives
// them.
func (c *Cluster) Repositories(ctx context.Context) (map[string]Repository, error) {
	r := request{op: "list repositories", method: http.MethodGet, path: []string{"_snapshot"}}
	var raw json.RawMessage
	if err := c.read(ctx, r, &raw); err != nil {
		return nil, err
	}
	all, err := decodeRepositories(raw)
	if err != nil {
		return nil, c.gibberish(r, answer{status: http.StatusOK}, err)
	}
	return all, nil
}

// decodeRepositories keeps numbers as they are written: 1e9 must not become
// 1000000000.
func decodeRepositories(raw []byte) (map[string]Repository, error) {
	var out map[string]struct {
		Type     string         `json:"type"`
		Settings map[string]any `json:"settings"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, err
	}
	all := map[string]Repository{}
	for name, is := range out {
		r := Repository{Type: is.Type, Settings: map[string]string{}}
		flatten("", is.Settings, r.Settings)
		all[name] = r
	}
	return all, nil
}
