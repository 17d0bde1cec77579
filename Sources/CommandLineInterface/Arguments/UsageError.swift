import Configuration

/// Arguments that ask for nothing.
package struct UsageError: Error, Equatable {
    package var message: String
    package var hint: String?
    /// What to type to learn more.
    package var helpCommand: String

    package init(message: String, hint: String?, helpCommand: String) {
        self.message = message
        self.hint = hint
        self.helpCommand = helpCommand
    }

    package static func guess(_ text: String, among candidates: [String]) -> String? {
        Suggestion.nearest(to: text, among: candidates).map { "Did you mean `\($0)`?" }
    }
}
