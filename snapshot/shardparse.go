package snapshot

import (
	"errors"
	"fmt"
	"strings"

	"archiver/snapshot/internal/smile"
)

func readShard(o smile.Object) (s Shard, err error) {
	err = eachField(o, []string{"name", "files"}, func(name string, v any) (err error) {
		switch name {
		case "name":
			s.Snapshot, err = as[string](v)
		case "files":
			s.Files, err = readShardFiles(v)
		case "index_version", "start_time", "time", "number_of_files", "total_size":
			_, err = as[int64](v) // about the taking, not about what is there
		default:
			err = errUnknownField
		}
		return err
	})
	return s, err
}

func readShardFiles(v any) ([]ShardFile, error) {
	list, err := as[[]any](v)
	if err != nil {
		return nil, err
	}
	files := make([]ShardFile, len(list))
	for i, v := range list {
		o, err := as[smile.Object](v)
		if err == nil {
			files[i], err = readShardFile(o)
		}
		if err != nil {
			return nil, fmt.Errorf("file %d: %w", i, err)
		}
	}
	return files, nil
}

func readShardFile(o smile.Object) (f ShardFile, err error) {
	var held []byte
	err = eachField(o, []string{"name", "physical_name", "length", "checksum"}, func(name string, v any) (err error) {
		switch name {
		case "name":
			f.Name, err = as[string](v)
		case "physical_name":
			f.Physical, err = as[string](v)
		case "length":
			f.Length, err = as[int64](v)
		case "checksum":
			f.Checksum, err = as[string](v)
		case "part_size":
			f.PartSize, err = as[int64](v)
			f.PartSize = max(f.PartSize, 0) // as servers read it
		case "meta_hash":
			held, err = as[[]byte](v)
		case "written_by":
			_, err = as[string](v)
		case "writer_uuid":
			_, err = as[[]byte](v)
		default:
			err = errUnknownField
		}
		return err
	})
	// Of some files, such as .si, a copy is kept beside the blob; only the name
	// tells that there is none.
	f.Inline = strings.HasPrefix(f.Name, "v")
	if err == nil && f.Inline && int64(len(held)) != f.Length {
		err = fmt.Errorf("%s has no blob, and %d of %d bytes here", f.Name, len(held), f.Length)
	}
	return f, err
}

var errUnknownField = errors.New("a field that no known server writes")

// eachField reads the fields of an object, none of them twice and the required
// ones all.
func eachField(o smile.Object, required []string, read func(name string, v any) error) error {
	seen := map[string]bool{}
	for _, f := range o {
		if seen[f.Name] {
			return fmt.Errorf("%q is there twice", f.Name)
		}
		seen[f.Name] = true
		if err := read(f.Name, f.Value); err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
	}
	for _, name := range required {
		if !seen[name] {
			return fmt.Errorf("%q is missing", name)
		}
	}
	return nil
}

// as wants a value of one type.
func as[T any](v any) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("%T where %T should be", v, t)
	}
	return t, nil
}
