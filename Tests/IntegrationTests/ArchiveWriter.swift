import Foundation
import Gzip
import Synchronization
import TestSupport

/// A thread that puts compressed logs of transcode events into a directory until it is told to stop: each has several members, appears
/// whole under its name, and some get further members later. Nothing that it wrote is ever deleted.
final class ArchiveWriter: Sendable {
    private let directory: String
    private let logs: String
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var lines: [String] = []
        var files = 0
        var isStopping = false
        var failure: (any Error)?
    }

    /// Archives are made in `directory` and moved to `logs`.
    init(directory: String, logs: String) {
        self.directory = directory
        self.logs = logs
        let thread = Thread { [self] in
            do { try run() } catch { state.withLock { $0.failure = error } }
            ended.signal()
        }
        thread.start()
    }

    /// What stands in the archives that are there.
    var lines: [String] { state.withLock { $0.lines } }
    var lineCount: Int { state.withLock { $0.lines.count } }
    var files: Int { state.withLock { $0.files } }

    func stop() throws {
        state.withLock { $0.isStopping = true }
        ended.wait()
        ended.signal()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func run() throws {
        var events = TranscodeEvents()
        var number = 0
        while !state.withLock({ $0.isStopping }) {
            if number > 0 && Int.random(in: 0..<3) == 0 {
                let (bytes, lines) = member(of: Int.random(in: 1...150), &events)
                // In one write, as what is not there yet is no damage, but may not stay away for long.
                try append(bytes, to: "\(logs)/archive-\(Int.random(in: 1...number)).log.gz")
                state.withLock { $0.lines += lines }
            } else {
                number += 1
                let made = (0..<Int.random(in: 2...5)).map { _ in member(of: Int.random(in: 1...200), &events) }
                let path = directory + "/unfinished"
                try Data(made.flatMap(\.bytes)).write(to: URL(filePath: path))
                guard rename(path, "\(logs)/archive-\(number).log.gz") == 0 else { throw CocoaError(.fileWriteUnknown) }
                state.withLock { state in
                    state.lines += made.flatMap(\.lines)
                    state.files += 1
                }
            }
            usleep(60_000)
        }
    }

    private func member(of count: Int, _ events: inout TranscodeEvents) -> (bytes: [UInt8], lines: [String]) {
        let lines = (0..<count).map { _ in events.next() }
        var bytes: [UInt8] = []
        let text = Array((lines.joined(separator: "\n") + "\n").utf8)
        text.withUnsafeBytes { GzipEncoder(level: .fast).compress($0, into: &bytes) }
        return (bytes, lines)
    }
}
