extension ProgramDefinition {
    /// Does what the arguments ask for; `run` gets the program's own commands. Tells what is wrong with the arguments.
    package func run(
        _ arguments: [String], terminal: Terminal, command run: (CommandArguments) throws(UsageError) -> ExitCode
    ) -> ExitCode {
        do throws(UsageError) {
            switch try request(arguments) {
            case .command(let arguments): return try run(arguments)
            case .completions(let shell): terminal.output(Completions(of: self).script(for: shell))
            case .manual: terminal.output(ManualPage.text(of: self))
            case .version: terminal.output("\(name) \(Release.version) (Swift \(Release.swiftVersion))\n")
            case .help(let command): terminal.output(Help.text(for: command, of: self, terminal: terminal))
            }
            return .success
        } catch {
            terminal.error("\(terminal.styled("error:", .red, onError: true)) \(error.message)\n")
            if let hint = error.hint { terminal.error("  \(hint)\n") }
            terminal.error("  \(error.helpCommand) shows what there is.\n")
            return .usage
        }
    }
}
