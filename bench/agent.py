"""The processes that benchmark, demo and soak run, and how they are measured: used by bench.py, demo.py and soak.py."""
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")


class Programs:
    """Where `swift build` put the release binaries; script/bench and its like pass the directory."""

    def __init__(self, directory, needed=("agent", "generator", "sink")):
        self.agent = os.environ.get("LOG_AGENT") or os.path.join(directory, "log-agent")
        self.generator = os.path.join(directory, "log-generator")
        self.sink = os.path.join(directory, "loki-sink")
        self.compressor = os.path.join(directory, "log-compressor")
        self.collector = os.environ.get("TRACE_COLLECTOR") or os.path.join(directory, "trace-collector")
        self.service = os.environ.get("TRANSCODE_SERVICE") or os.path.join(directory, "transcode-service")
        for path in (getattr(self, name) for name in needed):
            if not os.access(path, os.X_OK):
                sys.exit(f"{path} is not there: run script/build --release")


class Process:
    """A program that is always ended by its pid, and what it used."""

    started_here = []

    def __init__(self, command, log, output=None):
        """`log` takes standard error, and standard output unless that is to go elsewhere."""
        Process.started_here.append(self)
        self.command = command
        self.log = log
        self.started = time.monotonic()
        with open(log, "ab") as errors:
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output or errors, stderr=errors)
        self.pid = self.popen.pid
        self.usage = None
        self.status = None

    def running(self):
        """Notices an end, too."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._ended(status, usage)
        return self.status is None

    def _ended(self, status, usage):
        self.status, self.usage = status, usage
        self.popen.returncode = os.waitstatus_to_exitcode(status)

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Sends the signal and waits; SIGKILL when that takes too long. Gives the exit code."""
        deadline = time.monotonic() + seconds
        if self.running():
            os.kill(self.pid, number)
            while self.running():
                if time.monotonic() > deadline:
                    print(f"{os.path.basename(self.command[0])} did not stop within {seconds} s", file=sys.stderr)
                    os.kill(self.pid, signal.SIGKILL)
                    deadline += 3600
                time.sleep(0.005)
        return self.popen.returncode

    def cpu_seconds(self):
        """User and system, of all threads; from the final account once it has ended."""
        if self.usage:
            return self.usage.ru_utime + self.usage.ru_stime
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mib(self, key="VmHWM"):
        """VmHWM: the peak; VmRSS: now."""
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(rf"^{key}:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) / 1024

    def log_tail(self, lines=15):
        with open(self.log, errors="replace") as file:
            return "".join(file.readlines()[-lines:])


def exit_on_signals():
    """SIGTERM and SIGHUP become an exception, so that `finally` ends what was started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def stop_all():
    """What still runs, at the end or after an error."""
    for process in Process.started_here:
        if process.running():
            process.stop(signal.SIGKILL)


def get(url, seconds=10):
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return answer.read().decode()


def until(condition, seconds, what, process=None, pause=0.01):
    """Asks again after each `pause` (seconds) until the condition gives something true, and gives that."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            result = condition()
            if result:
                return result
        if process is not None and not process.running():
            sys.exit(f"{process.command[0]} ended with {process.popen.returncode} while waiting for {what}:\n{process.log_tail()}")
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds} s for {what}" + (f":\n{process.log_tail()}" if process else ""))
        time.sleep(pause)


class Sink:
    """bench/LokiSinkServer."""

    def __init__(self, programs, directory, verify=None, latency=False, listen="127.0.0.1:0", accepts_any=False):
        address_file = os.path.join(directory, "sink.address")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address_file)
        command = [programs.sink, "--listen", listen, "--address-file", address_file]
        if verify:
            command += ["--verify-dir", verify]
        if latency:
            command += ["--measure-latency"]
        if accepts_any:
            command += ["--accept-any"]
        self.process = Process(command, os.path.join(directory, "sink.log"))
        until(lambda: os.path.exists(address_file), 10, "the sink", self.process)
        with open(address_file) as file:
            self.address = file.read()
        self.push_url = f"http://{self.address}/loki/api/v1/push"

    def stats(self):
        return json.loads(get(f"http://{self.address}/stats"))

    def stop(self):
        self.process.stop()


def transcode_source(include):
    return {
        "name": "transcode", "type": "file", "include": include, "exclude": ["*.gz"], "start_at": "beginning",
        "format": "json", "timestamp": {"field": "timestamp", "format": "rfc3339"},
        "labels": {"job": "transcode", "service": "$service", "level": "$level"},
        "metadata": {"trace_id": "$trace_id", "span_id": "$span_id", "job_id": "$job_id"},
    }


def configuration(data, sources, listen, outputs, metrics=(), recipes=()):
    """A log-agent configuration as JSON, which is also JSON5."""
    return json.dumps({
        "data_dir": data,
        "memory": "32MiB",
        "server": {"listen": listen},
        "sources": sources,
        "recipes": list(recipes),
        "metrics": list(metrics),
        "outputs": outputs,
    }, indent=2)


def loki_output(url, name="loki", level=None):
    output = {"name": name, "type": "loki", "url": url, "compression": "gzip"}
    if level:
        output["compression_level"] = level
    return output


# The transcode recipe, limited to five families of three kinds.
FIVE_METRICS = [
    {"name": "api_requests_total", "type": "counter", "help": "Total API requests", "where": {"event": "http.request"},
     "labels": {"method": "$method", "endpoint": "$endpoint", "status": "$status"}, "max_series": 20000},
    {"name": "api_request_duration_seconds", "type": "histogram", "help": "API request duration in seconds",
     "where": {"event": "http.request"}, "labels": {"method": "$method", "endpoint": "$endpoint"},
     "value": "$duration_ms", "scale": 0.001, "buckets": [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10]},
    {"name": "jobs_total", "type": "counter", "help": "Jobs by the status that they reached",
     "where": {"event": ["job.created", "job.started", "job.completed", "job.failed", "job.cancelled"]}, "labels": {"status": "$status"}},
    {"name": "video_transcode_duration_seconds", "type": "histogram", "help": "Video transcoding duration",
     "where": {"event": "transcode.finished"}, "labels": {"resolution": "$resolution"},
     "value": "$duration_seconds", "buckets": [30, 60, 120, 300, 600, 1200, 1800, 3600]},
    {"name": "transcription_duration_seconds", "type": "histogram", "help": "Transcription duration",
     "where": {"event": "transcription.finished"}, "labels": {"whisper_model": "$whisper_model"},
     "value": "$duration_seconds", "buckets": [30, 60, 120, 300, 600, 1200, 1800]},
]
FIVE_NAMES = [metric["name"] for metric in FIVE_METRICS]


given_ports = set()


def free_port():
    """A port that is free on loopback. Below those of outgoing connections, so that none of these can take it before its server does."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first_outgoing = int(file.read().split()[0])
    candidates = range(max(1024, first_outgoing - 16384), first_outgoing)
    for port in random.sample(candidates, len(candidates)):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            if port not in given_ports:
                given_ports.add(port)
                return port
    sys.exit(f"no port from {candidates.start} to {candidates.stop - 1} is free on 127.0.0.1")


class Agent:
    """log-agent with a configuration of its own; can be killed and started again."""

    def __init__(self, programs, directory, config, listen):
        self.programs = programs
        self.directory = directory
        self.config_file = os.path.join(directory, "log-agent.json5")
        self.url = f"http://{listen}"
        self.process = None
        with open(self.config_file, "w") as file:
            file.write(config)

    def start(self):
        self.process = Process([self.programs.agent, "run", "--config", self.config_file],
                               os.path.join(self.directory, "log-agent.log"))
        return self

    def wait_ready(self, seconds=60):
        until(lambda: get(self.url + "/metrics"), seconds, "log-agent's /metrics", self.process)
        return self

    def kill(self):
        self.process.stop(signal.SIGKILL)

    def stop(self):
        return self.process.stop()

    def samples(self):
        return parse_samples(get(self.url + "/metrics"))

    def running_command(self, *arguments):
        """Output of another command of the agent with the same configuration, and whether it succeeded."""
        done = subprocess.run([self.programs.agent, *arguments, "--config", self.config_file],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout, done.returncode == 0


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)', re.MULTILINE)


def parse_samples(text):
    """(name, labels as written) -> value."""
    return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(text)}


def total(samples, name, containing=""):
    """Sum over the series of a family; 0 without any."""
    return sum(value for (sample, labels), value in samples.items() if sample == name and containing in labels)


EVENT_SAMPLES = {"api_requests_total", "jobs_total", "video_transcode_duration_seconds_count", "transcription_duration_seconds_count"}


def derived_events(samples):
    """How many lines the derived families have seen: each line of the generator moves exactly one of these."""
    return sum(value for (sample, _), value in samples.items() if sample in EVENT_SAMPLES)


def say(text):
    """A step of a demonstration."""
    print(f"\n== {text}", flush=True)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def generate(programs, *arguments):
    done = subprocess.run([programs.generator, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"log-generator {' '.join(map(str, arguments))}: {done.stderr}")


def check(*arguments):
    """count.py check; gives its output and whether it passed."""
    done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", "count.py"), "check", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout, done.returncode == 0
