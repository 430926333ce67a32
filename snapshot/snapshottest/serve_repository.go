package snapshottest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func (c *Cluster) repository(name string) (*repository, error) {
	r, ok := c.repositories[name]
	if !ok {
		return nil, missingRepository(name)
	}
	return r, nil
}

func (c *Cluster) shown(r *repository) any {
	settings := maps.Clone(c.o.ExtraSettings)
	if settings == nil {
		settings = map[string]string{}
	}
	maps.Copy(settings, r.settings)
	return map[string]any{"type": r.typ, "settings": settings}
}

func (c *Cluster) listRepositories(*call) (any, error) {
	all := map[string]any{}
	for name, r := range c.repositories {
		all[name] = c.shown(r)
	}
	return all, nil
}

func (c *Cluster) showRepository(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	return map[string]any{r.name: c.shown(r)}, nil
}

// register keeps what the cluster remembers of a repository if nothing about it
// changes: a disabled one stays disabled.
func (c *Cluster) register(q *call) (any, error) {
	var body struct {
		Type     string         `json:"type"`
		Settings map[string]any `json:"settings"`
	}
	dec := json.NewDecoder(bytes.NewReader(q.body))
	dec.UseNumber()
	if err := dec.Decode(&body); err != nil {
		return nil, refuse(http.StatusBadRequest, "parse_exception", "request body is required")
	}
	if body.Type == "" {
		return nil, refuse(http.StatusBadRequest, "action_request_validation_exception", "Validation Failed: 1: type is missing;")
	}
	settings := map[string]string{}
	flatten("", body.Settings, settings)
	r, err := c.newRepository(q.vars[0], body.Type, settings)
	if err != nil {
		return nil, err
	}
	have, ok := c.repositories[r.name]
	switch {
	case ok && have.typ == r.typ && maps.Equal(have.settings, r.settings):
		r = have
	case ok && len(have.queue) > 0:
		return nil, inUse()
	default:
		c.repositories[r.name] = r
	}
	if q.params.Get("verify") != "false" {
		if err := r.verify(c.id()); err != nil {
			return nil, err // and the registration stays
		}
	}
	return acknowledged(), nil
}

func (c *Cluster) newRepository(name, typ string, settings map[string]string) (*repository, error) {
	if !slices.Contains([]string{"fs", "s3"}, typ) {
		return nil, repositoryFault(name, "repository type [%s] does not exist", typ)
	}
	r := &repository{name: name, typ: typ, settings: settings, blobs: c.o.Blobs, hashed: c.hashesPaths(settings), generation: noGeneration}
	var err error
	if r.place, err = c.o.Locate(typ, settings); err == nil {
		_, err = r.partSize()
	}
	if err != nil {
		fault := repositoryFault(name, "failed to create repository")
		fault.cause, fault.causeIsRoot = repositoryFault(name, "%v", err), true
		return nil, fault
	}
	return r, nil
}

// flatten writes nested settings with dots, and all values as strings.
func flatten(prefix string, from map[string]any, into map[string]string) {
	for k, v := range from {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			flatten(prefix+k+".", v, into)
		default:
			into[prefix+k] = fmt.Sprint(v)
		}
	}
}

func inUse() *refusal {
	return illegalState("trying to modify or unregister repository that is currently used")
}

func (c *Cluster) unregister(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	if len(r.queue) > 0 {
		return nil, inUse()
	}
	delete(c.repositories, r.name)
	return acknowledged(), nil
}

func (c *Cluster) verifyRepository(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	if err := r.verify(c.id()); err != nil {
		return nil, err
	}
	return map[string]any{"nodes": map[string]any{c.node: map[string]any{"name": nodeName}}}, nil
}
