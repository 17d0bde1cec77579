/// The configuration and recipes that are built in, so that the program runs without a file. The texts are those of `config/`;
/// a test compares them.
enum EmbeddedConfiguration {
    static let name = "built-in configuration"
    /// No directory: recipes that it names are built in, too.
    static let directory = "<built-in>"

    /// Which recipe stands at `path` in `config/`.
    static func recipeName(ofPath path: String) -> String? {
        recipes.keys.first { path == "recipes/\($0).json5" }
    }

    static let configuration = #"""
        // log-agent without a configuration of its own: this text is built in.
        //
        //   log-agent run                        reads /data/logs/*.log (or $TAILSPAN_LOGS/*.log) as transcode-service writes it
        //   log-agent check --config FILE        tells what is wrong with a file, all at once
        //
        // JSON5: comments, keys without quotes, commas at the end. ${NAME:-default} takes an environment variable; "$name" takes a
        // field of the line, also a nested one: "$http.status".

        data_dir: "${TAILSPAN_DATA:-/var/lib/tailspan}/log-agent", // checkpoint, ledger, dead letters
        memory: "32MiB",                          // for all buffers together; at the ceiling reading slows down and the file waits
        server: { listen: "${TAILSPAN_LISTEN:-127.0.0.1:9144}", bearer_token_file: null }, // /metrics, /healthz, /ready, /api/v1/…
        // tls in it: { certificate_file: "agent.pem", key_file: "agent.key", client_ca_file: "clients.pem" }

        sources: [
          { name: "transcode", type: "file",
            include: ["${TAILSPAN_LOGS:-/data/logs}/*.log"],
            exclude: ["*.gz"],
            start_at: "beginning",                // of files that the agent has never seen; or "end"
            format: "json",                       // or "logfmt", "pattern", "regex", "syslog", "text"; "docker", "cri"
            timestamp: { field: "timestamp", format: "rfc3339" },
            labels: { job: "transcode", service: "$service", level: "$level" }, // few and bounded: each set of values is a stream
            metadata: { trace_id: "$trace_id", span_id: "$span_id", job_id: "$job_id" },
            watch: "auto",                        // inotify, and polling where that does not work; or "poll"
            poll_interval: "1s",
            max_line_bytes: "256KiB",
            // long_lines: "drop",                // "truncate": the first max_line_bytes of them are the line
            // empty_lines: "skip",               // "keep"
            // encoding: "utf-16le",              // or "latin1", "shift_jis", … (`iconv -l`); a byte order mark is seen by itself
            // path_pattern: "/var/log/<service>/<_>.log", // named parts are fields of every line: labels: { service: "$service" }
            // ignore_older: "2d",                // of files that were older when they were found only what comes later is read
            // read_order: "oldest_first",        // "fair": all files in turns
            // remove_after: "1h",                // deletes files that have rested for so long, once they are delivered
            // link_targets: ["/var/log/pods/**"], // where symbolic links may lead, beside what `include` names
          },
          // { name: "nginx", include: "/var/log/nginx/access.log", format: "pattern",  // Loki's syntax; <_> gives no field
          //   pattern: '<ip> - <user> [<time>] "<method> <path> <_>" <status> <bytes> "<_>" "<agent>"',
          //   timestamp: { field: "time", format: "%d/%b/%Y:%H:%M:%S %z" }, labels: { job: "nginx", status: "$status" } },
          // { name: "app", include: "/srv/app/*.log", format: "regex", regex: "^(?P<time>\\S+ \\S+) (?P<level>[A-Z]+) ",  // named groups
          //   timestamp: { field: "time", format: "%Y-%m-%d %H:%M:%S,%f", zone: "Europe/Berlin" },  // of times that name none
          //   labels: { job: "app", level: "$level" } },
          // { name: "system", include: "/var/log/syslog", format: "syslog",  // RFC 5424 and 3164; its own time is the line's
          //   labels: { job: "system", app: "$app_name", level: "$level" } },
          // { name: "java", include: "/srv/java/*.log", format: "text",        // entries of several lines, with any format
          //   multiline: { start: "^\\d{4}-\\d{2}-\\d{2} ",                     // and, or instead, continuation: "^\\s"
          //     max_lines: 500, max_bytes: "256KiB", timeout: "5s" } },          // what exceeds these makes another entry
          // { name: "pods", include: "/var/log/pods/*/*/*.log", format: "cri", // or "docker"; $stream, $namespace, $pod, $container, $restart
          //   partial_timeout: "5s",                              // how long parts of a line wait for the rest of it
          //   inner: "json", labels: { namespace: "$namespace", container: "$container" }, metadata: { pod: "$pod" } },
          // What comes from no file is first written to segments below data_dir, so that it has the same promises.
          // { name: "pipe", type: "stdin", format: "json",        // service | log-agent run …: ends when its input has ended and is delivered
          //   capture: { max_bytes: "256MiB" } },                 // on the disk at most; beyond that the writer waits
          // { name: "svc", type: "exec", command: ["transcode-service", "serve"], // no shell; its exit code is the agent's
          //   env: { LOG_LEVEL: "info" }, cwd: "/srv",
          //   restart: "on_failure",                              // or "never", "always"
          //   restart_backoff: { min: "1s", max: "1m" },
          //   stop_timeout: "10s",                                // from TERM to KILL
          //   main: true,                                         // the agent ends with it; so it is with the only service
          //   labels: { job: "svc", stream: "$stream" } },        // stdout or stderr; a field for metrics and transforms as well
          // { name: "net", type: "syslog", listen: ["udp:127.0.0.1:5514", "tcp:127.0.0.1:5514", "unix:/run/net.sock", "unixgram:/run/net.dgram"],
          //   max_connections: 128, message_timeout: "1m",        // a connection that stops inside a message is closed
          //   max_line_bytes: "64KiB" },
        ],

        // spill: { max_bytes: "1GiB", max_held_files: 64 },  // undelivered rests of deleted files, compressed, in data_dir

        // transforms: [                          // in order; metrics are derived before, from every line (docs/transforms.md)
        //   { drop: { where: { level: "DEBUG" } } },
        //   { redact: { fields: ["password"], patterns: ["bearer", "url_password", "email", "ipv4", "ipv6", "credit_card"] } },
        //   { truncate: { fields: ["message"], max_bytes: "8KiB" } },
        //   { sample: { one_in: 10, key: "$trace_id", where: { level: "INFO" } } },
        //   { limit: { per_second: 100, burst: 500, key: "$event" } },
        //   { dedupe: { fields: ["level", "message"], window: "10s" } },
        //   { rename: { fields: { msg: "message" } } }, { remove: { fields: ["debug"] } }, { add: { fields: { region: "eu-1" } } },
        //   { route: { where: { audit: true }, outputs: ["local"], tenant: "$team" } },
        // ],

        recipes: ["recipes/transcode.json5"],     // relative to this file; "transcode" alone is the built-in one, as "nginx", "redis", …

        metrics: [
          // { name: "logins_total", type: "counter", help: "Logins", where: { event: "user.login" }, labels: { method: "$method" } },
        ],

        outputs: [
          // { name: "loki", type: "loki", url: "http://127.0.0.1:3100/loki/api/v1/push" },
          // { name: "far", type: "loki", url: "https://loki.example/otlp/v1/logs", encoding: "otlp",   // or its own: /loki/api/v1/push
          //   tls: { ca_file: "ca.pem", certificate_file: "agent.pem", key_file: "agent.key" },        // the system's authorities unless set
          //   proxy: { url: "http://proxy:3128", no_proxy: [".inside.example"] } },                    // unless set: HTTPS_PROXY, NO_PROXY
          // { name: "near", type: "loki", url: "http+unix://%2Frun%2Floki.sock/loki/api/v1/push" },
          // { name: "debug", type: "stdout", format: "json" },                                         // or "line"
          { name: "local", type: "directory",     // gzip push bodies with an index, for machines without Loki
            path: "${TAILSPAN_DATA:-/var/lib/tailspan}/logs",
            retention: "24h", max_bytes: "1GiB" },
        ],

        """#

    static let transcodeRecipe = #"""
        // Metrics of transcode-service, derived from its log. One family, one owner: what no log line carries (queued and running
        // jobs, storage, workers, requests in progress) is exposed by the service itself.
        //
        // Events, and the fields that they must carry:
        //   http.request            method, endpoint (the route, such as /api/v1/jobs/{id}), status (number), duration_ms
        //   job.created             job_id, status: "queued"
        //   job.started             job_id, status: "processing", queue_time_seconds (from created, or ready for a retry, to started)
        //   job.completed           job_id, status: "completed", processing_duration_seconds (from created to completed)
        //   job.failed              job_id, status: "failed", error_type: "probe", "transcode", "transcription", "storage", "timeout", "unknown"
        //   job.cancelled           job_id, status: "cancelled"
        //   transcode.finished      resolution: "360p", "720p"; duration_seconds, output_bytes, compression_ratio (output / input, 0 to 1)
        //   transcription.finished  whisper_model: "tiny", "base", "small", "medium", "large"; duration_seconds, word_count
        // Every line may carry trace_id (32 hexadecimal digits): it becomes the exemplar. docs/events.md describes them all.
        {
          description: "transcode-service: API, jobs, video, transcription",
          metrics: [
            // API
            { name: "api_requests_total", type: "counter", help: "Total API requests",
              where: { event: "http.request" },
              labels: { method: "$method", endpoint: "$endpoint", status: "$status" },
              exemplar: "$trace_id", max_series: 2000 },
            { name: "api_request_duration_seconds", type: "histogram", help: "API request duration in seconds",
              where: { event: "http.request" },
              labels: { method: "$method", endpoint: "$endpoint" },
              value: "$duration_ms", scale: 0.001,
              buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10],
              exemplar: "$trace_id" },

            // Jobs. jobs_total counts each change of status, so that one family has them all.
            { name: "jobs_total", type: "counter", help: "Total number of jobs by the status that they reached",
              where: { event: ["job.created", "job.started", "job.completed", "job.failed", "job.cancelled"] },
              labels: { status: "$status" },
              init: { status: ["queued", "processing", "completed", "failed", "cancelled"] } },
            { name: "jobs_created_total", type: "counter", help: "Total number of jobs created",
              where: { event: "job.created" }, exemplar: "$trace_id" },
            { name: "jobs_completed_total", type: "counter", help: "Total number of completed jobs",
              where: { event: "job.completed" }, exemplar: "$trace_id" },
            { name: "jobs_failed_total", type: "counter", help: "Total number of failed jobs",
              where: { event: "job.failed" },
              labels: { error_type: "$error_type" },
              exemplar: "$trace_id",
              init: { error_type: ["probe", "transcode", "transcription", "storage", "timeout", "unknown"] } },
            { name: "job_processing_duration_seconds", type: "histogram", help: "Job processing duration in seconds",
              where: { event: "job.completed" },
              value: "$processing_duration_seconds",
              buckets: [60, 300, 600, 1800, 3600, 7200, 14400], // 1 minute to 4 hours
              exemplar: "$trace_id" },
            { name: "job_queue_time_seconds", type: "histogram", help: "Time job spent in queue before processing",
              where: { event: "job.started" },
              value: "$queue_time_seconds",
              buckets: [1, 5, 10, 30, 60, 300, 600],
              exemplar: "$trace_id" },

            // Video
            { name: "video_transcode_duration_seconds", type: "histogram", help: "Video transcoding duration",
              where: { event: "transcode.finished" },
              labels: { resolution: "$resolution" },
              value: "$duration_seconds",
              buckets: [30, 60, 120, 300, 600, 1200, 1800, 3600],
              exemplar: "$trace_id",
              init: { resolution: ["360p", "720p"] } },
            { name: "video_transcoded_bytes_total", type: "counter", help: "Total bytes transcoded",
              where: { event: "transcode.finished" },
              labels: { resolution: "$resolution" },
              value: "$output_bytes",
              exemplar: "$trace_id",
              init: { resolution: ["360p", "720p"] } },
            { name: "video_compression_ratio", type: "histogram", help: "Video compression ratio",
              where: { event: "transcode.finished" },
              labels: { resolution: "$resolution" },
              value: "$compression_ratio",
              buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
              exemplar: "$trace_id",
              init: { resolution: ["360p", "720p"] } },

            // Transcription
            { name: "transcription_duration_seconds", type: "histogram", help: "Transcription duration",
              where: { event: "transcription.finished" },
              labels: { whisper_model: "$whisper_model" },
              value: "$duration_seconds",
              buckets: [30, 60, 120, 300, 600, 1200, 1800],
              exemplar: "$trace_id",
              init: { whisper_model: ["tiny", "base", "small", "medium", "large"] } },
            { name: "transcription_word_count", type: "histogram", help: "Number of words transcribed",
              where: { event: "transcription.finished" },
              value: "$word_count",
              buckets: [100, 500, 1000, 2000, 5000, 10000],
              exemplar: "$trace_id" },
          ],
        }

        """#
}
