"""The first part of script/demo: transcode-service takes real uploads, log-agent counts what its log says, and trace-collector takes its
spans."""
import concurrent.futures
import json
import os
import shutil
import sys
import time

import agent as support
import demo_trace
from agent import ROOT, Agent, derived_events, say, total, until
from collector import Collector, open_metrics
from service import Comparison, Service, make_broken_video, make_video

VIDEOS = (("holiday.mp4", 3, "1280x720", True), ("lecture.mp4", 4, "640x360", True), ("silent.mp4", 2, "854x480", False),
          ("clip.mp4", 2, "640x360", True))
KILL_AT, START_AGAIN_AT = 2, 4


def demonstrate(programs, directory):
    if not shutil.which("ffmpeg"):
        sys.exit("demo: no ffmpeg on the PATH: script/setup installs it")
    directory = os.path.join(directory, "jobs")
    os.makedirs(directory)
    videos = [make_video(os.path.join(directory, name), seconds, size, sound) for name, seconds, size, sound in VIDEOS]
    broken = make_broken_video(os.path.join(directory, "broken.mp4"))
    collector, kept = make_collector(programs, directory)
    service = Service(programs, directory, spans={
        "file": os.path.join(directory, "spans.jsonl"), "otlp_endpoint": f"http://{collector.address}", "sample_ratio": 1.0})
    key, small = service.create_key("studio"), service.create_key("trial", quota="100KiB")
    agent = make_agent(programs, directory, service)

    say("transcode-service takes uploads, and transcodes them with ffmpeg. It writes JSON lines, which log-agent counts,\n"
        "and sends spans, which trace-collector measures, samples and keeps.")
    print(f"  API      {service.url}/api/v1/jobs\n  log      {service.log}\n  metrics  {agent.url}/metrics\n           {collector.url}/metrics\n"
          f"  traces   {kept}")
    collector.start()
    service.start()
    agent.start().wait_ready()
    with concurrent.futures.ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(service.upload, path, key) for path in videos + [broken]]
        answers.append(clients.submit(service.upload, videos[0], small))
        live_table(agent, service, key)
        statuses = [answer.result()[0] for answer in answers]
    print(f"\n  {statuses.count(202) + statuses.count(201)} uploads were taken; one is over its key's quota and was answered {statuses[-1]}")

    jobs = service.jobs(key)
    status, _, headers = service.ask("GET", f"/api/v1/jobs/{jobs[-1]['id']}/outputs/360p", "/api/v1/jobs/{id}/outputs/{resolution}", key,
                                     headers={"Range": "bytes=0-1023"})
    print(f"  the first 1,024 bytes of a video: {status} {headers.get('Content-Range')}")
    service.stop()
    until(lambda: all_read(agent, service), 30, "the last lines", agent.process)
    until(lambda: collector.ledger()["pending"] == 0, 30, "the last spans", collector.process)
    samples, agent_text = agent.samples(), open_metrics(agent.url)
    text, ledger_closes = agent.running_command("ledger", "show") if agent.stop() == 0 else (agent.process.log_tail(), False)
    if not ledger_closes:
        print(text)

    say("What log-agent derived from the log (right), against what the service's API and its client counted (left)")
    comparison = Comparison(samples, jobs, service.requests)
    print(comparison.text())

    failed = next(job for job in jobs if job["status"] == "failed")
    follows = demo_trace.follow(log_line(service.log, "job.failed", failed["id"]), kept, open_metrics(collector.url), agent_text)
    balances = demo_trace.balance(collector, service.spans)
    return collector.stop() == 0 and comparison.holds and ledger_closes and follows and balances


def make_collector(programs, directory):
    """The collector, and the directory that it keeps traces in."""
    kept = os.path.join(directory, "traces")
    outputs = [{"name": "local", "type": "directory", "path": kept, "batch": {"max_wait": "200ms"}}]
    policies = [{"type": "errors"}, {"type": "attribute", "key": "http.request.method", "values": ["POST"]},
                {"type": "probabilistic", "ratio": 0.1}]
    return Collector(programs, directory, outputs, sampling={"decision_wait": "2s", "root_wait": "500ms", "policies": policies}), kept


def make_agent(programs, directory, service):
    listen = f"127.0.0.1:{support.free_port()}"
    outputs = [{"name": "local", "type": "directory", "path": os.path.join(directory, "pushes"), "retention": "24h", "max_bytes": "1GiB"}]
    config = support.configuration(
        os.path.join(directory, "agent-data"), [support.transcode_source([service.log])], listen, outputs,
        recipes=[os.path.join(ROOT, "config", "recipes", "transcode.json5")])
    return Agent(programs, directory, config, listen)


def live_table(agent, service, key):
    """One row a second until every job is done; the agent is killed and started again on the way."""
    print("\n   second   queued   processing   completed   failed   events counted   memory of service, agent")
    started = time.monotonic()
    killed = again = False
    second = 0
    while True:
        elapsed = time.monotonic() - started
        if not killed and elapsed >= KILL_AT:
            killed = True
            agent.kill()
            print(f"  {elapsed:6.1f} s   -------- kill -9 log-agent; the service goes on --------")
        if not again and elapsed >= START_AGAIN_AT:
            again = True
            print(f"  {elapsed:6.1f} s   -------- log-agent starts again --------")
            agent.start().wait_ready()
        if elapsed >= second + 1:
            second = int(elapsed)
            own = support.parse_samples(support.get(service.url + "/metrics"))
            with service.counting:
                service.requests["GET", "/metrics", "200"] += 1
            queued, processing = total(own, "jobs_queued"), total(own, "jobs_processing")
            memory = service.process.memory_mib("VmRSS")
            if killed and not again:
                print(f"  {elapsed:6.1f} s  {queued:6,.0f}  {processing:11,.0f}   (log-agent is not running)")
            else:
                samples = agent.samples()
                print(f"  {elapsed:6.1f} s  {queued:6,.0f}  {processing:11,.0f}  {total(samples, 'jobs_completed_total'):10,.0f}  "
                      f"{total(samples, 'jobs_failed_total'):7,.0f}  {derived_events(samples):15,.0f}   "
                      f"{memory:.1f}, {agent.process.memory_mib('VmRSS'):.1f} MiB", flush=True)
            if again and queued == processing == 0 and second > START_AGAIN_AT + 1:
                return
        if elapsed > 300:
            sys.exit(f"the jobs are not done after five minutes:\n{service.process.log_tail()}")
        time.sleep(0.02)


def all_read(agent, service):
    with open(service.log) as file:
        lines = sum(1 for _ in file)
    samples = agent.samples()
    return total(samples, "log_agent_catching_up") == 0 and total(samples, "log_agent_lag_bytes") == 0 \
        and total(samples, "jobs_created_total") > 0 and lines > 0


def log_line(path, event, job):
    with open(path) as file:
        for line in file:
            fields = json.loads(line)
            if fields.get("event") == event and fields.get("job_id") == job:
                return fields
    sys.exit(f"no line {event} of job {job} in {path}")
