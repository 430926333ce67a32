package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/opensearch-project/opensearch-go/v4"
)

// The distributions, as Info names them.
const (
	OpenSearch    = "opensearch"
	Elasticsearch = "elasticsearch"
)

// Info is what a cluster says of itself.
type Info struct {
	Name         string // of the cluster
	UUID         string // of the cluster
	Distribution string // OpenSearch or Elasticsearch
	Version      string // such as 3.6.0
}

// Info asks the cluster who it is. Where the plain question is not allowed (405:
// a server without that module, a closed front) it asks elsewhere.
func (c *Cluster) Info(ctx context.Context) (Info, error) {
	var out struct {
		ClusterName string `json:"cluster_name"`
		ClusterUUID string `json:"cluster_uuid"`
		Version     struct {
			Distribution string `json:"distribution"`
			Number       string `json:"number"`
		} `json:"version"`
	}
	r := request{op: "ask the cluster for its version", method: http.MethodGet}
	if err := c.read(ctx, r, &out); err != nil {
		var e *Error
		if errors.As(err, &e) && e.Status == http.StatusMethodNotAllowed {
			return c.infoOfNode(ctx)
		}
		return Info{}, err
	}
	if out.Version.Number == "" || out.ClusterUUID == "" {
		return Info{}, c.gibberish(r, answer{status: http.StatusOK}, errors.New("no version and cluster_uuid in it"))
	}
	return Info{
		Name:         out.ClusterName,
		UUID:         out.ClusterUUID,
		Distribution: firstOf(out.Version.Distribution, Elasticsearch), // which does not name itself
		Version:      out.Version.Number,
	}, nil
}

// infoOfNode puts Info together from the node that answers and the cluster's
// state. Only Elasticsearch's nodes have a build_flavor.
func (c *Cluster) infoOfNode(ctx context.Context) (Info, error) {
	ask := request{
		op:     "ask a node for its version",
		method: http.MethodGet,
		path:   []string{"_nodes", "_local"},
		query:  url.Values{"filter_path": {"cluster_name,nodes.*.version,nodes.*.build_flavor"}},
	}
	var local struct {
		ClusterName string `json:"cluster_name"`
		Nodes       map[string]struct {
			Version string `json:"version"`
			Flavor  string `json:"build_flavor"`
		} `json:"nodes"`
	}
	if err := c.read(ctx, ask, &local); err != nil {
		return Info{}, err
	}
	i := Info{Name: local.ClusterName}
	for _, n := range local.Nodes {
		i.Version, i.Distribution = n.Version, OpenSearch
		if n.Flavor != "" {
			i.Distribution = Elasticsearch
		}
	}
	var err error
	if i.UUID, err = c.clusterUUID(ctx); err != nil {
		return Info{}, err
	}
	if i.Version == "" {
		return Info{}, c.gibberish(ask, answer{status: http.StatusOK}, errors.New("no node's version in it"))
	}
	return i, nil
}

func (c *Cluster) clusterUUID(ctx context.Context) (string, error) {
	r := request{
		op:     "ask for the cluster's uuid",
		method: http.MethodGet,
		path:   []string{"_cluster", "state", "version"},
		query:  url.Values{"filter_path": {"cluster_uuid"}},
	}
	var out struct {
		ClusterUUID string `json:"cluster_uuid"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return "", err
	}
	if out.ClusterUUID == "" {
		return "", c.gibberish(r, answer{status: http.StatusOK}, errors.New("no cluster_uuid in it"))
	}
	return out.ClusterUUID, nil
}

// SupportsFixedPaths says whether the cluster knows the repository setting
// shard_path_type (OpenSearch 2.17 and later). Where it does, "fixed" must be
// set: OpenSearch 3.1 to 3.6 otherwise write outside the base path.
func SupportsFixedPaths(i Info) bool {
	major, minor, _, err := opensearch.ParseVersion(i.Version)
	return err == nil && i.Distribution == OpenSearch && (major > 2 || major == 2 && minor >= 17)
}

// String is for reports: "opensearch 3.6.0, cluster logs (uuid)".
func (i Info) String() string {
	return fmt.Sprintf("%s %s, cluster %s (%s)", i.Distribution, i.Version, i.Name, i.UUID)
}
