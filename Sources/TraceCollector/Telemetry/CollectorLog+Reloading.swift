import CommandLineInterface
import Configuration
import StructuredLogging

extension CollectorLog {
    /// So many changed values and errors are told one by one.
    private static let toldChanges = 100

    private var every: Logger { logger.withRepeats }

    func reloadRefused(_ errors: [ConfigurationProblem]) {
        ProblemReport.log(errors: Array(errors.prefix(Self.toldChanges)), to: every)
        every.error(
            "The new configuration is refused; the old one stays. Correct the errors told above, and send HUP again.",
            ["config.errors": .integer(errors.count)])
    }

    func reloadRefused(_ error: OutputError) {
        every.error(
            "The new configuration can't be taken over completely. Correct what `error` says, and send HUP again.",
            ["error": .describing(error)])
    }

    func configurationLooksOdd(_ warnings: [ConfigurationProblem]) { ProblemReport.log(warnings, to: logger.named("configuration")) }

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
            every.warning(
                "A changed setting needs a restart of trace-collector; until then the old value stays.", ["config.path": .string(setting)])
        }
        var fields: LogFields = ["config.changes": .integer(changes.count)]
        if !difference.outputs.isEmpty {
            fields.fields.append((key: "outputs.changed", value: .string(difference.outputs.map(\.name).joined(separator: " "))))
        }
        if difference.sampling != nil { fields.fields.append((key: "sampling", value: .string("changed"))) }
        every.info("The configuration was taken over.", fields)
    }
}
