"""trace-collector with a configuration of its own, and what asks it: used by collector_load.py and demo_jobs.py."""
import json
import os
import signal
import urllib.request

import agent as support
from agent import Process, get, until


class Collector:
    """Can be stopped, killed and started again. `settings` are parts of its configuration, as Python values."""

    def __init__(self, programs, directory, outputs, **settings):
        self.program = programs.collector
        self.directory = directory
        self.address = f"127.0.0.1:{support.free_port()}"
        self.endpoint = f"http://{self.address}/v1/traces"
        self.config_file = os.path.join(directory, "trace-collector.json5")
        self.process = None
        admin = f"127.0.0.1:{support.free_port()}"
        self.url = f"http://{admin}"
        config = {
            "data_dir": os.path.join(directory, "collector-data"),
            "server": {"listen": admin},
            "receivers": {"otlp_http": {"listen": self.address}},
            "outputs": outputs,
            **settings,
        }
        with open(self.config_file, "w") as file:
            json.dump(config, file, indent=2)

    def start(self):
        self.process = Process([self.program, "run", "--config", self.config_file], os.path.join(self.directory, "trace-collector.log"))
        until(lambda: get(self.url + "/ready"), 30, "trace-collector", self.process)
        return self

    def stop(self):
        return self.process.stop(signal.SIGTERM)

    def ledger(self):
        """Of the first output, dropped spans in sum; `holds` where received + recovered = delivered + pending + sampled away + dropped."""
        ledger = json.loads(get(self.url + "/api/v1/ledger"))["spans"][0]
        ledger["dropped"] = sum(ledger["dropped"].values())
        ledger["holds"] = ledger["received"] + ledger["recovered"] == sum(
            ledger[part] for part in ("delivered", "pending", "sampled_away", "dropped"))
        return ledger

    def samples(self):
        return support.parse_samples(get(self.url + "/metrics"))


def open_metrics(url):
    """The text of a /metrics with exemplars."""
    request = urllib.request.Request(url + "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()
