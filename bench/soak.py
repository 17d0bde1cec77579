#!/usr/bin/env python3
"""The endurance test behind script/soak: kill -9 at random moments, many times, under load and rotation.

Rounds are run in epochs of twenty with directories of their own, so that a failure is small enough to look at. In an epoch a
service writes and rotates its log without a pause; log-agent is started and killed again and again; now and then the sink is away
for a moment. All the time a thread scrapes /metrics. In the end of each epoch:
  - no derived counter ever fell from one scrape to the next, also across kills, and no series went away,
  - every counter and bucket equals the count of the logs by count.py, and the logs equal what the generator says it wrote,
  - every line is in the sink, and what came twice is byte-identical,
  - `log-agent ledger verify` closes.
"""
import argparse
import http.client
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

import agent as support
from agent import ROOT, Agent, Process, Programs, Sink, check, derived_events, total, until
from count import FAMILIES

ROUNDS_PER_EPOCH = 20
# What the recipe derives; the agent's own families begin anew with each start.
DERIVED = tuple(FAMILIES)


class CounterWatch:
    """Scrapes without a pause, and remembers the highest value of each derived series."""

    def __init__(self, host):
        self.host = host
        self.highest = {}
        self.findings = []
        self.scrapes = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join()

    def _run(self):
        connection = None
        while not self.ending.wait(0.005):
            try:
                connection = connection or http.client.HTTPConnection(self.host, timeout=10)
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException):   # killed, or not there yet
                connection = None
                continue
            if answer.status == 200:
                self._look_at(support.parse_samples(text))

    def _look_at(self, samples):
        self.scrapes += 1
        derived = {key: value for key, value in samples.items() if key[0].startswith(DERIVED)}
        # Before it has caught up the agent shows none of them, on purpose.
        if not derived:
            return
        for key, before in self.highest.items():
            if key not in derived:
                self._found(f"{key[0]}{key[1]} went away; it was {before}")
        for key, value in derived.items():
            if value < self.highest.get(key, 0):
                self._found(f"{key[0]}{key[1]} fell from {self.highest[key]} to {value}")
            self.highest[key] = max(value, self.highest.get(key, 0))

    def _found(self, what):
        if len(self.findings) < 20:
            self.findings.append(what)


def epoch(programs, directory, chance, rounds, rate):
    """Gives a list of what is wrong; empty when all holds."""
    logs, kept = os.path.join(directory, "logs"), os.path.join(directory, "pushes")
    truth = os.path.join(directory, "truth.json")
    os.makedirs(logs)
    os.makedirs(kept)
    sinks = [Sink(programs, directory, verify=os.path.join(kept, "0"))]
    listen = f"127.0.0.1:{support.free_port()}"
    config = support.configuration(
        os.path.join(directory, "data"), [support.transcode_source([os.path.join(logs, "service.log*")])], listen,
        [support.loki_output(sinks[0].push_url)], recipes=[os.path.join(ROOT, "config", "recipes", "transcode.json5")])
    agent = Agent(programs, directory, config, listen)
    service = Process([programs.generator, "--rate", f"{rate}/s", "--seed", str(chance.randrange(1 << 30)), "--truth", truth,
                       "--rotate-bytes", str(chance.choice([200_000, 1_000_000, 3_000_000])),
                       "--output", os.path.join(logs, "service.log")], os.path.join(directory, "generator.log"))
    watch = CounterWatch(listen)
    stuck = []
    try:
        for _ in range(rounds):
            agent.start()
            if chance.random() < 0.15:
                # Sinks are stopped gently: what they acknowledged is on the disk.
                sinks[-1].stop()
                time.sleep(chance.uniform(0.1, 0.5))
                sinks.append(Sink(programs, directory, verify=os.path.join(kept, str(len(sinks))), listen=sinks[0].address))
            # Early and late moments: starting, catching up, reading, shipping, writing the checkpoint.
            time.sleep(chance.choice([chance.uniform(0.005, 0.1), chance.uniform(0.05, 0.6), chance.uniform(0.6, 2.2)]))
            if not agent.process.running():
                return [f"log-agent ended by itself with {agent.process.popen.returncode}:\n{agent.process.log_tail()}"]
            agent.kill()
        agent.start().wait_ready()
        service.stop(signal.SIGTERM)
        with open(truth) as file:
            lines = int(file.read().split('"lines":')[1].split(",")[0])

        def caught_up():
            samples = agent.samples()
            return derived_events(samples) >= lines and total(samples, "log_agent_pending_lines") == 0

        try:
            until(caught_up, 60, f"{lines} lines counted and delivered", agent.process)
        except SystemExit as error:   # the checks below may say what is missing
            stuck.append(str(error))
        metrics = os.path.join(directory, "metrics.txt")
        with open(metrics, "w") as file:
            file.write(support.get(agent.url + "/metrics"))
        code = agent.stop()
        if code != 0:
            return [f"log-agent ended with {code}:\n{agent.process.log_tail()}"]
    finally:
        watch.stop()
    sinks[-1].stop()

    findings = stuck + watch.findings
    text, passed = check("--logs", logs, "--truth", truth, "--metrics", metrics, "--pushes", kept)
    if not passed:
        findings.append(text)
    copies = text.split(" byte-identical copies")[0].rpartition(" ")[2] if "byte-identical" in text else "?"
    text, closes = agent.running_command("ledger", "verify")
    if not closes:
        findings.append(text)
    print(f"{lines} lines in {len(os.listdir(logs))} files, {watch.scrapes} scrapes, {len(sinks) - 1} outages, {copies} copies", end="  ")
    return findings


def main():
    parser = argparse.ArgumentParser(prog="script/soak", description="kill -9 at random moments under load and rotation.")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=3000, help="lines a second")
    parser.add_argument("--seed", type=int, default=None, help="as an earlier run printed it")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    programs = Programs(arguments.programs)
    support.exit_on_signals()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    print(f"soak: {arguments.rounds} rounds, --seed {seed} (moments depend on the machine, too)")
    done = 0
    number = 0
    while done < arguments.rounds:
        rounds = min(ROUNDS_PER_EPOCH, arguments.rounds - done)
        directory = tempfile.mkdtemp(prefix="tailspan-soak.")
        print(f"soak: rounds {done + 1} to {done + rounds}: ", end="", flush=True)
        findings = ["interrupted"]
        try:
            findings = epoch(programs, directory, random.Random(seed * 1000 + number), rounds, arguments.rate)
        finally:
            support.stop_all()
            if not findings:
                shutil.rmtree(directory)
            else:
                print(f"\nsoak: data is left in {directory}")
        if findings:
            print("soak: FAIL")
            for finding in findings:
                print(f"  {finding}")
            return 1
        print("exact")
        done += rounds
        number += 1
    print(f"soak: PASS: {done} times kill -9, every counter exact, every line delivered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
