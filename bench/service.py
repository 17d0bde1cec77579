"""transcode-service with a configuration of its own, and what asks it: used by bench.py and demo.py."""
import collections
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading

import agent as support
from agent import Process, get, until


class Service:
    """Can be stopped, killed and started again. Counts the requests that it was asked, for the comparison with its log."""

    def __init__(self, programs, directory, **settings):
        self.program = programs.service
        self.directory = directory
        self.port = support.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = os.path.join(directory, "transcode.log")
        self.spans = os.path.join(directory, "spans.jsonl")
        self.config_file = os.path.join(directory, "transcode-service.json5")
        self.requests = collections.Counter()   # (method, endpoint, status) -> number
        self.counting = threading.Lock()
        self.process = None
        config = {
            "listen": f"127.0.0.1:{self.port}",
            "data_dir": os.path.join(directory, "service-data"),
            "log": {"level": "INFO", "stdout": False, "file": self.log},
            "spans": {"file": self.spans, "otlp_endpoint": None, "sample_ratio": 1.0},
            "workers": {"count": 2},
        }
        config.update(settings)
        with open(self.config_file, "w") as file:
            json.dump({name: value for name, value in config.items() if value is not None}, file, indent=2)

    def create_key(self, name, quota=None):
        """The new key. With the embedded store only while the service does not run."""
        command = [self.program, "keys", "create", "--config", self.config_file, "--name", name]
        done = subprocess.run(command + (["--quota", quota] if quota else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.split()[-1]

    def start(self):
        self.process = Process([self.program, "serve", "--config", self.config_file], os.path.join(self.directory, "service.log"))
        until(lambda: get(self.url + "/ready"), 30, "transcode-service", self.process)
        # `until` asked it, too; those requests are in the log, and no part of the comparison.
        return self

    def stop(self):
        return self.process.stop(signal.SIGTERM)

    def ask(self, method, path, endpoint, key=None, body=None, headers=()):
        """(status, answer as JSON, headers). `endpoint` is the template that stands for the path in the log."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers={**({"X-API-Key": key} if key else {}), **dict(headers)})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        with self.counting:
            self.requests[method, endpoint, str(answer.status)] += 1
        kind = answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if "json" in kind and content else content, answer.headers

    def upload(self, path, key):
        with open(path, "rb") as file:
            return self.ask("POST", "/api/v1/jobs", "/api/v1/jobs", key, file,
                            {"Content-Type": "application/octet-stream", "Content-Length": str(os.path.getsize(path)),
                             "Content-Disposition": f'attachment; filename="{os.path.basename(path)}"'})

    def jobs(self, key):
        """All jobs of a key, page by page."""
        jobs, cursor = [], None
        while True:
            path = "/api/v1/jobs?limit=50" + (f"&cursor={cursor}" if cursor else "")
            status, page, _ = self.ask("GET", path, "/api/v1/jobs", key)
            if status != 200:
                sys.exit(f"GET {path}: {status} {page}")
            jobs += page["jobs"]
            cursor = page.get("next_cursor")
            if not cursor:
                return jobs


def make_video(path, seconds=2, size="640x360", sound=True):
    """A few seconds of ffmpeg's test picture."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}"]
    if sound:
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}", "-c:a", "aac"]
    done = subprocess.run(command + ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return path


def make_broken_video(path, seed=1):
    """Says that it is a video, and is noise."""
    with open(path, "wb") as file:
        file.write(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + random.Random(seed).randbytes(200_000))
    return path


class Comparison:
    """What the agent derived from the log, against what the service's API says of its jobs."""

    def __init__(self, samples, jobs, requests):
        self.samples = samples
        self.rows = []
        finished = [job for job in jobs if job["status"] == "completed"]
        failed = [job for job in jobs if job["status"] == "failed"]
        outputs = [output for job in jobs for output in job["outputs"]]
        self._row("jobs_created_total", "", len(jobs))
        self._row("jobs_completed_total", "", len(finished))
        for kind in sorted({job["failure"]["type"] for job in failed}):
            self._row("jobs_failed_total", f'error_type="{kind}"', sum(job["failure"]["type"] == kind for job in failed))
        self._row("job_processing_duration_seconds_count", "", len(finished))
        for resolution in sorted({output["resolution"] for output in outputs}):
            label = f'resolution="{resolution}"'
            made = [output for output in outputs if output["resolution"] == resolution]
            self._row("video_transcode_duration_seconds_count", label, len(made))
            self._row("video_transcode_duration_seconds_sum", label, sum(output["transcode_seconds"] for output in made))
            self._row("video_transcoded_bytes_total", label, sum(output["bytes"] for output in made))
            self._row("video_compression_ratio_sum", label, sum(output["compression_ratio"] for output in made))
        transcripts = [job["transcript"] for job in jobs if job.get("transcript")]
        if transcripts:
            self._row("transcription_duration_seconds_count", "", len(transcripts))
            self._row("transcription_word_count_sum", "", sum(transcript["words"] for transcript in transcripts))
        for (method, endpoint, status), number in sorted(requests.items()):
            self._row("api_requests_total", (f'method="{method}"', f'endpoint="{endpoint}"', f'status="{status}"'), number)

    def _row(self, name, labels, expected):
        parts = (labels,) if isinstance(labels, str) else labels
        found = sum(value for (sample, text), value in self.samples.items()
                    if sample == name and all(part in text for part in parts))
        # Times go through text with six digits behind the point.
        agrees = abs(found - expected) <= 1e-5 * max(1, len(self.samples)) if isinstance(expected, float) else found == expected
        # The values say enough.
        self.rows.append((" ".join([name, *(part.partition("=")[2].strip('"') for part in parts if part)]), expected, found, agrees))

    @property
    def holds(self):
        return all(agrees for *_, agrees in self.rows)

    def text(self):
        def number(value):
            return f"{value:,.4f}" if isinstance(value, float) and value != int(value) else f"{value:,.0f}"
        width = max(len(name) for name, *_ in self.rows)
        return "\n".join(f"  {name:<{width}}  {number(expected):>12}  {number(found):>12}  {'yes' if agrees else 'NO'}"
                         for name, expected, found, agrees in self.rows)
