package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"archiver/internal/job"
)

// TestATerminalThatGoesAwayAsksToEnd: it may say so twice, and `nohup` has it say
// nothing.
func TestATerminalThatGoesAwayAsksToEnd(t *testing.T) {
	arrived := make(chan os.Signal, 2) // also keeps this process alive
	signal.Notify(arrived, syscall.SIGHUP)
	defer signal.Stop(arrived)
	hangUp := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := interruptible()
	defer stop()
	hangUp()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	if !errors.Is(context.Cause(ctx), job.ErrInterrupted) {
		t.Errorf("%v", context.Cause(ctx))
	}
	<-arrived
	signal.Stop(arrived)
	hangUp() // kills unless it is still caught
	time.Sleep(100 * time.Millisecond)
}

func TestUnderNohupATerminalMayGoAway(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	ctx, stop := interruptible()
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if ctx.Err() != nil || !signal.Ignored(syscall.SIGHUP) {
		t.Error("it was ended by a hang-up that it was told to ignore")
	}
}
