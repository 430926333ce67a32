package archive

import (
	"context"
	"io"
	"time"
)

// Sink takes what an archive holds, file by file. What it was given counts for
// nothing until Unpack has returned nil: until then it is a stranger's word.
type Sink interface {
	// Put takes one file: name is a clean, local path with slashes, and body has
	// exactly size bytes, or fails. A file comes whole or not at all: an error of
	// body is Put's. Several goroutines call it; no name comes twice.
	Put(ctx context.Context, name string, size int64, modified time.Time, body io.Reader) error
}
