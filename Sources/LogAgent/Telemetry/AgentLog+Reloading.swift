import CommandLineInterface
import Configuration
import StructuredLogging

extension AgentLog {
    private var every: Logger { logger.withRepeats }

    func reloadRefused(_ errors: [ConfigurationProblem]) { ReloadReport.log(refusedFor: errors, to: every) }

    func reloadRefused(_ error: LogAgentError) {
        every.error(
            "The new configuration is refused; the old one stays. Correct what `error` says, and send HUP again.",
            ["error": .describing(error)])
    }

    func configurationLooksOdd(_ warnings: [ConfigurationProblem]) { ProblemReport.log(warnings, to: logger) }

    /// What is different, one line a value, and then in sum.
    func reloaded(_ difference: SettingsDifference, _ changes: [ConfigurationChange]) {
        ReloadReport.log(changes, to: every)
        ReloadReport.log(restartsFor: difference.restarts, to: every)
        for source in difference.keptSources {
            logger.warning(
                "A source that is no file is not in the new configuration; it goes on until log-agent is restarted.",
                ["source": .string(source)])
        }
        for source in difference.waitingSources {
            logger.warning("A new source that is no file begins when log-agent is restarted.", ["source": .string(source)])
        }
        var fields: LogFields = ["config.changes": .integer(changes.count)]
        let parts = [
            ("sources", difference.sources), ("transforms", difference.transforms), ("outputs", difference.outputs),
            ("metrics", difference.metrics),
        ]
        for (name, named) in parts {
            for (way, names) in [("added", named.added), ("removed", named.removed), ("changed", named.changed)] where !names.isEmpty {
                fields.fields.append((key: "\(name).\(way)", value: .string(names.joined(separator: " "))))
            }
        }
        every.info("The configuration was taken over.", fields)
    }
}
