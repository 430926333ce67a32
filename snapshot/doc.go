// Package snapshot is the cluster's side: it speaks to OpenSearch or
// Elasticsearch about repositories, snapshots and indices, and it parses what
// a cluster writes into a repository. It knows no archive, no encryption and
// no object store: whoever wants bytes of a repository checked hands them in.
//
// A read is repeated while the cluster cannot be reached or is overloaded. A
// change is sent exactly once; if no clear answer comes back, the error is
// ErrAmbiguous, and the caller settles it by looking.
package snapshot
