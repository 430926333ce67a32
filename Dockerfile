# The program and nothing else: one static binary on an empty base, with the
# certificates and the time zones that it reads, run by a user without a name.
#
#   docker build --build-arg VERSION=1.2.3 -t archiver .
#
# The same sources, version and Go release give the same binary.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
        -ldflags "-s -w -buildid= -X main.version=${VERSION}" -o /out/archiver ./cmd/archiver && \
    mkdir -p /out/etc/ssl/certs && \
    cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ && \
    cp "$(go env GOROOT)/lib/time/zoneinfo.zip" /out/zoneinfo.zip && \
    find /out -exec touch --no-dereference --date=@0 {} +

FROM scratch
COPY --from=build /out/ /
ENV ZONEINFO=/zoneinfo.zip
# 65532 is what images without users use for "nobody in particular". Nothing is
# written to the file system: run it with a read-only one.
USER 65532:65532
ENTRYPOINT ["/archiver"]
CMD ["run"]
