#!/usr/bin/env python3
"""The images of config/container/Dockerfile, built by podman and run as compose.yaml runs them. Read `main` from top to bottom."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

import agent as support
from agent import ROOT, until
from report import Report

DOCKERFILE = os.path.join(ROOT, "config", "container", "Dockerfile")
BASE = os.path.join(ROOT, ".build", "containers", "debian.tar")
PROGRAMS = ("log-agent", "trace-collector", "transcode-service")

# Stands in for the toolchain: what it would build is there.
SWIFT = '#!/bin/sh\ncase "$*" in *--show-bin-path*) echo /prebuilt ;; esac\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True, help="release builds, static")
    arguments = parser.parse_args()
    support.exit_on_signals()
    directory = tempfile.mkdtemp(prefix="tailspan-containers.")
    podman = Podman(directory)
    report = Report()
    try:
        bases(podman, directory, arguments.programs)
        if reason := podman.why_not():
            print(f"check-containers: skipped: podman can't run a container here: {reason}")
            return 0
        for program in PROGRAMS:
            report.say(f"building {program}")
            podman.run("build", "--format", "docker", "--layers=false", "--isolation", "chroot", "--network", "host", "--pull=never", "--file", DOCKERFILE,
                       "--target", program, "--tag", image(program), ROOT)
        for program in PROGRAMS:
            of_image(podman, program, report)
        job = of_service(podman, report, directory)
        of_agent(podman, report, job)
        of_collector(podman, report)
    finally:
        podman.remove_all()
        # podman mounts its own storage on overlay, and leaves that behind.
        subprocess.run(["umount", "--quiet", os.path.join(podman.root, "overlay")], stderr=subprocess.DEVNULL)
        shutil.rmtree(directory)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def bases(podman, directory, programs):
    """The images that the Dockerfile begins with."""
    if not os.path.exists(BASE):
        print("check-containers: making Debian's image", flush=True)
        os.makedirs(os.path.dirname(BASE), exist_ok=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", BASE + ".new"], check=True)
        os.rename(BASE + ".new", BASE)
    with open(DOCKERFILE) as file:
        toolchain, debian = re.findall(r"^FROM (\S+:\S+) AS", file.read(), re.MULTILINE)
    podman.run("import", BASE, debian)
    folder = os.path.join(directory, "toolchain")
    os.makedirs(os.path.join(folder, "prebuilt"))
    for program in PROGRAMS:
        shutil.copy(os.path.join(programs, program), os.path.join(folder, "prebuilt"))
    with open(os.path.join(folder, "swift"), "w") as file:
        file.write(SWIFT)
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write(f"FROM {debian}\nCOPY --chmod=755 swift /usr/bin/swift\nCOPY prebuilt /prebuilt\n")
    podman.run("build", "--isolation", "chroot", "--pull=never", "--tag", toolchain, folder)


def of_image(podman, program, report):
    """What the image says of itself."""
    about = json.loads(podman.run("inspect", "--type", "image", image(program)))[0]
    config, health = about["Config"], about.get("Healthcheck") or about["Config"].get("Healthcheck")
    report.expect(config["User"].isdigit() and config["User"] != "0", f"{program}: its user is a number, and not root's", config["User"])
    report.expect(health and health["Test"][0] == "CMD", f"{program}: it can be asked for its health", health)
    version = podman.run("run", "--rm", "--network", "none", *podman.limits, image(program), "version")
    report.expect(version.strip(), f"{program}: it runs, with all its libraries", version)


def of_service(podman, report, directory):
    """A job, from the upload to the output; gives its id. Configured as in compose.yaml, but without its database."""
    path = os.path.join(directory, "transcode-service.json5")
    with open(os.path.join(os.path.dirname(DOCKERFILE), "transcode-service.json5")) as file, open(path, "w") as copy:
        copy.writelines(line for line in file if not line.startswith("database_url:"))
    os.chmod(directory, 0o755)
    container = podman.start("transcode-service", report, "--volume", f"{path}:/etc/tailspan/transcode-service.json5:ro",
                             "--volume", "logs:/data/logs", "--volume", "jobs:/var/lib/tailspan")
    key = podman.inside(container, "transcode-service", "keys", "create", "--config", "/etc/tailspan/transcode-service.json5", "--name", "studio").split()[-1]
    podman.inside(container, "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=320x240:rate=5", "/tmp/video.mp4")
    url = "http://127.0.0.1:8000/api/v1/jobs"
    created = podman.inside(container, "curl", "-fsS", "-H", f"X-API-Key: {key}", "-H", "Content-Type: video/mp4", "--data-binary", "@/tmp/video.mp4", url)
    job = json.loads(created)["id"]

    def completed():
        answer = json.loads(podman.inside(container, "curl", "-fsS", "-H", f"X-API-Key: {key}", f"{url}/{job}"))
        return answer["status"] in ("completed", "failed") and answer
    answer = until(completed, 240, "the job to end", pause=1)
    report.expect(answer["status"] == "completed", "transcode-service: ffmpeg works in its container", answer)
    podman.stop(container, report)
    return job


def of_agent(podman, report, job):
    """It reads what the service has written to the volume that both mount, and keeps its state across a restart."""
    mounts = ("--volume", "logs:/data/logs:ro", "--volume", "agent:/var/lib/tailspan")
    for attempt in ("first", "second"):
        container = podman.start("log-agent", report, *mounts)

        def counted():
            samples = support.parse_samples(podman.inside(container, "curl", "-fsS", "http://127.0.0.1:9144/metrics"))
            return support.total(samples, "jobs_completed_total") == 1
        until(counted, 120, f"log-agent to count job {job} once ({attempt} start)", pause=1)
        report.passed += 1
        podman.stop(container, report)


def of_collector(podman, report):
    container = podman.start("trace-collector", report, "--volume", "collector:/var/lib/tailspan")
    podman.inside(container, "curl", "-fsS", "-H", "Content-Type: application/json", "-d", '{"resourceSpans":[]}', "http://127.0.0.1:4318/v1/traces")
    podman.stop(container, report)


def image(program):
    with open(os.path.join(ROOT, "config", "container", "compose.yaml")) as file:
        return yaml.safe_load(file)["services"][program]["image"]


class Podman:
    """podman with its storage in a directory of its own. cgroups, limits and namespaces as little as it can do with, so that it runs in more places."""

    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")

    def __init__(self, directory):
        self.root = os.path.join(directory, "storage")
        with open("/proc/filesystems") as file:
            driver = "overlay" if "\toverlay\n" in file.read() else "vfs"  # vfs copies everything for each step
        self.command = ["podman", "--root", self.root, "--runroot", os.path.join(directory, "run"), "--storage-driver", driver,
                        "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "runc"]
        self.containers = []

    def ask(self, *arguments):
        return subprocess.run([*self.command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def run(self, *arguments):
        done = self.ask(*arguments)
        if done.returncode != 0:
            sys.exit(f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def why_not(self):
        """What keeps a container from running here; None: nothing."""
        with open(DOCKERFILE) as file:
            debian = re.findall(r"^FROM (\S+:\S+) AS", file.read(), re.MULTILINE)[1]
        done = self.ask("run", "--rm", "--network", "none", *self.limits, debian, "true")
        return None if done.returncode == 0 else done.stderr.strip()

    def start(self, program, report, *mounts):
        """As compose.yaml does, but with a network of its own; waits until it is healthy."""
        container = self.run("run", "--detach", "--network", "none", "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges",
                             "--tmpfs", "/tmp", *self.limits, *mounts, image(program)).strip()
        self.containers.append(container)

        def healthy():
            state = json.loads(self.run("inspect", container))[0]["State"]
            if not state["Running"]:
                sys.exit(f"{program} has ended with {state['ExitCode']}: {self.ask('logs', container).stderr}")
            return self.ask("healthcheck", "run", container).returncode == 0
        until(healthy, 120, f"{program} to be healthy", pause=1)
        user = self.inside(container, "id", "-u").strip()
        report.expect(user == "10001", f"{program} runs as its own user, and is healthy", user)
        return container

    def inside(self, container, *command):
        return self.run("exec", container, *command)

    def stop(self, container, report):
        self.run("stop", "--time", "60", container)
        state = json.loads(self.run("inspect", container))[0]
        report.expect(state["State"]["ExitCode"] == 0, f"{state['ImageName']} ends well on TERM", state["State"])

    def remove_all(self):
        for container in self.containers:
            self.ask("rm", "--force", "--time", "10", container)


if __name__ == "__main__":
    sys.exit(main())
