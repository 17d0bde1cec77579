/// Some of the streams whose lines are in a file.
struct LogStreamSet: OptionSet, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(_ stream: LogStream) {
        rawValue = 1 << UInt64(stream.rawValue)
    }

    func contains(_ stream: LogStream) -> Bool { contains(LogStreamSet(stream)) }

    static let all = LogStreamSet(LogStream.allCases.map { LogStreamSet($0) })
}
