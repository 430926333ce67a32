#!/usr/bin/env python3
"""Opens the archive of one day, written from FORMAT.md alone.

    read.py [--head NNNNNN:HASH] SIGNERS ARCHIVE STREAM DATE FOLDER

SIGNERS holds the armored public keys of the signers, ARCHIVE is the archive's
folder, FOLDER must not exist. gpg must have a recipient's private key. It prints
the head of the ledger, or the class (6.1) and what is wrong, and exits with 1.
Numbers in comments are sections of FORMAT.md.
"""
import argparse, base64, binascii, datetime, hashlib, io, json, os, re, shutil, subprocess, sys, tempfile


class Violation(Exception):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")


class Cut(Violation):
    pass


def need(true, kind, text):
    if not true:
        raise Violation(kind, text)


# 1, 1.1: what members are, in their order. A name with ? is optional.

def text(v): return isinstance(v, str)
def some(v): return text(v) and v != ""
def count(v): return type(v) is int and 0 <= v < 2**53
def boolean(v): return type(v) is bool
def anything(v): return isinstance(v, dict)
def like(pattern): return lambda v: text(v) and re.fullmatch(pattern, v) is not None
def one(*values): return lambda v: type(v) in {type(x) for x in values} and v in values
def maybe(kind): return lambda v: v is None or kind(v)
def array(kind): return lambda v: isinstance(v, list) and all(map(kind, v))


def members(*fields):
    def check(v):
        if not isinstance(v, dict):
            return False
        names = [n.rstrip("?") for n, _ in fields if n[-1] != "?" or n[:-1] in v]
        return list(v) == names and all(k(v[n.rstrip("?")]) for n, k in fields if n.rstrip("?") in v)
    return check


def time(v):
    if not like(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")(v):
        return False
    try:
        return bool(datetime.datetime.fromisoformat(v[:-1]))
    except ValueError:
        return False


def date(v): return text(v) and len(v) == 10 and time(v + "T00:00:00Z")


def packets(v):
    try:
        return text(v) and v != "" and base64.b64encode(base64.b64decode(v, validate=True)).decode() == v
    except ValueError:
        return False


def seconds(v):
    return int(datetime.datetime.fromisoformat(v[:-1] + "+00:00").timestamp())


STREAM, SHA256, FINGERPRINT = "[a-z0-9][a-z0-9-]{0,62}", "[0-9a-f]{64}", "[0-9A-F]{40}"
RUN, PACK = "[0-9]{8}t[0-9]{6}z-[0-9a-f]{8}", "[0-9a-f]{8}"
stream, sha256, fingerprint, run = like(STREAM), like(SHA256), like(FINGERPRINT), like(RUN)
DAY = [("date", date), ("run", run)]
CLUSTER = members(("name", text), ("uuid", text), ("distribution", text), ("version", text))
INDEX = members(
    ("name", text), ("uuid", text), ("documents", maybe(count)), ("documents_reason?", some), ("shards", count),
    ("bytes", count), ("created_version", text), ("changed", maybe(boolean)), ("changed_reason?", some))
SNAPSHOT = members(("name", text), ("uuid", text), ("indices", array(INDEX)))
WITNESS = members(
    ("time", time),
    ("samples", array(members(("index", text), ("id", text), ("sha256", sha256), ("derived?", some)))),
    ("missing", array(members(("index", text), ("id?", some), ("reason", text)))))
RECORD = members(  # 3.2
    ("format", one(1)), ("stream", stream), *DAY, ("time", time), ("tool", text), ("cluster", CLUSTER),
    ("snapshot", SNAPSHOT), ("objects", count), ("bytes", count), ("volumes", count), ("witness", WITNESS))
RANGE = [("after", text), ("last", text), ("objects", count)]
VOLUME = members(  # 3.3
    ("format", one(1)), ("stream", stream), *DAY, ("volume", count), *RANGE, ("bytes", count), ("digest", sha256))
BODIES = {  # 5.3
    "archive": members(
        *DAY, ("cluster", CLUSTER), ("snapshot", SNAPSHOT), ("objects", count), ("bytes", count),
        ("record_sha256", sha256), ("recipients", lambda v: v and array(fingerprint)(v)), ("signer", fingerprint),
        ("retention", members(("mode", one("none", "governance", "compliance")), ("years", count), ("until", time))),
        ("volumes", array(members(
            ("number", count), ("key", text), ("version", text), ("bytes", count), ("sha256", sha256),
            ("crc64nvme", like("([A-Za-z0-9+/]{11}=)?")), ("session_keys", packets), ("plaintext_bytes", count),
            ("files", count), ("manifest_sha256", sha256), *RANGE, ("source_bytes", count), ("digest", sha256))))),
    "abandoned": members(*DAY, ("reason", text)),
    "withdrawn": members(*DAY, ("reason", text)),
    "drill": members(*DAY, ("passed", boolean), ("reason?", some), ("cluster", CLUSTER), ("documents", count),
                     ("samples", count), ("seconds", count)),
    **{t: anything for t in ("absent", "expired", "signer", "recipients", "timestamp")},
}


def canonical(raw, kind, where):
    """The value of a JSON text, which must be the one text of that value."""
    def number(digits):
        need(0 <= int(digits) < 2**53, kind, f"{where} holds {digits}")
        return int(digits)  # a sign, an exponent and the like do not survive rendering

    def refused(token):
        raise Violation(kind, f"{where} holds {token}")

    def depth(v):
        below = v.values() if isinstance(v, dict) else v if isinstance(v, list) else None
        return 0 if below is None else 1 + max(map(depth, below), default=0)

    try:
        value = json.loads(raw.decode("ascii"), parse_int=number, parse_float=refused, parse_constant=refused)
        need(depth(value) <= 32, kind, f"{where} is nested too deep")
        need(not re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)), kind, f"{where} has half a surrogate pair")
        same = (json.dumps(value, indent=2) + "\n").encode() == raw
    except (ValueError, RecursionError) as e:
        raise Violation(kind, f"{where}: {e}")
    need(same and isinstance(value, dict), kind, f"{where} is not canonical")
    need(all(len(line) < 16000 for line in raw.split(b"\n")), kind, f"{where} has a line that is too long")
    return value


# 5.4: the ledger.

ARMOR = (rb"-----BEGIN PGP SIGNATURE-----\n\n((?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)-----END PGP SIGNATURE-----\n")
DETACHED = re.compile(ARMOR)
OBJECT = re.compile(rb"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n((?:[\x20-\x7e]*\n)+)" + ARMOR)


def packet(armor, kind, sigtype, where):
    """Checks that base64 holds one signature packet as in 3.5 and 5.1."""
    try:
        raw = base64.b64decode(armor.replace(b"\n", b""), validate=True)
    except binascii.Error as e:
        raise Violation(kind, f"{where}: {e}")
    need(base64.b64encode(raw) == armor.replace(b"\n", b"") and len(raw) % 3, kind, f"{where}: base64 is not canonical, or not padded")
    tag, size, start = header(io.BytesIO(raw), kind, where)
    body = raw[start:]
    need(tag == 2 and size == len(body) > 6 and start == (2 if size < 192 else 3), kind, f"{where} is not one signature packet")
    hashed = int.from_bytes(body[4:6], "big")
    need(body[0] == 4 and body[1] == sigtype and body[3] == 8, kind, f"{where}: not version 4, type {sigtype}, SHA-256")
    need(body[6 + hashed:8 + hashed] == b"\0\0", kind, f"{where} has unhashed subpackets")


def header(f, kind, where):
    """Tag, length (-n: the first part of n bytes) and size of a new-format header."""
    first = f.read(1)
    need(len(first) == 1 and first[0] >= 0xC0, kind, f"{where}: no packet header of the new format")
    size, took = length(f, kind, where)
    return first[0] & 63, size, 1 + took


def length(f, kind, where):
    b = f.read(1)
    need(len(b) == 1, kind, f"{where} ends in a packet's length")
    if b[0] < 192:
        return b[0], 1
    if b[0] < 224:
        return ((b[0] - 192) << 8) + f.read(1)[0] + 192, 2
    if b[0] == 255:
        return int.from_bytes(f.read(4), "big"), 5
    return -(1 << (b[0] & 31)), 1


class Signers:
    def __init__(self, path, scratch):
        self.keyring, self.scratch = os.path.join(scratch, "signers.gpg"), scratch
        subprocess.run(["gpg", "--batch", "--quiet", "--no-default-keyring", "--yes", "--dearmor", "--output", self.keyring, path], check=True)

    def verify(self, kinds, sigtype, where, signature, signed=None):
        """The time of a signature, if it is good by 5.5."""
        bad, untrusted = kinds
        paths = []
        for name, data in (("signature", signature), ("signed", signed)):
            if data is not None:
                paths.append(os.path.join(self.scratch, name))
                with open(paths[-1], "wb") as f:
                    f.write(data)
        done = subprocess.run(["gpgv", "--status-fd", "1", "--keyring", self.keyring, *paths], capture_output=True)
        status = [l.split()[1:] for l in done.stdout.decode("utf8", "replace").splitlines() if l.startswith("[GNUPG:]")]
        verdict = [w[0] for w in status if w[0] in ("GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG")]
        need(len(verdict) == 1 and verdict[0] not in ("BADSIG", "EXPSIG"), bad, f"{where}: {verdict or 'no signature'}")
        need(verdict[0] in ("GOODSIG", "EXPKEYSIG"), untrusted, f"{where}: {verdict[0]}")
        valid = [w for w in status if w[0] == "VALIDSIG"]
        need(len(valid) == 1, bad, f"{where}: no valid signature")
        _, _, _, made, expires, version, _, algorithm, digest, form = valid[0][:10]
        need((expires, version, digest, int(form, 16)) == ("0", "4", "8", sigtype), bad, f"{where}: signature of another kind")
        need(algorithm in ("1", "3", "19", "22"), untrusted, f"{where}: algorithm {algorithm}")
        ends = [int(w[1]) for w in status if w[0] == "KEYEXPIRED"]
        need(verdict[0] == "GOODSIG" or int(made) < min(ends), untrusted, f"{where}: its key had expired")
        return int(made)


def ledger(root, name, signers, head):
    """All entries of a stream, each believed by 5.4; the newest one's head."""
    folder = os.path.join(root, "ledger", name)
    keys = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    need(keys == ["%06d.json.asc" % (i + 1) for i in range(len(keys))], "ledger-chain", f"keys are {keys}")
    entries, previous, last, heads = [], "0" * 64, 0, set()
    for number, key in enumerate(keys, 1):
        need(os.path.getsize(os.path.join(folder, key)) <= 64 << 20, "ledger-form", f"{key} is too large")
        with open(os.path.join(folder, key), "rb") as f:
            raw = f.read()
        framed = OBJECT.fullmatch(raw)
        need(framed, "ledger-form", f"{key} is not framed")
        need(not re.search(rb"(^-| $|^\n\Z)", framed[1], re.M), "ledger-form", f"{key} has a line that is refused")
        packet(framed[2], "ledger-form", 1, key)
        made = signers.verify(("ledger-signature", "ledger-untrusted"), 1, key, raw)
        entry = canonical(framed[1], "ledger-form", key)
        kind = entry.get("type")
        need(text(kind) and kind in BODIES, "ledger-form", f"{key} has the type {kind}")
        need(members(("format", one(1)), ("stream", stream), ("sequence", count), ("time", time), ("type", text),
                     ("tool", text), ("previous", sha256), (kind, BODIES[kind]))(entry), "ledger-form", f"{key} has other members")
        if kind == "archive":
            consistent(entry, key)
        need((entry["stream"], entry["sequence"], entry["previous"]) == (name, number, previous), "ledger-chain", f"{key} does not follow")
        need(seconds(entry["time"]) == made >= last, "ledger-chain", f"{key} has a time that cannot be")
        previous, last = hashlib.sha256(raw).hexdigest(), made
        heads.add("%06d:%s" % (number, previous))
        entries.append(entry)
    need(head is None or head in heads, "head", f"the chain does not pass through {head}")
    return entries, "%06d:%s" % (len(entries), previous)


def consistent(entry, key):
    """What an archive entry says must fit itself: 3, 5.3."""
    a, after = entry["archive"], ""
    need(0 < len(a["volumes"]) <= 100000, "ledger-form", f"{key} has no volumes, or too many")
    for i, v in enumerate(a["volumes"]):
        at = "archives/%s/%s/%s/%s/%05d.tar.pgp" % (entry["stream"], a["date"].replace("-", "/"), a["run"], PACK, i)
        need(v["number"] == i and re.fullmatch(at, v["key"]), "ledger-form", f"{key}: volume {i} has another place")
        need(v["after"] == after < v["last"], "ledger-form", f"{key}: volume {i} has another range")
        need(0 < v["objects"] <= 100000, "ledger-form", f"{key}: volume {i} has {v['objects']} blobs")
        after = v["last"]
    for total, part in (("objects", "objects"), ("bytes", "source_bytes")):
        need(a[total] == sum(v[part] for v in a["volumes"]), "ledger-form", f"{key}: {total} is not the volumes' sum")


# 4: a volume's message.

def ciphertext(path, v, recipients):
    need(os.path.isfile(path), "volume-missing", v["key"])
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for part in iter(lambda: f.read(1 << 20), b""):
            digest.update(part)
        size = f.tell()
        need((size, digest.hexdigest()) == (v["bytes"], v["sha256"]), "volume-ciphertext", v["key"])
        f.seek(0)
        for _ in range(recipients):
            tag, n, _ = header(f, "message", v["key"])
            need(tag == 1 and n > 0 and f.read(1) == b"\3", "message", f"{v['key']}: not a session key for each recipient")
            f.seek(n - 1, 1)
        tag, n, _ = header(f, "message", v["key"])
        need(tag == 18 and not -512 < n <= 0 and f.read(1) == b"\1", "message", f"{v['key']}: not encrypted as in 4")
        f.seek(-1, 1)
        while n < 0:
            f.seek(-n, 1)
            n, _ = length(f, "message", v["key"])
        need(f.tell() + n == size, "message", f"{v['key']}: bytes after the message")


# 3.1: the tar.

def block(name, prefix, mode, size, mtime, flag, device):
    def octal(n, digits): return b"%0*o\0" % (digits, n)
    b = (name.ljust(100, b"\0") + octal(mode, 7) + octal(0, 7) * 2 + octal(size, 11) + octal(mtime, 11) + b" " * 8 +
         flag + bytes(100) + b"ustar\00000" + bytes(64) + device * 2 + prefix.ljust(155, b"\0") + bytes(12))
    return b[:148] + b"%06o\0 " % sum(b) + b[156:]


def split(name):
    """Name and prefix of a USTAR header, or None."""
    if len(name) <= 100:
        return name, b""
    at = name[:156].rfind(b"/")
    return (name[at + 1:], name[:at]) if at > 0 and 0 < len(name) - at - 1 <= 100 else None


def headers(name, size, mtime):
    """The bytes that stand before an entry's content."""
    parts, records = split(name), {}
    if size >= 8**11:
        records[b"size"] = b"%d" % size
    if not 0 <= mtime < 8**11:
        records[b"mtime"] = b"%d" % mtime
    if parts is None or records and len(name) > 100:
        records[b"path"] = name
    if not records:
        return block(*parts, 0o644, size, mtime, b"0", b"0000000\0")
    data = b""
    for keyword, value in sorted(records.items()):
        rest = b" " + keyword + b"=" + value + b"\n"
        n = len(rest) + 1
        while len(b"%d" % n) + len(rest) != n:
            n += 1
        data += b"%d" % n + rest
    folder, _, last = name.rpartition(b"/")
    extended = (folder + b"/PaxHeaders.0/" + last).lstrip(b"/")[:100].rstrip(b"/")
    return (block(extended, b"", 0, len(data), 0, b"x", bytes(8)) + data + bytes(-len(data) % 512) +
            block(name[:100].rstrip(b"/"), b"", 0o644, size if size < 8**11 else 0, mtime if 0 <= mtime < 8**11 else 0, b"0", b"0000000\0"))


class Tar:
    def __init__(self, f, where, most):
        self.f, self.where, self.most, self.bytes = f, where, most, 0

    def read(self, n):
        data = self.f.read(n)
        self.bytes += len(data)
        need(self.bytes <= self.most, "volume", f"{self.where} holds more than {self.most} bytes")
        if len(data) < n:
            raise Cut("tar", f"{self.where} ends early")
        return data

    def entry(self):
        """Name and size of the next entry; None at the trailer."""
        raw = self.read(512)
        if raw == bytes(512):
            need(self.read(512) == bytes(512) and self.f.read(1) == b"", "tar", f"{self.where}: trailer")
            return None
        records, first = {}, raw
        try:
            if raw[156:157] == b"x":
                n = int(raw[124:135], 8)
                need(n <= 4096, "tar", f"{self.where}: extended header of {n} bytes")
                data = self.read(n + -n % 512)
                records = dict(r.split(b" ", 1)[1].split(b"=", 1) for r in data[:n].splitlines())
                first = self.read(512)
                raw += data + first
            prefix, name = first[345:500].rstrip(b"\0"), first[:100].rstrip(b"\0")
            name = records.get(b"path", prefix + b"/" + name if prefix else name)
            size, mtime = int(records.get(b"size") or first[124:135].decode(), 10 if b"size" in records else 8), \
                int(records.get(b"mtime") or first[136:147].decode(), 10 if b"mtime" in records else 8)
            need(size >= 0 and headers(name, size, mtime) == raw, "tar", f"{self.where}: the header of {name!r} is not that of 3.1")
        except (ValueError, IndexError):
            raise Violation("tar", f"{self.where}: an entry without a header of 3.1")
        return name.decode("latin1"), size

    def content(self, size, *sinks):
        left = size
        while left:
            part = self.read(min(left, 1 << 20))
            left -= len(part)
            for sink in sinks:
                sink(part)
        need(self.read(-size % 512) == bytes(-size % 512), "tar", f"{self.where}: padding")


def clean(key):
    return re.fullmatch(r"[A-Za-z0-9._/=+-]+", key) and not {"", ".", ".."} & set(key.split("/"))


def volume(tar, v, archive, signers, folder, same):
    """Unpacks and checks one volume, 6 (4) to (6)."""
    n, sums, mine = "%05d" % v["number"], {}, 0
    small = {"ARCHIVE.json": 64 << 20, "RESTORE.md": 64 << 20, f"VOLUME.{n}.json": 16 << 10,
             f"SHA256SUMS.{n}": 128 << 20, f"SHA256SUMS.{n}.asc": 4096}
    order = ["ARCHIVE.json", "RESTORE.md", f"VOLUME.{n}.json", *[None] * v["objects"], f"SHA256SUMS.{n}", f"SHA256SUMS.{n}.asc"]
    kept, after = {}, v["after"]
    for name in order:
        entry = tar.entry()
        need(entry, "tar", f"{v['key']} lacks an entry")
        found, size = entry
        if name is None:
            need(found != f"SHA256SUMS.{n}", "volume", f"{v['key']} has too few blobs")
            key = found.removeprefix("repository/")
            need(found != key and clean(key) and len(key) <= 1024 and key > after, "tar", f"{v['key']} has {found}, or not in order")
            after, mine = key, mine + size
            need(key <= v["last"] and mine <= v["source_bytes"], "volume", f"{found} is not in the volume's range")
        else:
            need(name != f"SHA256SUMS.{n}" or not found.startswith("repository/"), "volume", f"{v['key']} has too many blobs")
            need(found == name and size <= small[name], "tar", f"{found} of {size} bytes in place of {name}")
            kept[name] = io.BytesIO()
        digest = hashlib.sha256()
        if name is not None:
            tar.content(size, digest.update, kept[name].write)
            data = kept[name].getvalue()
            need(name != "ARCHIVE.json" or digest.hexdigest() == archive["record_sha256"], "record", f"{name} is not the entry's")
            if name in ("ARCHIVE.json", "RESTORE.md"):
                need(same.setdefault(name, data) == data, "record", f"{name} is not the same in all volumes")
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        else:
            path = os.path.join(folder, found)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as f:
                tar.content(size, digest.update, f.write)
        sums[found] = digest.hexdigest()
    need(tar.entry() is None, "tar", f"{v['key']} goes on after its manifest's signature")
    need(tar.bytes == v["plaintext_bytes"], "volume", f"{v['key']} has {tar.bytes} bytes")
    need(v["files"] == len(order) - 2, "manifest", f"{v['key']} has not {v['files']} files")
    manifest, signature = kept[f"SHA256SUMS.{n}"].getvalue(), kept[f"SHA256SUMS.{n}.asc"].getvalue()
    need(sums.pop(f"SHA256SUMS.{n}") == v["manifest_sha256"], "manifest", f"SHA256SUMS.{n} is not the entry's")
    sums.pop(f"SHA256SUMS.{n}.asc")
    lines = "".join(f"{h}  {f}\n" for f, h in sums.items()).encode()
    if lines != manifest:
        named = re.findall(rb"[0-9a-f]{64}  (.*)\n", manifest)
        raise Violation("file" if [f.encode() for f in sums] == named else "manifest", f"SHA256SUMS.{n} and files differ")
    framed = DETACHED.fullmatch(signature)
    need(framed, "manifest-signature", f"SHA256SUMS.{n}.asc is not framed")
    packet(framed[1], "manifest-signature", 0, f"SHA256SUMS.{n}.asc")
    signers.verify(("manifest-signature",) * 2, 0, f"SHA256SUMS.{n}", signature, manifest)
    said = canonical(kept[f"VOLUME.{n}.json"].getvalue(), "volume", f"VOLUME.{n}.json")
    need(VOLUME(said), "volume", f"VOLUME.{n}.json has other members")
    need([said[k] for k in ("volume", "after", "last", "objects", "bytes", "digest")] ==
         [v[k] for k in ("number", "after", "last", "objects", "source_bytes", "digest")] and mine == said["bytes"] and
         after == v["last"] and (said["date"], said["run"]) == (archive["date"], archive["run"]), "volume", f"VOLUME.{n}.json says something else")
    return said["stream"]


def open_volume(root, v, archive, signers, folder, same, scratch):
    path = os.path.join(root, v["key"])
    ciphertext(path, v, len(archive["recipients"]))
    status = os.path.join(scratch, "status")
    gpg = subprocess.Popen(["gpg", "--batch", "--quiet", "--no-auto-key-retrieve", "--status-file", status,
                            "--decrypt", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    tar, wrong, name = Tar(gpg.stdout, v["key"], v["plaintext_bytes"]), None, None
    try:
        name = volume(tar, v, archive, signers, folder, same)
    except Violation as e:
        wrong = e
    gpg.stdout.close()
    gpg.wait()
    with open(status) as f:
        words = [l.split()[1:] for l in f]
    need(["DECRYPTION_INFO"] in [w[:1] for w in words] or ["NO_SECKEY"] not in [w[:1] for w in words], "no key", v["key"])
    if wrong and not isinstance(wrong, Cut):
        raise wrong  # gpg could not end
    need(gpg.returncode == 0 and ["GOODMDC"] in words and ["DECRYPTION_OKAY"] in words and
         ["DECRYPTION_INFO", "2", "9"] in [w[:3] for w in words] and ["PLAINTEXT", "62", "0"] in [w[:3] for w in words],
         "message", f"{v['key']}: gpg does not call it whole")
    if wrong:
        raise wrong
    return name


# 6: in this order.

def main():
    p = argparse.ArgumentParser()
    p.add_argument("--head")
    for name in ("signers", "archive", "stream", "date", "folder"):
        p.add_argument(name)
    o = p.parse_args()
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(o.folder))) as scratch:
        signers = Signers(o.signers, scratch)
        entries, head = ledger(o.archive, o.stream, signers, o.head)
        mine = None
        for e in entries:
            if e["type"] == "archive" and e["archive"]["date"] == o.date:
                mine = e["archive"]
            if e["type"] == "withdrawn" and mine and e["withdrawn"]["run"] == mine["run"]:
                mine = None
        need(mine, "none", f"no archive of {o.date}")
        same, unchecked = {}, os.path.join(scratch, "unchecked")
        os.mkdir(unchecked)
        for v in mine["volumes"]:
            name = open_volume(o.archive, v, mine, signers, unchecked, same, scratch)
            need(name == o.stream, "volume", "another stream")
        r = canonical(same["ARCHIVE.json"], "record", "ARCHIVE.json")
        need(RECORD(r), "record", "ARCHIVE.json has other members")
        need(r["volumes"] == len(mine["volumes"]) and r["stream"] == o.stream and
             all(r[k] == mine[k] for k in ("date", "run", "objects", "bytes", "cluster", "snapshot")), "record", "ARCHIVE.json says something else")
        shutil.move(unchecked, o.folder)
    print(head)


if __name__ == "__main__":
    try:
        main()
    except Violation as e:
        sys.exit(str(e))
