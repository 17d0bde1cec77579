"""From a log line to its trace, and from a bucket of a histogram back to it: the part of script/demo about one failed job."""
import glob
import gzip
import json
import os
import re
import textwrap

import spans
from agent import say, total

WIDTH = 100


def follow(line, kept, collector_text, agent_text):
    """Shows what three programs say about the trace that `line` names; whether all of them have it.

    `kept`: the directory that trace-collector writes requests to; the texts: /metrics in OpenMetrics."""
    trace = line["trace_id"]
    say("One failed job. Its line in the log of transcode-service:")
    fields = {name: line[name] for name in ("timestamp", "level", "event", "message", "job_id", "error_type", "trace_id") if name in line}
    print(textwrap.fill(json.dumps(fields), WIDTH, initial_indent="  ", subsequent_indent="   ", break_long_words=False, break_on_hyphens=False))

    found = sorted((span for span in stored(kept) if span.trace.hex() == trace), key=lambda span: span.start)
    say(f"The trace that this line names, in what trace-collector has written to\n   {kept}")
    print("\n".join("  " + text for text in spans.tree(found)))

    say("And from the metrics back to the trace: the exemplars of what failed")
    failed = next((span.name for span in found if span.status == "STATUS_CODE_ERROR"), "")
    latency = exemplars(collector_text, "traces_spanmetrics_latency_bucket", f'span_name="{failed}"', trace)
    failures = exemplars(agent_text, "jobs_failed_total", f'error_type="{line["error_type"]}"', trace)
    for program, samples in (("trace-collector", latency), ("log-agent", failures)):
        print(f"  {program}")
        for sample, exemplar in samples or [("(none)", "")]:
            print(wrapped(sample) + (f"\n      # {exemplar}" if exemplar else ""))
    agrees = bool(failed and latency and failures)
    print(f"\n  the line, the trace and both exemplars have the trace id {trace}: {'yes' if agrees else 'NO'}")
    return agrees


def wrapped(sample):
    """A sample, broken between labels where it is long."""
    lines = [""]
    for part in re.findall("[^,]+,?", sample):
        if len(lines[-1]) + len(part) > WIDTH - 6:
            lines.append("")
        lines[-1] += part
    return "    " + "\n      ".join(lines)


def balance(collector, spans_file):
    """Shows where all spans are, against what the service has written; whether nothing is missing."""
    ledger, samples = collector.ledger(), collector.samples()
    with open(spans_file) as file:
        written = sum(len(scope["spans"]) for line in file for resource in json.loads(line)["resourceSpans"] for scope in resource["scopeSpans"])
    counted = int(total(samples, "traces_spanmetrics_calls_total"))
    kept, dropped = (int(total(samples, "trace_collector_sampling_traces_total", f'decision="{decision}"')) for decision in ("kept", "dropped"))
    agrees = ledger["holds"] and ledger["received"] == written == counted and ledger["pending"] == 0
    say("What became of the spans, by trace-collector's ledger.   GET /api/v1/ledger")
    print(f"  received {ledger['received']} = delivered {ledger['delivered']} + pending {ledger['pending']} + sampled away {ledger['sampled_away']}"
          f" + dropped {ledger['dropped']}\n  of {kept + dropped} traces {kept} are kept: those with errors, of uploads, and a tenth of the others\n"
          f"  spans that the service wrote: {written}; that the span metrics count: {counted}: {'yes' if agrees else 'NO'}")
    return agrees


def stored(directory):
    """Every span in the requests of a directory output."""
    for path in sorted(glob.glob(os.path.join(directory, "**", "*.pb.gz"), recursive=True)):
        with gzip.open(path) as file:
            yield from spans.read(file.read())


def exemplars(text, name, labels, trace):
    """(sample, exemplar) of each sample with these labels whose exemplar is of the trace."""
    pattern = re.compile(rf"^({name}\{{.*{re.escape(labels)}.*\}} \S+) # (\{{trace_id=\"{trace}\"\}}.*)$", re.MULTILINE)
    return pattern.findall(text)
