import Configuration

/// What the arguments ask for.
enum Invocation: Equatable {
    case run(configuration: String?)
    case check(configuration: String?)
    case explain(ExplainRequest)
    case ledger(LedgerAction, configuration: String?, asJSON: Bool)
    case refused(RefusedRequest)
    case top(TopRequest)
    case completions(Shell)
    case manual
    case version
    /// nil: the list of all commands.
    case help(command: String?)
}

enum LedgerAction: String, Equatable, CaseIterable {
    /// Prints what the checkpoint knows of each file.
    case show
    /// Reads the files again and proves it.
    case verify
}

/// A shell that completions are made for.
enum Shell: String, Equatable, CaseIterable {
    case bash, zsh, fish
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
    private static let commandNames = AgentCommands.all.map(\.name) + ["help"]
    private static let overview = "log-agent --help"

    init(_ arguments: [String]) throws(UsageError) {
        guard let first = arguments.first else {
            throw UsageError(
                message: "No command given.", hint: "Commands: \(Self.commandNames.joined(separator: ", ")).", helpCommand: Self.overview)
        }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "--help", "-h": self = .help(command: nil)
        case "--version", "-V": self = .version
        case "help": self = .help(command: try Self.topic(rest))
        default:
            if let command = AgentCommands.named(first) {
                let arguments = try CommandArguments(rest, of: command)
                self = arguments.wantsHelp ? .help(command: command.name) : try Self.command(arguments)
            } else if first.hasPrefix("-") {
                let name = String(first.prefix { $0 != "=" })
                let options = ["--help", "--version"]
                throw UsageError(
                    message: "`\(name)` is not an option.",
                    hint: UsageError.guess(name, among: options) ?? "Options: \(options.joined(separator: ", ")).",
                    helpCommand: Self.overview)
            } else {
                throw Self.unknownCommand(first, among: Self.commandNames)
            }
        }
    }

    private static func command(_ arguments: CommandArguments) throws(UsageError) -> Invocation {
        let configuration = arguments.values["config"]
        let asJSON = arguments.switches.contains("json")
        switch arguments.command.name {
        case "run": return .run(configuration: configuration)
        case "check": return .check(configuration: configuration)
        case "explain":
            let sample = arguments.operand == "-" ? nil : arguments.operand
            return .explain(
                ExplainRequest(configuration: configuration, sample: sample, source: arguments.values["source"], asJSON: asJSON))
        case "ledger":
            return .ledger(LedgerAction(rawValue: arguments.action) ?? .show, configuration: configuration, asJSON: asJSON)
        case "refused":
            return .refused(
                RefusedRequest(
                    action: RefusedRequest.Action(rawValue: arguments.action) ?? .list, configuration: configuration,
                    output: arguments.values["output"], asJSON: asJSON))
        case "top": return .top(try top(arguments))
        case "completions": return .completions(arguments.operand.flatMap(Shell.init) ?? .bash)
        case "man": return .manual
        default: return .version
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

    private static func topic(_ arguments: [String]) throws(UsageError) -> String? {
        guard let name = arguments.first, name != "help" else { return nil }
        if let command = AgentCommands.named(name) { return command.name }
        throw unknownCommand(name, among: AgentCommands.all.map(\.name))
    }

    private static func unknownCommand(_ name: String, among names: [String]) -> UsageError {
        UsageError(message: "`\(name)` is not a command.", hint: UsageError.guess(name, among: names), helpCommand: overview)
    }
}
