/// A text in roff, line by line.
struct Troff {
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

    mutating func usage(of command: CommandDefinition, program: String) {
        macro("B", ["\(program) \(command.name)"])
        if !command.usage.isEmpty { line(command.usage.joined(separator: " ")) }
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
