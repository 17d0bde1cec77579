import HTTP
import StructuredLogging
import SystemIO
import Tailing

/// What the collector says in its log: one function an event.
struct CollectorLog: Sendable {
    let logger: Logger

    func started(version: String, admin: String, receiver: String?, outputs: [String]) {
        logger.info(
            "trace-collector has started.",
            [
                "version": .string(version), "server.address": .string(admin), "otlp.address": receiver.map { .string($0) } ?? .null,
                "outputs": .string(outputs.joined(separator: ", ")),
            ])
    }

    func stopping(signal: String) { logger.info("Stopping.", ["signal": .string(signal)]) }

    func stopped(pendingSpans: UInt64) { logger.info("trace-collector has stopped.", ["spans.pending": .unsigned(pendingSpans)]) }

    func rejected(spans: Int, of total: Int, example: String) {
        logger.warning(
            "Spans were rejected: their ids are not what OTLP has. Correct the program that sends them.",
            ["spans.rejected": .integer(spans), "spans.received": .integer(total), "example": .string(example)])
    }

    func bufferUnavailable(_ error: SystemError) {
        logger.error("The buffer can't be written; clients are asked to wait. Check the disk.", ["error": .describing(error)])
    }

    func bufferNotMaintained(_ error: SystemError) {
        logger.warning("The buffer's cursors can't be saved. Check the disk.", ["error": .describing(error)])
    }

    func buffered(recoveredSpans: UInt64, tornBytes: UInt64, damagedBytes: UInt64) {
        if recoveredSpans > 0 { logger.info("Going on with spans in the buffer.", ["spans.recovered": .unsigned(recoveredSpans)]) }
        if tornBytes > 0 {
            logger.info("A record that was not whole was cut off: its sender has no answer.", ["bytes": .unsigned(tornBytes)])
        }
        if damagedBytes > 0 {
            logger.error("A part of the buffer is damaged and can't be read. Check the disk.", ["bytes": .unsigned(damagedBytes)])
        }
    }

    func metricsNotRestored(_ finding: String) {
        logger.warning(
            "Saved values of a derived metric have no place in the configuration; they are dropped, and the metric starts anew.",
            ["finding": .string(finding)])
    }

    func metricsNotSaved(_ error: SystemError) {
        logger.warning(
            "The derived metrics can't be saved; after a kill they are counted from the buffer. Check the disk.",
            ["error": .describing(error)])
    }

    /// Spans of the buffer were counted that an earlier process had not saved.
    func caughtUp(spans: UInt64) {
        if spans > 0 { logger.info("Spans in the buffer were counted in the metrics.", ["spans": .unsigned(spans)]) }
    }

    func lost(_ spans: UInt64, output: String, cause: String) {
        logger.error(
            "Spans were dropped from the buffer.", ["spans": .unsigned(spans), "output": .string(output), "cause": .string(cause)])
    }

    func stuck(output: String, problem: String, retryNanoseconds: UInt64) {
        logger.warning(
            "The output takes nothing; spans wait in the buffer.",
            ["output": .string(output), "error": .string(problem), "retry.seconds": .number(Double(retryNanoseconds) / 1e9)])
    }

    func recovered(output: String) { logger.info("The output takes spans again.", ["output": .string(output)]) }

    func refused(output: String, spans: UInt64, status: Int, reason: String) {
        logger.error(
            "The output refused spans for good; they are dropped.",
            ["output": .string(output), "spans": .unsigned(spans), "http.status": .integer(status), "reason": .string(reason)])
    }

    func warned(output: String, message: String) {
        logger.warning("The output took spans and says something about them.", ["output": .string(output), "reason": .string(message)])
    }

    func positionsLost(_ path: String) {
        logger.error(
            "It can't be read how far files were read; they are read from their beginning, and their spans come again.",
            ["file": .string(path)])
    }

    func tailed(_ event: TailEvent) {
        switch event {
        case .found(let file): logger.info("Reading a file.", ["file": .string(file.firstPath)])
        case .resumed(let file): logger.info("Reading on in a file.", ["file": .string(file.firstPath)])
        case .contentGone(let file, let cause) where file.observedSize > file.counted.offset:
            logger.error(
                "A part of a file was gone before it was read.",
                [
                    "file": .string(file.firstPath), "bytes": .unsigned(file.observedSize - file.counted.offset),
                    "cause": .string("\(cause)"),
                ])
        case .unreadable(let path, let error): unreadable(path: path, error)
        case .linkNotFollowed(let path, let target):
            logger.warning(
                "A link leads to a file that no pattern names; it is not read.", ["file": .string(path), "target": .string(target)])
        case .polling(let directory, let error):
            logger.warning(
                "Files are looked at by the clock: inotify can't be used.",
                ["directory": .string(directory), "error": error.map { .describing($0) } ?? .null])
        default: break
        }
    }

    func unreadable(path: String, _ error: SystemError) {
        logger.error("A file can't be read. Check its permissions.", ["file": .string(path), "error": .describing(error)])
    }

    func badLine(path: String, offset: UInt64, problem: String) {
        logger.warning(
            "A line is no request of spans in JSON; it is passed over.",
            ["file": .string(path), "offset": .unsigned(offset), "problem": .string(problem)])
    }

    func certificatesChanged(_ error: TLSError?) {
        if let error {
            logger.error("The new certificate can't be used; the old one stays.", ["error": .describing(error)])
        } else {
            logger.info("The certificate was loaded anew.")
        }
    }
}
