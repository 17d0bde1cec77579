/// Where the server is, and how long to wait for it.
package struct PostgresSettings: Sendable {
    /// A URI (`postgresql://…`) or `keyword=value` text, as libpq takes it. What it says goes before what is set here.
    package var connection: String
    package var applicationName: String
    package var connectTimeoutSeconds: Int
    /// A statement that takes longer is ended by the server; where the server says nothing 5 s after that, the connection is given up.
    package var statementTimeoutMilliseconds: Int
    package var maximumConnections: Int
    /// How long a call waits for one of them to become free.
    package var acquireTimeoutMilliseconds: Int
    /// Unused connections are closed after this time.
    package var idleSeconds: Int
    /// How long a call is tried again after a lost connection, a deadlock or a serialization failure.
    package var retrySeconds: Int

    package init(
        _ connection: String, applicationName: String = "tailspan", connectTimeoutSeconds: Int = 5,
        statementTimeoutMilliseconds: Int = 30_000, maximumConnections: Int = 8, acquireTimeoutMilliseconds: Int = 10_000,
        idleSeconds: Int = 60, retrySeconds: Int = 5
    ) {
        self.connection = connection
        self.applicationName = applicationName
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
        self.maximumConnections = maximumConnections
        self.acquireTimeoutMilliseconds = acquireTimeoutMilliseconds
        self.idleSeconds = idleSeconds
        self.retrySeconds = retrySeconds
    }
}

/// SQL with `$1`, `$2`… for its values, which are always sent apart from it.
package struct PostgresStatement: Sendable, Hashable {
    /// Shown in errors, logs and spans: `job.claim`. Unique, for it is also the name on the server where the statement is prepared.
    package let name: String
    package let text: String
    /// Parsed once per connection.
    package let isPrepared: Bool

    package init(_ name: String, _ text: String, isPrepared: Bool = true) {
        self.name = name
        self.text = text
        self.isPrepared = isPrepared
    }
}

/// One statement that has ended. Its values are not told.
package struct StatementExecution: Sendable {
    package let statement: PostgresStatement
    /// Since 1970.
    package let startNanoseconds: UInt64
    package let durationNanoseconds: UInt64
    /// Returned or changed; 0 with an error.
    package let rows: Int
    package let error: PostgresError?
}

/// Called on the thread that ran the statement, right after it.
package typealias StatementObserver = @Sendable (StatementExecution) -> Void
