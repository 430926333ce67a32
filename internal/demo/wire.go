package demo

import (
	"time"

	"archiver/archive"
	"archiver/archive/store/dir"
	"archiver/crypto"
	"archiver/internal/job"
	"archiver/snapshot"
)

const (
	repository = "archiver-" + stream
	// volumeSize makes a few volumes of a day that is tiny.
	volumeSize = 48 << 10
	memory     = 256 << 20
)

// job wires a run on this folder and that cluster, for any process that knows
// the two. Its Watch is still to be set. close ends its connections.
func (f folder) job(cluster, tool, holder string) (j *job.Job, close func(), err error) {
	j = &job.Job{
		Stream: stream, Tool: tool, Holder: holder, Repository: repository,
		Register:      snapshot.Repository{Type: "fs", Settings: map[string]string{"location": f.staging()}},
		IndexPatterns: func(date string) []string { return []string{indexName(date)} },
		VolumeSize:    volumeSize, Retention: archive.Retention{Mode: "none", Years: 7},
		// One lane: volumes come to be in order, so that it is known which are
		// finished when a run is killed.
		Budget:          archive.Budget{Memory: memory, Transfers: 2, Lanes: 1},
		SnapshotTimeout: time.Minute, Poll: 100 * time.Millisecond, Now: time.Now,
	}
	if err := f.setKeys(j); err != nil {
		return nil, nil, err
	}
	if j.Staging.Store, err = dir.Open(f.staging(), archive.WorkPrefix); err != nil {
		return nil, nil, err
	}
	if j.Archive, err = dir.Open(f.archive()); err != nil {
		return nil, nil, err
	}
	client, err := snapshot.Connect(snapshot.Options{URLs: []string{cluster}})
	if err != nil {
		return nil, nil, err
	}
	j.Cluster = client
	return j, func() { _ = client.Close() }, nil // idle connections: nothing can be lost
}

func (f folder) setKeys(j *job.Job) error {
	operations, err := f.public(operationsPublic)
	if err != nil {
		return err
	}
	own, err := f.public(signerPublic)
	if err != nil {
		return err
	}
	if j.Sealer, err = crypto.NewRecipients([]*crypto.Key{operations}, time.Now()); err != nil {
		return err
	}
	if j.Signer, err = f.signer(); err != nil {
		return err
	}
	j.Trust = crypto.NewTrust([]*crypto.Key{own})
	for _, k := range []*crypto.Key{operations, own} {
		j.Keys = append(j.Keys, archive.PublicKey{Fingerprint: k.Fingerprint(), Armored: k.Armored()})
	}
	return nil
}
