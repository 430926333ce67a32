package lab

import "fmt"

// What the lab runs. A new version here is fetched beside the old one.
const (
	versitygwModule  = "github.com/versity/versitygw/cmd/versitygw"
	versitygwVersion = "v1.8.0"
	motoPackage      = "moto[server]"
	motoVersion      = "5.2.1"
)

// Version is a search server that the lab can run.
type Version string

// The pinned search servers. Only the first has the plugin for S3
// repositories, the others know "fs" repositories: their plugins are not
// published as libraries.
const (
	OpenSearch36     Version = "opensearch-3.6.0"
	OpenSearch219    Version = "opensearch-2.19.6"
	Elasticsearch717 Version = "elasticsearch-7.17.29"
	Elasticsearch819 Version = "elasticsearch-8.19.21"
)

// distribution is what has to be known of a version to fetch and run it.
type distribution struct {
	group, name, version string // of the distribution on Maven Central
	env                  string // how the names of its environment variables begin
	javaFrom, javaTo     int    // feature releases of Java it runs on; 0 for no upper end
	s3Plugin             bool
	security             bool // has basic authentication built in
}

func (v Version) distribution() (distribution, error) {
	switch v {
	case OpenSearch36:
		return distribution{group: "org.opensearch", name: "opensearch", version: "3.6.0",
			env: "OPENSEARCH", javaFrom: 21, s3Plugin: true}, nil
	case OpenSearch219:
		return distribution{group: "org.opensearch", name: "opensearch", version: "2.19.6",
			env: "OPENSEARCH", javaFrom: 17, javaTo: 17}, nil
	case Elasticsearch717:
		return distribution{group: "org.elasticsearch", name: "elasticsearch", version: "7.17.29",
			env: "ES", javaFrom: 17, javaTo: 17, security: true}, nil
	case Elasticsearch819:
		return distribution{group: "org.elasticsearch", name: "elasticsearch", version: "8.19.21",
			env: "ES", javaFrom: 17, javaTo: 17, security: true}, nil
	}
	return distribution{}, fmt.Errorf("no search server %q is known", v)
}

func (d distribution) String() string { return d.name + "-" + d.version }
