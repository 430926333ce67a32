package snapshot

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// read sends r until it is answered, for as long as Options.RetryFor allows:
// a read may be repeated without harm. The error is the last answer's.
func (c *Cluster) read(ctx context.Context, r request, out any) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = c.pause
	pauses.MaxInterval = 20 * time.Second
	end := time.Now().Add(c.retryFor)
	for {
		err := c.once(ctx, r, out)
		wait, again := retryable(err)
		if !again || ctx.Err() != nil {
			return err
		}
		wait = max(wait, pauses.NextBackOff())
		if time.Now().Add(wait).After(end) {
			return err
		}
		c.retrying(err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; before that: %w", context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}

// retryable says whether the same read may fare better later, and how long the
// server asked to wait.
func retryable(err error) (time.Duration, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return e.retryAfter, true
	case 0:
		return 0, !hopeless(e.cause)
	}
	return 0, false
}

// hopeless are the failures to get an answer that waiting does not mend.
func hopeless(err error) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &cert) || errors.As(err, &record) ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, errAuthorize) || errors.Is(err, ErrTooLarge)
}

// retryAfter reads the header's seconds; its other form, a date, would need a
// clock that agrees with the server's, and counts as absent.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
