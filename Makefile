STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

GORELEASER  = github.com/goreleaser/goreleaser/v2@v2.13.1
SYFT        = github.com/anchore/syft/cmd/syft@v1.38.0

.PHONY: build check test bench soak day vuln package tools clean

build:
	CGO_ENABLED=0 go build -trimpath -o bin/archiver ./cmd/archiver

# Format, vet, staticcheck, tidy modules, shell syntax, import edges. The last
# is never taken from go test's cache, which does not see what go list reads.
check:
	@files=$$(git ls-files -z '*.go' | xargs -0 -r gofmt -l) && \
		if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff
	@git ls-files '*.sh' .ci/run | while read -r f; do \
		case $$(head -n 1 "$$f") in *bash*) sh=bash ;; *) sh=sh ;; esac; \
		$$sh -n "$$f" || exit 1; done
	go test -count=1 ./internal/depcheck

# Everything, against real servers. What this machine does not offer is
# skipped and listed at the end; with CI=true it fails instead. The acceptance
# tests come last and alone, because one of them measures the built program's
# memory; they only drive it, so that the race detector would find nothing there.
# The list's name is new at every run, so that no skip is answered from go test's
# cache.
test: tools check build
	@list=$$(mktemp) && trap 'rm -f "$$list"' EXIT && export ARCHIVER_SKIPS=$$list && status=0; \
	go test -p 2 -race -timeout 30m $$(go list ./... | grep -v internal/acceptance) || status=$$?; \
	go test -timeout 45m ./internal/acceptance || status=$$?; \
	if [ -s "$$list" ]; then echo "skipped:"; sort "$$list"; else echo "nothing was skipped"; fi; \
	exit $$status

bench:
	go test -run '^$$' -bench . -benchmem ./...

# A thousand histories of ten days, and every late delivery of the kill matrix.
soak:
	ARCHIVER_SOAK=1 go test -timeout 60m -run 'TestHistories|TestKillMatrix' ./internal/job

# One whole day against real servers, as a demonstration.
day: tools build
	go run ./internal/lab/day

vuln:
	go run $(GOVULNCHECK) ./...

# A release without publishing it: archives, deb, rpm, checksums and SBOMs in
# dist/. The first time it builds its tools, which takes some minutes.
package:
	GOBIN=$(CURDIR)/bin/tools go install $(SYFT)
	PATH=$(CURDIR)/bin/tools:$$PATH go run $(GORELEASER) release --snapshot --clean

# Programs that tests call, on Debian-like machines where we are root.
tools:
	@sh internal/lab/tools.sh

clean:
	rm -rf bin dist dist-man
