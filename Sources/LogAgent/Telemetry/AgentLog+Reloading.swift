import CommandLineInterface
import Configuration
import StructuredLogging

extension AgentLog {
    /// So many changed values are told one by one.
    private static let toldChanges = 100

    private var every: Logger { logger.withRepeats }

    func reloadRefused(_ errors: [ConfigurationProblem]) {
        ProblemReport.log(errors: Array(errors.prefix(Self.toldChanges)), to: every)
        every.error(
            "The new configuration is refused; the old one stays. Correct the errors told above, and send HUP again.",
            ["config.errors": .integer(errors.count)])
    }

    func reloadRefused(_ error: LogAgentError) {
        every.error(
            "The new configuration is refused; the old one stays. Correct what `error` says, and send HUP again.",
            ["error": .describing(error)])
    }

    func configurationLooksOdd(_ warning: ConfigurationProblem) {
        logger.warning(
            "The configuration can be used, but may not mean what was meant.",
            [
                "config.place": .string(warning.position.map { "\(warning.file):\($0.line):\($0.column)" } ?? warning.file),
                "config.problem": .string(warning.message), "config.hint": warning.hint.map(LogValue.string) ?? .null,
            ])
    }

    /// What is different, one line a value, and then in sum.
    func reloaded(_ difference: SettingsDifference, _ changes: [ConfigurationChange]) {
        for change in changes.prefix(Self.toldChanges) {
            every.info(
                change.old == nil ? "A setting was added." : change.new == nil ? "A setting was removed." : "A setting was changed.",
                [
                    "config.path": .string(change.path), "config.old": change.old.map(LogValue.string) ?? .null,
                    "config.new": change.new.map(LogValue.string) ?? .null,
                ])
        }
        for setting in difference.restarts {
            logger.warning(
                "A changed setting needs a restart of log-agent; until then the old value stays.", ["config.path": .string(setting)])
        }
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
