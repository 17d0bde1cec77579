import CommandLineInterface
import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `The command line` {
    @Test func `prints its version`() {
        #expect(runCommand(["version"]).output.hasPrefix("log-agent 0.1.0 (Swift 6."))
        #expect(runCommand(["--version"]) == runCommand(["version"]))
        #expect(runCommand(["version"]).code == .success)
    }

    @Test(arguments: [nil] + AgentCommands.program.commands.map(\.name))
    func `explains itself within 80 columns`(command: String?) {
        let outcome = runCommand(["help"] + [command].compactMap(\.self))
        #expect(outcome.code == .success && outcome.error == "")
        #expect(outcome.output.hasSuffix("\n"))
        for line in outcome.output.split(separator: "\n") { #expect(line.count <= 80 && !line.hasSuffix(" "), "\(line)") }
        if command == nil { for command in AgentCommands.program.commands { #expect(outcome.output.contains("\n  \(command.name) ")) } }
    }

    @Test func `tells bad arguments with exit code 2`() {
        #expect(
            runCommand(["chek"])
                == CommandOutcome(
                    output: "",
                    error: "error: `chek` is not a command.\n  Did you mean `check`?\n  log-agent --help shows what there is.\n",
                    code: .usage))
    }

    @Test func `uses colour only where a terminal reads`() {
        #expect(runCommand(["help"], colours: true).output.contains("\u{1b}["))
        #expect(!runCommand(["help"]).output.contains("\u{1b}"))
        #expect(runCommand(["chek"], colours: true).error.hasPrefix("\u{1b}[1;31merror:\u{1b}[0m "))
    }

    @Test func `checks a good configuration`() throws {
        try withTemporaryDirectory { directory in
            try "".write(toFile: directory + "/app.log", atomically: false, encoding: .utf8)
            try """
            data_dir: "${DIRECTORY}/state",
            sources: [
              { name: "app", include: ["${DIRECTORY}/*.log", "${DIRECTORY}/{no,none}.txt"], labels: { job: "app", trace_id: "$t" } },
              { name: "text", include: "${DIRECTORY}/**", format: "text", labels: { job: "text" } } ],
            transforms: [{ drop: { where: { level: "DEBUG", event: "x" } } }],
            metrics: [{ name: "a_total", type: "counter" }],
            outputs: [{ name: "loki", type: "loki", url: "http://127.0.0.1:3100/loki/api/v1/push" },
                      { name: "local", type: "directory", path: "/out", retention: null }],
            """.write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            let outcome = runCommand(["check", "--config", directory + "/f.json5"], environment: ["DIRECTORY": directory])
            #expect(
                outcome.output == """
                    ok: \(directory)/f.json5
                      sources   app  json  \(directory)/*.log \(directory)/{no,none}.txt
                                text  text  \(directory)/**
                      steps     drop where level, event …
                      metrics   1 family
                                a_total
                      outputs   loki  loki  http://127.0.0.1:3100/loki/api/v1/push
                                local  directory  /out, 1GiB at most, for ever
                      state     \(directory)/state, 32MiB of buffers
                      serves    127.0.0.1:9144

                    """)
            #expect(
                outcome.error == """
                    \(directory)/f.json5:3:89: warning: `sources[0].labels.trace_id` makes one Loki stream for each value.
                     3 | …ude: ["${DIRECTORY}/*.log", "${DIRECTORY}/{no,none}.txt"], labels: { job: "app", trace_id: "$t" } },
                       |                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                      hint: Put it into `metadata`: it can be searched there too.
                    warning: source `app`: \(directory)/{no,none}.txt matches no file now (it will be looked for while running).

                    """)
            #expect(outcome.code == .success)
        }
    }

    @Test func `checks a bad configuration and tells everything at once`() throws {
        try withTemporaryDirectory { directory in
            try """
            memory: "lots",
            sources: [
            \t{ name: "a", include: "/a", lables: {} },
            ],
            outputs: [{ name: "l", type: "loki", url: "http://u:secret@h/", basic_auth: { username: "u", password: "secret" }, retry: 1 }],
            metrics: [
              { name: "jobs", type: "counter" },
              { name: "a_total", type: "counter", labels: { method: "$method", endpoint: "$endpoint", status: "$status" }, where: { a: { gte: 1 } } },
            ]
            """.write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            let outcome = runCommand(["check", "--config", directory + "/f.json5"])
            #expect(outcome.output == "")
            #expect(outcome.code == .usage)
            #expect(
                outcome.error.replacingOccurrences(of: directory, with: "") == """
                    /f.json5:1:9: error: `memory` is "lots"; use a size such as "4MiB", from 4MiB to 64GiB.
                     1 | memory: "lots",
                       |         ^^^^^^
                      hint: Units: B, KiB, MiB, GiB, TiB, and kB, MB, GB, TB of 1000.
                    /f.json5:3:30: error: `sources[0].lables` is not a known key.
                     3 | \t{ name: "a", include: "/a", lables: {} },
                       | \t                            ^^^^^^
                      hint: Did you mean `labels`? Known here: `name`, `type`, `include`, `exclude`, `path_pattern`, `start_at`, `watch`, `poll_interval`, `format`, \
                    `timestamp`, `labels`, `metadata`, `max_line_bytes`, `encoding`, `empty_lines`, `long_lines`, `read_order`, `ignore_older`, \
                    `remove_after`, `link_targets`, `multiline`.
                    /f.json5:5:43: error: `outputs[0].url` holds a user name; use `basic_auth`.
                    /f.json5:5:94: error: `outputs[0].basic_auth.password` does not belong here: a secret stands in a file of its own; use `password_file`.
                    /f.json5:5:123: error: `outputs[0].retry` is 1; use an object: {…}.
                    /f.json5:7:11: error: `metrics[0].name` is "jobs"; end a counter's name in `_total`.
                     7 |   { name: "jobs", type: "counter" },
                       |           ^^^^^^
                      hint: OpenMetrics requires it; write "jobs_total".
                    /f.json5:8:126: error: `metrics[1].where.a.gte` is not a known key.
                     8 | …labels: { method: "$method", endpoint: "$endpoint", status: "$status" }, where: { a: { gte: 1 } } },
                       |                                                                                         ^^^
                      hint: Did you mean `ge`? Known here: `ge`, `gt`, `le`, `lt`, `matches`, `exists`, `not`.
                    7 errors.

                    """)
        }
    }

    @Test func `does not start with a bad configuration, and keeps its lines out of logs`() throws {
        try withTemporaryDirectory { directory in
            try "sources: 'a secret'".write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            for command in ["run", "ledger"] {
                let outcome = runCommand([command, "--config", directory + "/f.json5"])
                #expect(outcome.code == .usage)
                #expect(outcome.error == "\(directory)/f.json5:1:10: error: `sources` is \"a secret\"; use a list: […].\n")
                #expect(runCommand([command, "--config", directory + "/f.json5"], colours: true).error.contains(" | "))
            }
            #expect(
                runCommand(["check", "--config", directory + "/none"]).error
                    == "\(directory)/none: error: Cannot read the configuration: open \(directory)/none: No such file or directory.\n1 error.\n"
            )
        }
    }
}
