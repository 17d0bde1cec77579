import Foundation
import TestSupport

/// A directory with the configuration, logs and state of one agent. The text of the configuration is JSON5, part by part.
struct AgentSetup {
    let directory: String
    var sources: String
    var outputs: [String] = []
    /// Recipes and metrics, with commas after each.
    var metrics = "recipes: [\"transcode\"],"
    var memory = "32MiB"
    var server = ""
    var extra = ""
    var dataDirectory: String

    static let transcodeSource = """
        name: "transcode", timestamp: { field: "timestamp", format: "rfc3339" },
        labels: { job: "transcode", level: "$level" }, metadata: { trace_id: "$trace_id", job_id: "$job_id" }
        """

    /// With one source that reads `logs/*.log`, whose further settings are `source`.
    init(_ directory: String, source: String = transcodeSource) throws {
        self.directory = directory
        dataDirectory = directory + "/data"
        sources = #"{ include: ["\#(directory)/logs/*.log"], \#(source) }"#
        try FileManager.default.createDirectory(atPath: directory + "/logs", withIntermediateDirectories: true)
    }

    var logs: String { directory + "/logs" }
    var pushes: String { directory + "/pushes" }
    var configurationPath: String { directory + "/log-agent.json5" }
    var errorPath: String { directory + "/log-agent.err" }

    func log(_ name: String) -> String { "\(logs)/\(name)" }

    mutating func addDirectoryOutput() {
        outputs.append(#"{ name: "local", type: "directory", path: "\#(pushes)", batch: { max_wait: "20ms" } }"#)
    }

    /// `more` is JSON5 with a comma at its end.
    mutating func addLoki(url: String, _ more: String = "") {
        outputs.append(
            #"{ name: "loki", type: "loki", url: "\#(url)", \#(more) retry: { min_backoff: "10ms", max_backoff: "200ms", timeout: "1s" } }"#
        )
    }

    func writeConfiguration() throws {
        let text = """
            data_dir: "\(dataDirectory)",
            memory: "\(memory)",
            server: { listen: "127.0.0.1:0", \(server) },
            sources: [\(sources)],
            \(metrics)
            \(extra)
            outputs: [\(outputs.joined(separator: ", "))],
            """
        try text.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    /// `input`: a descriptor of the test that becomes its standard input.
    func start(launcher: [String] = [], input: Int32? = nil) throws -> AgentProcess {
        try writeConfiguration()
        return try AgentProcess(configuration: configurationPath, logPath: errorPath, launcher: launcher, input: input)
    }

    func startReady(input: Int32? = nil) throws -> AgentProcess {
        let agent = try start(input: input)
        try agent.waitUntilReady()
        return agent
    }

    /// Runs another command of the program to its end.
    func command(_ arguments: String...) throws -> (ending: ChildProcess.Ending, output: String, error: String) {
        try ChildProcess.run(
            [BuiltProducts.path(of: "log-agent")] + arguments + ["--config", configurationPath], in: directory)
    }
}

/// Appends `text` to a file in one write, making the file if it is not there.
func append(_ text: String, to path: String) throws { try append(Array(text.utf8), to: path) }

func append(_ bytes: [UInt8], to path: String) throws {
    let file = try LogFile(path)
    try file.write(bytes)
}

/// A log that is open for appending, as a program has it: it stays with the content when the name moves.
final class LogFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path]) }
    }

    deinit { close(descriptor) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0 { throw CocoaError(.fileWriteUnknown) }
            written += count
        }
    }

    func truncate() { ftruncate(descriptor, 0) }
}

/// `app.log` → `app.log.1`, `app.log.1` → `app.log.2` and so on.
func rotate(_ path: String) throws {
    var count = 1
    while access("\(path).\(count)", F_OK) == 0 { count += 1 }
    while count > 1 {
        rename("\(path).\(count - 1)", "\(path).\(count)")
        count -= 1
    }
    if rename(path, path + ".1") != 0 { throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path]) }
}

/// Every line of the files of `directory` whose names begin with `prefix`, without line ends.
func allLines(of directory: String, prefix: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix(prefix) }.flatMap { name in
        let data = FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data()
        return data.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
    }
}
