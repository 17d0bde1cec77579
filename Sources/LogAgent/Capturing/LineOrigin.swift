import Tailing

/// Where the lines of one file come from, as labels and metadata name it.
struct LineOrigin: Equatable, Sendable {
    static let pathField = "__path__"
    static let streamField = "stream"

    /// `$__path__`: the path under which the file was found; of a source that is no file, its name.
    let path: String
    /// `$stream` of a service that the agent runs: `stdout` or `stderr`. Empty for every other source.
    let stream: String

    init(ofFile path: String, source: SourceSettings) {
        switch source.kind {
        case .file:
            self.path = path
            stream = ""
        case .stdin, .syslog:
            self.path = source.name
            stream = ""
        case .exec:
            self.path = source.name
            // `…/capture/<source>/stdout/0000000001.log`
            stream = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        }
    }
}
