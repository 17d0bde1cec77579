/// What the server, or the way to it, refused.
package struct PostgresError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// Not connected, or not any more.
        case connection
        /// The server answered with an error.
        case statement
        /// No connection of the pool became free in time, or it is closed.
        case pool
        /// The values given or got are not what they should be: a fault of the program.
        case value
    }

    package var kind: Kind
    /// Five characters (PostgreSQL's Appendix A); nil where it is not the server's.
    package var sqlState: String?
    /// `ERROR`, `FATAL`.
    package var severity: String?
    package var message: String
    /// May show values, so that it is no part of ``description``.
    package var detail: String?
    /// The constraint that a statement would have broken.
    package var constraint: String?
    package var statement: String?
    /// Whether the statement may have been carried out all the same: its answer was lost.
    package var mayHaveHappened = false

    init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, severity: String? = nil, detail: String? = nil,
        constraint: String? = nil, statement: String? = nil, mayHaveHappened: Bool = false
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.severity = severity
        self.detail = detail
        self.constraint = constraint
        self.statement = statement
        self.mayHaveHappened = mayHaveHappened
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }

    /// The same may succeed at once: two transactions were in each other's way.
    package var isConflict: Bool { sqlState == "40001" || sqlState == "40P01" }

    package var description: String {
        let place = statement.map { "statement \($0): " } ?? ""
        return place + message + (sqlState.map { " (SQLSTATE \($0))" } ?? "")
    }
}
