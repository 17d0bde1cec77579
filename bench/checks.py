"""What bench/stack.py asks of the expressions in rules and dashboards while the stack is alive: each must be one that Prometheus
evaluates, name only metrics that are there, and give something after a load. What a server that does not run here would export is told."""
import urllib.error

import expressions
import servers


def live(report, questions, missing, pace):
    names = questions.names()
    asked = skipped = 0
    for source, expression in expressions.all_of(servers.CONFIG):
        text = pace.expression(expressions.ready(expression))
        metrics = expressions.metrics_in(expression)
        absent = sorted(metric for metric in metrics if metric not in names)
        of_missing = [job for job in missing if f'job="{job}"' in expression or any(expressions.owner(metric) == job for metric in absent)]
        try:
            result = questions.vector(text)
        except urllib.error.HTTPError as error:
            report.expect(False, f"{source} can be evaluated", error.read().decode())
            continue
        asked += 1
        if of_missing:
            skipped += 1
            continue
        report.expect(not absent, f"{source}: its metrics are there", absent)
        if not source.startswith("rules/") or not is_condition(source):
            report.expect(result or absent, f"{source} gives something", text)
    report.say(f"{asked} expressions of rules and dashboards evaluated; {skipped} of them name metrics of {', '.join(missing)}")


def is_condition(source):
    """Alerts, which give something only when there is something to tell. Names of records have a colon in them."""
    return ":" not in source.partition(": ")[2]
