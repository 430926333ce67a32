package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// spy is a test whose end is looked at.
type spy struct {
	testing.TB
	fatal, skip string
}

func (s *spy) Fatal(args ...any) { s.fatal = fmt.Sprint(args...); runtime.Goexit() }
func (s *spy) Skip(args ...any)  { s.skip = fmt.Sprint(args...); runtime.Goexit() }

// watch runs what may end a test, and returns how it did.
func watch(t *testing.T, f func(testing.TB)) *spy {
	s := &spy{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(s)
	}()
	<-done
	return s
}

func TestNeedSkipsAndPutsTheTestOnTheList(t *testing.T) {
	list := filepath.Join(t.TempDir(), "skips")
	t.Setenv("CI", "")
	t.Setenv("ARCHIVER_SKIPS", list)
	missing := errors.New("not\ninstalled")
	for range 2 {
		s := watch(t, func(t testing.TB) { Need(t, "gpg", missing) })
		if s.skip != "needs gpg: not\ninstalled" || s.fatal != "" {
			t.Errorf("skip %q, fatal %q", s.skip, s.fatal)
		}
	}
	text, err := os.ReadFile(list)
	line := "lab.TestNeedSkipsAndPutsTheTestOnTheList needs gpg: not installed\n"
	if err != nil || string(text) != line+line {
		t.Errorf("list %q, %v", text, err)
	}
}

func TestNeedFailsUnderCI(t *testing.T) {
	list := filepath.Join(t.TempDir(), "skips")
	t.Setenv("CI", "true")
	t.Setenv("ARCHIVER_SKIPS", list)
	s := watch(t, func(t testing.TB) { Need(t, "gpg", errors.New("not installed")) })
	if s.fatal == "" || s.skip != "" {
		t.Errorf("skip %q, fatal %q", s.skip, s.fatal)
	}
	if _, err := os.Stat(list); err == nil {
		t.Error("listed as skipped")
	}
}

func TestToolFindsOrSkips(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv("ARCHIVER_SKIPS", "")
	if path := Tool(t, "sh"); !filepath.IsAbs(path) {
		t.Errorf("got %q", path)
	}
	if s := watch(t, func(t testing.TB) { Tool(t, "no-such-program") }); s.skip == "" {
		t.Error("not skipped")
	}
}

func TestOnlyWhatIsNotToBeHadIsSkipped(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv("ARCHIVER_SKIPS", "")
	missing := fmt.Errorf("start: %w", &Unavailable{"Java", errors.New("not installed")})
	if s := watch(t, func(t testing.TB) { settle(t, "server", missing) }); s.skip == "" {
		t.Errorf("not skipped: %+v", s)
	}
}

func TestEnvPointsTheDefaultChainAtTheServer(t *testing.T) {
	t.Setenv("AWS_PROFILE", "somebody's")
	s := &S3Server{AccessKey: "a", SecretKey: "s"}
	s.Env(t)
	if os.Getenv("AWS_ACCESS_KEY_ID") != "a" || os.Getenv("AWS_SECRET_ACCESS_KEY") != "s" || os.Getenv("AWS_PROFILE") != "" {
		t.Error("the environment still holds other credentials")
	}
}
