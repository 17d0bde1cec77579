/// What `--help` and `help COMMAND` print: at most 80 columns wide.
package enum Help {
    /// nil: the list of all commands.
    package static func text(for name: String?, of program: ProgramDefinition, terminal: Terminal) -> String {
        let layout = HelpLayout(terminal: terminal)
        guard let command = name.flatMap(program.command(named:)) else { return overview(program, layout) }
        var text = layout.usage(of: command, program: program.name)
        for (position, paragraph) in command.details.enumerated() {
            text += (position > 0 ? "\n" : "") + layout.paragraph(paragraph)
        }
        if !command.actions.isEmpty {
            text += layout.list("Actions", command.actions.map { .init(term: $0.name, meaning: $0.summary) })
        }
        if let operand = command.operand {
            text += layout.list("Argument", [.init(term: operand.placeholder, meaning: operand.summary)])
        }
        if !command.options.isEmpty {
            text += layout.list("Options", (command.options + [.help]).map { .init(term: $0.usage, meaning: $0.summary) })
        }
        for list in command.lists { text += layout.list(list.title, list.rows) }
        text += layout.list("Exit code", command.exitCodes.map { .init(term: "\($0.code.rawValue)", meaning: $0.meaning) })
        return text + layout.examples("Examples", command.examples)
    }

    private static func overview(_ program: ProgramDefinition, _ layout: HelpLayout) -> String {
        var text = "\(layout.terminal.styled(program.name, .bold)): \(program.summary).\n"
        for paragraph in program.details { text += layout.paragraph(paragraph) }
        text += layout.heading("Usage") + "  \(program.name) COMMAND [OPTIONS]\n"
        text += layout.list(
            "Commands",
            program.commands.map { .init(term: $0.name, meaning: $0.summary) }
                + [.init(term: "help", meaning: "explain a command: \(program.name) help \(program.commands.first?.name ?? "version")")])
        return text + layout.examples("First steps", program.firstSteps)
    }
}
