package restore

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"archiver/archive/store"
	"archiver/internal/job"
)

// A versioned bucket keeps what was deleted: the logs of a day in plain. What is
// below a restore's own prefix nobody else writes or needs, so it is removed by
// version, which nothing brings back.

// forgetFiles removes what the bucket keeps of a restore's files. Who may not ask
// for versions is told so, and may well have a bucket without.
func (r *Restorer) forgetFiles(ctx context.Context, id string) error {
	history := r.history(files(id))
	kept, err := anything(history(ctx))
	if err != nil {
		r.Watch.Note("it cannot be told whether the bucket keeps old versions of the restore's files; in a versioned bucket they are still there", slog.String("error", err.Error()), slog.String("prefix", files(id)))
		return nil
	}
	if !kept {
		return nil
	}
	if err := store.Forget(ctx, r.Staging, history, nil); err != nil {
		return job.WithHint(fmt.Errorf("removing what the versioned bucket keeps of the restore's files below %s: %w", files(id), err),
			"allow s3:DeleteObjectVersion below "+Prefix+" to this role, or suspend versioning and remove the old versions there")
	}
	return nil
}

// forgetClaim removes the past of a claim that was dropped. It holds names and
// times, and no logs: best effort.
func (r *Restorer) forgetClaim(ctx context.Context, id string) {
	if err := store.Forget(ctx, r.Staging, r.history(claimKey(id)), nil); err != nil {
		r.Watch.Note("the restore's own records could not be removed from the versioned bucket", slog.String("error", err.Error()), slog.String("key", claimKey(id)))
	}
}

func (r *Restorer) history(prefix string) store.History {
	return func(ctx context.Context) iter.Seq2[store.Version, error] { return r.Staging.Versions(ctx, prefix) }
}

// anything tells whether there is any version.
func anything(versions iter.Seq2[store.Version, error]) (bool, error) {
	for _, err := range versions {
		return err == nil, err
	}
	return false, nil
}
