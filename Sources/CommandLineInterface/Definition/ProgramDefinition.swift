/// A program as data: what its help, its completions and its manual page are made of.
package struct ProgramDefinition: Sendable {
    /// `log-agent`.
    package var name: String
    /// A phrase without a full stop.
    package var summary: String
    /// Whole sentences; one paragraph each.
    package var details: [String]
    /// In the order in which they are listed.
    package var commands: [CommandDefinition]
    package var firstSteps: [CommandExample]
    /// For the manual page.
    package var files: [DefinitionList.Row]
    /// Other manual pages, with their sections.
    package var related: [(name: String, section: Int)]

    package init(
        name: String, summary: String, details: [String], commands: [CommandDefinition], firstSteps: [CommandExample] = [],
        files: [DefinitionList.Row] = [], related: [(name: String, section: Int)] = []
    ) {
        self.name = name
        self.summary = summary
        self.details = details
        self.commands = commands + CommandDefinition.common(of: name)
        self.firstSteps = firstSteps
        self.files = files
        self.related = related
    }

    package func command(named name: String) -> CommandDefinition? { commands.first { $0.name == name } }
}
