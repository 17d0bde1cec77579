import Configuration
import StructuredLogging

/// What a program that runs says about a new configuration: errors, odd places, and what has changed.
package enum ReloadReport {
    /// So many changed values and errors are told one by one.
    private static let toldCount = 100

    package static func log(refusedFor errors: [ConfigurationProblem], to logger: Logger) {
        ProblemReport.log(errors: Array(errors.prefix(toldCount)), to: logger)
        logger.error(
            "The new configuration is refused; the old one stays. Correct the errors told above, and send HUP again.",
            ["config.errors": .integer(errors.count)])
    }

    /// One line a value.
    package static func log(_ changes: [ConfigurationChange], to logger: Logger) {
        for change in changes.prefix(toldCount) {
            logger.info(
                change.old == nil ? "A setting was added." : change.new == nil ? "A setting was removed." : "A setting was changed.",
                [
                    "config.path": .string(change.path), "config.old": change.old.map(LogValue.string) ?? .null,
                    "config.new": change.new.map(LogValue.string) ?? .null,
                ])
        }
    }

    /// `settings`: their paths.
    package static func log(restartsFor settings: [String], to logger: Logger) {
        for setting in settings {
            logger.warning("A changed setting needs a restart; until then the old value stays.", ["config.path": .string(setting)])
        }
    }
}
