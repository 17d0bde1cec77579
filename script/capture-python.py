#!/usr/bin/env python3
"""A program that logs as Python programs do, for fixtures/logs: single lines, messages of several lines, and stack traces of nested,
chained and grouped exceptions. And what container runtimes make of such a log, in the formats that they document:

    capture-python.py log FILE
    capture-python.py envelopes FILE DIRECTORY   docker-json-file.log and cri.log there
"""
import json
import logging
import os
import random
import sys
import threading
import time


def fail(depth):
    if depth == 0:
        raise ValueError("invalid literal for a bit rate: '12k\u00e9'")
    fail(depth - 1)


def chained():
    try:
        fail(2)
    except ValueError as error:
        raise RuntimeError("job 17 can't start\nbecause of its settings") from error


def during():
    try:
        {}["codec"]
    except KeyError:
        [][3]


def grouped():
    raise ExceptionGroup("two workers failed", [OSError(28, "No space left on device"), TimeoutError("after 30 s")])


def recursive(n):
    return recursive(n + 1)


def write_log(path):
    logging.basicConfig(filename=path, encoding="utf-8", level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log = logging.getLogger("media.worker")
    log.info("started, %d workers", 4)
    for number, broken in enumerate([lambda: fail(3), chained, during, grouped, lambda: recursive(0)]):
        log.info("job %d taken", number)
        try:
            broken()
        except BaseException:
            log.exception("job %d failed", number)
        log.debug("job %d: plan\n  - probe\n\n  - encode 720p\n\t- upload", number)
    threads = [threading.Thread(target=lambda: log.warning("from a thread")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.info("a long line: %s", "0123456789abcdef" * 1200)
    log.info("")
    log.info("stopped")


def envelopes(path, directory):
    """The lines of `path`, those of errors on stderr, as runtimes write them: parts of 16 KiB, the two streams mixed."""
    random.seed(7)
    stream, written = "stdout", {"stdout": [], "stderr": []}
    with open(path, "rb") as log:
        for line in log:
            if line[:2] == b"20":
                stream = "stderr" if b" ERROR " in line[:40] else "stdout"
            parts = [line[i : i + 16384] for i in range(0, len(line), 16384)]
            written[stream].append(parts)
    docker = open(os.path.join(directory, "docker-json-file.log"), "w", encoding="utf-8")
    cri = open(os.path.join(directory, "cri.log"), "wb")
    clock = 1714564800_000000000
    queues = {name: [part for parts in lines for part in parts] for name, lines in written.items()}
    while any(queues.values()):
        name = random.choice([name for name, parts in queues.items() if parts])
        part = queues[name].pop(0)
        clock += random.randrange(1_000, 90_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(clock // 10**9)) + ".%09dZ" % (clock % 10**9)
        entry = {"log": part.decode("utf-8", "replace"), "stream": name, "attrs": {"tag": "media/worker"}, "time": stamp}
        # Docker escapes these as Go's encoder does.
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        docker.write(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") + "\n")
        tag = b"F" if part.endswith(b"\n") else b"P"
        cri.write(stamp.encode() + b" " + name.encode() + b" " + tag + b" " + part.rstrip(b"\n") + b"\n")
    docker.close()
    cri.close()


def main():
    if sys.argv[1] == "log":
        write_log(sys.argv[2])
    else:
        envelopes(sys.argv[2], sys.argv[3])


main()
