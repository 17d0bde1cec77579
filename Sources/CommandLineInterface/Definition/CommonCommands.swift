extension CommandDefinition {
    /// What every program of ours has.
    static func common(of program: String) -> [CommandDefinition] { [completions(of: program), manual(of: program), version] }

    private static let printed = [
        ExitMeaning(code: .success, meaning: "printed"), ExitMeaning(code: .usage, meaning: "bad arguments or configuration"),
    ]

    private static func completions(of program: String) -> CommandDefinition {
        CommandDefinition(
            name: "completions", summary: "print the completions for a shell",
            details: ["Prints a script that lets a shell complete commands."],
            operand: OperandDefinition(
                placeholder: "SHELL", value: .choice(Shell.allCases.map(\.rawValue)), isRequired: true, summary: "bash, zsh or fish"),
            exitCodes: printed,
            examples: [
                CommandExample(command: "source <(\(program) completions bash)", purpose: "bash, for this session"),
                CommandExample(command: "\(program) completions zsh > \"${fpath[1]}/_\(program)\"", purpose: "zsh, for good"),
                CommandExample(
                    command: "\(program) completions fish > ~/.config/fish/completions/\(program).fish", purpose: "fish, for good"),
            ])
    }

    private static func manual(of program: String) -> CommandDefinition {
        CommandDefinition(
            name: "man", summary: "print the manual page", details: ["Prints the manual page, for `man -l` or a package."],
            exitCodes: printed, examples: [CommandExample(command: "\(program) man | man -l -", purpose: "read it")])
    }

    private static let version = CommandDefinition(
        name: "version", summary: "print the version",
        details: ["Prints the version of the program and of the Swift compiler that made it."], exitCodes: printed)
}
