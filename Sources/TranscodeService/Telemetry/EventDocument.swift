/// `docs/events.md`, made of the table of events.
enum EventDocument {
    static var text: String {
        var text = introduction
        for event in EventDefinition.all {
            text += "\n## `\(event.name)`\n\n\(event.occasion)\n\n"
            text += "Logger `\(event.logger)`, level \(event.level), message `\(event.message)`\n\n"
            text += "| field | type | |\n|---|---|---|\n"
            for field in event.fields {
                text += "| `\(field.key)` | \(field.kind.rawValue) | \(field.meaning)\(field.isOptional ? "; may be missing" : "") |\n"
            }
        }
        return text
    }

    private static let introduction = """
        # The log of transcode-service

        One JSON object a line, UTF-8. Lines with an `event` are a contract: `config/recipes/transcode.json5` derives the metrics from them, and each
        stands for exactly one thing that happened. Their fields are listed below. Lines without one are for people, and may change.

        This page is made of the table that the service writes its events by (`Sources/TranscodeService/Telemetry/EventTable.swift`).

        ## Every line

        | field | type | |
        |---|---|---|
        | `timestamp` | text | RFC 3339 in UTC, with microseconds and `Z` |
        | `level` | text | `DEBUG`, `INFO`, `WARNING`, `ERROR` |
        | `logger` | text | which part of the service speaks |
        | `message` | text | a constant sentence |
        | `module`, `function`, `line` | text, text, integer | where in the source |
        | `service` | text | `transcode-service` |
        | `event` | text | name of the event; missing on other lines |
        | `trace_id`, `span_id` | text | 32 and 16 hexadecimal digits: the span that the line belongs to; missing outside of requests and jobs |
        | `job_id`, `api_key` | text | what the line is about, where it is about one |
        | `exception` | text | what an error says of itself, on lines about one |

        ## What is promised

        - **Every event becomes a line**, whatever `log.level` is: that governs lines without an event. None is held back as a repeat.
        - **No line is dropped because a reader is slow.** When a request is answered, its line is in the file, and in the pipe. A standard output that
          nobody reads stops the service as soon as the pipe is full: where lines are read from `log.file`, set `log.stdout` to `false`.
        - While a disk is full, up to 1 MiB of lines wait in memory, whole and in order, and are written when there is room. What is dropped then, or
          because a reader has gone, is counted: `transcode_service_dropped_log_lines_total{reason}`.
        - `SIGHUP` opens `log.file` anew, after it was renamed. A line is never split over two files.
        - Values can't break out of their line: control characters, ends of lines and marks that change the direction of text are written as `\\uXXXX`.
        - Neither API keys nor tokens, query strings or header values are ever written. `api_key` is the key's name.
        - A value is cut at 1 KiB (`exception`: 8 KiB), at a character's edge and with `…`.

        """
}
