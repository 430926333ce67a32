package snapshot

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// How an index keeps what was sent to it. Only SourceStored gives a document
// back as it came; the others give one that is made up anew, or a part.
const (
	SourceStored    = "stored"
	SourceSynthetic = "synthetic" // put together from the fields
	SourceDisabled  = "disabled"  // not at all
	SourceFiltered  = "filtered"  // without what the mapping excludes
)

// SourceMode tells how an index keeps its documents' _source. ErrNotFound: no
// such index.
func (c *Cluster) SourceMode(ctx context.Context, index string) (string, error) {
	if err := checkName("index", index); err != nil {
		return "", err
	}
	m, err := c.sourceMapping(ctx, index)
	if err != nil {
		return "", err
	}
	switch {
	case m.Enabled != nil && !*m.Enabled, m.Mode == SourceDisabled:
		return SourceDisabled, nil
	case m.Mode == SourceSynthetic:
		return SourceSynthetic, nil
	case len(m.Includes)+len(m.Excludes) > 0:
		return SourceFiltered, nil
	case m.Mode == SourceStored:
		return SourceStored, nil
	}
	return c.sourceSettings(ctx, index)
}

// sourceMapping is _source in an index's mapping.
type sourceMapping struct {
	Enabled  *bool    `json:"enabled"`
	Mode     string   `json:"mode"` // Elasticsearch 8
	Includes []string `json:"includes"`
	Excludes []string `json:"excludes"`
}

func (c *Cluster) sourceMapping(ctx context.Context, index string) (sourceMapping, error) {
	r := request{
		op:     "look how " + index + " keeps its documents",
		method: http.MethodGet,
		path:   []string{index, "_mapping"},
		query:  url.Values{"filter_path": {"*.mappings._source"}},
	}
	var out map[string]struct {
		Mappings struct {
			Source sourceMapping `json:"_source"`
		} `json:"mappings"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return sourceMapping{}, err
	}
	return out[index].Mappings.Source, nil // absent: all defaults
}

// sourceSettings decides where the mapping leaves it open: Elasticsearch has a
// setting since 8.17, and index modes whose default is synthetic; OpenSearch
// has a setting since 3.2.
func (c *Cluster) sourceSettings(ctx context.Context, index string) (string, error) {
	r := request{
		op:     "look how " + index + " keeps its documents",
		method: http.MethodGet,
		path:   []string{index, "_settings", "index.mode,index.mapping.source.mode,index.derived_source.enabled"},
		query:  url.Values{"flat_settings": {"true"}},
	}
	var out map[string]struct {
		Settings struct {
			IndexMode string `json:"index.mode"`
			Mode      string `json:"index.mapping.source.mode"`
			Derived   string `json:"index.derived_source.enabled"`
		} `json:"settings"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return "", err
	}
	s := out[index].Settings
	switch mode := strings.ToLower(s.Mode); {
	case mode == SourceStored, mode == SourceSynthetic, mode == SourceDisabled:
		return mode, nil
	case s.Derived == "true", s.IndexMode == "logsdb", s.IndexMode == "time_series":
		return SourceSynthetic, nil
	}
	return SourceStored, nil
}
