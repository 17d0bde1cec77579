/// The parts of a help text.
struct HelpLayout {
    let terminal: Terminal

    func heading(_ title: String) -> String { "\n\(terminal.styled(title, .bold))\n" }

    func paragraph(_ text: String) -> String {
        TextLayout.wrap(text, width: TextLayout.width).map { $0 + "\n" }.joined()
    }

    /// The usage line; what does not fit is continued under the command's name.
    func usage(of command: CommandDefinition, program: String) -> String {
        let start = "\(program) \(command.name)"
        let indent = String(repeating: " ", count: start.count + 1)
        let pieces = command.usage
        var lines = [""]
        for piece in pieces {
            if !(lines[lines.count - 1].isEmpty) && lines[lines.count - 1].count + piece.count + 1 > TextLayout.width - indent.count {
                lines.append("")
            }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + piece
        }
        return terminal.styled(start, .bold) + (pieces.isEmpty ? "" : " ") + lines.joined(separator: "\n" + indent) + "\n"
    }

    /// Terms in a column of their own where they are short, otherwise on lines of their own.
    func list(_ title: String, _ rows: [DefinitionList.Row]) -> String {
        let widest = rows.map(\.term.count).max() ?? 0
        let column = min(24, widest + 4)
        var text = heading(title)
        for row in rows {
            let lines = TextLayout.wrap(row.meaning, width: TextLayout.width - column)
            let term = terminal.styled(row.term, .cyan)
            let indent = String(repeating: " ", count: column)
            if row.term.count + 4 <= column {
                text +=
                    "  \(term)\(String(repeating: " ", count: column - 2 - row.term.count))" + lines.joined(separator: "\n" + indent) + "\n"
            } else {
                text += "  \(term)\n" + lines.map { indent + $0 + "\n" }.joined()
            }
        }
        return text
    }

    func examples(_ title: String, _ examples: [CommandExample]) -> String {
        if examples.isEmpty { return "" }
        var text = heading(title)
        for example in examples {
            text += "  \(terminal.styled("# \(example.purpose)", .dim))\n  \(example.command)\n"
        }
        return text
    }
}
