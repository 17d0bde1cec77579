import CommandLineInterface
import Configuration

/// What a command of the service is to do.
struct ServiceRequest: Equatable {
    enum Action: Equatable {
        case serve
        case check
        case keys(KeysAction)
        case migrate
    }

    var action: Action
    /// nil: the built-in one.
    var configuration: String?

    init(_ arguments: CommandArguments) throws(UsageError) {
        configuration = arguments.values["config"]
        switch arguments.command.name {
        case "serve": action = .serve
        case "check": action = .check
        case "keys": action = .keys(try KeysAction(arguments))
        case "migrate": action = .migrate
        default: preconditionFailure("`\(arguments.command.name)` is defined, but not done")
        }
    }
}

enum KeysAction: Equatable {
    case list
    case create(name: String, quotaBytes: UInt64?)
    case remove(name: String)

    init(_ arguments: CommandArguments) throws(UsageError) {
        let name = arguments.values["name"]
        if arguments.action == "list" {
            for option in ["name", "quota"] where arguments.values[option] != nil {
                throw arguments.problem("`keys list` takes no `--\(option)`.", hint: nil)
            }
            self = .list
            return
        }
        guard let name else {
            throw arguments.problem("`keys \(arguments.action)` needs a name.", hint: "For example: --name studio")
        }
        if arguments.action == "remove" {
            if arguments.values["quota"] != nil { throw arguments.problem("`keys remove` takes no `--quota`.", hint: nil) }
            self = .remove(name: name)
            return
        }
        if let problem = KeyIssuing.problem(withName: name) {
            throw arguments.problem("`--name` is `\(name)`; \(problem).", hint: "For example: --name studio")
        }
        var quotaBytes: UInt64?
        if let text = arguments.values["quota"] {
            guard let bytes = SizeText.parse(text), bytes <= Int64.max else {
                throw arguments.problem("`--quota` is `\(text)`; use a size.", hint: "For example: --quota 10GiB")
            }
            quotaBytes = bytes
        }
        self = .create(name: name, quotaBytes: quotaBytes)
    }
}
