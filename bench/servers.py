"""The servers around the programs, as bench/stack.py starts them: the real ones, on loopback ports of their own, with their data in a
temporary directory, and with generated copies of the files in config/: other ports, and shorter times where a proof can't wait."""
import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from agent import ROOT, Process, free_port, get, until

CONFIG = os.path.join(ROOT, "config")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(?<![\w.])(\d+)(ms|s|m|h|d)\b")


def load(*path):
    with open(os.path.join(CONFIG, *path)) as file:
        return yaml.safe_load(file)


def save(content, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        yaml.safe_dump(content, file, sort_keys=False, width=1000)
    return path


usual_ports = False


def prefer_usual_ports():
    """From now on servers get the ports of config/, where these are free."""
    global usual_ports
    usual_ports = True


def port(usual):
    if usual_ports:
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", usual))
            return usual
        other = free_port()
        print(f"stack: port {usual} is in use; {other} is taken in its place")
        return other
    return free_port()


class Pace:
    """How much faster than in config/ time goes in the copies."""

    def __init__(self, factor=1):
        self.factor = factor

    def seconds(self, text, least):
        number, unit = DURATION.fullmatch(text).groups()
        return f"{max(least, round(int(number) * UNITS[unit] / self.factor))}s"

    def expression(self, text):
        """Ranges and offsets; at least ten seconds, so that a range holds some scrapes."""
        if self.factor == 1:
            return text
        return re.sub(r"(\[|offset )(\d+(?:ms|s|m|h|d))", lambda match: match[1] + self.seconds(match[2], 10), text)

    def rules(self, content):
        for group in content["groups"]:
            if "interval" in group:
                group["interval"] = self.seconds(group["interval"], 2)
            for rule in group["rules"]:
                rule["expr"] = self.expression(rule["expr"])
                if "for" in rule:
                    rule["for"] = self.seconds(rule["for"], 0)
        return content


class Server:
    """One program of the stack: its address, and how to see that it answers."""

    def __init__(self, directory, name, command, port, path="/metrics"):
        self.name = name
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.process = Process(command, os.path.join(directory, f"{name}.log"))
        until(lambda: get(self.url + path), 120, name, self.process)


def start_prometheus(directory, targets, alertmanager, pace, port):
    """`targets`: job -> address, or addresses, of what runs; jobs that don't run are left out, and given back."""
    content = load("prometheus", "prometheus.yml")
    if pace.factor != 1:
        content["global"].update(scrape_interval="2s", scrape_timeout="2s", evaluation_interval="2s")
    content["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
    missing = []
    for job in list(content["scrape_configs"]):
        address = targets.get(job["job_name"])
        if address is None:
            missing.append(job["job_name"])
            content["scrape_configs"].remove(job)
        else:
            job["static_configs"][0]["targets"] = address if isinstance(address, list) else [address]
    folder = os.path.join(directory, "prometheus")
    for name in os.listdir(os.path.join(CONFIG, "prometheus", "rules")):
        save(pace.rules(load("prometheus", "rules", name)), os.path.join(folder, "rules", name))
    file = save(content, os.path.join(folder, "prometheus.yml"))
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
               f"--web.external-url=http://127.0.0.1:{port}", "--storage.tsdb.retention.time=45d", "--enable-feature=exemplar-storage", "--log.level=warn"]
    return Server(directory, "prometheus", command, port, "/-/ready"), missing


def start_alertmanager(directory, port, mailbox, slack_url, pace):
    """E-mails go to `mailbox`; the secrets are handed over as in production, as files."""
    folder = os.path.join(directory, "alertmanager")
    content = load("alertmanager", "alertmanager.yml")
    secrets = {"smtp-password": mailbox.password, "slack-url": slack_url}
    os.makedirs(folder, mode=0o700)
    for name, secret in secrets.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(secret)
    content["global"].update(
        smtp_smarthost=mailbox.address, smtp_require_tls=False, smtp_auth_password_file=f"{folder}/smtp-password", slack_api_url_file=f"{folder}/slack-url")
    shutil.copytree(os.path.join(CONFIG, "alertmanager", "templates"), os.path.join(folder, "templates"))

    def hasten(route):
        for key in ("group_wait", "group_interval"):
            if key in route:
                route[key] = pace.seconds(route[key], 1)
        for child in route.get("routes", []):
            hasten(child)
    hasten(content["route"])
    file = save(content, os.path.join(folder, "alertmanager.yml"))
    subprocess.run(["amtool", "check-config", file], check=True, stdout=subprocess.DEVNULL)
    command = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
               f"--web.external-url=http://127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=info"]
    return Server(directory, "alertmanager", command, port, "/-/ready")


def start_node_exporter(directory):
    exporter = port(9100)
    return Server(directory, "node", ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter}"], exporter)


def start_redis(directory):
    """Redis and its exporter; gives the exporter."""
    database, exporter = free_port(), port(9121)
    folder = os.path.join(directory, "redis")
    os.makedirs(folder)
    redis = Process(["redis-server", "--port", str(database), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
                    os.path.join(directory, "redis-server.log"))
    until(lambda: "Ready to accept" in redis.log_tail(), 120, "Redis", redis)
    command = ["prometheus-redis-exporter", f"-redis.addr=redis://127.0.0.1:{database}", f"-web.listen-address=127.0.0.1:{exporter}"]
    return Server(directory, "redis", command, exporter)


def start_postgres(directory):
    """PostgreSQL on a socket of its own, and its exporter; gives the exporter. PostgreSQL refuses to run as root."""
    binaries = "/usr/lib/postgresql/15/bin"
    folder = os.path.join(directory, "postgres")
    os.makedirs(folder)
    as_owner = []
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    subprocess.run([*as_owner, f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "--no-sync"],
                   check=True, stdout=subprocess.DEVNULL, cwd=folder)
    server = Process([*as_owner, f"{binaries}/postgres", "-D", f"{folder}/data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
                     os.path.join(directory, "postgresql.log"))
    until(lambda: "ready to accept connections" in server.log_tail(50), 120, "PostgreSQL", server)
    exporter = port(9187)
    os.environ["DATA_SOURCE_NAME"] = f"user=postgres host={folder} dbname=postgres sslmode=disable"
    try:
        command = ["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{exporter}"]
        return Server(directory, "postgres", command, exporter)
    finally:
        del os.environ["DATA_SOURCE_NAME"]


def start_collector(program, directory):
    """trace-collector with an output into a directory; gives the server and the address that takes spans."""
    admin, otlp = port(9145), port(4318)
    config = {
        "data_dir": os.path.join(directory, "collector"), "server": {"listen": f"127.0.0.1:{admin}"},
        "receivers": {"otlp_http": {"listen": f"127.0.0.1:{otlp}"}},
        "sampling": {"decision_wait": "2s", "policies": [{"type": "errors"}, {"type": "probabilistic", "ratio": 0.5}]},
        "outputs": [{"name": "local", "type": "directory", "path": os.path.join(directory, "traces")}],
    }
    return Server(directory, "trace-collector", [program, "run", "--config", written(config, directory, "trace-collector")], admin), f"http://127.0.0.1:{otlp}"


class Service(Server):
    """transcode-service with the embedded store; what it logs is where log-agent reads."""

    def __init__(self, program, directory, log, otlp):
        api = port(8000)
        config = {
            "listen": f"127.0.0.1:{api}", "data_dir": os.path.join(directory, "service"), "log": {"level": "INFO", "stdout": False, "file": log},
            "spans": {"file": None, "otlp_endpoint": otlp, "sample_ratio": 1.0}, "workers": {"count": 1}, "limits": {"upload_bytes": "1GiB"},
        }
        file = written(config, directory, "transcode-service")
        created = subprocess.run([program, "keys", "create", "--config", file, "--name", "studio", "--quota", "1GiB"], check=True, capture_output=True, text=True)
        self.key = created.stdout.split()[-1]
        super().__init__(directory, "transcode-service", [program, "serve", "--config", file], api)

    def request(self, method, path, body=None, content_type="application/octet-stream"):
        """The status of the answer."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers={"X-API-Key": self.key, "Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


def a_second_of_video(path):
    subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=640x480:rate=5", "-f", "lavfi", "-i", "sine=duration=1",
                    "-shortest", "-y", path], check=True)
    with open(path, "rb") as file:
        return file.read()


def written(config, directory, name):
    path = os.path.join(directory, f"{name}.json5")
    with open(path, "w") as file:
        json.dump(config, file, indent=2)
    return path


def inhibited(alertmanager, name):
    """Objectives whose alert of this name is held back by another."""
    alerts = json.loads(get(alertmanager.url + "/api/v2/alerts?" + urllib.parse.urlencode({"filter": f'alertname="{name}"'})))
    return {alert["labels"].get("slo") for alert in alerts if alert["status"]["inhibitedBy"]}


class Questions:
    """Prometheus' HTTP API."""

    def __init__(self, url):
        self.url = url

    def ask(self, path, **parameters):
        return json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", 60))["data"]

    def vector(self, expression):
        """The instant result; an error of the expression is raised as it came."""
        return self.ask("query", query=expression)["result"]

    def names(self):
        return set(self.ask("label/__name__/values"))

    def firing(self):
        """Names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"}

    def healthy_targets(self):
        return {target["labels"]["job"] for target in self.ask("targets", state="active")["activeTargets"] if target["health"] == "up"}
