import SystemIO

/// Whether the programs that every job needs are there, for `check` and the start.
enum MediaPrograms {
    /// What is wrong with one, and what to do.
    enum Problem: Equatable, Sendable, CustomStringConvertible {
        case notStarted(key: String, SystemError)
        case failed(key: String, program: String, ProgramEnding)
        case noEncoder(program: String, String)

        var description: String {
            switch self {
            case .notStarted(let key, let error):
                "`\(key)`: can't start \(error.subject): \(error.reason); install ffmpeg, or give its path"
            case .failed(let key, let program, let ending):
                "`\(key)`: \(program) does not answer as FFmpeg's program does (\(ending))"
            case .noEncoder(let program, let encoder):
                "`workers.ffmpeg`: \(program) has no encoder \(encoder); use a build that has it"
            }
        }
    }

    private static let timeoutNanoseconds: UInt64 = 30_000_000_000
    private static let maximumBytes = 1024 * 1024
    private static let encoders = ["libx264", "aac"]

    /// All at once; none: every job can be processed, or `control` was stopped before that was clear.
    static func problems(_ settings: WorkerSettings, control: JobControl, launcher: String = "/proc/self/exe") -> [Problem] {
        var problems: [Problem] = []
        _ = run([settings.ffprobe, "-version"], key: "workers.ffprobe", control, launcher, &problems)
        let arguments = [settings.ffmpeg, "-nostdin", "-hide_banner", "-encoders"]
        if let list = run(arguments, key: "workers.ffmpeg", control, launcher, &problems) {
            // ` V....D libx264              libx264 H.264 / AVC …`
            let names = Set(list.split(whereSeparator: \.isNewline).compactMap { $0.split(separator: " ").dropFirst().first })
            for encoder in encoders where !names.contains(encoder[...]) {
                problems.append(.noEncoder(program: settings.ffmpeg, encoder))
            }
        }
        return problems
    }

    /// What the program wrote; nil where there is a problem.
    private static func run(
        _ arguments: [String], key: String, _ control: JobControl, _ launcher: String, _ problems: inout [Problem]
    ) -> String? {
        let run = ProgramRun(
            arguments: arguments, environment: ProgramEnvironment.minimal(), workingDirectory: "/",
            deadline: SystemClock.monotonicNanoseconds() + timeoutNanoseconds, graceNanoseconds: 1_000_000_000, maximumFileBytes: nil,
            launcher: launcher)
        var output: [UInt8] = []
        let report = run.run(control) { _ in
        } take: { bytes in
            output += bytes
            return output.count <= maximumBytes
        }
        switch report.ending {
        case .exited(0): return String(decoding: output, as: UTF8.self)
        case .stopped: break
        case .notStarted(let error): problems.append(.notStarted(key: key, error))
        default: problems.append(.failed(key: key, program: arguments[0], report.ending))
        }
        return nil
    }
}
