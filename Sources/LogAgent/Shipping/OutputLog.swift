import StructuredLogging

/// What one output says to people.
struct OutputLog: Sendable {
    let logger: Logger

    func stuck(_ problem: OutputProblem, retryNanoseconds: UInt64) {
        let fields: LogFields = [
            "problem": .describing(problem), "retry_seconds": .number(Double(retryNanoseconds / 1_000_000) / 1000),
        ]
        switch OutputMetrics.RetryReason(problem) {
        case .configuration:
            logger.error(
                "Output refuses every push; nothing is given up, and it is tried again. Correct what `problem` says: its address, credentials or limits.",
                fields)
        case .unreachable, .rateLimited, .serverError, .storage:
            logger.warning(
                "Output does not take pushes; it is tried again, and counting goes on. Undelivered lines wait in their files: do not delete those.",
                fields)
        }
    }

    func recovered() {
        logger.info("Output takes pushes again.")
    }

    func refused(_ refused: [RefusedEntry], of entries: Int, deadLetterFile: String) {
        guard let first = refused.first else { return }
        logger.warning(
            "Output refused entries for good; they stand in the dead-letter file. `log-agent refused list` shows them, `replay` sends them again.",
            [
                "refused": .integer(refused.count), "entries": .integer(entries), "reason": .string(first.reason.kind.rawValue),
                "detail": .string(first.reason.text), "dead_letter.path": .string(deadLetterFile),
            ])
    }
}
