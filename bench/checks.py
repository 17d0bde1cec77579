"""What bench/stack.py asks of the expressions in rules and dashboards while the stack is alive: each must be one that Prometheus
evaluates, name only metrics that are there, and give something after a load. What a server that does not run here would export is told."""
import time
import urllib.error

import expressions
import servers

PATIENCE = 120  # seconds: a scrape that was missed on a busy machine leaves a gap in a short range


def live(report, questions, missing, pace):
    asked = [(source, expression, pace.expression(expressions.ready(expression))) for source, expression in expressions.all_of(servers.CONFIG)]
    elsewhere = [question for question in asked if names_any(question[1], missing, questions.names())]
    pending = asked
    deadline = time.monotonic() + PATIENCE
    while True:
        names = questions.names()
        problems = [(question, problem(questions, names, question, question in elsewhere)) for question in pending]
        problems = [(question, found) for question, found in problems if found]
        pending = [question for question, _ in problems]
        if not pending or time.monotonic() > deadline:
            break
        time.sleep(1)
    for question in asked:
        report.expect(question not in pending, f"{question[0]}: {question[2]}", dict(problems).get(question))
    report.say(f"{len(asked)} expressions of rules and dashboards evaluated; {len(elsewhere)} of them name metrics of {', '.join(missing)}")


def names_any(expression, jobs, names):
    """Whether it is about one of these jobs, by its label or by a metric that only it has."""
    return any(f'job="{job}"' in expression for job in jobs) \
        or any(metric not in names and expressions.owner(metric) in jobs for metric in expressions.metrics_in(expression))


def problem(questions, names, question, elsewhere):
    """What is wrong with it now; None: nothing."""
    source, expression, text = question
    try:
        result = questions.vector(text)
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError as error:
        return str(error)
    if elsewhere:
        return None
    if absent := sorted(metric for metric in expressions.metrics_in(expression) if metric not in names):
        return f"there is no {', '.join(absent)}"
    return None if result or is_condition(source) else "it gives nothing"


def is_condition(source):
    """Alerts, which give something only when there is something to tell. Names of records have a colon in them."""
    return source.startswith("rules/") and ":" not in source.partition(": ")[2]
