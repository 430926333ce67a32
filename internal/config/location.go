package config

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
)

// Location is where a store lies: a bucket, perhaps below a prefix, or a
// directory. The zero value is no location.
type Location struct {
	Bucket string // "" for a directory
	Prefix string // of keys in the bucket, without slashes at its ends; may be ""
	Dir    string // absolute and clean; "" for a bucket
}

// IsZero tells that there is no location.
func (l Location) IsZero() bool { return l == Location{} }

// String is the location as a URL.
func (l Location) String() string {
	switch {
	case l.Dir != "":
		return "file://" + l.Dir
	case l.Prefix != "":
		return "s3://" + l.Bucket + "/" + l.Prefix
	case l.Bucket != "":
		return "s3://" + l.Bucket
	}
	return ""
}

// MarshalText is String.
func (l Location) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads s3://bucket[/prefix] or file:///path. Its errors do not
// repeat the text, in which somebody may have put credentials.
func (l *Location) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		*l = Location{}
		return nil
	}
	if dir, ok := strings.CutPrefix(s, "file://"); ok {
		return l.setDir(dir)
	}
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return errors.New("is neither s3://bucket, s3://bucket/prefix nor file:///path")
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if err := checkBucket(bucket); err != nil {
		return err
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix != "" {
		if err := checkPrefix(prefix); err != nil {
			return err
		}
	}
	*l = Location{Bucket: bucket, Prefix: prefix}
	return nil
}

func (l *Location) setDir(dir string) error {
	if !strings.HasPrefix(dir, "/") || strings.ContainsAny(dir, "%?#\x00") {
		return errors.New("is no file:///path: the path must be absolute, with three slashes, and is taken as it is written, without % escapes")
	}
	dir = path.Clean(dir)
	if dir == "/" {
		return errors.New("the root of the file system is no place for a store")
	}
	*l = Location{Dir: dir}
	return nil
}

// checkBucket follows Amazon's rules for general purpose buckets, since a dot
// or a capital too many otherwise shows late and as something else:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func checkBucket(name string) error {
	if strings.ContainsAny(name, "@:") {
		return errors.New("holds more than a bucket's name before the first slash: credentials come from the AWS default chain or a profile, and a port from s3.endpoint")
	}
	const chars = "abcdefghijklmnopqrstuvwxyz0123456789"
	_, ip := netip.ParseAddr(name)
	if len(name) < 3 || len(name) > 63 || !only(name, chars+".-") ||
		!strings.Contains(chars, name[:1]) || !strings.Contains(chars, name[len(name)-1:]) ||
		strings.Contains(name, "..") || ip == nil {
		return fmt.Errorf("%q is no bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots", name)
	}
	return nil
}

func checkPrefix(prefix string) error {
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("the prefix %q has an empty part, or one of dots", prefix)
		}
	}
	if !only(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/=+-") {
		return fmt.Errorf("the prefix %q holds more than letters, digits and . _ / = + -", prefix)
	}
	return nil
}

// only tells that s is made of these characters.
func only(s, chars string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(chars, r) }) < 0
}

// overlaps tells that one lies within the other. Directories are compared by
// name: a link between them is not seen.
func (l Location) overlaps(other Location) bool {
	if l.Dir == "" || other.Dir == "" {
		return l.Bucket != "" && l.Bucket == other.Bucket
	}
	return strings.HasPrefix(l.Dir+"/", other.Dir+"/") || strings.HasPrefix(other.Dir+"/", l.Dir+"/")
}
