#!/bin/sh
# Makes the test keys anew in the given folder (default: here), which must hold
# no .asc file yet. Needs GnuPG 2.2 or 2.4. Every run makes other keys.
set -eu
cd "${1:-.}"
for f in *.asc; do
	[ ! -e "$f" ] || { echo "$f exists already; give an empty folder" >&2; exit 1; }
done

GNUPGHOME=$(mktemp -d /tmp/keys.XXXXXX) # short: the agent's socket lies in it
export GNUPGHOME
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT

gpg_at() { # gpg_at YYYY ARGS...: gpg with the clock at the first day of that year
	year=$1
	shift
	gpg --batch --quiet --no-tty --pinentry-mode loopback --faked-system-time "${year}0101T000000!" "$@"
}

# generate NAME PASSPHRASE YEAR LINES: a key from lines of gpg's batch language
generate() {
	protection="Passphrase: $2"
	[ -n "$2" ] || protection=%no-protection
	gpg_at "$3" --generate-key <<EOF
$4
$protection
Name-Real: archiver TEST $1 key (public, worthless)
%commit
EOF
}

# exporting by user id would also find keys whose name contains this one
id_of() { gpg --batch --with-colons --list-keys "=archiver TEST $1 key (public, worthless)" | awk -F: '/^fpr/ { print $10; exit }'; }

public() { gpg_at 2026 --armor --export "$(id_of "$1")" > "$1.asc"; }

private() { gpg_at 2026 --passphrase "$2" --armor --export-secret-keys "$(id_of "$1")" > "$1-private.asc"; }

sign='Key-Type: eddsa
Key-Curve: ed25519
Key-Usage: sign'
encrypt='Subkey-Type: ecdh
Subkey-Curve: cv25519
Subkey-Usage: encrypt'

for name in ops escrow stranger; do
	generate $name "" 2026 "$sign
$encrypt"
	public $name
	private $name ""
done

generate signer "" 2026 "$sign"
public signer
private signer ""

generate rsa-signer "" 2026 "Key-Type: rsa
Key-Length: 3072
Key-Usage: sign"
public rsa-signer
private rsa-signer ""

generate signer-passphrase test-passphrase 2026 "$sign"
private signer-passphrase test-passphrase

generate sign-only "" 2026 "$sign"
public sign-only

generate expired "" 2020 "$sign
$encrypt
Expire-Date: 1y"
public expired

generate revoked "" 2026 "$sign
$encrypt"
# the certificate that gpg makes with each key, kept from use by one colon
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$(id_of revoked).rev" | gpg_at 2026 --import
public revoked
