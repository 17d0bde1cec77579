"""What logging and tracing cost transcode-service: the mode `service` of script/bench."""
import os
import re
import shutil
import statistics
import subprocess
import sys

from service import Service

UPLOAD_BYTES = 1024
POST_SCRIPT = '''
wrk.method = "POST"
wrk.body = string.rep("x", %d)
wrk.headers["Content-Type"] = "application/octet-stream"
''' % UPLOAD_BYTES
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000}


def loads(bench):
    """(name, {"off" or "on": [(requests a second, p99 ms, CPU µs a request)]}) of each kind of request."""
    if not shutil.which("wrk"):
        return None
    script = os.path.join(bench.folder("service-scripts"), "post.lua")
    with open(script, "w") as file:
        file.write(POST_SCRIPT)
    results = {"GET /api/v1/jobs/{id}": {"off": [], "on": []}, "POST /api/v1/jobs": {"off": [], "on": []}}
    # In turn, so that what else the machine does meets both.
    for _ in range(bench.arguments.repeats):
        for state in ("off", "on"):
            service = started(bench, state)
            status, job, _ = service.ask("POST", "/api/v1/jobs", "/api/v1/jobs", service.key, b"x" * UPLOAD_BYTES,
                                         {"Content-Type": "application/octet-stream"})
            if status not in (201, 202):
                sys.exit(f"POST /api/v1/jobs: {status} {job}")
            results["GET /api/v1/jobs/{id}"][state].append(load(bench, service, f"/api/v1/jobs/{job['id']}"))
            results["POST /api/v1/jobs"][state].append(load(bench, service, "/api/v1/jobs", "-s", script))
            service.stop()
            shutil.rmtree(service.directory)
    return results


def started(bench, state):
    """Without workers: what is measured is the API alone."""
    folder = bench.folder(f"service-{state}")
    observed = {} if state == "on" else {"log": {"level": "ERROR", "stdout": False, "file": None}, "spans": {"sample_ratio": 0.0}}
    service = Service(bench.programs, folder, workers={"count": 0}, **observed)
    service.key = service.create_key("load")
    return service.start()


def load(bench, service, path, *options):
    seconds = max(3, bench.arguments.seconds // 3)
    before = service.process.cpu_seconds()
    done = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-H", f"X-API-Key: {service.key}", *options, service.url + path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    cpu = service.process.cpu_seconds() - before
    requests = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if not (requests and rate and slowest) or "Non-2xx" in done.stdout:
        sys.exit(f"wrk {path}:\n{done.stdout}")
    return float(rate[1]), float(slowest[1]) * MILLISECONDS[slowest[2]], cpu / int(requests[1]) * 1e6


def medians(runs):
    return [statistics.median(values) for values in zip(*runs)]
