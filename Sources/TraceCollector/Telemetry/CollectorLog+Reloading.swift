import CommandLineInterface
import Configuration
import StructuredLogging

extension CollectorLog {
    private var every: Logger { logger.withRepeats }

    func reloadRefused(_ errors: [ConfigurationProblem]) { ReloadReport.log(refusedFor: errors, to: every) }

    func reloadRefused(_ error: OutputError) {
        every.error(
            "The new configuration can't be taken over completely. Correct what `error` says, and send HUP again.",
            ["error": .describing(error)])
    }

    func configurationLooksOdd(_ warnings: [ConfigurationProblem]) { ProblemReport.log(warnings, to: logger.named("configuration")) }

    /// What is different, one line a value, and then in sum.
    func reloaded(_ difference: SettingsDifference, _ changes: [ConfigurationChange]) {
        ReloadReport.log(changes, to: every)
        ReloadReport.log(restartsFor: difference.restarts, to: every)
        var fields: LogFields = ["config.changes": .integer(changes.count)]
        if !difference.outputs.isEmpty {
            fields.fields.append((key: "outputs.changed", value: .string(difference.outputs.map(\.name).joined(separator: " "))))
        }
        if difference.sampling != nil { fields.fields.append((key: "sampling", value: .string("changed"))) }
        every.info("The configuration was taken over.", fields)
    }
}
