package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ErrIndexExists: an index, alias or data stream of a name to be restored to is
// there. Nothing was touched.
var ErrIndexExists = errors.New("an index of that name exists")

// RestoreOptions say what comes back, and how.
type RestoreOptions struct {
	// Indices by their names in the snapshot, at least one: a cluster takes an
	// empty list for all.
	Indices []string
	// Prefix and Suffix make the new names, Prefix + old + Suffix. Both empty:
	// the old ones.
	Prefix, Suffix string
	// Replicas of each shard. Nil: as many as there were.
	Replicas *int
	// Detach leaves out the settings by which lifecycle policies know an index:
	// they would act on its true age, and may delete it at once.
	Detach bool
	// Aliases brings back the indices' aliases, which would then show old
	// documents beside the new ones.
	Aliases bool
}

// lifecycleSettings tie an index to a policy: of Elasticsearch, OpenSearch, and
// Open Distro before it. A server passes over those that it does not know.
func lifecycleSettings() []string {
	return []string{
		"index.lifecycle.name",
		"index.lifecycle.rollover_alias",
		"index.plugins.index_state_management.policy_id",
		"index.plugins.index_state_management.rollover_alias",
		"index.opendistro.index_state_management.policy_id",
		"index.opendistro.index_state_management.rollover_alias",
	}
}

// Name is what an index of the snapshot is called once it is restored.
func (o RestoreOptions) Name(index string) string { return o.Prefix + index + o.Suffix }

func (o RestoreOptions) names() []string {
	var names []string
	for _, i := range o.Indices {
		names = append(names, o.Name(i))
	}
	return names
}

// Check says what is wrong with the options that no cluster would take.
func (o RestoreOptions) Check() error {
	if len(o.Indices) == 0 {
		return errors.New("no index is named")
	}
	for _, i := range o.Indices {
		err := checkName("index", i)
		if name := o.Name(i); err == nil && name != i { // an old one may have a name that is not given any more
			err = checkNewIndex(name)
		}
		if err != nil {
			return err
		}
	}
	if o.Replicas != nil && *o.Replicas < 0 {
		return fmt.Errorf("%d replicas cannot be had", *o.Replicas)
	}
	return nil
}

// Restore asks for indices of a snapshot and returns when the cluster has
// accepted, long before they are there: Recovery tells how far they are. It
// takes all or nothing of what is named, and no state of the cluster.
//
// Whether the names are free is looked at first, since a server would replace a
// closed index. It is the server that refuses one that is opened in between.
//
// Errors a caller decides on: ErrIndexExists, ErrSnapshotMissing, ErrNotFound
// (the repository, or an index in the snapshot), ErrBusy, ErrDisabled and
// ErrAmbiguous. After the last, the indices are there if it was heard; asking
// again is refused with ErrIndexExists then.
func (c *Cluster) Restore(ctx context.Context, repository, snapshot string, o RestoreOptions) error {
	if err := checkSnapshot(repository, snapshot); err != nil {
		return err
	}
	r := snapshotRequest("restore", http.MethodPost, repository, snapshot)
	if err := o.Check(); err != nil {
		return fmt.Errorf("%s: %w", r.op, err)
	}
	if err := c.mustBeFree(ctx, r.op, o.names()); err != nil {
		return err
	}
	r.path = append(r.path, "_restore")
	r.query = url.Values{"wait_for_completion": {"false"}}
	r.body = o.body()
	return c.change(ctx, r)
}

// mustBeFree fails with ErrIndexExists if something has one of the names.
func (c *Cluster) mustBeFree(ctx context.Context, op string, names []string) error {
	uuids, err := c.indexSettings(ctx, names)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if len(uuids) == 0 {
		return nil
	}
	var found []string
	for name := range uuids {
		found = append(found, name)
	}
	slices.Sort(found)
	return fmt.Errorf("%s: %w: %s", op, ErrIndexExists, few(found))
}

type restoreBody struct {
	Indices        []string       `json:"indices"`
	GlobalState    bool           `json:"include_global_state"`
	Partial        bool           `json:"partial"`
	Lenient        bool           `json:"ignore_unavailable"`
	Aliases        bool           `json:"include_aliases"`
	Pattern        string         `json:"rename_pattern,omitempty"`
	Replacement    string         `json:"rename_replacement,omitempty"`
	Settings       map[string]any `json:"index_settings,omitempty"`
	IgnoreSettings []string       `json:"ignore_index_settings,omitempty"`
}

func (o RestoreOptions) body() restoreBody {
	b := restoreBody{Indices: o.Indices, Aliases: o.Aliases}
	if o.Prefix != "" || o.Suffix != "" {
		b.Pattern, b.Replacement = "(.+)", literal(o.Prefix)+"$1"+literal(o.Suffix)
	}
	if o.Replicas != nil {
		b.Settings = map[string]any{
			"index.number_of_replicas":   *o.Replicas,
			"index.auto_expand_replicas": false, // else it overrules the number
		}
	}
	if o.Detach {
		b.IgnoreSettings = lifecycleSettings()
	}
	return b
}

// literal escapes what has a meaning in a replacement of Java's Matcher.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `$`, `\$`).Replace(s)
}
