import Foundation
import Metrics
import StructuredLogging
import SystemIO
import Tailing
import TestSupport

@testable import LogAgent

/// One agent without a process around it: a test steps its reading thread. Its outputs are real.
final class AgentDriver {
    let shared: SharedAgentState
    let reader: Reader
    let control: ReaderControl
    private let null: FileDescriptor
    /// How many turns in a row said that there is more to do at once.
    private(set) var busyTurns = 0

    /// `sources`, `outputs` and so on as they stand in the lists of a configuration file; `more` with a comma after each.
    init(
        in directory: String, sources: String, outputs: String, transforms: String = "", metrics: String = "", memory: String = "32MiB",
        stepping: Bool = true, more: String = ""
    ) throws {
        let settings = try LogAgentTests.load(
            """
            { data_dir: "\(directory)/data", memory: "\(memory)", server: { listen: "127.0.0.1:0" }, \(more)
              sources: [\(sources)], outputs: [\(outputs)], transforms: [\(transforms)],
              metrics: [\(metrics)] }
            """
        ).settings
        null = try FileDescriptor(opening: "/dev/null", O_WRONLY)
        let logger = Logger(name: "test", output: LogOutput(service: "test", descriptor: null.rawValue))
        let service = LogAgentService(settings: settings, log: AgentLog(logger: logger))
        try Directory.create(settings.dataDirectory + "/times")
        let checkpoints = CheckpointFile(dataDirectory: settings.dataDirectory)
        let checkpoint = try service.load(checkpoints)
        control = try ReaderControl()
        let registry = MetricRegistry(startedAt: 1)
        shared = SharedAgentState(try service.makeState(control: control, registry: registry, firstFreeID: checkpoint?.nextFileID ?? 1))
        service.restore(checkpoint, into: shared)
        reader = try service.makeReader(shared, checkpoint: checkpoint, checkpoints: checkpoints, control: control)
        reader.start()
        if stepping { step() }
    }

    /// A Loki output that retries quickly.
    static func loki(_ url: String, maximumBatchBytes: String = "1MiB") -> String {
        """
        { name: "loki", type: "loki", url: "\(url)", batch: { max_bytes: "\(maximumBatchBytes)", max_wait: "1ms" },
          retry: { min_backoff: "1ms", max_backoff: "5ms" } }
        """
    }

    static func text(_ include: String, name: String = "s", more: String = "") -> String {
        #"{ name: "\#(name)", type: "file", include: ["\#(include)"], format: "text", labels: { job: "\#(name)" }, \#(more) }"#
    }

    static func json(_ include: String, name: String = "s", more: String = "") -> String {
        """
        { name: "\(name)", type: "file", include: ["\(include)"], format: "json", labels: { job: "\(name)" },
          timestamp: { field: "t", format: "unix" }, \(more) }
        """
    }

    func step() {
        reader.tails.handleWatchEvents()
        busyTurns = reader.turn() == nil ? busyTurns + 1 : 0
    }

    func stepUntil(_ what: String, seconds: Double = 60, _ condition: () throws -> Bool) throws {
        try waitUntil(what, seconds: seconds) {
            step()
            return try condition()
        }
    }

    /// Saves what there is and goes away at once, as with `kill -9` right after a checkpoint.
    func kill(savingFirst: Bool = true) {
        if savingFirst {
            reader.checkpoint()
            reader.checkpoints.finish()
        }
        for output in shared.update({ $0.outputs.map(\.sender) }) { output.stop() }
    }

    /// As when the process is told to stop.
    func stop() {
        control.stop(within: 100_000_000)
        reader.drain()
    }

    var ledger: LedgerReport { shared.update { LedgerReport($0) } }
}

func append(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
}
