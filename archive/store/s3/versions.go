package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"archiver/archive/store"
)

// unversioned is S3's name for the version of what was written while its bucket
// kept none.
const unversioned = "null"

// Versions pages through the history of a prefix. S3 lists versions and delete
// markers apart, each in the order of keys: they are merged.
func (s *Store) Versions(ctx context.Context, prefix string) iter.Seq2[store.Version, error] {
	return func(yield func(store.Version, error) bool) {
		in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: s.key(prefix), ExpectedBucketOwner: s.owner}
		last := ""
		for p := s3.NewListObjectVersionsPaginator(s.client, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(store.Version{}, s.wrap("ListBucketVersions", prefix, err))
				return
			}
			for _, v := range s.merge(page) {
				if err := context.Cause(ctx); err != nil {
					yield(store.Version{}, err)
					return
				}
				if v.Key < last {
					yield(store.Version{}, fmt.Errorf("listing versions of %s%s: %q came after %q", s.URL(), prefix, v.Key, last))
					return
				}
				last = v.Key
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func (s *Store) merge(page *s3.ListObjectVersionsOutput) []store.Version {
	var all []store.Version
	markers := page.DeleteMarkers
	mark := func(below string) {
		for len(markers) > 0 && (below == "" || aws.ToString(markers[0].Key) <= below) {
			m := markers[0]
			markers = markers[1:]
			all = append(all, store.Version{
				Info:   store.Info{Key: strings.TrimPrefix(aws.ToString(m.Key), s.prefix), Version: version(m.VersionId), Time: aws.ToTime(m.LastModified)},
				Latest: aws.ToBool(m.IsLatest), DeleteMarker: true,
			})
		}
	}
	for _, v := range page.Versions {
		mark(aws.ToString(v.Key))
		all = append(all, store.Version{
			Info: store.Info{
				Key: strings.TrimPrefix(aws.ToString(v.Key), s.prefix), Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag),
				Version: version(v.VersionId), Time: aws.ToTime(v.LastModified), StorageClass: class(string(v.StorageClass)),
			},
			Latest: aws.ToBool(v.IsLatest),
		})
	}
	mark("")
	return all
}

// DeleteVersion removes a version or a delete marker. What was written without
// a version is looked at first: the name that such an object has in S3 is the
// same for each that takes its place, and in a bucket without versions it is
// the object itself.
func (s *Store) DeleteVersion(ctx context.Context, key, v string) error {
	if v == "" {
		v = unversioned
		out, err := s.head(ctx, key, "")
		switch {
		case err == nil && version(out.VersionId) == "":
			return s.wrap("DeleteObjectVersion", key, fmt.Errorf("%w: it is no superseded version", store.ErrUnsupported))
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: &v, ExpectedBucketOwner: s.owner,
	})
	err = missingVersion(v, s.wrap("DeleteObjectVersion", key, err))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
