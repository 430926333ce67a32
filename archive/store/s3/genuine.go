package s3

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// errNotS3 is an answer that no S3 has written. The SDK takes a web page for an
// empty listing: staging would look swept.
var errNotS3 = errors.New("this is not S3's answer")

// genuine has every answer looked at that came without an error.
func genuine(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("genuine", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err == nil && !isS3(out.Result) {
			err = errNotS3
		}
		return out, metadata, err
	}), middleware.Before)
}

// isS3 looks for what S3 never leaves out.
func isS3(result any) bool {
	switch out := result.(type) {
	case *s3.ListObjectsV2Output:
		return out.Name != nil
	case *s3.ListObjectVersionsOutput:
		return out.Name != nil
	case *s3.ListMultipartUploadsOutput:
		return out.Bucket != nil
	case *s3.CreateMultipartUploadOutput:
		return out.UploadId != nil
	case *s3.GetObjectOutput:
		if out.ETag == nil && out.Body != nil {
			_ = out.Body.Close() // nobody will read it
		}
		return out.ETag != nil
	case *s3.HeadObjectOutput:
		return out.ETag != nil
	case *s3.PutObjectOutput:
		return out.ETag != nil
	}
	return true
}
