/// `log-agent man`: the manual page, in the man(7) macros that every `man` reads.
enum ManualPage {
    static var text: String {
        var page = Troff()
        page.macro("TH", ["LOG-AGENT", "1", VersionCommand.releaseDate, "log-agent \(VersionCommand.version)", "Tailspan"])
        page.macro("SH", ["NAME"])
        page.line("log-agent \\- \(Troff.escaped(AgentCommands.summary))", isEscaped: true)
        page.macro("SH", ["SYNOPSIS"])
        for (position, command) in AgentCommands.all.enumerated() {
            if position > 0 { page.macro("br", []) }
            page.usage(of: command)
        }
        page.macro("SH", ["DESCRIPTION"])
        page.paragraphs(AgentCommands.details)
        page.macro("SH", ["COMMANDS"])
        for command in AgentCommands.all { append(command, to: &page) }
        page.macro("SH", ["FILES"])
        for row in files { page.term(row.term, row.meaning) }
        page.macro("SH", ["EXIT STATUS"])
        for exit in exits { page.term("\(exit.code.rawValue)", exit.meaning) }
        page.macro("SH", ["EXAMPLES"])
        for (position, example) in (AgentCommands.firstSteps + AgentCommands.all.flatMap(\.examples)).enumerated() {
            if position > 0 { page.macro("PP", []) }
            page.example(example)
        }
        page.macro("SH", ["SEE ALSO"])
        page.macro("BR", ["inotify", "(7),"])
        page.macro("BR", ["logrotate", "(8),"])
        page.macro("BR", ["promtool", "(1)"])
        return page.text
    }

    private static let files: [DefinitionList.Row] = [
        .init(term: "data_dir/checkpoint", meaning: "how far each file was counted and delivered, and the derived metrics as of there"),
        .init(term: "data_dir/dead-letter/OUTPUT.jsonl", meaning: "lines that an output refused, with the reason of each"),
        .init(term: "data_dir/times", meaning: "the times of lines that carry none"),
        .init(term: "data_dir/lock", meaning: "held by the agent that uses the directory"),
    ]

    private static let exits = [
        ExitMeaning(code: .success, meaning: "it did what was asked, or was asked to stop"),
        ExitMeaning(code: .failure, meaning: "it failed at work"),
        ExitMeaning(code: .usage, meaning: "bad arguments or a bad configuration: nothing was started"),
    ]

    private static func append(_ command: CommandDefinition, to page: inout Troff) {
        page.macro("SS", [command.name])
        page.paragraphs(command.details)
        for action in command.actions { page.term(action.name, action.summary) }
        if let operand = command.operand { page.term(operand.placeholder, operand.summary) }
        for option in command.options { page.term(option.usage, option.summary) }
        for list in command.lists {
            page.macro("PP", [])
            page.line("\(list.title):")
            for row in list.rows { page.term(row.term, row.meaning) }
        }
    }
}

/// A text in roff, line by line.
private struct Troff {
    private(set) var text = ""

    mutating func macro(_ name: String, _ arguments: [String]) {
        // A quote in an argument would end it.
        let quoted = arguments.map { argument in
            // A date is read by `man` itself.
            let isDate = argument.allSatisfy { $0.isNumber || $0 == "-" }
            let escaped = (isDate ? argument : Self.escaped(argument)).split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\\(dq")
            return escaped.isEmpty || escaped.contains(" ") ? "\"\(escaped)\"" : escaped
        }
        text += ([".\(name)"] + quoted).joined(separator: " ") + "\n"
    }

    mutating func line(_ line: String, isEscaped: Bool = false) {
        let escaped = isEscaped ? line : Self.escaped(line)
        // These begin a macro where they begin a line.
        text += (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
    }

    mutating func paragraphs(_ paragraphs: [String]) {
        for (position, paragraph) in paragraphs.enumerated() {
            if position > 0 { macro("PP", []) }
            for line in TextLayout.wrap(paragraph, width: 100) { self.line(line) }
        }
    }

    mutating func term(_ term: String, _ meaning: String) {
        macro("TP", [])
        macro("B", [term])
        for line in TextLayout.wrap(meaning, width: 100) { self.line(line) }
    }

    mutating func usage(of command: CommandDefinition) {
        let name = "log-agent \(command.name)"
        macro("B", [name])
        let rest = String(command.usage.dropFirst(name.count + 1))
        if !rest.isEmpty { line(rest) }
    }

    mutating func example(_ example: CommandExample) {
        line(example.purpose.prefix(1).uppercased() + example.purpose.dropFirst() + ":")
        macro("PP", [])
        macro("RS", ["4"])
        macro("nf", [])
        line(example.command)
        macro("fi", [])
        macro("RE", [])
    }

    static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "\\": "\\e"
            case "-": "\\-"
            case "~": "\\(ti"
            case "^": "\\(ha"
            case "`": "\\(ga"
            case "'": "\\(aq"
            default: String(character)
            }
        }.joined()
    }
}
