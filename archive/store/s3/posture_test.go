package s3

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"archiver/archive/store"
	"archiver/internal/lab"
)

// onMoto opens a new bucket there.
func onMoto(t *testing.T, endpoint, bucket string, lock bool) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Bucket: bucket, Prefix: "prod", Region: lab.Region, Endpoint: endpoint, PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket, ObjectLockEnabledForBucket: &lock}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPostureIsReadFromTheBucket(t *testing.T) {
	m := lab.Moto(t)
	t.Run("nothing is set", func(t *testing.T) {
		s := onMoto(t, m.Endpoint, "plain", false)
		if region, err := s.Region(t.Context()); err != nil || region != lab.Region {
			t.Errorf("region %q, %v", region, err)
		}
		if rules, err := s.Lifecycle(t.Context()); err != nil || len(rules) > 0 {
			t.Errorf("rules %v, %v", rules, err)
		}
		if on, err := s.Versioned(t.Context()); err != nil || on {
			t.Errorf("versioned %v, %v", on, err)
		}
		if on, err := s.Locks(t.Context()); err != nil || on {
			t.Errorf("locks %v, %v", on, err)
		}
	})
	t.Run("versions and Object Lock", func(t *testing.T) {
		s := onMoto(t, m.Endpoint, "locked", true)
		if on, err := s.Versioned(t.Context()); err != nil || !on {
			t.Errorf("versioned %v, %v", on, err)
		}
		if on, err := s.Locks(t.Context()); err != nil || !on {
			t.Errorf("locks %v, %v", on, err)
		}
	})
	t.Run("rules of every form", func(t *testing.T) {
		s := onMoto(t, m.Endpoint, "ruled", false)
		glacier := []types.Transition{{Days: aws.Int32(1), StorageClass: types.TransitionStorageClassGlacier}}
		days := &types.LifecycleExpiration{Days: aws.Int32(30)}
		in := []types.LifecycleRule{
			{ID: aws.String("filter"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("prod/archives/")}, Transitions: glacier},
			{ID: aws.String("old form"), Status: "Disabled", Prefix: aws.String("logs/"), Expiration: days},
			{ID: aws.String("tag"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Tag: &types.Tag{Key: aws.String("k"), Value: aws.String("v")}}, Expiration: days},
			{ID: aws.String("and tags"), Status: "Enabled", Expiration: days, Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{
				Prefix: aws.String("y/"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}}},
			{ID: aws.String("old versions"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
				NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)},
				AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(3)}},
			{ID: aws.String("markers"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
				Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)}},
		}
		_, err := s.client.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
			Bucket: &s.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: in}})
		if err != nil {
			t.Fatal(err)
		}
		want := []store.Rule{
			{ID: "filter", Enabled: true, Prefix: "prod/archives/", Classes: []string{"GLACIER"}},
			{ID: "old form", Prefix: "logs/", Expires: true, ExpireDays: 30},
			{ID: "tag", Enabled: true, Tagged: true, Expires: true, ExpireDays: 30},
			{ID: "and tags", Enabled: true, Prefix: "y/", Tagged: true, Expires: true, ExpireDays: 30},
			{ID: "old versions", Enabled: true, ExpiresOld: true},
			{ID: "markers", Enabled: true},
		}
		got, err := s.Lifecycle(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d rules, want %d", len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("got  %+v\nwant %+v", got[i], want[i])
			}
		}
	})
	t.Run("a bucket that is not there", func(t *testing.T) {
		s, err := Open(t.Context(), Options{Bucket: "absent", Region: lab.Region, Endpoint: m.Endpoint, PathStyle: true})
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := s.Region(t.Context()); !errors.As(err, &e) || e.Code != "NoSuchBucket" || e.Hint() == "" {
			t.Errorf("%v", err)
		}
	})
}

// TestRulesOfASizeKeepTheirBounds is apart because moto forgets them.
func TestRulesOfASizeKeepTheirBounds(t *testing.T) {
	for _, filter := range []*types.LifecycleRuleFilter{
		{ObjectSizeGreaterThan: aws.Int64(1000), ObjectSizeLessThan: aws.Int64(2000)},
		{And: &types.LifecycleRuleAndOperator{ObjectSizeGreaterThan: aws.Int64(1000), ObjectSizeLessThan: aws.Int64(2000)}},
	} {
		if got := rule(types.LifecycleRule{Filter: filter}); got.Above != 1000 || got.Below != 2000 || got.Tagged {
			t.Errorf("%+v", got)
		}
	}
}

// TestStoresThatDoNotTellAreNoFailures: a role without the permission, and
// servers that do not know the question.
func TestStoresThatDoNotTellAreNoFailures(t *testing.T) {
	(&lab.S3Server{AccessKey: "a", SecretKey: "b"}).Env(t)
	for name, c := range map[string]struct {
		status int
		code   string
		untold bool
	}{
		"forbidden":       {http.StatusForbidden, "AccessDenied", true},
		"not implemented": {http.StatusNotImplemented, "NotImplemented", true},
		"no such method":  {http.StatusMethodNotAllowed, "MethodNotAllowed", true},
		"no bucket":       {http.StatusNotFound, "NoSuchBucket", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte("<Error><Code>" + c.code + "</Code></Error>"))
			}))
			defer server.Close()
			s, err := Open(t.Context(), Options{Bucket: "bucket", Region: lab.Region, Endpoint: server.URL, PathStyle: true})
			if err != nil {
				t.Fatal(err)
			}
			_, lifecycle := s.Lifecycle(t.Context())
			_, versioned := s.Versioned(t.Context())
			_, locks := s.Locks(t.Context())
			for _, err := range []error{lifecycle, versioned, locks} {
				if err == nil || errors.Is(err, store.ErrUntold) != c.untold {
					t.Errorf("%v", err)
				}
			}
		})
	}
}
