import StructuredLogging
import SystemIO

/// Of sources that are no files.
extension AgentLog {
    func listening(source: String, addresses: [String]) {
        logger.info(
            "Listening for syslog messages.", ["source": .string(source), "addresses": .string(addresses.joined(separator: ", "))])
    }

    func tornLines(source: String, count: Int) {
        logger.warning(
            "The last line of a capture segment was not finished when the agent ended; it is a line as it is.",
            ["source": .string(source), "lines": .integer(count)])
    }

    func captureIsPaused(source: String, _ error: SystemError) {
        logger.error(
            "The disk takes nothing of a source, which is not read until it does: make room in data_dir. Nothing that was read is lost.",
            ["source": .string(source), "error": .describing(error)])
    }

    func captureGoesOn(source: String) {
        logger.info("The disk takes what comes from a source again; it is read on.", ["source": .string(source)])
    }

    func captureFailed(source: String, _ error: SystemError) {
        logger.error(
            "Can't take what comes to a source; it is tried again. If descriptors ran out, raise the limit on open files.",
            ["source": .string(source), "error": .describing(error)])
    }

    func captureNotStarted(source: String, _ error: SystemError) {
        logger.error(
            "A source can't be started; nothing of it is read. Correct what `error` says, and restart log-agent.",
            ["source": .string(source), "error": .describing(error)])
    }

    func sourceEnded(_ source: String) {
        logger.info("A source has ended; all that came from it is captured.", ["source": .string(source)])
    }

    func connectionRefused(source: String, _ refusal: SyslogCounts.Refusal, _ found: [UInt8]?) {
        logger.warning(
            "A syslog connection was refused or closed; `reason` says what of the sender, or which limit of the source, to change.",
            [
                "source": .string(source), "reason": .string(refusal.rawValue),
                "found": found.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null,
            ])
    }

    func serviceStarted(_ source: String, pid: Int32, command: [String]) {
        logger.info(
            "Started a service.", ["source": .string(source), "process.pid": .integer(Int(pid)), "process.command": .string(command[0])])
    }

    func serviceEnded(_ source: String, _ ending: ServiceEnding, ranNanoseconds: UInt64, restartNanoseconds: UInt64?) {
        let fields: LogFields = [
            "source": .string(source), "ending": .describing(ending), "ran_seconds": .number(Double(ranNanoseconds) / 1e9),
            "restart_after_seconds": restartNanoseconds.map { .number(Double($0) / 1e9) } ?? .null,
        ]
        if ending == .exited(0) {
            logger.info("A service has ended.", fields)
        } else {
            logger.warning("A service has ended, and not well; its last lines, which are delivered like all others, may tell why.", fields)
        }
    }
}
