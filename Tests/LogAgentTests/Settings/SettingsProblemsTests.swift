import Testing

@testable import LogAgent

/// What is told about configurations that are wrong, or look so. Each case differs from a good one in one thing.
@Suite struct `Problems` {
    static let whole: [(String, [String])] = [
        (
            "",
            [
                #"f:1:1: error: The file has no `sources`; it is required. | For example: sources: [{ name: "app", include: ["/var/log/app/*.log"] }]"#
            ]
        ),
        (
            "sources: {}",
            ["f:1:10: error: `sources` is an empty object; use a list: […]."]
        ),
        (
            "sources: []",
            ["f:1:10: error: `sources` is an empty list; name at least one source."]
        ),
        (
            #"surces: [], sources: [{ name: "a", include: "/a" }]"#,
            [
                "f:1:1: error: `surces` is not a known key. | Did you mean `sources`? Known here: `$schema`, `data_dir`, `memory`, `server`, `spill`, `sources`, `transforms`, `recipes`, `metrics`, `outputs`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], data_dir: "state""#,
            [#"f:1:52: error: `data_dir` is "state"; use an absolute path: it starts with `/`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], memory: "1MB""#,
            [#"f:1:50: error: `memory` is "1MB"; use a size such as "4MiB", from 4MiB to 64GiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], memory: 33554432.5"#,
            [#"f:1:50: error: `memory` is 33554432.5; use a size such as "4MiB", from 4MiB to 64GiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], memory: "4MiB", outputs: [{ name: "d", type: "directory", path: "/d", batch: { max_bytes: "2MiB" } }]"#,
            [
                "f:1:50: error: `memory` is 4MiB, but the outputs may need 6MiB: for each (in_flight + 1) × batch.max_bytes. | Raise `memory`, or lower one of the two."
            ]
        ),
        (
            #"memory: "8MiB", sources: [{ name: "a", include: "/a", max_line_bytes: "4MiB" }]"#,
            [
                "f:1:9: error: `memory` is 8MiB, but source `a` has max_line_bytes 4MiB; a line must fit into a quarter of it. | Raise `memory`, or lower `max_line_bytes`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: "127.0.0.1:9144""#,
            [#"f:1:50: error: `server` is "127.0.0.1:9144"; use an object: {…}."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "9144" }"#,
            [#"f:1:60: error: `server.listen` is "9144"; use "host:port", as in "127.0.0.1:9144", or "unix:/path"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "127.0.0.1:99999" }"#,
            [#"f:1:60: error: `server.listen` is "127.0.0.1:99999"; use "host:port", as in "127.0.0.1:9144", or "unix:/path"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "::1:9144" }"#,
            [#"f:1:60: error: `server.listen` is "::1:9144"; use "host:port", as in "127.0.0.1:9144", or "unix:/path"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "unix:relative" }"#,
            [#"f:1:60: error: `server.listen` is "unix:relative"; use "host:port", as in "127.0.0.1:9144", or "unix:/path"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "unix:/ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss" }"#,
            [
                #"f:1:60: error: `server.listen` is "unix:/ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss…"; use a shorter path: a Unix socket's has at most 107 bytes."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], data_dir: "${DIR}""#,
            [
                "f:1:52: error: `data_dir` needs the environment variable DIR, which is not set. | Set it, or give a default: ${DIR:-default}."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], memory: "${MEM:-1}""#,
            [#"f:1:50: error: `memory` is "${MEM:-1}" with its variables put in; use a size such as "4MiB", from 4MiB to 64GiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], memory: NaN"#,
            ["f:1:50: error: NaN is not allowed; use a finite number."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { bearer_token: "x" }"#,
            ["f:1:52: error: `server.bearer_token` does not belong here: a secret stands in a file of its own; use `bearer_token_file`."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { bearer_token_file: "/nowhere/token" }"#,
            ["f:1:71: error: `server.bearer_token_file`: cannot read the secret: open /nowhere/token: No such file or directory."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], server: { listen: "0.0.0.0:9144" }"#,
            [
                #"f:1:60: warning: `server.listen` is "0.0.0.0:9144": other machines can read metrics and status without a token. | Set `bearer_token_file` or `tls.client_ca_file`, or listen on 127.0.0.1."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], recipes: ["transcod"]"#,
            [
                #"f:1:52: error: `recipes[0]` is "transcod", which is not a built-in recipe; use "#
                    + #""airflow", "celery", "containers", "levels", "minio", "nginx", "postgresql", "redis", "syslog" or "transcode". | Did you mean "transcode"?"#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], recipes: ["recipes/transcode.json5"]"#,
            [
                #"f:1:52: error: `recipes[0]`: cannot read the recipe: open /nowhere/recipes/transcode.json5: No such file or directory. | It is built in, too: write "transcode"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], recipes: [1]"#,
            ["f:1:52: error: `recipes[0]` is 1; use a text in quotes."]
        ),
    ]

    @Test(arguments: whole)
    func `of the whole are told`(text: String, problems: [String]) {
        #expect(told(about: text) == problems)
    }

    static let sources: [(String, [String])] = [
        (
            #"sources: [{ include: "/a" }]"#,
            [#"f:1:11: error: `sources[0]` has no `name`; it is required. | For example: name: "app""#]
        ),
        (
            #"sources: [{ name: "a" }]"#,
            [#"f:1:11: error: `sources[0]` has no `include`; it is required. | For example: include: ["/var/log/app/*.log"]"#]
        ),
        (
            #"sources: [{ name: "a b", include: "/a" }]"#,
            [#"f:1:19: error: `sources[0].name` is "a b"; use 1 to 64 letters, digits, `_`, `-` and `.`, not starting with `.`."#]
        ),
        (
            #"sources: [{ name: "a", include: [] }]"#,
            ["f:1:33: error: `sources[0].include` is an empty list; name at least one pattern."]
        ),
        (
            #"sources: [{ name: "a", include: ["/a", "logs/*.log"] }]"#,
            [#"f:1:40: error: `sources[0].include[1]` is "logs/*.log"; use an absolute path: it starts with `/`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a/" }]"#,
            [#"f:1:33: error: `sources[0].include` is "/a/"; name files, not a directory. | All files in it: "/a/*"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a/{b,c" }]"#,
            [#"f:1:33: error: `sources[0].include` is "/a/{b,c"; close the `{`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a/[b" }]"#,
            [#"f:1:33: error: `sources[0].include` is "/a/[b"; close the `[`, or write `\\[`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", exclude: "a/b" }]"#,
            [#"f:1:48: error: `sources[0].exclude` is "a/b"; use a file name pattern without `/`, or an absolute path."#]
        ),
        (
            #"sources: [{ name: "a", include: "/{a,{b}}" }]"#,
            [#"f:1:33: error: `sources[0].include` is "/{a,{b}}"; braces cannot stand inside braces."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a\\" }]"#,
            [#"f:1:33: error: `sources[0].include` is "/a\\"; a backslash at the end escapes nothing."#]
        ),
        (
            #"sources: [{ name: "a", include: "" }]"#,
            [#"f:1:33: error: `sources[0].include` is ""; use a pattern."#]
        ),
        (
            #"sources: [{ name: "a", include: [1] }]"#,
            ["f:1:34: error: `sources[0].include[0]` is 1; use a text in quotes."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", type: "stdin" }]"#,
            [#"f:1:24: error: `sources[0].include` does not belong here: it is a setting of sources of type "file"."#]
        ),
        (
            #"sources: [{ name: "a", type: "docker", include: "/a" }]"#,
            [
                #"f:1:30: error: `sources[0].type` is "docker", which is not supported yet; supported: "file", "stdin", "exec" or "syslog"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", capture: { max_bytes: "1MiB" } }]"#,
            [
                "f:1:39: error: `sources[0].capture` does not belong here: a file is its own queue; it is for sources that are no files."
            ]
        ),
        (
            #"sources: [{ name: "a", type: "stdin", capture: { max_bytes: "1KiB" } }]"#,
            [#"f:1:61: error: `sources[0].capture.max_bytes` is "1KiB"; use a size such as "1MiB", from 1MiB to 1TiB."#]
        ),
        (
            #"sources: [{ name: "a", type: "stdin", command: ["x"], listen: "udp:x:1" }]"#,
            [
                #"f:1:39: error: `sources[0].command` does not belong here: it is a setting of sources of type "exec"."#,
                #"f:1:55: error: `sources[0].listen` does not belong here: it is a setting of sources of type "syslog"."#,
            ]
        ),
        (
            #"sources: [{ name: "a", type: "stdin" }, { name: "b", type: "stdin" }]"#,
            ["f:1:60: error: `sources[1]` reads standard input, as does `sources[0]`; only one source can."]
        ),
        (
            #"sources: [{ name: "a", type: "exec" }]"#,
            [
                #"f:1:11: error: `sources[0]` has no `command`; it is required. | For example: command: ["transcode-service", "serve"]"#
            ]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: "serve --port 1" }]"#,
            [
                #"f:1:47: error: `sources[0].command` is "serve --port 1"; use a list: the program, then one element for each argument; no shell is asked."#
            ]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: [] }]"#,
            ["f:1:47: error: `sources[0].command` is an empty list; name a program."]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: ["x"], restart: "on-failure" }]"#,
            [
                #"f:1:63: error: `sources[0].restart` is "on-failure"; use one of "never", "on_failure" or "always". | Did you mean "on_failure"?"#
            ]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: ["x"], restart_backoff: { min: "5s", max: "1s" } }]"#,
            [#"f:1:89: error: `sources[0].restart_backoff.max` is "1s"; use at least `min`, which is 5s."#]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: ["x"], cwd: "tmp", env: { "A=B": "c" } }]"#,
            [
                #"f:1:59: error: `sources[0].cwd` is "tmp"; use an absolute path: it starts with `/`."#,
                #"f:1:73: error: `sources[0].env["A=B"]`: "A=B" is not a variable's name; use one without `=`."#,
            ]
        ),
        (
            #"sources: [{ name: "a", type: "exec", command: ["x"], main: true }, { name: "b", type: "exec", command: ["y"], main: true }]"#,
            ["f:1:117: error: `sources[1]` is the main service, as is `sources[0]`; the agent can end with one only."]
        ),
        (
            #"sources: [{ name: "a", type: "syslog" }]"#,
            [
                #"f:1:11: error: `sources[0]` has no `listen`; it is required. | For example: listen: ["udp:127.0.0.1:5514", "tcp:127.0.0.1:5514"]"#
            ]
        ),
        (
            #"sources: [{ name: "a", type: "syslog", listen: ["127.0.0.1:514", "udp:514", "unix:log"] }]"#,
            [
                #"f:1:49: error: `sources[0].listen[0]` is "127.0.0.1:514"; use "udp:host:port", "tcp:host:port", "unix:/path" (stream) or "unixgram:/path" (datagrams). | For example "udp:127.0.0.1:5514"."#,
                #"f:1:66: error: `sources[0].listen[1]` is "udp:514"; use "udp:host:port", "tcp:host:port", "unix:/path" (stream) or "unixgram:/path" (datagrams). | For example "udp:127.0.0.1:5514"."#,
                #"f:1:77: error: `sources[0].listen[2]` is "unix:log"; use "udp:host:port", "tcp:host:port", "unix:/path" (stream) or "unixgram:/path" (datagrams). | For example "udp:127.0.0.1:5514"."#,
            ]
        ),
        (
            #"sources: [{ name: "a", type: "syslog", listen: ["udp:127.0.0.1:514", "udp:127.0.0.1:514"] }]"#,
            ["f:1:70: error: `sources[0].listen[1]` is that of `sources[0].listen[0]`, too."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", type: "fiel" }]"#,
            [#"f:1:45: error: `sources[0].type` is "fiel"; use one of "file", "stdin", "exec" or "syslog". | Did you mean "file"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", inner: "json" }]"#,
            [
                "f:1:39: error: `sources[0].inner` does not belong here: it is the format of what lines of the formats `docker` and `cri` hold."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "cri", inner: "docker" }]"#,
            [
                #"f:1:61: error: `sources[0].inner` is "docker"; use one of "json", "logfmt", "pattern", "regex", "syslog" or "text"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "cri", inner: "regex" }]"#,
            [
                #"f:1:11: error: `sources[0]` has no `regex`; it is required. | For example: regex: "^(?P<time>\\S+ \\S+) (?P<level>[A-Z]+) (?P<message>.*)""#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "cri", labels: { p: "$pod", x: "$x" } }]"#,
            [
                "f:1:62: warning: `x` takes the field `x`, which neither the cri envelope nor a line of text gives: it will be missing."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "jsn" }]"#,
            [
                #"f:1:47: error: `sources[0].format` is "jsn"; use one of "json", "logfmt", "pattern", "regex", "syslog", "text", "docker" or "cri". | Did you mean "json"?"#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "pattern" }]"#,
            [
                #"f:1:11: error: `sources[0]` has no `pattern`; it is required. | For example: pattern: "<ip> - <_> [<time>] \"<method> <path> <_>\" <status> <_>""#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "pattern", pattern: "<a><b>" }]"#,
            [
                #"f:1:67: error: `sources[0].pattern` is "<a><b>". <a> and <b> at position 3 have no text between them, so nothing says where the first ends."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "regex", regex: "(?P<a>x" }]"#,
            [
                #"f:1:63: error: `sources[0].regex` is "(?P<a>x". The group that opens at position 0 is not closed; add `)`, or write `\(`. | In a JSON5 text a backslash is written twice: "\\d+"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", pattern: "<a>", regex: "(?P<a>x)" }]"#,
            [
                #"f:1:39: error: `sources[0].pattern` does not belong here: it goes with the format "pattern"."#,
                #"f:1:55: error: `sources[0].regex` does not belong here: it goes with the format "regex"."#,
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", format: "pattern", pattern: "<a> <b>", labels: { b: "$b", c: "$c" }, timestamp: { field: "d" } }]"#,
            [
                "f:1:86: warning: `c` takes the field `c`, which the pattern does not give: it will be missing.",
                "f:1:119: warning: `sources[0].timestamp`: the pattern gives no field `d`, so a line's time is when it was read.",
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "t", zone: "Mars/Base" } }]"#,
            [
                #"f:1:70: error: `sources[0].timestamp.zone` is "Mars/Base"; use "UTC", a distance such as "+02:00", or a name such as "Europe/Berlin" (open /usr/share/zoneinfo/Mars/Base: No such file or directory; is the package tzdata installed?)."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "t", zone: "../passwd" } }]"#,
            [
                #"f:1:70: error: `sources[0].timestamp.zone` is "../passwd"; use "UTC", a distance such as "+02:00", or a name such as "Europe/Berlin" (`../passwd` is no name of a time zone, such as "Europe/Berlin")."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "t", format: "unix", zone: "UTC" } }]"#,
            ["f:1:86: warning: `sources[0].timestamp.zone` changes nothing: unix time is the same everywhere."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", multiline: {} }]"#,
            [
                #"f:1:50: error: `sources[0].multiline` has neither `start` nor `continuation`; one of them is required. | For example: start: "^\\d{4}-\\d{2}-\\d{2} ", or continuation: "^\\s""#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", multiline: { start: "^(x" } }]"#,
            [
                #"f:1:59: error: `sources[0].multiline.start` is "^(x". The group that opens at position 1 is not closed; add `)`, or write `\(`. | In a JSON5 text a backslash is written twice: "\\d+"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", multiline: { start: "x" } }]"#,
            [
                "f:1:59: warning: `sources[0].multiline.start` may match in the middle of a line. | Begin it with `^` to look at a line's beginning alone."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", multiline: { start: "^x*" } }]"#,
            ["f:1:59: warning: `sources[0].multiline.start` matches every line, as it is written."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", multiline: { start: "^x", max_lines: 1, max_bytes: "1B", timeout: "1ms", end: "x" } }]"#,
            [
                #"f:1:76: error: `sources[0].multiline.max_lines` is 1; use a whole number from 2 to 100000."#,
                #"f:1:90: error: `sources[0].multiline.max_bytes` is "1B"; use a size such as "1MiB", from 1KiB to 16MiB."#,
                #"f:1:105: error: `sources[0].multiline.timeout` is "1ms"; use a duration such as "10s", from 10ms to 1h."#,
                "f:1:112: error: `sources[0].multiline.end` is not a known key. | Known here: `start`, `continuation`, `max_lines`, `max_bytes`, `timeout`.",
            ]
        ),
        (
            #"memory: "8MiB", sources: [{ name: "a", include: "/a", multiline: { start: "^x", max_bytes: "4MiB" } }]"#,
            [
                "f:1:9: error: `memory` is 8MiB, but source `a` has multiline.max_bytes 4MiB; an entry must fit into a quarter of it. | Raise `memory`, or lower `multiline.max_bytes`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", start_at: "begining" }]"#,
            [#"f:1:49: error: `sources[0].start_at` is "begining"; use one of "beginning" or "end". | Did you mean "beginning"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", watch: "poll", poll_interval: 1 }]"#,
            [
                #"f:1:69: error: `sources[0].poll_interval` is 1; use a duration such as "10s", from 10ms to 1h. | A duration has a unit: "1s" or "1ms"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", poll_interval: "1ms" }]"#,
            [#"f:1:54: error: `sources[0].poll_interval` is "1ms"; use a duration such as "10s", from 10ms to 1h."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", max_line_bytes: "1GiB" }]"#,
            [#"f:1:55: error: `sources[0].max_line_bytes` is "1GiB"; use a size such as "1MiB", from 1KiB to 16MiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: "ts" }]"#,
            [#"f:1:50: error: `sources[0].timestamp` is "ts"; use an object: {…}."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: {} }]"#,
            [#"f:1:50: error: `sources[0].timestamp` has no `field`; it is required. | For example: field: "timestamp""#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "$ts" } }]"#,
            [#"f:1:59: error: `sources[0].timestamp.field` is "$ts"; name the field without the dollar. | Write "ts"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "ts", format: "unixms" } }]"#,
            [
                #"f:1:73: error: `sources[0].timestamp.format` is "unixms"; use "rfc3339", "syslog", "unix", "unix_ms", "unix_us", "unix_ns" or a pattern such as "%Y-%m-%d %H:%M:%S". | Did you mean "unix_ms"?"#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", timestamp: { field: "ts", format: "%Q" } }]"#,
            [
                #"f:1:73: error: `sources[0].timestamp.format` is "%Q". `%Q` at position 0 is no directive; use %Y %y %m %b %B %h %d %e %j %H %I %p %M %S %f %z %Z %a %A %s %T %R %D %F %n %t or %%."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { "a-b": "x" } }]"#,
            [#"f:1:49: error: `sources[0].labels.a-b`: "a-b" is not a label name; use letters, digits and `_`, not starting with a digit."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { __a: "x" } }]"#,
            ["f:1:49: error: `sources[0].labels.__a`: names that start with `__` are reserved."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { a: 1 } }]"#,
            [
                #"f:1:52: error: `sources[0].labels.a` is 1; use a text, or "$field" for a field of the line. | A constant must be in quotes: "1"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { a: "$" } }]"#,
            [#"f:1:52: error: `sources[0].labels.a` is "$"; use the field's name."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { a: "$b..c" } }]"#,
            [#"f:1:52: error: `sources[0].labels.a` is "$b..c"; use names with one dot between them."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { a: "$b c" } }]"#,
            [#"f:1:52: error: `sources[0].labels.a` is "$b c"; use a name without spaces, quotes, braces and dollars."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: ["a"] }]"#,
            ["f:1:47: error: `sources[0].labels` is a list; use an object: {…}."]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: {} }]"#,
            [#"f:1:47: warning: `sources[0].labels` is empty: Loki files such lines under "unknown_service"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", labels: { trace_id: "$trace_id" } }]"#,
            [
                "f:1:47: warning: `sources[0].labels.trace_id` makes one Loki stream for each value. | Put it into `metadata`: it can be searched there too."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a", metadata: { a: null } }]"#,
            [#"f:1:54: error: `sources[0].metadata.a` is null; use a text, or "$field" for a field of the line."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a", lables: {} }]"#,
            [
                "f:1:39: error: `sources[0].lables` is not a known key. | Did you mean `labels`? Known here: `name`, `type`, `include`, `exclude`, `path_pattern`, `start_at`, `watch`, `poll_interval`, `format`, `timestamp`, `labels`, `metadata`, `max_line_bytes`, `encoding`, `empty_lines`, `long_lines`, `read_order`, `ignore_older`, `remove_after`, `link_targets`, `multiline`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }, { name: "a", include: "/b" }]"#,
            [#"f:1:49: error: `sources[1].name` is "a", as is the source `sources[0]`; give each its own name."#]
        ),
    ]

    @Test(arguments: sources)
    func `of sources are told`(text: String, problems: [String]) {
        #expect(told(about: text) == problems)
    }

    static let metrics: [(String, [String])] = [
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{  }]"#,
            [
                #"f:1:52: error: `metrics[0]` has no `name`; it is required. | For example: name: "jobs_failed_total""#,
                #"f:1:52: error: `metrics[0]` has no `type`; it is required. | For example: type: "counter""#,
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a-b", type: "counter" }]"#,
            [#"f:1:60: error: `metrics[0].name` is "a-b"; use letters, digits and `_`, not starting with a digit. | For example "a_b"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "requests", type: "counter" }]"#,
            [
                #"f:1:60: error: `metrics[0].name` is "requests"; end a counter's name in `_total`. | OpenMetrics requires it; write "requests_total"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "log_agent_x_total", type: "counter" }]"#,
            [
                #"f:1:60: error: `metrics[0].name` is "log_agent_x_total"; use another name: those that start with `log_agent_` are the agent's own."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "summary" }]"#,
            [#"f:1:71: error: `metrics[0].type` is "summary"; use one of "counter", "gauge" or "histogram"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "gauge", updates: [{ inc: 1 }] }]"#,
            [#"f:1:60: warning: `metrics[0].name` is "a_total": by convention only counters end in `_total`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", value: "bytes" }]"#,
            [#"f:1:95: error: `metrics[0].value` is "bytes"; use a number, or "$field" for a field of the line. | Did you mean "$bytes"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", value: "12" }]"#,
            [
                #"f:1:95: error: `metrics[0].value` is "12"; use a number, or "$field" for a field of the line. | Write the number without quotes."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", value: -1 }]"#,
            ["f:1:95: error: `metrics[0].value` is -1; use a number of at least 0: a counter never falls."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", scale: 2 }]"#,
            ["f:1:95: error: `metrics[0].scale` has nothing to scale: without `value` each line counts 1."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", updates: [] }]"#,
            ["f:1:88: error: `metrics[0].updates` does not belong here: only a gauge has updates."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", buckets: [1] }]"#,
            ["f:1:88: error: `metrics[0].buckets` does not belong here: only a histogram has buckets."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: "x" }]"#,
            [#"f:1:95: error: `metrics[0].where` is "x"; use an object: {…}."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { "$event": "x" } }]"#,
            [
                "f:1:97: error: `metrics[0].where.$event` is not a field; use a name without spaces, quotes, braces and dollars. | In `where` a field stands without the dollar: `event`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { status: { gte: 400 } } }]"#,
            [
                "f:1:107: error: `metrics[0].where.status.gte` is not a known key. | Did you mean `ge`? Known here: `ge`, `gt`, `le`, `lt`, `matches`, `exists`, `not`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { status: { ge: "400" } } }]"#,
            [#"f:1:111: error: `metrics[0].where.status.ge` is "400"; use a number. | Write it without quotes."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: { matches: "(" } } }]"#,
            [
                #"f:1:111: error: `metrics[0].where.a.matches` is "(". The group that opens at position 0 is not closed; add `)`, or write `\(`. | It is a POSIX extended regular expression: digits are [0-9], spaces [[:space:]]; a literal dot is "\\."."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: { not: [] } } }]"#,
            ["f:1:107: error: `metrics[0].where.a.not` is an empty list; name at least one value."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { "": 1 } }]"#,
            [#"f:1:97: error: `metrics[0].where[""]` is not a field; use the field's name."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "${A" } }]"#,
            ["f:1:101: error: `metrics[0].labels.a` has a `${` without its `}`. | Write `$${` for the two characters themselves."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", init: [] }]"#,
            ["f:1:94: error: `metrics[0].init` is an empty list; use an object: {…}."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: { exists: 1 } } }]"#,
            ["f:1:110: error: `metrics[0].where.a.exists` is 1; use true or false."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: {} } }]"#,
            [
                "f:1:100: error: `metrics[0].where.a` is an empty object; use a value, a list of values, or { gt, ge, lt, le, matches, exists, not }."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: [] } }]"#,
            ["f:1:100: error: `metrics[0].where.a` is an empty list; name at least one value."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { a: [[1]] } }]"#,
            ["f:1:101: error: `metrics[0].where.a[0]` is a list; use a text, a number, true, false or null."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", where: { "a..b": 1 } }]"#,
            [#"f:1:97: error: `metrics[0].where["a..b"]` is not a field; use names with one dot between them."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", exemplar: "trace_id" }]"#,
            [#"f:1:98: error: `metrics[0].exemplar` is "trace_id"; use "$field", a field of the line. | Did you mean "$trace_id"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", max_series: 0 }]"#,
            ["f:1:100: error: `metrics[0].max_series` is 0; use a whole number from 1 to 1000000."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", idle_timeout: "1ms" }]"#,
            [#"f:1:102: error: `metrics[0].idle_timeout` is "1ms"; use a duration such as "10s", from 1s to 3650d."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { "0a": "x" } }]"#,
            [#"f:1:98: error: `metrics[0].labels.0a`: "0a" is not a label name; use letters, digits and `_`, not starting with a digit."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", init: { a: ["x"] } }]"#,
            ["f:1:94: error: `metrics[0].init` has no use: without labels a family has one series, and that always starts at 0."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "$a", b: "$b" }, init: { a: ["x"] } }]"#,
            [
                "f:1:124: error: `metrics[0].init` has no values for the label `b`; it must name all labels. | Where its values are not known, leave `init` out: series then start with their first line."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { status: "$s" }, init: { status: [200], stauts: ["x"] } }]"#,
            ["f:1:137: error: `metrics[0].init.stauts` is not a label of this metric. | Did you mean `status`? Its labels: `status`."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "$a", k: "x" }, init: { a: ["x"], k: ["y"] } }]"#,
            [#"f:1:135: error: `metrics[0].init.k` has no use: the label is always "x"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "$a" }, init: { a: [] } }]"#,
            ["f:1:120: error: `metrics[0].init.a` is an empty list; name at least one value."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "$a" }, init: { a: ["x", "x"] } }]"#,
            ["f:1:120: error: `metrics[0].init.a` names a value twice."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter", labels: { a: "$a", b: "$b" }, max_series: 3, init: { a: [1, 2], b: [1, 2] } }]"#,
            ["f:1:139: error: `metrics[0].init` makes 4 series; max_series is 3."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", buckets: [1] }]"#,
            [#"f:1:52: error: `metrics[0]` has no `value`; it is required. | For example: value: "$duration_seconds""#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v" }]"#,
            ["f:1:52: error: `metrics[0]` has no `buckets`; it is required. | For example: buckets: [0.1, 0.5, 1, 5, 10]"]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: 1, buckets: [1] }]"#,
            [#"f:1:91: error: `metrics[0].value` is 1; use "$field", a field of the line."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [] }]"#,
            ["f:1:106: error: `metrics[0].buckets` has 0 bounds; use 1 to 200."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [1, 2, 2] }]"#,
            ["f:1:113: error: `metrics[0].buckets[2]` is 2; bounds must ascend, and the one before is 2."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [1, "2"] }]"#,
            [#"f:1:110: error: `metrics[0].buckets[1]` is "2"; use a number. | Write it without quotes."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [1], labels: { le: "x" } }]"#,
            ["f:1:121: error: `metrics[0].labels.le`: a histogram uses the label `le` itself."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [1], updates: [] }]"#,
            ["f:1:111: error: `metrics[0].updates` does not belong here: only a gauge has updates."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge",  }]"#,
            [
                #"f:1:52: error: `metrics[0]` has no `updates`; it is required. | For example: updates: [{ where: { event: "upload.started" }, inc: 1 }]"#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [] }]"#,
            ["f:1:89: error: `metrics[0].updates` is an empty list; name at least one update."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{}] }]"#,
            ["f:1:90: error: `metrics[0].updates[0]` must hold one of set, inc, dec, add, sub. | For example: { where: {…}, inc: 1 }"]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{ inc: 1, dec: 1 }] }]"#,
            ["f:1:90: error: `metrics[0].updates[0]` must hold one of set, inc, dec, add, sub. | For example: { where: {…}, inc: 1 }"]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{ set: true }] }]"#,
            [#"f:1:97: error: `metrics[0].updates[0].set` is true; use a number, or "$field" for a field of the line."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{ add: "x" }] }]"#,
            [#"f:1:97: error: `metrics[0].updates[0].add` is "x"; use a number, or "$field" for a field of the line. | Did you mean "$x"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{ inc: 1 }], value: "$v" }]"#,
            ["f:1:103: error: `metrics[0].value` does not belong here: a gauge has `updates`, each with its own amount."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "gauge", updates: [{ inc: 1 }], exemplar: "$t" }]"#,
            ["f:1:103: error: `metrics[0].exemplar` does not belong here: only counters and histograms have exemplars."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a_total", type: "counter" }, { name: "a_total", type: "counter" }]"#,
            ["f:1:98: error: `metrics[1].name`: `a_total` is there already: `metrics[0]`. | Keep one, or give one another name."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], metrics: [{ name: "a", type: "histogram", value: "$v", buckets: [1] }, { name: "a_count", type: "gauge", updates: [{ inc: 1 }] }]"#,
            ["f:1:121: error: `metrics[1].name`: `a_count` would expose `a_count`, as does `a`: `metrics[0]`."]
        ),
    ]

    @Test(arguments: metrics)
    func `of metrics are told`(text: String, problems: [String]) {
        #expect(told(about: text) == problems)
    }

    @Test func `of patterns with too many choices are told`() {
        let pattern = "/" + String(repeating: "{a,b}", count: 9)
        #expect(
            told(about: "sources: [{ name: 'a', include: '\(pattern)' }]") == [
                "f:1:33: error: `sources[0].include` is \"\(pattern)\"; use at most 256 choices by braces."
            ])
        #expect(told(about: "sources: [{ name: 'a', include: '\(pattern.dropLast(5))' }]") == [])
    }

    @Test func `of metrics that share a name in OpenMetrics are told`() {
        let text =
            "sources: [{ name: 'a', include: '/a' }], metrics: [{ name: 'a_total', type: 'counter' }, { name: 'a', type: 'gauge', updates: [{ inc: 1 }] }]"
        #expect(told(about: text) == ["f:1:98: error: `metrics[1].name`: `a` would expose `a`, as does `a_total`: `metrics[0]`."])
    }

    static let outputs: [(String, [String])] = [
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: []"#,
            ["f:1:51: warning: `outputs` is empty: lines are counted, but shipped nowhere."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{  }]"#,
            [
                #"f:1:52: error: `outputs[0]` has no `name`; it is required. | For example: name: "loki""#,
                #"f:1:52: error: `outputs[0]` has no `type`; it is required. | For example: type: "loki""#,
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "k", type: "kafka", brokers: [] }]"#,
            [#"f:1:71: error: `outputs[0].type` is "kafka", which is not supported yet; supported: "loki", "directory" or "stdout"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "lok" }]"#,
            [#"f:1:71: error: `outputs[0].type` is "lok"; use one of "loki", "directory" or "stdout". | Did you mean "loki"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki" }]"#,
            [#"f:1:52: error: `outputs[0]` has no `url`; it is required. | For example: url: "http://127.0.0.1:3100/loki/api/v1/push""#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", url2: 1 }]"#,
            [
                "f:1:113: error: `outputs[0].url2` is not a known key. | Did you mean `url`? Known here: `name`, `type`, `batch`, `in_flight`, `retry`, `encoding`, `url`, `tenant_id`, `headers`, `compression`, `compression_level`, `streams_per_push`, `basic_auth`, `bearer_token_file`, `tls`, `proxy`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "l:3100" }]"#,
            [#"f:1:84: error: `outputs[0].url` is not an http URL; use one such as "http://127.0.0.1:3100/loki/api/v1/push"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://u:secret@l/p" }]"#,
            ["f:1:84: error: `outputs[0].url` holds a user name; use `basic_auth`."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l:0/p" }]"#,
            [#"f:1:84: error: `outputs[0].url` has no valid host and port; use a URL such as "http://127.0.0.1:3100/loki/api/v1/push"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l:3100" }]"#,
            [#"f:1:84: error: `outputs[0].url` has no path. | Loki's is /loki/api/v1/push: "http://l:3100/loki/api/v1/push"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/p#x" }]"#,
            ["f:1:84: error: `outputs[0].url` holds a `#`, a space or a letter beyond ASCII; escape it as %XX."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", tenant_id: "a/b" }]"#,
            [#"f:1:124: error: `outputs[0].tenant_id` is "a/b"; use 1 to 150 letters, digits and ! - _ . * ' ( )."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", basic_auth: { username: "u", password: "secret" } }]"#,
            [
                "f:1:142: error: `outputs[0].basic_auth.password` does not belong here: a secret stands in a file of its own; use `password_file`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", basic_auth: { username: "u" } }]"#,
            [
                #"f:1:125: error: `outputs[0].basic_auth` has no `password_file`; it is required. | For example: password_file: "/etc/log-agent/password""#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", bearer_token: "secret" }]"#,
            [
                "f:1:113: error: `outputs[0].bearer_token` does not belong here: a secret stands in a file of its own; use `bearer_token_file`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", basic_auth: { username: "a:b", password_file: "p" }, bearer_token_file: "t" }]"#,
            [
                #"f:1:137: error: `outputs[0].basic_auth.username` is "a:b"; use a name without `:` (RFC 7617)."#,
                "f:1:159: error: `outputs[0].basic_auth.password_file`: cannot read the secret: open /nowhere/p: No such file or directory.",
                "f:1:166: error: `outputs[0].bearer_token_file` and `basic_auth` exclude each other; keep one.",
                "f:1:185: error: `outputs[0].bearer_token_file`: cannot read the secret: open /nowhere/t: No such file or directory.",
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", headers: { Authorization: "secret" } }]"#,
            [
                "f:1:124: error: `outputs[0].headers.Authorization`: the agent sets this header itself. | Use `basic_auth` or `bearer_token_file`."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", headers: { "X-Scope-OrgID": "a" } }]"#,
            ["f:1:124: error: `outputs[0].headers.X-Scope-OrgID`: the agent sets this header itself. | Use `tenant_id`."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", headers: { "a b": "secret" } }]"#,
            [#"f:1:124: error: `outputs[0].headers["a b"]`: this is not the name of an HTTP header."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", headers: { a: 1 } }]"#,
            ["f:1:127: error: `outputs[0].headers.a` must be a text."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", headers: { a: "x\ny" } }]"#,
            ["f:1:127: error: `outputs[0].headers.a` holds a line break, a control character or a letter beyond ASCII."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", compression: "snappy" }]"#,
            [#"f:1:126: error: `outputs[0].compression` is "snappy"; use one of "gzip" or "none"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", compression: "none", compression_level: 3 }]"#,
            [#"f:1:153: warning: `outputs[0].compression_level` has no use: compression is "none"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", compression_level: 10 }]"#,
            ["f:1:132: error: `outputs[0].compression_level` is 10; use a whole number from 1 to 9."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", streams_per_push: "some" }]"#,
            [#"f:1:131: error: `outputs[0].streams_per_push` is "some"; use one of "one" or "many". | Did you mean "one"?"#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", batch: { max_bytes: "1KiB" } }]"#,
            [#"f:1:133: error: `outputs[0].batch.max_bytes` is "1KiB"; use a size such as "1MiB", from 4KiB to 64MiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", batch: { max_bytes: "10MB" } }]"#,
            [
                "f:1:120: warning: `outputs[0].batch.max_bytes` is above 6 MB: Loki can never take a push larger than its burst limit, by default 6 MB. | Lower it, unless `ingestion_burst_size_mb` of your Loki is larger."
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", batch: { max_wait: 50 } }]"#,
            [
                #"f:1:132: error: `outputs[0].batch.max_wait` is 50; use a duration such as "10s", from 1ms to 10m. | A duration has a unit: "50s" or "50ms"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", batch: { max_size: 1 } }]"#,
            ["f:1:122: error: `outputs[0].batch.max_size` is not a known key. | Known here: `max_bytes`, `max_wait`."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", in_flight: 0 }]"#,
            ["f:1:124: error: `outputs[0].in_flight` is 0; use a whole number from 1 to 64."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", in_flight: 1.5 }]"#,
            ["f:1:124: error: `outputs[0].in_flight` is 1.5; use a whole number from 1 to 64."]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", retry: { min_backoff: "1m", max_backoff: "1s" } }]"#,
            [#"f:1:154: error: `outputs[0].retry.max_backoff` is "1s"; use at least `min_backoff`, which is 1m."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", retry: { timeout: "0s" } }]"#,
            [#"f:1:131: error: `outputs[0].retry.timeout` is "0s"; use a duration such as "10s", from 100ms to 1h."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "l", type: "loki", url: "http://l/loki/api/v1/push", path: "/x" }]"#,
            [#"f:1:113: error: `outputs[0].path` does not belong here: it is a setting of outputs of type "directory"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory" }]"#,
            [#"f:1:52: error: `outputs[0]` has no `path`; it is required. | For example: path: "/var/lib/tailspan/logs""#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory", path: "logs" }]"#,
            [#"f:1:90: error: `outputs[0].path` is "logs"; use an absolute path: it starts with `/`."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory", path: "/d", retention: "1 day" }]"#,
            [
                #"f:1:107: error: `outputs[0].retention` is "1 day"; use a duration such as "10s", from 1s to 36500d. | Units: ns, us, ms, s, m, h, d; as in "1m30s"."#
            ]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory", path: "/d", max_bytes: "1KiB" }]"#,
            [#"f:1:107: error: `outputs[0].max_bytes` is "1KiB"; use a size such as "1MiB", from 1MiB to 1024TiB."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory", path: "/d", url: "http://x/" }]"#,
            [#"f:1:96: error: `outputs[0].url` does not belong here: it is a setting of outputs of type "loki"."#]
        ),
        (
            #"sources: [{ name: "a", include: "/a" }], outputs: [{ name: "d", type: "directory", path: "/d" }, { name: "d", type: "directory", path: "/d/" }]"#,
            [
                #"f:1:106: error: `outputs[1].name` is "d", as is the output `outputs[0]`; give each its own name."#,
                "f:1:136: error: `outputs[1].path` is that of `outputs[0]`, too; give each its own directory.",
            ]
        ),
    ]

    @Test(arguments: outputs)
    func `of outputs are told`(text: String, problems: [String]) {
        #expect(told(about: text) == problems)
    }

}
