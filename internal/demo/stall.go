package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"archiver/archive/store"
	"archiver/internal/job"
)

// order is what a doomed process is told, as the first JSON value on its
// standard input.
type order struct {
	Folder  folder `json:"folder"`
	Cluster string `json:"cluster"` // URL
	Date    string `json:"date"`
	Tool    string `json:"tool"`
	Holder  string `json:"holder"`
}

// stalled is what a doomed process says, on a line of its own, when it stands
// still: in the middle of its second volume.
const stalled = "stalled"

// errNotKilled: whoever should have killed the process has gone away.
var errNotKilled = errors.New("the demonstration has ended before this run was killed")

// Doomed is the run that is to be killed, in a process of its own. It takes its
// order from in, and at half of its second volume it says so on out and waits:
// for its end, or for the end of in, when whoever started it is gone. It never
// returns nil.
func Doomed(ctx context.Context, in io.Reader, out io.Writer, watch job.Observer) error {
	orders := json.NewDecoder(in)
	var o order
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("this is started by archiver demo: reading its order: %w", err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, in) // however it ends, it has ended
	}()
	j, closeJob, err := o.Folder.job(o.Cluster, o.Tool, o.Holder)
	if err != nil {
		return err
	}
	defer closeJob()
	j.Watch = watch
	j.Archive = &stalling{Store: j.Archive, wait: func(ctx context.Context) error {
		if _, err := fmt.Fprintln(out, stalled); err != nil {
			return err
		}
		select {
		case <-gone:
			return errNotKilled
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}}
	if _, err := j.Run(ctx, o.Date); err != nil {
		return err
	}
	return errors.New("the run was over before it could be killed")
}

// stalling is a store whose second upload stops halfway, as on a network that
// has died.
type stalling struct {
	store.Store
	uploads atomic.Int32
	wait    func(context.Context) error // never returns nil
}

func (s *stalling) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	if s.uploads.Add(1) == 2 {
		body = &half{r: io.LimitReader(body, volumeSize/2), wait: func() error { return s.wait(ctx) }}
	}
	return s.Store.Upload(ctx, key, body, o)
}

// half is a body that waits where it should go on.
type half struct {
	r    io.Reader
	wait func() error // never returns nil
}

func (h *half) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if err == io.EOF {
		err = h.wait()
	}
	return n, err
}
