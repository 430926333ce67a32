package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Repository is a registration: a type, such as s3 or fs, and settings.
type Repository struct {
	Type string
	// Settings, flat (a.b.c) and as strings, whatever the server made of them.
	Settings map[string]string
}

// Repository reads a registration. The error is ErrNotFound if there is none.
// Servers add settings of their own and hide secret ones: compare with Diff.
func (c *Cluster) Repository(ctx context.Context, name string) (Repository, error) {
	if err := checkName("repository", name); err != nil {
		return Repository{}, err
	}
	r := repositoryRequest("read repository "+name, http.MethodGet, name)
	var raw json.RawMessage
	if err := c.read(ctx, r, &raw); err != nil {
		return Repository{}, err
	}
	all, err := decodeRepositories(raw)
	if err != nil {
		return Repository{}, c.gibberish(r, answer{status: http.StatusOK}, err)
	}
	repo, ok := all[name]
	if !ok || repo.Type == "" {
		return Repository{}, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("no repository %q in it", name))
	}
	return repo, nil
}

// Register creates or replaces a registration, and the cluster's nodes try to
// write to it. If they cannot, the error says so, and the repository is
// registered all the same. Registering what is registered with equal settings
// does not heal a disabled repository: Unregister comes first.
func (c *Cluster) Register(ctx context.Context, name string, repo Repository) error {
	if err := checkName("repository", name); err != nil {
		return err
	}
	r := repositoryRequest("register repository "+name, http.MethodPut, name)
	r.body = struct {
		Type     string            `json:"type"`
		Settings map[string]string `json:"settings"`
	}{repo.Type, repo.Settings}
	return c.change(ctx, r)
}

// Unregister makes the cluster forget a repository; its files stay. The error
// is ErrNotFound if it is not registered, ErrBusy while it is in use.
func (c *Cluster) Unregister(ctx context.Context, name string) error {
	if err := checkName("repository", name); err != nil {
		return err
	}
	return c.change(ctx, repositoryRequest("unregister repository "+name, http.MethodDelete, name))
}

func repositoryRequest(op, method, name string) request {
	return request{op: op, method: method, path: []string{"_snapshot", name}}
}

// flatten writes nested settings as dotted keys and every value as a string. A
// list becomes its JSON: no setting of a repository is known to be one.
func flatten(prefix string, from map[string]any, into map[string]string) {
	for k, v := range from {
		switch v := v.(type) {
		case map[string]any:
			flatten(prefix+k+".", v, into)
		case nil:
			// An unset setting.
		case []any:
			list, _ := json.Marshal(v) // what was decoded from JSON encodes
			into[prefix+k] = string(list)
		default:
			into[prefix+k] = fmt.Sprint(v)
		}
	}
}
