import CommandLineInterface
import Configuration

/// What a command of the agent is to do.
enum Invocation: Equatable {
    case run(configuration: String?)
    case check(configuration: String?)
    case explain(ExplainRequest)
    case ledger(LedgerAction, configuration: String?, asJSON: Bool)
    case refused(RefusedRequest)
    case top(TopRequest)
}

enum LedgerAction: String, Equatable, CaseIterable {
    /// Prints what the checkpoint knows of each file.
    case show
    /// Reads the files again and proves it.
    case verify
}

struct ExplainRequest: Equatable {
    var configuration: String?
    /// nil: standard input.
    var sample: String?
    /// nil: the source that takes the sample, or the first.
    var source: String?
    var asJSON = false
}

struct RefusedRequest: Equatable {
    enum Action: String, CaseIterable { case list, replay }
    var action: Action
    var configuration: String?
    /// nil: all.
    var output: String?
    var asJSON = false
}

struct TopRequest: Equatable {
    var configuration: String?
    var address: String?
    var tokenFile: String?
    var intervalNanoseconds: UInt64 = 1_000_000_000
    var once = false
}

extension Invocation {
    init(_ arguments: CommandArguments) throws(UsageError) {
        let configuration = arguments.values["config"]
        let asJSON = arguments.switches.contains("json")
        switch arguments.command.name {
        case "run": self = .run(configuration: configuration)
        case "check": self = .check(configuration: configuration)
        case "explain":
            let sample = arguments.operand == "-" ? nil : arguments.operand
            self = .explain(
                ExplainRequest(configuration: configuration, sample: sample, source: arguments.values["source"], asJSON: asJSON))
        case "ledger":
            self = .ledger(LedgerAction(rawValue: arguments.action) ?? .show, configuration: configuration, asJSON: asJSON)
        case "refused":
            self = .refused(
                RefusedRequest(
                    action: RefusedRequest.Action(rawValue: arguments.action) ?? .list, configuration: configuration,
                    output: arguments.values["output"], asJSON: asJSON))
        case "top": self = .top(try Self.top(arguments))
        default: preconditionFailure("`\(arguments.command.name)` is defined, but not done")
        }
    }

    private static func top(_ arguments: CommandArguments) throws(UsageError) -> TopRequest {
        var request = TopRequest(
            configuration: arguments.values["config"], address: arguments.values["address"], tokenFile: arguments.values["token-file"],
            once: arguments.switches.contains("once"))
        if let interval = arguments.values["interval"] {
            guard let nanoseconds = DurationText.parse(interval), (100_000_000...3_600_000_000_000).contains(nanoseconds) else {
                throw arguments.problem("`--interval` is `\(interval)`; use a time from 100ms to 1h.", hint: "For example: --interval 2s")
            }
            request.intervalNanoseconds = nanoseconds
        }
        return request
    }
}
