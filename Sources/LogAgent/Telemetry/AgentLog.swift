import Gzip
import HTTP
import Metrics
import StructuredLogging
import SystemIO
import Tailing

/// What the agent tells about its own work, one method an event. The message is a constant sentence; the data are fields.
struct AgentLog: Sendable {
    let logger: Logger

    /// Tells nobody.
    static let silent = AgentLog(
        logger: Logger(name: "log-agent", level: .error, output: LogOutput(service: "log-agent", descriptor: -1)))

    // MARK: Life

    func started(version: String, listen: String, sources: Int, outputs: Int, metrics: Int) {
        logger.info(
            "log-agent has started.",
            [
                "service.version": .string(version), "server.address": .string(listen), "sources": .integer(sources),
                "outputs": .integer(outputs), "metrics": .integer(metrics),
            ])
    }

    func resuming(files: Int, checkpointAge: Double) {
        logger.info("Resuming from the checkpoint.", ["files": .integer(files), "checkpoint.age_seconds": .number(checkpointAge)])
    }

    func checkpointSetAside(_ error: CheckpointError, path: String) {
        logger.error(
            "The checkpoint can't be used and was set aside; files are read from their beginning, so derived metrics start anew.",
            ["error": .describing(error), "file.path": .string(path)])
    }

    func overflowed(_ overflow: OverflowReport) {
        logger.warning(
            "A derived metric has reached max_series: further label values are counted in its overflow series. Raise `max_series`, or drop the label.",
            ["metric": .string(overflow.family), "label": .string(overflow.label), "label.values": .integer(overflow.distinctValues)])
    }

    func metricsNotRestored(_ finding: String) {
        logger.warning(
            "Saved values of a derived metric have no place in the configuration; they are dropped, and the metric starts anew.",
            ["finding": .string(finding)])
    }

    func caughtUp() {
        logger.info("All files are read up to their size at the start; derived metrics are exposed.")
    }

    func stopping(signal: String) {
        logger.info("Stopping: sending what was read, then saving the state.", ["signal": .string(signal)])
    }

    func stopped(pendingBytes: Int) {
        logger.info("log-agent has stopped.", ["pending_bytes": .integer(pendingBytes)])
    }

    func certificatesChanged(_ error: TLSError?) {
        if let error {
            logger.error(
                "The admin listener's new certificate or key can't be used; the old one stays. Replaced files are taken up by themselves.",
                ["error": .describing(error)])
        } else {
            logger.info("The admin listener uses its new certificate.")
        }
    }

    // MARK: Files

    func tailed(_ event: TailEvent) {
        switch event {
        case .found(let file):
            logger.info("Found a file.", ["file.path": .string(file.path ?? file.firstPath), "file.id": .integer(file.id)])
        case .resumed(let file):
            logger.info(
                "Going on in a file.",
                ["file.path": .string(file.path ?? file.firstPath), "file.id": .integer(file.id), "offset": .integer(file.counted.offset)])
        case .renamed(let file, let old):
            logger.info(
                "A file has another name now.",
                [
                    "file.path": file.path.map { .string($0) } ?? .null, "file.id": .integer(file.id),
                    "file.previous_path": old.map { .string($0) } ?? .null,
                ])
        case .continuedInCopy(let file):
            logger.info(
                "A file was truncated; what was unread is read from its copy.",
                ["file.path": .string(file.path ?? ""), "file.id": .integer(file.id), "offset": .integer(file.counted.offset)])
        case .contentGone(let file, let cause):
            let unread = file.observedSize > file.counted.offset ? file.observedSize - file.counted.offset : 0
            let fields: LogFields = [
                "file.path": .string(file.firstPath), "file.id": .integer(file.id), "cause": .string(cause.rawValue),
                "unread_bytes": .integer(unread),
            ]
            if unread > 0 {
                logger.error(
                    "A file's content was deleted or truncated before it was read: its unread bytes are lost. Rotate later, or by renaming.",
                    fields)
            } else {
                logger.info("A file has ended.", fields)
            }
        case .unreadable(let path, let error): unreadable(path: path, error)
        case .linkNotFollowed(let path, let target):
            logger.warning(
                "A symbolic link leads to a file that the source does not name; it is not read. To allow it, name it in `link_targets`.",
                ["file.path": .string(path), "file.target_path": .string(target)])
        case .spilled(let file):
            logger.info(
                "The undelivered rest of a deleted file was saved in the data directory.",
                ["file.path": .string(file.firstPath), "file.id": .integer(file.id), "spill.path": .string(file.path ?? "")])
        case .polling(let directory, let error):
            logger.warning(
                "inotify does not work in a directory; its files are looked at every `poll_interval`. If a limit is the reason, raise fs.inotify.max_user_watches.",
                ["file.directory": .string(directory), "error": error.map { .describing($0) } ?? .null])
        }
    }

    func pathUnfit(path: String, source: String, pattern: String) {
        logger.warning(
            "A file's path does not fit the source's `path_pattern`; its lines lack the fields of it.",
            ["file.path": .string(path), "source": .string(source), "path_pattern": .string(pattern)])
    }

    func unreadable(path: String, _ error: SystemError) {
        logger.error(
            "Can't read a file; it is tried again. Give the agent's user the right to read it, or name it in `exclude`.",
            ["file.path": .string(path), "error": .describing(error)])
    }

    func damaged(path: String, at offset: UInt64, _ error: GzipError) {
        logger.error(
            "A compressed file is damaged or incomplete; what stands before `offset` was taken. If it is whole elsewhere, put that copy in its place.",
            ["file.path": .string(path), "offset": .integer(offset), "error": .describing(error)])
    }

    func notSpilled(path: String, bytes: UInt64, _ error: SpillError) {
        logger.error(
            "The undelivered rest of a deleted file can't be saved; it is lost. Raise `spill.max_bytes`, or make room in `data_dir`.",
            ["file.path": .string(path), "bytes": .integer(bytes), "error": .describing(error)])
    }

    func removed(path: String) {
        logger.info("Removed a file whose lines are all delivered.", ["file.path": .string(path)])
    }

    func notRemoved(_ error: SystemError) {
        logger.error(
            "Can't remove a delivered file; it is tried again. Give the agent's user the right to write to its directory, or take `remove_after` away.",
            ["error": .describing(error)])
    }

    func replaced(path: String, at offset: UInt64, of size: UInt64) {
        logger.info(
            "A file was truncated or rewritten in place.",
            ["file.path": .string(path), "offset": .integer(offset), "file.size": .integer(size)])
    }

    func linesLost(path: String, output: String, cause: TailedFile.LossCause, lines: UInt64, bytes: UInt64) {
        guard lines > 0 || bytes > 0 else { return }
        logger.error(
            "Counted lines could not be delivered: their file's content is gone. They are in the ledger as lost; keep rotated files for longer.",
            [
                "file.path": .string(path), "output": .string(output), "cause": .string(cause.rawValue), "lines": .integer(lines),
                "bytes": .integer(bytes),
            ])
    }

    func storedNotRemoved(_ error: SystemError) {
        logger.error("What an output's directory keeps too long can't be removed; it is tried again.", ["error": .describing(error)])
    }

    // MARK: State

    func readerFailed(_ error: SystemError) {
        logger.error(
            "Waiting for events failed; it is tried again. If this goes on, restart log-agent: nothing that was saved is lost.",
            ["error": .describing(error)])
    }

    func stateNotWritten(_ error: SystemError) {
        logger.error(
            "The state can't be written; reading goes on, and after a crash lines since the last checkpoint are read again. Make room in `data_dir`.",
            ["error": .describing(error)])
    }
}
