#!/usr/bin/env python3
"""The files of config/ on the real servers, with a real load: the proof behind script/test-stack, and what script/stack keeps running.

log-generator writes the log of a busy service; log-agent derives the metrics; Prometheus, with the exporters, evaluates the rules;
Alertmanager tells an SMTP server and a webhook. Read `prove` from top to bottom.
"""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import agent as support
import checks
import notices
import recipes
import servers
from agent import Agent, Process, Programs, configuration, free_port, transcode_source
from report import Report

HASTE = servers.Pace(30)  # five minutes are ten seconds
STORM = 400               # lines a second while jobs fail: one or two failures a second
# What no load, however heavy, may bring about.
NEVER = ("LogAgentStateNotSaved", "LogBytesLost", "LogLinesRefused", "LogAgentConfigurationRefused", "SpansRejected", "PrometheusRulesFailing",
         "PrometheusConfigurationRefused", "AlertmanagerConfigurationRefused")
STEADY = 20               # lines a second of script/stack: a failure in ten seconds or more


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--keep-running", action="store_true", help="at the pace and on the ports of config/, until Ctrl-C")
    arguments = parser.parse_args()
    programs = Programs(arguments.programs, needed=("agent", "generator", "sink"))
    support.exit_on_signals()
    directory = tempfile.mkdtemp(prefix="tailspan-stack.")
    os.chmod(directory, 0o755)  # PostgreSQL runs as another user
    done = False
    try:
        done = keep_running(programs, directory) if arguments.keep_running else prove(programs, directory)
    except KeyboardInterrupt:
        done = True
        print("\nstack: stopping")
    finally:
        support.stop_all()
        if done:
            shutil.rmtree(directory)
        else:
            tell_logs(directory)
            print(f"\nstack: everything is left in {directory}")
    return 0 if done else 1


def tell_logs(directory):
    """The end of each server's log, for who has only this output."""
    for name in sorted(os.listdir(directory)):
        if name.endswith(".log"):
            with open(os.path.join(directory, name), errors="replace") as file:
                print(f"\n== {name}\n{''.join(file.readlines()[-15:])}", end="")


class Stack:
    """All servers, started in the order in which they need each other."""

    def __init__(self, programs, directory, pace):
        self.mailbox = notices.Mailbox(free_port(), "alerts@example.org", "not the real one")
        self.channel = notices.Channel()
        self.agent = start_agent(programs, directory)
        self.recorded = {name: start_recorded_agent(name, programs, directory) for name in ("celery", "airflow")}
        self.alertmanager = servers.start_alertmanager(directory, servers.port(9093), self.mailbox, self.channel.url, pace)
        port = servers.port(9090)
        self.targets = {
            "log-agent": [self.agent.url.removeprefix("http://"), *self.recorded.values()],
            "alertmanager": self.alertmanager.address,
            "prometheus": f"127.0.0.1:{port}", "node": servers.start_node_exporter(directory).address,
            "redis": servers.start_redis(directory).address, "postgres": servers.start_postgres(directory).address,
        }
        self.service = start_programs(programs, directory, self.targets)
        self.prometheus, self.missing = servers.start_prometheus(directory, self.targets, self.alertmanager.address, pace, port)
        self.questions = servers.Questions(self.prometheus.url)
        until(lambda: self.questions.healthy_targets() == set(self.targets), 240, f"all targets: {sorted(self.targets)}", self.prometheus.process)

    def stop(self):
        """Gives log-agent's exit code; the rest is ended with the proof itself."""
        self.mailbox.stop()
        self.channel.stop()
        return self.agent.stop()


def prove(programs, directory):
    report = Report()
    report.say("Starting the servers")
    stack = Stack(programs, directory, HASTE)
    questions, prometheus, alertmanager = stack.questions, stack.prometheus.process, stack.alertmanager.process
    report.say(f"Prometheus scrapes {', '.join(sorted(stack.targets))}; not here: {', '.join(stack.missing)}")
    if stack.service:
        use(stack.service, directory, report)

    storm = generator(programs, directory, STORM)
    stormed = time.monotonic()
    report.say("Jobs begin to fail")
    until(lambda: {"HighJobFailureRate", "ErrorBudgetBurnsFast"} <= questions.firing(), 240, "the alerts to fire", prometheus)
    report.say(f"Prometheus fires after {time.monotonic() - stormed:.1f} s: {', '.join(sorted(questions.firing()))}")

    warning = until(lambda: stack.channel.find("#alerts-warnings", "[WARNING]", "High job failure rate"), 240, "the warning in Slack", alertmanager)
    critical = until(lambda: stack.channel.find("#alerts-critical", "[CRITICAL]", "job-success"), 240, "the critical alert in Slack", alertmanager)
    letter = until(lambda: stack.mailbox.find("[CRITICAL]", "job-success"), 240, "the e-mail", alertmanager)
    report.expect("jobs a second have failed" in warning[1]["text"], "the warning in Slack says how many jobs fail", warning[1])
    report.expect(critical[1]["color"] == "danger" and "docs/alerts.md" in critical[1]["text"], "the critical one is red, and names its runbook",
                  critical[1])
    _, receivers, message = letter
    report.expect(receivers == ["oncall@example.org"], "the e-mail goes to who is on call", receivers)
    report.expect(message["from"] == "alerts@example.org", "it comes from the configured address", message["from"])
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    report.expect("slo=job-success" in text and "docs/alerts.md#errorbudgetburnsfast" in text, "its text names objective and runbook", text)
    report.expect("<h2" in html and "job-success burns its error budget fast" in html, "it has an HTML part", html)
    report.expect(stack.mailbox.refused == 0, "Alertmanager knew the password from its file", stack.mailbox.refused)
    report.say(f"Slack after {warning[0] - stormed:.1f} s and {critical[0] - stormed:.1f} s, e-mail after {letter[0] - stormed:.1f} s")

    # Its rule looks back by half an hour, here a minute; a scrape reads the two sides one after the other.
    until(lambda: closed(questions, 100 + STORM), 240, "the ledger to close while lines come", prometheus)
    checks.live(report, questions, stack.missing, HASTE)

    # What a critical alert implies is not told besides.
    until(lambda: "job-success" in servers.inhibited(stack.alertmanager, "ErrorBudgetExhausted"), 240, "the exhausted budget to be inhibited", alertmanager)

    storm.stop()
    calm = time.monotonic()
    report.say("The failing jobs have ended")
    resolved = until(lambda: stack.channel.find("#alerts-warnings", "[RESOLVED]", "High job failure rate"), 240, "the resolve notice in Slack", alertmanager)
    report.expect(resolved[1]["color"] == "good", "the resolve notice is green", resolved[1])
    letter = until(lambda: stack.mailbox.find("[RESOLVED]", "job-success"), 240, "the resolve notice by e-mail", alertmanager)
    report.expect("RESOLVED at" in letter[2].get_body(("plain",)).get_content(), "the e-mail says when it was resolved", letter[2].as_string())
    report.say(f"Resolved in Slack after {resolved[0] - calm:.1f} s, by e-mail after {letter[0] - calm:.1f} s")

    until(lambda: closed(questions, 0), 240, "the ledger to close exactly when no line comes", prometheus)

    wrongly = questions.vector(f'count_over_time(ALERTS{{alertstate="firing", alertname=~"{"|".join(NEVER)}"}}[1h])')
    report.expect(not wrongly, "no alert has fired for nothing", wrongly)

    report.expect(stack.stop() == 0, "log-agent stops cleanly", stack.agent.process.log_tail())
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed == 0


def closed(questions, tolerance):
    """Whether every line that was read is accounted for, by the rule that the alert uses."""
    unaccounted = questions.vector("instance_output:log_agent_unaccounted_lines:delta30m")
    return unaccounted and all(abs(float(sample["value"][1])) <= tolerance for sample in unaccounted)


def until(condition, seconds, what, process):
    """Asks five times a second: the servers share two cores with the one who asks."""
    return support.until(condition, seconds, what, process, pause=0.2)


def keep_running(programs, directory):
    """Until Ctrl-C. Alerts go to the mailbox and channel here, which say what came."""
    servers.prefer_usual_ports()
    stack = Stack(programs, directory, servers.Pace(1))
    generator(programs, directory, STEADY)
    video = servers.a_second_of_video(os.path.join(directory, "video.mp4")) if stack.service else None
    print(addresses(stack, directory))
    letters = messages = 0
    while True:
        if video:
            stack.service.request("POST", "/api/v1/jobs", video, "video/mp4")
        print(health_table(stack), flush=True)
        for _, receivers, message in stack.mailbox.messages[letters:]:
            print(f"e-mail to {', '.join(receivers)}: {message['subject']}")
        for _, message in stack.channel.messages[messages:]:
            print(f"Slack {message['channel']}: {message['attachments'][0]['title']}")
        letters, messages = len(stack.mailbox.messages), len(stack.channel.messages)
        time.sleep(15)


def addresses(stack, directory):
    # Debian's Prometheus has other pages than the project's, and its Alertmanager none.
    pages = stack.prometheus.url + ("/classic" if answers_at(stack.prometheus.url + "/classic/targets") else "")
    lines = [f"Prometheus         {pages}/targets, {pages}/alerts", f"                   {pages}/graph",
             f"Alertmanager       amtool --alertmanager.url={stack.alertmanager.url} alert",
             f"log-agent          {stack.agent.url}/metrics, {stack.agent.url}/api/v1/ledger",
             f"                   on a recorded log: {', '.join(f'{name}: http://{address}/metrics' for name, address in stack.recorded.items())}"]
    if stack.service:
        lines.append(f"transcode-service  curl -H 'X-API-Key: {stack.service.key}' {stack.service.url}/api/v1/jobs")
    if collector := stack.targets.get("trace-collector"):
        lines.append(f"trace-collector    http://{collector}/metrics, http://{collector}/api/v1/ledger")
    return "\n".join(["", *lines, f"data, logs         {directory}", "Of the generated jobs one in eight fails: after some minutes ErrorBudgetBurnsFast fires, and e-mail and Slack message come here.",
                      "Ctrl-C stops all.", ""])


def answers_at(url):
    with contextlib.suppress(OSError):
        return bool(support.get(url))
    return False


def health_table(stack):
    lines = [f"{time.strftime('%H:%M:%S')}  {'target':<20}{'address':<24}{'up':<5}{'scrape':<10}last error"]
    targets = stack.questions.ask("targets", state="active")["activeTargets"]
    for target in sorted(targets, key=lambda target: (target["labels"]["job"], target["labels"]["instance"])):
        labels = target["labels"]
        lines.append(f"          {labels['job']:<20}{labels['instance']:<24}{'yes' if target['health'] == 'up' else 'NO':<5}"
                     f"{target['lastScrapeDuration'] * 1000:<7.1f}ms {target['lastError']}")
    firing = sorted(stack.questions.firing())
    return "\n".join([*lines, f"          alerts: {', '.join(firing) or 'none'}", ""])


def generator(programs, directory, rate):
    return Process([programs.generator, "--rate", f"{rate}/s", "--output", os.path.join(directory, "logs", "service.log")],
                   os.path.join(directory, "generator.log"))


def start_agent(programs, directory):
    logs = os.path.join(directory, "logs")
    os.makedirs(logs)
    listen = f"127.0.0.1:{servers.port(9144)}"
    derived = [os.path.join(servers.CONFIG, "recipes", f"{name}.json5") for name in ("transcode", "levels")]
    output = {"name": "local", "type": "directory", "path": os.path.join(directory, "pushes")}
    config = configuration(os.path.join(directory, "agent"), [transcode_source(logs + "/*.log")], listen, [output], recipes=derived)
    return Agent(programs, directory, config, listen).start().wait_ready()


def start_recorded_agent(name, programs, directory):
    """An agent on recorded logs, with the configuration as it is shipped; gives its address."""
    variable, logs = recipes.CASES[name]
    folder = os.path.join(directory, name)
    for log, place in logs.items():
        os.makedirs(os.path.dirname(os.path.join(folder, "logs", place)), exist_ok=True)
        recipes.copy_log(log, os.path.join(folder, "logs", place))
    address = f"127.0.0.1:{free_port()}"
    os.environ.update({variable: os.path.join(folder, "logs"), "TAILSPAN_DATA": folder, "TAILSPAN_LISTEN": address})
    process = Process([programs.agent, "run", "--config", os.path.join(servers.CONFIG, "examples", f"{name}.json5")],
                      os.path.join(directory, f"{name}-agent.log"))
    until(lambda: support.get(f"http://{address}/ready"), 240, f"log-agent on the log of {name}", process)
    return address


def start_programs(programs, directory, targets):
    """trace-collector and transcode-service, where they are built; gives the service, or None."""
    service = collector = otlp = None
    if answers(programs.collector):
        collector, otlp = servers.start_collector(programs.collector, directory)
        targets["trace-collector"] = collector.address
    if answers(programs.service):
        service = servers.Service(programs.service, directory, os.path.join(directory, "logs", "transcode-service.log"), otlp)
        targets["transcode-service"] = service.address
    return service


def answers(program):
    """Whether it is there, and is more than a beginning."""
    return os.access(program, os.X_OK) and bool(subprocess.run([program, "version"], capture_output=True).stdout)


def use(service, directory, report):
    """Real jobs: some that complete, and one that can't."""
    video = servers.a_second_of_video(os.path.join(directory, "video.mp4"))
    statuses = [service.request("POST", "/api/v1/jobs", video, "video/mp4") for _ in range(3)]
    statuses.append(service.request("POST", "/api/v1/jobs", b"no video", "video/mp4"))
    statuses += [service.request("GET", "/api/v1/jobs") for _ in range(20)]
    statuses.append(service.request("GET", "/api/v1/jobs/00000000-0000-0000-0000-000000000000"))
    report.expect(statuses == [statuses[0]] * 4 + [200] * 20 + [404] and statuses[0] // 100 == 2, "the service takes jobs and answers", statuses)
    idle = ("jobs_queued", "jobs_processing")
    until(lambda: sum(support.total(support.parse_samples(support.get(service.url + "/metrics")), name) for name in idle) == 0, 240, "the jobs to end",
          service.process)


if __name__ == "__main__":
    sys.exit(main())
