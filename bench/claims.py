"""Jobs in one PostgreSQL database, claimed by several processes: each exactly once, and how many a second."""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

BINARIES = "/usr/lib/postgresql/15/bin"
JOBS = 10_000
INSTANCES = 4
THREADS = 2


class Server:
    """A PostgreSQL server with its usual durability, on a socket in a directory of its own; ends with the `with`."""

    def __enter__(self):
        if not os.path.exists(f"{BINARIES}/postgres"):
            raise RuntimeError(f"no {BINARIES}/postgres: install postgresql-15 with script/setup")
        # Short, for a socket's path has at most 107 bytes; and where the server's user can go.
        self.directory = tempfile.mkdtemp(prefix="tailspan-pg-", dir="/tmp")
        self.prefix = ["setpriv", "--pdeathsig=INT"]
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self.prefix += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run(
            self.prefix + [f"{BINARIES}/initdb", "--pgdata", f"{self.directory}/data", "--username=postgres", "--auth=trust", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            self.prefix + [f"{BINARIES}/postgres", "-D", f"{self.directory}/data", "-k", self.directory, "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while subprocess.run([f"{BINARIES}/pg_isready", "-q", "-h", self.directory]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("postgres did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        # Fast shutdown: TERM would wait for clients.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def url(self):
        return f"postgresql:///postgres?host={self.directory}&user=postgres"


def measure(program, jobs=JOBS, instances=INSTANCES, threads=THREADS):
    """Queues `jobs`, and has `instances` processes claim and end them all. Gives the figures."""
    with Server() as server:
        start = time.monotonic()
        subprocess.run([program, "fill", server.url, str(jobs)], check=True)
        queued = time.monotonic() - start
        start = time.monotonic()
        processes = [
            subprocess.Popen([program, "claim", server.url, str(threads)], stdout=subprocess.PIPE, text=True) for _ in range(instances)]
        outputs = [process.communicate()[0].split() for process in processes]
        seconds = time.monotonic() - start
        if any(process.returncode != 0 for process in processes):
            raise RuntimeError("an instance failed")
    claimed = [job for output in outputs for job in output]
    return {
        "jobs": jobs, "instances": instances, "threads": threads, "queued_per_second": jobs / queued, "claimed": len(claimed),
        "distinct": len(set(claimed)), "shares": sorted(len(output) for output in outputs), "claimed_per_second": len(claimed) / seconds,
    }


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(measure(*sys.argv[1:2]), indent=2))
