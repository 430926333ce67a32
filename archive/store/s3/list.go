package s3

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"archiver/archive/store"
)

// List pages through a prefix, and fails if the server's order is not bytewise:
// ranges of keys would not tile.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		in := &s3.ListObjectsV2Input{
			Bucket: &s.bucket, Prefix: s.key(prefix), ExpectedBucketOwner: s.owner, EncodingType: types.EncodingTypeUrl,
		}
		if after != "" {
			in.StartAfter = s.key(after)
		}
		last := after
		for p := s3.NewListObjectsV2Paginator(s.client, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(store.Info{}, s.wrap("ListBucket", prefix, err))
				return
			}
			for _, o := range page.Contents {
				key, err := s.listed(ctx, page.EncodingType, o.Key)
				if err != nil {
					yield(store.Info{}, err)
					return
				}
				if key == "" {
					continue // the root's own folder marker: it is no key below it
				}
				if key <= last {
					yield(store.Info{}, fmt.Errorf("listing %s%s: the server's order is not bytewise: %q came after %q", s.URL(), prefix, key, last))
					return
				}
				last = key
				info := store.Info{
					Key: key, Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag), Time: aws.ToTime(o.LastModified),
					StorageClass: class(string(o.StorageClass)),
				}
				if !yield(info, nil) {
					return
				}
			}
			if aws.ToBool(page.IsTruncated) && aws.ToString(page.NextContinuationToken) == "" {
				yield(store.Info{}, fmt.Errorf("listing %s%s: the server says there is more, but not how to ask for it", s.URL(), prefix))
				return
			}
		}
	}
}

// listed is a listed key below the root. Keys come escaped, because there are
// some that XML cannot hold.
func (s *Store) listed(ctx context.Context, encoding types.EncodingType, name *string) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	full, err := plain(encoding, name)
	if err != nil {
		return "", err
	}
	key, ok := strings.CutPrefix(*full, s.prefix)
	if !ok {
		return "", fmt.Errorf("listing %s: the server listed %q", s.URL(), *full)
	}
	return key, nil
}

// plain undoes the escaping, where the server did any.
func plain(encoding types.EncodingType, name *string) (*string, error) {
	if encoding != types.EncodingTypeUrl || name == nil {
		return aws.String(aws.ToString(name)), nil
	}
	text, err := url.QueryUnescape(*name)
	if err != nil {
		return nil, fmt.Errorf("the server listed %q: %w", *name, err)
	}
	return &text, nil
}

// Uploads pages through the unfinished uploads below a prefix.
func (s *Store) Uploads(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return func(yield func(store.Upload, error) bool) {
		in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: s.key(prefix), ExpectedBucketOwner: s.owner}
		for p := s3.NewListMultipartUploadsPaginator(s.client, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(store.Upload{}, s.wrap("ListBucketMultipartUploads", prefix, err))
				return
			}
			for _, u := range page.Uploads {
				up := store.Upload{Key: strings.TrimPrefix(aws.ToString(u.Key), s.prefix), ID: aws.ToString(u.UploadId), Started: aws.ToTime(u.Initiated)}
				if !yield(up, nil) {
					return
				}
			}
		}
	}
}
