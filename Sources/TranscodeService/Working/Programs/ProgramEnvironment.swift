import Glibc

/// What programs find in their environment, as `NAME=value`.
enum ProgramEnvironment {
    /// For ffmpeg and ffprobe: how to be found, and nothing that could be secret or change what they do.
    static func minimal() -> [String] {
        var variables = ["LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"]
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) { variables.append("\(name)=\(String(cString: value))") }
        }
        return variables
    }

    /// For the transcriber, which is the operator's own: what this process has, with temporary files in `scratchDirectory`.
    static func inherited(scratchDirectory: String) -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("TMPDIR=") { variables.append(text) }
            next += 1
        }
        return variables + ["TMPDIR=\(scratchDirectory)"]
    }
}
