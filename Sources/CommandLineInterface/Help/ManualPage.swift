/// The manual page, in the man(7) macros that every `man` reads.
package enum ManualPage {
    package static func text(of program: ProgramDefinition) -> String {
        var page = Troff()
        page.macro("TH", [program.name.uppercased(), "1", Release.releaseDate, "\(program.name) \(Release.version)", "Tailspan"])
        page.macro("SH", ["NAME"])
        // The name stays as it is typed: `whatis` reads this line.
        page.line("\(program.name) \\- \(Troff.escaped(program.summary))", isEscaped: true)
        page.macro("SH", ["SYNOPSIS"])
        for (position, command) in program.commands.enumerated() {
            if position > 0 { page.macro("br", []) }
            page.usage(of: command, program: program.name)
        }
        page.macro("SH", ["DESCRIPTION"])
        page.paragraphs(program.details)
        page.macro("SH", ["COMMANDS"])
        for command in program.commands { append(command, to: &page) }
        if !program.files.isEmpty {
            page.macro("SH", ["FILES"])
            for row in program.files { page.term(row.term, row.meaning) }
        }
        page.macro("SH", ["EXIT STATUS"])
        for exit in exits { page.term("\(exit.code.rawValue)", exit.meaning) }
        page.macro("SH", ["EXAMPLES"])
        for (position, example) in (program.firstSteps + program.commands.flatMap(\.examples)).enumerated() {
            if position > 0 { page.macro("PP", []) }
            page.example(example)
        }
        if !program.related.isEmpty { page.macro("SH", ["SEE ALSO"]) }
        for (position, other) in program.related.enumerated() {
            page.macro("BR", [other.name, "(\(other.section))" + (position + 1 < program.related.count ? "," : "")])
        }
        return page.text
    }

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
