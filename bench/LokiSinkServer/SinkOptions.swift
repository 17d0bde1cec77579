/// What the command line asks for.
struct SinkOptions: Equatable {
    var listen = "127.0.0.1:0"
    /// The address that the kernel gave is written here once the sink takes requests.
    var addressFile: String?
    /// Each body goes into a file of its own here.
    var verifyDirectory: String?
    /// Looks into the bodies for each entry's time.
    var measuresLatency = false
    /// Also takes what it can't read, such as pushes in protobuf and OTLP at `/v1/traces`: their entries are not counted.
    var acceptsAnyType = false

    static let usage = """
        loki-sink: takes POST /loki/api/v1/push, answers 204, and counts.

          --listen HOST:PORT    127.0.0.1:0: the kernel chooses
          --address-file FILE   HOST:PORT is written there when the sink is ready
          --verify-dir D        writes each body, inflated, to D/NUMBER.json
          --measure-latency     from each entry's timestamp to the arrival of its push
          --accept-any          takes pushes of any Content-Type, and POST /v1/traces; entries are counted in JSON alone

        GET /stats gives the totals as JSON, also while it works; so does the end, by SIGTERM or SIGINT, on standard output.
        """

    init(arguments: [String]) throws(SinkUsageError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--help": throw SinkUsageError(message: Self.usage)
            case "--measure-latency": measuresLatency = true
            case "--accept-any": acceptsAnyType = true
            case "--listen": listen = try Self.value(of: option, from: &rest)
            case "--address-file": addressFile = try Self.value(of: option, from: &rest)
            case "--verify-dir": verifyDirectory = try Self.value(of: option, from: &rest)
            default: throw SinkUsageError(message: "unknown option \(option); see --help")
            }
        }
    }

    private static func value(of option: String, from rest: inout ArraySlice<String>) throws(SinkUsageError) -> String {
        guard let value = rest.popFirst() else { throw SinkUsageError(message: "\(option) lacks a value; see --help") }
        return value
    }
}

/// The command line makes no sense; the message says why.
struct SinkUsageError: Error, Equatable {
    let message: String
}
