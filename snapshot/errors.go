package snapshot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	// ErrNotFound: the cluster says that it knows no such repository, snapshot
	// or index. A 404 from anything else than a cluster is not this.
	ErrNotFound = errors.New("not found")
	// ErrSnapshotMissing is the ErrNotFound of a snapshot whose repository
	// exists.
	ErrSnapshotMissing = errors.New("no such snapshot")
	// ErrNameTaken: a snapshot of this name exists or is being taken.
	ErrNameTaken = errors.New("snapshot name is taken")
	// ErrBusy: refused for what else is going on; nothing was done. Wait and
	// ask again.
	ErrBusy = errors.New("the cluster is busy")
	// ErrAmbiguous: a change was sent and no clear answer came. It may have
	// been done, may still be going on, or may never be. Look, then decide.
	ErrAmbiguous = errors.New("it may or may not have been done")
	// ErrDisabled: the repository's root files are not the ones that the
	// cluster remembers, and it refuses to use the repository any more, until
	// it has been unregistered and registered again.
	ErrDisabled = errors.New("the repository is disabled")
	// ErrConfiguration: a mistake that only the server can tell, and that no
	// repetition cures: credentials that are not accepted, a certificate that
	// is not trusted, an address where no cluster answers. Tell someone.
	ErrConfiguration = errors.New("the configuration needs a change")
	// ErrUnreachable is for Options.Authorize: what the request is authorized
	// with cannot be had at the moment. A read is repeated.
	ErrUnreachable = errors.New("cannot be reached at the moment")
	// ErrUnknowable: the cluster does not let this caller know.
	ErrUnknowable = errors.New("cannot be known")
)

// Error is a failed call of the cluster's API. errors.Is finds the sentinels
// above in it.
type Error struct {
	Op     string // what was being done, and to what
	Method string // HTTP
	Path   string // escaped, without host and query
	Status int    // HTTP; 0 if no answer came
	Type   string // the server's name for the error, empty if it gave none
	Reason string // the server's words

	kinds      []error
	cause      error // why there is no answer, or none that can be read
	foreign    bool  // the answer is not a cluster's
	retryAfter time.Duration
}

// Error tells the operation, the status and the server's reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s", e.Status, firstOf(e.Type, http.StatusText(e.Status), "answer"))
	} else if notAuthorized(e.cause) {
		b.WriteString("not sent")
	} else {
		b.WriteString("no answer")
	}
	if e.Reason != "" {
		b.WriteString(": ")
		b.WriteString(e.Reason)
	}
	if e.cause != nil {
		b.WriteString(": ")
		b.WriteString(e.cause.Error())
	}
	if errors.Is(e, ErrAmbiguous) {
		fmt.Fprintf(&b, " (%v)", ErrAmbiguous)
	}
	return b.String()
}

// Foreign tells that there was an answer, and that no cluster wrote it.
func (e *Error) Foreign() bool { return e.foreign }

// Unwrap gives the sentinels that apply and what the transport said.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return e.kinds
	}
	return append(e.kinds[:len(e.kinds):len(e.kinds)], e.cause)
}

func (c *Cluster) failure(r request, status int, typ, reason string, kinds ...error) *Error {
	return &Error{
		Op: r.op, Method: r.method, Path: r.escapedPath(),
		Status: status, Type: c.redact(typ), Reason: c.redact(reason), kinds: kinds,
	}
}

// silence is the error of a request that got no whole answer.
func (c *Cluster) silence(r request, sent bool, cause error) *Error {
	e := c.failure(r, 0, "", "")
	e.cause = cause
	var u *unauthorized
	if errors.As(cause, &u) {
		e.cause = u // without the transport's words
	}
	if r.change && sent {
		e.kinds = append(e.kinds, ErrAmbiguous)
	}
	if untrusted(cause) {
		e.kinds = append(e.kinds, ErrConfiguration)
	}
	return e
}

// gibberish is the error of a 2xx answer that is not what a cluster says.
func (c *Cluster) gibberish(r request, a answer, cause error) *Error {
	e := c.failure(r, a.status, "", "this is not a cluster's answer")
	e.cause, e.foreign = cause, true
	if r.change {
		e.kinds = append(e.kinds, ErrAmbiguous)
	}
	if r.greeting {
		e.kinds = append(e.kinds, ErrConfiguration)
	}
	return e
}

// refusal is the error of an answer that is not 2xx.
func (c *Cluster) refusal(r request, a answer) *Error {
	said := parseRefusal(a)
	e := c.failure(r, a.status, said.Type, a.redact(said.text()), kindsOf(a.status, said, r.change)...)
	if said.misconfigured(a.status, r.greeting) {
		e.kinds = append(e.kinds, ErrConfiguration)
	}
	e.foreign = said.foreign
	e.retryAfter = retryAfter(a.header)
	return e
}

func firstOf(ss ...string) string {
	for _, s := range ss {
		if s != "" {
			return s
		}
	}
	return ""
}
