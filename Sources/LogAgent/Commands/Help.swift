/// What `--help` and `help COMMAND` print: at most 80 columns wide.
enum Help {
    static func text(for topic: HelpTopic, terminal: Terminal) -> String {
        func bold(_ text: String) -> String { terminal.styled(text, .bold) }
        func command(_ text: String) -> String { terminal.styled(text, .cyan) }
        let configuration = """
              \(command("-c, --config FILE"))  the configuration (JSON5); without it the built-in one,
                                 which reads /data/logs/*.log as transcode-service's log
              \(command("-h, --help"))         this text
            """
        switch topic {
        case .overview:
            return """
                \(bold("log-agent")): logs in, metrics out, nothing lost.
                Tails log files, derives Prometheus metrics from their lines, and ships the
                lines to Loki or into a directory. Counters stay exact across crashes.

                \(bold("Usage"))
                  log-agent COMMAND [--config FILE]

                \(bold("Commands"))
                  \(command("run"))      tail, derive and ship until asked to stop
                  \(command("check"))    tell everything that is wrong with a configuration
                  \(command("ledger"))   show, or prove, what became of every byte that was read
                  \(command("version"))  print the version
                  \(command("help"))     explain a command: log-agent help run

                \(bold("First steps"))
                  log-agent check --config /etc/log-agent.json5
                  log-agent run --config /etc/log-agent.json5
                  curl http://127.0.0.1:9144/metrics

                """
        case .run:
            return """
                \(bold("log-agent run")) [--config FILE]
                Tails, derives and ships until asked to stop.

                \(bold("Options"))
                \(configuration)

                \(bold("Signals"))
                  TERM, INT  ship what is read, write the checkpoint, stop

                \(bold("Environment")) (of the built-in configuration)
                  TAILSPAN_LOGS    directory of the logs      /data/logs
                  TAILSPAN_DATA    where state and logs go    /var/lib/tailspan
                  TAILSPAN_LISTEN  address of /metrics        127.0.0.1:9144

                \(bold("Exit code"))
                  0 asked to stop, 1 failed at work, 2 bad arguments or configuration

                """
        case .check:
            return """
                \(bold("log-agent check")) [--config FILE]
                Reads the configuration and its recipes, and tells every error at once: where,
                what was found, what is allowed. Starts nothing.

                \(bold("Options"))
                \(configuration)

                \(bold("Exit code"))
                  0 it can be run (warnings may be told), 2 it cannot

                """
        case .ledger:
            return """
                \(bold("log-agent ledger")) [show|verify] [--config FILE]
                For each file and output, in bytes and lines:
                read = delivered + pending + filtered + refused + lost.

                  \(command("show"))    print it as the last checkpoint has it (the default)
                  \(command("verify"))  read the files again and compare

                \(bold("Options"))
                \(configuration)

                \(bold("Exit code"))
                  0 the books are in order, 1 they are not, 2 bad arguments or configuration

                """
        case .version:
            return """
                \(bold("log-agent version"))
                Prints the version of the program and of the Swift compiler that made it.

                """
        }
    }
}
