#!/bin/sh
# Installs the programs that tests call and that are missing, where apt-get is
# there and we are root. Never fails: a test that needs one of them says so.
set -u

missing=
for pair in gpg:gpg gpgv:gpgv gpg-agent:gpg-agent sq:sq jq:jq curl:curl; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "not installed, some tests will be skipped:$missing"
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word per package
{ apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >/dev/null ||
	echo "could not be installed, some tests will be skipped:$missing"
exit 0
