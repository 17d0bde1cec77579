import Configuration

/// What the arguments ask for.
enum Invocation: Equatable {
    case run(configuration: String?)
    case check(configuration: String?)
    case ledger(LedgerAction, configuration: String?)
    case version
    case help(HelpTopic)
}

enum LedgerAction: String, Equatable, CaseIterable {
    /// Prints what the checkpoint knows of each file.
    case show
    /// Reads the files again and proves it.
    case verify
}

enum HelpTopic: String, Equatable, CaseIterable {
    case overview, run, check, ledger, version
    static let commands: [HelpTopic] = [.run, .check, .ledger, .version]
}

/// Arguments that ask for nothing.
struct UsageError: Error, Equatable {
    var message: String
    var hint: String?
    /// What to type to learn more.
    var helpCommand: String
}

extension Invocation {
    private static let commandNames = HelpTopic.commands.map(\.rawValue) + ["help"]

    init(_ arguments: [String]) throws(UsageError) {
        guard let first = arguments.first else {
            throw UsageError(
                message: "No command given.", hint: "Commands: \(Self.commandNames.joined(separator: ", ")).",
                helpCommand: "log-agent --help")
        }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "--help", "-h": self = .help(.overview)
        case "--version", "-V": self = .version
        case "help": self = .help(try Self.topic(rest))
        case "run", "check", "ledger", "version":
            let options = try Options(rest, of: HelpTopic(rawValue: first) ?? .overview)
            if options.wantsHelp {
                self = .help(HelpTopic(rawValue: first) ?? .overview)
            } else {
                self = try Self.command(first, options)
            }
        default:
            if first.hasPrefix("-") {
                throw Self.unknownOption(first, among: ["--help", "--version"], topic: .overview)
            }
            throw UsageError(
                message: "`\(first)` is not a command.", hint: Self.guess(first, among: Self.commandNames), helpCommand: "log-agent --help")
        }
    }

    private static func command(_ name: String, _ options: Options) throws(UsageError) -> Invocation {
        switch name {
        case "run": return .run(configuration: options.configuration)
        case "check": return .check(configuration: options.configuration)
        case "ledger": return .ledger(options.ledgerAction, configuration: options.configuration)
        default: return .version
        }
    }

    private static func topic(_ arguments: [String]) throws(UsageError) -> HelpTopic {
        guard let name = arguments.first, name != "help" else { return .overview }
        if let topic = HelpTopic.commands.first(where: { $0.rawValue == name }) { return topic }
        throw UsageError(
            message: "`\(name)` is not a command.", hint: guess(name, among: HelpTopic.commands.map(\.rawValue)),
            helpCommand: "log-agent --help")
    }

    fileprivate static func unknownOption(_ option: String, among options: [String], topic: HelpTopic) -> UsageError {
        let name = String(option.prefix { $0 != "=" })
        return UsageError(
            message: topic == .overview ? "`\(name)` is not an option." : "`\(name)` is not an option of `\(topic.rawValue)`.",
            hint: guess(name, among: options) ?? "Options: \(options.joined(separator: ", ")).",
            helpCommand: topic == .overview ? "log-agent --help" : "log-agent help \(topic.rawValue)")
    }

    fileprivate static func guess(_ text: String, among candidates: [String]) -> String? {
        Suggestion.nearest(to: text, among: candidates).map { "Did you mean `\($0)`?" }
    }
}

/// What stands behind a command.
private struct Options {
    var configuration: String?
    var ledgerAction = LedgerAction.show
    var wantsHelp = false

    init(_ arguments: [String], of topic: HelpTopic) throws(UsageError) {
        let known = topic == .version ? ["--help"] : ["--config", "--help"]
        let helpCommand = "log-agent help \(topic.rawValue)"
        var rest = arguments[...]
        var hasAction = false
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h": wantsHelp = true
            case "--config" where topic != .version, "-c" where topic != .version:
                try set(rest.popFirst() ?? "", helpCommand)
            case _ where argument.hasPrefix("--config=") && topic != .version:
                try set(String(argument.dropFirst(9)), helpCommand)
            case _ where argument.hasPrefix("-"):
                throw Invocation.unknownOption(argument, among: known, topic: topic)
            case _ where topic == .ledger && !hasAction:
                guard let action = LedgerAction(rawValue: argument) else {
                    throw UsageError(
                        message: "`ledger` can show or verify, not `\(argument)`.",
                        hint: Invocation.guess(argument, among: LedgerAction.allCases.map(\.rawValue)), helpCommand: helpCommand)
                }
                ledgerAction = action
                hasAction = true
            default:
                throw UsageError(
                    message: "`\(topic.rawValue)` takes no argument, but got `\(argument)`.",
                    hint: topic == .version ? nil : "A configuration file is named with --config: --config \(argument)",
                    helpCommand: helpCommand)
            }
        }
    }

    private mutating func set(_ path: String, _ helpCommand: String) throws(UsageError) {
        if path.isEmpty {
            throw UsageError(
                message: "`--config` needs a file.", hint: "For example: --config /etc/log-agent.json5", helpCommand: helpCommand)
        }
        if configuration != nil { throw UsageError(message: "`--config` is there twice.", hint: nil, helpCommand: helpCommand) }
        configuration = path
    }
}
