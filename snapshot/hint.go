package snapshot

import (
	"errors"
	"net/http"
	"strings"
)

// Hint is the remedy, where one is known: a sentence for a person. Empty if
// none is.
func (e *Error) Hint() string {
	if e.Status == 0 {
		return hintForSilence(e.cause)
	}
	for _, find := range []func() string{e.hintForState, e.hintForAmazon, e.hintForAccess, e.hintForAddress, e.hintForRepository, e.hintForChange} {
		if h := find(); h != "" {
			return h
		}
	}
	return ""
}

// says tells whether the server's reason holds one of these, whatever the case.
func (e *Error) says(words ...string) bool {
	reason := strings.ToLower(e.Reason)
	for _, w := range words {
		if strings.Contains(reason, strings.ToLower(w)) {
			return true
		}
	}
	return false
}

// hintForState is for what is the matter with the cluster itself.
func (e *Error) hintForState() string {
	block := e.Type == "cluster_block_exception"
	switch {
	case errors.Is(e, ErrDisabled):
		return "something else than this cluster removed or wrote the repository's root files. Find out what, then " +
			"unregister the repository (DELETE) and register it again (PUT) with the same type and settings: that touches no file in it, " +
			"and the cluster reads it afresh"
	case block && e.says("flood-stage", "read-only / allow delete", "read-only-allow-delete"):
		return "a node's disk is full, and the cluster has made indices read-only: make room or add a node. The block (index.blocks.read_only_allow_delete) goes by itself then, " +
			"before Elasticsearch 7.4 and OpenSearch 1.0 by hand"
	case block && e.says("cluster read-only"):
		return "somebody, or a full disk, has made the whole cluster read-only: see cluster.blocks.read_only in GET _cluster/settings, and take it away when its reason is gone"
	case block && e.says("state not recovered", "no master", "no cluster-manager", "no cluster_manager"):
		return "the cluster is starting, or has no elected manager: see GET _cluster/health, and run again when it is yellow or green"
	case block:
		return "an index or the cluster forbids this for the time being: see cluster.blocks in GET _cluster/settings and index.blocks in the index's settings"
	}
	return ""
}

// hintForAmazon is for what Amazon's service says in front of the cluster.
func (e *Error) hintForAmazon() string {
	switch {
	case e.says("iam:PassRole"):
		return "the caller must hand the snapshot role to the service: allow iam:PassRole on the role in staging.settings.role_arn, with the condition iam:PassedToService = es.amazonaws.com"
	case e.says("role_arn"):
		return "Amazon's service needs a role that may write to the staging bucket: set staging.settings.role_arn"
	case e.says("anonymous is not authorized", "missing authentication token"):
		return "the request was not signed, and the domain wants that: set cluster.auth: sigv4"
	case e.says("is not authorized to perform: es:", "is not authorized to perform es:"):
		return "allow es:ESHttpGet, ESHttpHead, ESHttpPut, ESHttpPost and ESHttpDelete on the domain to this caller, in its own policy or in the domain's access policy"
	case e.says("signature we calculated does not match", "SignatureDoesNotMatch"):
		return "the secret access key is wrong, or something between here and the domain changes the request's path, host or body: sign behind it, or go past it"
	case e.says("signature expired", "signature not yet current", "RequestTimeTooSkewed"):
		return "this machine's clock is wrong: set it"
	case e.says("token included in the request is expired", "ExpiredToken"):
		return "the credentials have expired: renew them (a role's are renewed by themselves; those in AWS_ variables and aws sso login's are not)"
	case e.says("token included in the request is invalid", "UnrecognizedClient", "InvalidClientTokenId"):
		return "the service does not know this access key: check AWS_ACCESS_KEY_ID, the session token that belongs to it, and cluster.profile"
	case e.says("credential should be scoped to"):
		return "set cluster.region to the region that the domain is in: its host name holds it"
	}
	return ""
}

// hintForAccess is for a caller that may not.
func (e *Error) hintForAccess() string {
	if e.foreign && e.says("xml", "html") && e.Status != http.StatusProxyAuthRequired {
		return "" // a cluster has said nothing yet
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return "the cluster does not accept these credentials: check user and password, or the key, or the role that signs"
	case http.StatusForbidden:
		return "the caller is known but may not do this: it needs the cluster's manage_snapshots role (on Amazon with " +
			"fine-grained access control, its role must be mapped to it) and index permissions to read, count and monitor; " +
			"on Elasticsearch, the privileges that `archiver check` looks for"
	case http.StatusProxyAuthRequired:
		return "a proxy wants to know who asks: check HTTPS_PROXY, or name the cluster's host in NO_PROXY"
	case http.StatusTooManyRequests:
		return "wait: the cluster has more to do than it can. Run again later, or at a quieter hour"
	}
	return ""
}

// hintForAddress is for answers that no cluster has written.
func (e *Error) hintForAddress() string {
	switch {
	case e.says("this port speaks TLS"):
		return "the URL should begin with https://"
	case e.Status >= 300 && e.Status < 400:
		return "redirections are not followed, since credentials would go with them: put the right address into cluster.urls"
	case e.says("not a search cluster"):
		return "check cluster.urls: the program speaks to OpenSearch and Elasticsearch"
	case e.foreign && e.Status >= http.StatusBadGateway && e.Status <= http.StatusGatewayTimeout:
		return "a proxy or load balancer answered in the cluster's place: the cluster behind it may be down, starting or overloaded. Run again later; if it stays so, check the URL and its path prefix"
	case e.foreign:
		return "this is not a search cluster's answer, something in front of it answered: check the URL, its path prefix, and the proxy or load balancer"
	}
	return ""
}

func (e *Error) hintForRepository() string {
	switch {
	case e.Type == "repository_missing_exception":
		return "the repository is not registered on this cluster: check its name, or register it"
	case e.says("repository type ["):
		return "the cluster lacks the plugin of this repository type: install repository-s3 on every node (bin/opensearch-plugin install repository-s3), or set staging.type"
	case e.says("specified by path.repo"):
		return "name the directory, or one above it, in path.repo of every node (elasticsearch.yml, opensearch.yml), and restart them"
	case e.Type == "repository_verification_exception":
		return "the cluster's nodes could not write to the repository's location: check its place, the nodes' " +
			"own credentials for it (s3.client.default.* in each node's keystore, then POST _nodes/reload_secure_settings), " +
			"and the settings. It stays registered all the same; before trying other settings, DELETE _snapshot/<its name>"
	case e.Type == "repository_exception":
		return "the cluster's nodes could not read the repository: check its place, and their own credentials for it " +
			"(s3.client.default.* in each node's keystore, then POST _nodes/reload_secure_settings)"
	}
	return ""
}

func (e *Error) hintForChange() string {
	switch {
	case errors.Is(e, ErrBusy):
		return "wait until what is running has ended, then ask again"
	case errors.Is(e, ErrAmbiguous):
		return "look whether it was done before asking again"
	}
	return ""
}
