#!/bin/sh
# Checks a stream's ledger and opens one day's archive, believing nothing before
# it was checked. README.md beside this script tells how to use it and why each
# step is there; FORMAT-v1.md specifies what is checked.
#
# Nothing lies in OUTDIR under its own name before all of it was checked.
# Exit codes: 0 opened, 1 failed (no private key, disk full), 2 usage,
# 3 the ledger holds no archive of that day, 6 refused.
# shellcheck disable=SC2015 # what follows a "||" here exits
set -eu
umask 077 # what is opened is plain text
LC_ALL=C TZ=UTC
export LC_ALL TZ

usage() {
	cat >&2 <<-'END'
		usage: sh open.sh -s SIGNER.asc [-s ...] [-H SEQ:SHA256] [-o OUTDIR] ROOT STREAM [YYYY-MM-DD]
		  -s  public key of a signer that you trust, armored; not the one from the archive's bucket
		  -H  head of the ledger, as a report or notification showed it: must be part of the chain
		  -o  folder to open into: new or empty (default: STREAM-YYYY-MM-DD)
		ROOT is a local copy of the archive's prefix. Without a day, only the ledger is checked.
		The private key is taken from your gpg keyring (GNUPGHOME).
	END
	exit 2
}
misused() { printf 'open.sh: %s\n' "$*" >&2; exit 2; }
failed() { printf 'open.sh: %s\n' "$*" >&2; show_errors; exit 1; }
refuse() { printf 'open.sh: REFUSED: %s\n' "$*" >&2; show_errors; exit 6; }
show_errors() { if [ -s "$tmp/err" ]; then sed 's/^/    /' "$tmp/err" >&2; fi; }
sha256() { sha256sum <"$1" | cut -c 1-64; }

tmp='' out='' made='' opened=''
cleanup() {
	if [ -n "$tmp" ]; then rm -rf "$tmp"; fi
	if [ -n "$out" ] && [ -z "$opened" ]; then
		rm -rf "$out/.unchecked"
		if [ -n "$made" ]; then rmdir "$out" 2>/dev/null || :; fi
	fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# verified CLASS WHAT FILE...: believes what gpgv verifies in FILE... if it is
# one signature of this class, by a signer's key that was valid when it signed.
# Sets at (seconds since 1970) and by (fingerprint).
verified() {
	class=$1 what=$2
	shift 2
	gpgv --status-fd 3 --keyring "$tmp/signer.gpg" "$@" 3>"$tmp/status" >/dev/null 2>"$tmp/err" ||
		refuse "$what: its signature is not a signer's"
	verdict=$(awk -v class="$class" '
		$2 == "NEWSIG" { signatures++ }
		$2 == "KEYEXPIRED" && (!expired || $3 < expired) { expired = $3 }
		$2 == "REVKEYSIG" { why = "its signer has revoked the key" }
		$2 ~ /^(BADSIG|ERRSIG|EXPSIG)$/ { why = "its signature is bad: " $2 }
		$2 == "VALIDSIG" { valid++; at = $5; lasts = $6; hash = $10; type = $11; by = $12 }
		END {
			if (why == "" && (signatures != 1 || valid != 1)) why = "it does not have exactly one signature"
			if (why == "" && type != class) why = "its signature is of type " type ", not " class
			if (why == "" && hash != 8) why = "its signature is not by SHA-256"
			if (why == "" && lasts + 0) why = "its signature has an expiry of its own"
			if (why == "" && expired && at + 0 >= expired + 0) why = "its signature was made after the key had expired"
			print (why == "" ? "good " at " " by : why)
		}' <"$tmp/status")
	case $verdict in good\ *) ;; *) refuse "$what: $verdict" ;; esac
	: >"$tmp/err"
	verdict=${verdict#good }
	at=${verdict%% *} by=${verdict#* }
}

# framed FILE NAME: gpgv calls blocks good that have text around them, blanks at
# line ends, other headers. Only the one framing that a text has is accepted.
framed() {
	[ "$(tr -d '\n\040-\176' <"$1" | wc -c)" -eq 0 ] || refuse "$2: it holds bytes that are not printable ASCII"
	[ "$(tail -c 1 "$1" | wc -l)" -eq 1 ] || refuse "$2: its last line has no end"
	why=$(awk '
		function bad(reason) { print reason; said = 1; exit }
		NR == 1 { if ($0 != "-----BEGIN PGP SIGNED MESSAGE-----") bad("it does not begin with its signed block"); next }
		NR == 2 { if ($0 != "Hash: SHA256") bad("its header is not Hash: SHA256"); next }
		NR == 3 { if ($0 != "") bad("it has more than one header"); part = "text"; next }
		part == "text" && $0 == "-----BEGIN PGP SIGNATURE-----" { part = "gap"; next }
		part == "text" && /^-/ { bad("a line of its text starts with a dash") }
		part == "text" && / $/ { bad("a line of its text ends with a blank") }
		part == "text" && length($0) > 15999 { bad("a line of its text is too long") }
		part == "text" { next }
		part == "gap" { if ($0 != "") bad("its signature has a header"); part = "base64"; width = 64; next }
		part == "base64" && $0 == "-----END PGP SIGNATURE-----" { part = "end"; next }
		part == "base64" && (width != 64 || length($0) > 64 || !/^[A-Za-z0-9+\/]+=?=?$/) { bad("its signature is not laid out as it must be") }
		part == "base64" { width = length($0); next }
		{ bad("it goes on after its signed block") }
		END { if (!said && part != "end") print "its signed block does not end" }' <"$1")
	[ -z "$why" ] || refuse "$2: $why"
}

# entry FILE NAME NUMBER: believes one ledger entry and its place in the chain,
# and takes it up if it is about the day. Only verified text is parsed.
entry() {
	framed "$1" "$2"
	rm -f "$tmp/text"
	verified 01 "$2" --output "$tmp/text" "$1"
	# jq lets a duplicate key pass, and the last one win: rendered again it differs.
	jq -a --indent 2 . "$tmp/text" >"$tmp/again" 2>"$tmp/err" || refuse "$2: it is not JSON"
	cmp -s "$tmp/again" "$tmp/text" || refuse "$2: its JSON is not in canonical form"
	verdict=$(jq -rs --arg stream "$stream" --argjson number "$3" --arg previous "$head" --argjson at "$at" --argjson last "$last" '
		if length != 1 then "it holds \(length) JSON values" else .[0] |
		if .format != 1 then "its format \(.format) is not known here"
		elif .stream != $stream then "it belongs to the stream \(.stream)"
		elif .sequence != $number then "it says that it is number \(.sequence)"
		elif .previous != $previous then "it does not follow the entry before it"
		elif .time != ($at | todate) then "its time \(.time) is not that of its signature"
		elif $at < $last then "its time is before the previous entry'"'"'s"
		elif (.type | IN("archive", "abandoned", "withdrawn", "drill", "absent", "expired", "signer", "recipients", "timestamp") | not)
		then "its type \(.type) is not known here: use a newer open.sh"
		elif keys - ["format", "previous", "sequence", "stream", "time", "tool", "type"] != [.type] then "its type does not go with its body"
		elif (.[.type] | type) != "object" then "its body is no object"
		elif (.type | IN("archive", "abandoned", "withdrawn", "drill")) then "good \(.type) \(.[.type].date) \(.[.type].run)"
		else "good reserved - -" end end' "$tmp/text" 2>"$tmp/err") || refuse "$2: it is not a ledger entry"
	read -r good type day run rest <<-END
		$verdict
	END
	[ "$good" = good ] || refuse "$2: $verdict"
	# What a later version has written of other things is part of the chain, and no more.
	[ "$type" = reserved ] || { [ -z "$rest" ] && is_day "$day" && is_run "$run"; } || refuse "$2: its date or run is malformed"
	head=$(sha256 "$1") last=$at
	case $type in
	archive) if [ "$day" = "$date" ]; then
		sealed=$3 sealed_run=$run sealed_by=$by sealed_at=$(jq -r .time "$tmp/text")
		cp "$tmp/text" "$tmp/entry.json"
	fi ;;
	withdrawn) if [ "$run" = "$sealed_run" ]; then sealed='' sealed_run=''; fi ;;
	esac
}

is_day() { case $1 in [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;; *) return 1 ;; esac; }
is_run() {
	case $1 in *[!0-9a-z-]*) return 1 ;; esac
	case $1 in ????????t??????z-????????) ;; *) return 1 ;; esac
}

# chain: believes every entry of the ledger, from the first, without gaps. Sets
# number and head (of the newest entry), and sealed (number of the day's entry).
chain() {
	number=0 last=0 sealed='' sealed_run=''
	head=0000000000000000000000000000000000000000000000000000000000000000
	passed=$want_number
	while name=$(printf '%06d.json.asc' $((number + 1))) && [ -f "$ledger/$name" ]; do
		number=$((number + 1))
		entry "$ledger/$name" "ledger entry $name" "$number"
		if [ "${name%.json.asc}" = "$want_number" ]; then
			[ "$head" = "$want_head" ] || refuse "ledger entry $name: it is not the one that -H names"
			passed=''
		fi
	done
	[ "$number" -gt 0 ] || refuse "the ledger of $stream has no entry $name below $ledger"
	[ "$(find "$ledger/." ! -name . -prune -print | wc -l)" -eq "$number" ] ||
		refuse "the ledger of $stream: it holds something besides its first $number entries; $name is missing"
	[ -z "$passed" ] || refuse "the ledger of $stream: it ends at $number, before the head that -H names: the tail may have been cut"
}

# volumes: reads the day's volumes out of its entry, and compares what lies
# below ROOT with it, before any of it is decrypted.
volumes() {
	jq -r '.archive.volumes[]? | [.number, .key, .bytes, .sha256, .manifest_sha256, .files, .plaintext_bytes] | @tsv' \
		"$tmp/entry.json" >"$tmp/volumes" 2>"$tmp/err" || refuse "ledger entry $sealed: its volumes are malformed"
	count=0
	while read -r n key bytes sum _ <&4; do
		volume=$(printf %05d "$count")
		[ "$n" = "$count" ] || refuse "ledger entry $sealed: volume $n stands where $count must be"
		case $key in
		"archives/$stream/$folder/$sealed_run"/[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/"$volume.tar.pgp") ;;
		*) refuse "ledger entry $sealed: $key is no place for volume $volume" ;;
		esac
		[ -f "$root/$key" ] || refuse "volume $volume: there is no $root/$key"
		[ "$(wc -c <"$root/$key" | tr -d ' ')" = "$bytes" ] || refuse "volume $volume: $key does not have $bytes bytes"
		[ "$(sha256 "$root/$key")" = "$sum" ] || refuse "volume $volume: $key does not have the SHA-256 that its ledger entry names"
		count=$((count + 1))
	done 4<"$tmp/volumes"
	[ "$count" -gt 0 ] || refuse "ledger entry $sealed: it names no volume"
	jq -e '.archive.volumes | length <= 100000 and all(.[]; .objects >= 1 and .objects <= 100000)' "$tmp/entry.json" >"$tmp/verdict" 2>"$tmp/err" ||
		refuse "ledger entry $sealed: its volumes are not within the limits of the format"
}

# message VOLUME KEY: gpg opens more than an archive's form: what is compressed or
# signed inside, encrypted by another cipher, text, or has a name. It lists the
# packets of the message's first MiB, and says the rest in its status.
message() {
	head -c 1048576 "$root/$2" | gpg --batch --quiet --list-packets >"$tmp/packets" 2>/dev/null || : # it is cut
	verdict=$(awk '
		/^:pubkey enc packet: version 3,/ && part == "" { next }
		/^:encrypted data packet:/ && part == "" { part = "encrypted"; next }
		/^:literal data packet:/ && part == "encrypted" { part = "literal"; next }
		/^:mdc packet:/ && part == "literal" { part = "end"; next }
		/^:/ { part = "bad"; exit }
		END { print part }' <"$tmp/packets")
	case $verdict in
	literal | end) ;;
	bad) refuse "volume $1: its message is not in the form of an archive" ;;
	*) failed "volume $1: gpg did not list its packets" ;;
	esac
	grep -qE '^\[GNUPG:\] DECRYPTION_INFO 2 9( 0)?$' "$tmp/status" && grep -qE '^\[GNUPG:\] PLAINTEXT 62 [0-9]+ *$' "$tmp/status" ||
		refuse "volume $1: its message is not in the form of an archive"
}

# decrypt VOLUME KEY BYTES: a pipe tells only how tar ended, and gpg may fail after
# all files were written: its own exit status and verdict are asked for. gpg is
# held to the BYTES that the entry names. The tar is listed, counted and its end
# looked at while it is unpacked, because tar itself takes much that is none of an
# archive's: links, names that climb, files twice, an end without a trailer.
decrypt() {
	tar_status=0
	rm -f "$tmp/list" "$tmp/count" "$tmp/tail"
	mkfifo "$tmp/list" "$tmp/count" "$tmp/tail"
	{
		list_status=0
		tar -tv -f - --numeric-owner 2>/dev/null || list_status=$?
		cat >/dev/null
		echo "$list_status" >"$tmp/list_status"
	} <"$tmp/list" >"$tmp/listing" &
	wc -c <"$tmp/count" | tr -d ' ' >"$tmp/counted" &
	tail -c 1024 <"$tmp/tail" | tr -d '\000' | wc -c | tr -d ' ' >"$tmp/trailer" &
	{
		gpg_status=0
		gpg --batch --quiet --status-fd 3 --max-output "$3" --decrypt "$root/$2" 3>"$tmp/status" 2>"$tmp/err" || gpg_status=$?
		echo "$gpg_status" >"$tmp/gpg_status"
	} | tee "$tmp/list" "$tmp/count" "$tmp/tail" | (
		cd "$out/.unchecked"
		status=0
		tar -x -f - --no-same-owner --no-same-permissions 2>"$tmp/tar_err" || status=$?
		cat >/dev/null # the others want the rest
		exit "$status"
	) || tar_status=$?
	wait
	grep -q '^\[GNUPG:\] ENC_TO ' "$tmp/status" || refuse "volume $1: it is not encrypted to any key"
	grep -q '^\[GNUPG:\] DECRYPTION_INFO' "$tmp/status" || failed "volume $1: gpg could not begin: is a private key for it in your keyring?"
	grep -q '^\[GNUPG:\] DECRYPTION_OKAY' "$tmp/status" && grep -q '^\[GNUPG:\] GOODMDC' "$tmp/status" ||
		refuse "volume $1: gpg does not call it whole"
	message "$1" "$2"
	[ "$(cat "$tmp/gpg_status")" -eq 0 ] || refuse "volume $1: gpg does not call it good"
	: >"$tmp/err"
	[ "$(cat "$tmp/counted")" = "$3" ] || refuse "volume $1: its tar does not have $3 bytes"
	[ "$(cat "$tmp/trailer")" -eq 0 ] || refuse "volume $1: its tar has no trailer"
	[ "$(cat "$tmp/list_status")" -eq 0 ] || refuse "volume $1: it holds no tar"
	awk '!/^-/ || NF != 6 || $6 !~ /^[A-Za-z0-9._=+-][A-Za-z0-9._\/=+-]*$/ || $6 ~ /(^|\/)\.\.?(\/|$)/' <"$tmp/listing" >"$tmp/err"
	[ ! -s "$tmp/err" ] || refuse "volume $1: its tar holds what is neither file nor folder of an archive"
	# A sparse file says that it is larger than what holds it.
	awk -v most="$3" '{ sum += 512 + $3 } END { exit sum > most }' <"$tmp/listing" ||
		refuse "volume $1: its tar holds files that are larger than itself"
	awk '{ print $6 }' <"$tmp/listing" >>"$tmp/unpacked"
	if [ "$tar_status" -ne 0 ]; then
		cat "$tmp/tar_err" >>"$tmp/err"
		failed "volume $1: it could not be unpacked into $out"
	fi
}

# same VOLUME: every volume holds ARCHIVE.json and RESTORE.md, and the next one's
# take the place of this one's: they are looked at while they are there.
same() {
	record=$out/.unchecked/ARCHIVE.json page=$out/.unchecked/RESTORE.md
	[ -f "$record" ] && [ -f "$page" ] || refuse "volume $1: it holds no ARCHIVE.json or no RESTORE.md"
	[ "$(sha256 "$record")" = "$(jq -r .archive.record_sha256 "$tmp/entry.json")" ] ||
		refuse "volume $1: its ARCHIVE.json does not have the SHA-256 that the ledger entry names"
	restore=${restore:-$(sha256 "$page")}
	[ "$(sha256 "$page")" = "$restore" ] || refuse "volume $1: its RESTORE.md is not that of the volumes before"
}

# manifests: every file must be what its volume's signed manifest says.
manifests() {
	: >"$tmp/named"
	: >"$tmp/order"
	while read -r n _ _ _ sum files _ <&4; do
		volume=$(printf %05d "$n")
		manifest=SHA256SUMS.$volume
		[ -f "$manifest" ] && [ -f "$manifest.asc" ] || refuse "volume $volume: it holds no $manifest with signature"
		[ "$(sha256 "$manifest")" = "$sum" ] || refuse "$manifest: it does not have the SHA-256 that the ledger entry names"
		verified 00 "$manifest" "$manifest.asc" "$manifest"
		# A name that is absolute, or climbs, would have another file checked.
		if grep -qvE '^[0-9a-f]{64}  [A-Za-z0-9._=+-][A-Za-z0-9._/=+-]*$' "$manifest" || cut -c 67- "$manifest" | grep -qE '(^|/)\.\.?(/|$)'; then
			refuse "$manifest: a line of it is malformed"
		fi
		[ "$(wc -l <"$manifest")" -eq "$files" ] || refuse "$manifest: it does not name $files files"
		sha256sum --strict --check --quiet "$manifest" >"$tmp/err" 2>&1 || refuse "$manifest: not every file is there as it says"
		: >"$tmp/err"
		cut -c 67- "$manifest" >>"$tmp/named"
		{ cut -c 67- "$manifest"; printf '%s\n' "$manifest" "$manifest.asc"; } >>"$tmp/order"
		printf '%s\n' "$manifest" "$manifest.asc" >>"$tmp/own"
	done 4<"$tmp/volumes"
}

# nothing_else: nothing is there that no manifest names (one more root file would
# change what the repository holds), and all that the entry counted is.
nothing_else() {
	find . ! -type d ! -type f >"$tmp/err"
	[ ! -s "$tmp/err" ] || refuse "the archive: it holds what is neither file nor folder"
	sort -u "$tmp/named" "$tmp/own" | sed 's|^|./|' >"$tmp/expected"
	find . -type f | sort >"$tmp/found"
	comm -3 "$tmp/expected" "$tmp/found" >"$tmp/err"
	[ ! -s "$tmp/err" ] || refuse "the archive: it holds files that no manifest names"
	grep '^repository/' "$tmp/named" | sort | uniq -d >"$tmp/err"
	[ ! -s "$tmp/err" ] || refuse "the archive: files are in more than one volume"
	cmp -s "$tmp/order" "$tmp/unpacked" || refuse "the archive: a tar does not hold what its manifest names, once and in its order"
	objects=$(grep -c '^repository/' "$tmp/named") || :
	[ "$objects" = "$(jq -r .archive.objects "$tmp/entry.json")" ] || refuse "the archive: it holds $objects blobs, its ledger entry counts others"
	papers
}

# papers: ARCHIVE.json and every VOLUME.NNNNN.json say what the entry says.
papers() {
	jq -e --slurpfile entry "$tmp/entry.json" '$entry[0] as $e | .format == 1 and .stream == $e.stream and .volumes == ($e.archive.volumes | length) and
		([.date, .run, .cluster, .snapshot, .objects, .bytes] == ($e.archive | [.date, .run, .cluster, .snapshot, .objects, .bytes]))' \
		ARCHIVE.json >"$tmp/verdict" 2>"$tmp/err" || refuse "ARCHIVE.json: it does not say what the ledger entry says"
	while read -r n _ <&4; do
		jq -a --indent 2 --argjson n "$n" '{format: 1, stream, date: .archive.date, run: .archive.run, volume: $n} +
			(.archive.volumes[$n] | {after, last, objects, bytes: .source_bytes, digest})' "$tmp/entry.json" >"$tmp/volume.json"
		volume=VOLUME.$(printf %05d "$n").json
		cmp -s "$tmp/volume.json" "$volume" || refuse "$volume: it does not say what the ledger entry says"
	done 4<"$tmp/volumes"
}

# opens: into a folder of its own, which gives up its content only at the end.
opens() {
	if ! [ -d "$out" ]; then
		mkdir -p "$out"
		made=yes
	fi
	out=$(cd "$out" && pwd)
	if [ -n "$(find "$out/." ! -name . -prune -print | head -n 1)" ]; then
		opened=no # it is not ours to clean
		misused "$out is not empty"
	fi
	mkdir "$out/.unchecked"
	: >"$tmp/unpacked"
	restore=''
	while read -r n key _ _ _ _ plain <&4; do
		volume=$(printf %05d "$n")
		decrypt "$volume" "$key" "$plain"
		same "$volume"
	done 4<"$tmp/volumes"
	cd "$out/.unchecked"
	manifests
	nothing_else
	find . ! -name . -prune -exec mv {} "$out/" \;
	cd "$out"
	rmdir .unchecked
	opened=yes
}

report() {
	printf 'opened %s of %s into %s\n' "$stream" "$date" "$out"
	jq -r '.archive | "run \(.run), snapshot \(.snapshot.name)",
		(.snapshot.indices[] | "index \(.name): \(.documents // "unknown number of") documents"),
		"\(.objects) files of the repository, \(.bytes) bytes, in \(.volumes | length) volumes"' "$tmp/entry.json"
	printf 'entry %06d, signed by %s at %s\n' "$sealed" "$sealed_by" "$sealed_at"
}

tmp=$(mktemp -d)
: >"$tmp/err"
want_number='' want_head=''
for tool in awk cmp comm gpg gpgv jq mkfifo sha256sum tar tee; do
	command -v "$tool" >/dev/null || misused "$tool is needed"
done
while getopts s:H:o: option; do
	case $option in
	s) # gpgv wants its keyring binary
		grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' <"$OPTARG" &&
			gpg --batch --quiet --dearmor <"$OPTARG" >>"$tmp/signer.gpg" || misused "$OPTARG is no armored public key" ;;
	H) # 7:SHA256 or 000007:SHA256
		want_number=$(printf '%s\n' "${OPTARG%%:*}" | awk '/^[0-9]+$/ { printf "%06d", $0 }') want_head=${OPTARG#*:}
		[ -n "$want_number" ] && [ "${#want_head}" -eq 64 ] || misused "-H: $OPTARG is not SEQ:SHA256" ;;
	o) out_wanted=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -s "$tmp/signer.gpg" ] && [ $# -ge 2 ] && [ $# -le 3 ] || usage
root=$1 stream=$2 date=${3-}
case $stream in '' | -* | *[!a-z0-9-]*) misused "$stream is no stream's name" ;; esac
[ -z "$date" ] || is_day "$date" || misused "$date is not YYYY-MM-DD"
[ -d "$root" ] || misused "$root is no folder"
root=$(cd "$root" && pwd)
ledger=$root/ledger/$stream

chain
if [ -n "$date" ]; then
	folder=$(printf '%s\n' "$date" | tr - /)
	if [ -z "$sealed" ]; then
		printf 'open.sh: the ledger holds no archive of %s; its head is %06d:%s\n' "$date" "$number" "$head" >&2
		exit 3
	fi
	volumes
	out=${out_wanted:-$stream-$date}
	opens
	report
fi
printf 'ledger of %s: %d entries, head %06d:%s\n' "$stream" "$number" "$number" "$head"
