package s3

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// class is a storage class in the port's words: listings name the standard one,
// and headers leave it out.
func class(name string) string {
	if name == string(types.StorageClassStandard) {
		return ""
	}
	return name
}

// cold tells that an object cannot be read as it lies. GLACIER_IR can, in spite
// of its name. Of a thawed copy the header says that no request is under way,
// and until when it lives.
func cold(out *s3.HeadObjectOutput) bool {
	switch out.StorageClass {
	case types.StorageClassGlacier, types.StorageClassDeepArchive:
	case types.StorageClassIntelligentTiering:
		if out.ArchiveStatus == "" {
			return false
		}
	default:
		return false
	}
	return !strings.Contains(aws.ToString(out.Restore), `ongoing-request="false"`)
}
