/// What the command line asks for.
struct GeneratorOptions: Equatable {
    enum Amount: Equatable {
        case bytes(Int)
        case lines(Int)
        /// Line by line in real time, each with the time of its writing; nil seconds: until SIGTERM.
        case rate(linesPerSecond: Int, seconds: Int?)
    }
    enum Rotation: String, CaseIterable {
        case rename, copytruncate
    }

    var amount = Amount.lines(1000)
    /// At least one path, all different.
    var files: [String] = []
    var rotateBytes: Int?
    var rotation = Rotation.rename
    var seed: UInt64 = 1
    var extraRoutes = 0
    var truthFile: String?

    static let usage = """
        log-generator: writes the log of an imagined transcode service, and counts what it writes.

        How much, one of:
          --lines N                  (1000 without any of these)
          --bytes N                  up to the line that reaches N; KiB, MiB, GiB are understood
          --rate N/s [--seconds S]   in real time, one write(2) a line; without --seconds until SIGTERM
        Where to, one of:
          --output FILE              appended to; - is standard output
          --directory D --files N    D/service-0001.log …, in turns
        And:
          --rotate-bytes N           begin anew when a file has N bytes; the old one becomes FILE.1, the next FILE.2, …
          --rotate rename|copytruncate
          --truth FILE               JSON with the exact counts for each family and series, written at the end
          --routes N                 N more endpoints, for as many more series
          --seed N                   other lines (1)
        """

    init(arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        var directory: String?
        var fileCount = 1
        var output: String?
        var seconds: Int?
        while let option = rest.popFirst() {
            if option == "--help" { throw UsageError(message: Self.usage) }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(option) lacks a value, or is unknown; see --help") }
            switch option {
            case "--lines": amount = .lines(try Self.number(value, of: option))
            case "--bytes": amount = .bytes(try Self.byteCount(value, of: option))
            case "--rate":
                let number = value.hasSuffix("/s") ? String(value.dropLast(2)) : value
                amount = .rate(linesPerSecond: try Self.number(number, of: option), seconds: nil)
            case "--seconds": seconds = try Self.number(value, of: option)
            case "--output": output = value
            case "--directory": directory = value
            case "--files": fileCount = try Self.number(value, of: option)
            case "--rotate-bytes": rotateBytes = try Self.byteCount(value, of: option)
            case "--rotate":
                guard let rotation = Rotation(rawValue: value) else {
                    throw UsageError(message: "--rotate is \"\(value)\"; use rename or copytruncate")
                }
                self.rotation = rotation
            case "--truth": truthFile = value
            case "--routes": extraRoutes = try Self.number(value, of: option, from: 0, through: 60_000)
            case "--seed": seed = UInt64(try Self.number(value, of: option, from: 0))
            default: throw UsageError(message: "unknown option \(option); see --help")
            }
        }
        if let seconds {
            guard case .rate(let linesPerSecond, _) = amount else { throw UsageError(message: "--seconds needs --rate") }
            amount = .rate(linesPerSecond: linesPerSecond, seconds: seconds)
        }
        switch (output, directory) {
        case (let output?, nil): files = [output]
        case (nil, let directory?):
            files = (1...fileCount).map { number in
                let digits = String(number)
                return "\(directory)/service-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits).log"
            }
        default: throw UsageError(message: "name either --output FILE or --directory D; see --help")
        }
        if output == "-" && rotateBytes != nil { throw UsageError(message: "standard output cannot be rotated") }
    }

    private static func number(
        _ text: String, of option: String, from least: Int = 1, through most: Int = .max
    ) throws(UsageError) -> Int {
        guard let value = Int(text), value >= least, value <= most else {
            throw UsageError(message: "\(option) is \"\(text)\"; use a whole number from \(least)")
        }
        return value
    }

    private static func byteCount(_ text: String, of option: String) throws(UsageError) -> Int {
        for (suffix, factor) in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)] where text.hasSuffix(suffix) {
            return try number(String(text.dropLast(3)), of: option, through: 1 << 20) * factor
        }
        return try number(text, of: option)
    }
}

/// The command line makes no sense; the message says why.
struct UsageError: Error, Equatable {
    let message: String
}
