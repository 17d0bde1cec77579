/// What a line says besides its message: which event it is, and what it is about. Every part may be missing.
package struct LogContext: Equatable, Sendable {
    /// Which trace and span it was written in: 128 and 64 bits, the first byte highest.
    package struct Trace: Equatable, Sendable {
        package let traceHigh: UInt64
        package let traceLow: UInt64
        package let span: UInt64

        package init(traceHigh: UInt64, traceLow: UInt64, span: UInt64) {
            self.traceHigh = traceHigh
            self.traceLow = traceLow
            self.span = span
        }
    }

    package var trace: Trace?
    package var jobID: String?
    /// The key's name; never the key.
    package var apiKey: String?

    package init(trace: Trace? = nil, jobID: String? = nil, apiKey: String? = nil) {
        self.trace = trace
        self.jobID = jobID
        self.apiKey = apiKey
    }

    package static let none = LogContext()
}

/// Where in the program's source a line is written.
package struct LogSource: Sendable {
    /// `Module/File.swift`.
    package let fileID: StaticString
    package let function: StaticString
    package let line: UInt

    package init(fileID: StaticString, function: StaticString, line: UInt) {
        self.fileID = fileID
        self.function = function
        self.line = line
    }
}
