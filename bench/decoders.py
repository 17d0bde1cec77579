"""What our gzip members are accepted by. The mode `decoders` of script/bench."""
import gzip
import hashlib
import os
import shutil
import subprocess
import zlib


def members(directory):
    return sorted(os.path.join(root, name) for root, _, names in os.walk(directory) for name in names if name.endswith(".gz"))


def with_python(files):
    digest = hashlib.sha256()
    for path in files:
        with gzip.open(path) as file:
            digest.update(file.read())
    return digest.hexdigest()


def with_zlib(files):
    digest = hashlib.sha256()
    for path in files:
        inflater = zlib.decompressobj(31)
        with open(path, "rb") as file:
            digest.update(inflater.decompress(file.read()))
        if not inflater.eof or inflater.unused_data:
            return "not one whole member"
    return digest.hexdigest()


def with_command(command, files):
    """Of a program that writes what it inflates to standard output."""
    digest = hashlib.sha256()
    for start in range(0, len(files), 500):
        done = subprocess.run(command + files[start:start + 500], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            return done.stderr.decode(errors="replace").strip()[:200] or f"exit code {done.returncode}"
        digest.update(done.stdout)
    return digest.hexdigest()


def with_go(go, files):
    return with_command([go, "run", os.path.join(os.path.dirname(os.path.abspath(__file__)), "inflate.go")], files)


def decoders(go):
    """(name, files -> digest of all that they inflate to, or what went wrong)."""
    yield "Python `gzip`", with_python
    yield f"zlib {zlib.ZLIB_RUNTIME_VERSION}", with_zlib
    yield "`gzip -dc`", lambda files: with_command(["gzip", "-dc"], files)
    if shutil.which("igzip"):
        yield "`igzip -dc`", lambda files: with_command(["igzip", "-dc"], files)
    if shutil.which("libdeflate-gunzip"):
        yield "`libdeflate-gunzip -c`", lambda files: with_command(["libdeflate-gunzip", "-c", "-k"], files)
    if go:
        yield "Go `compress/gzip`", lambda files: with_go(go, files)
