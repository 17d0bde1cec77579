import PostgreSQL

extension JobStoreError {
    /// Whether a later call may succeed follows from the class of the SQLSTATE (PostgreSQL's Appendix A).
    init(_ error: PostgresError) {
        switch error.kind {
        case .connection, .pool: self = .unavailable(error.description)
        case .value: self = .broken(error.description)
        case .statement:
            let state = error.sqlState ?? ""
            // Connections, conflicts, resources, locks, an operator's doing; a standby, which takes no writes until it is the primary.
            let isPassing = ["08", "40", "53", "55", "57"].contains(state.prefix(2)) || state == "25006"
            self = isPassing ? .unavailable(error.description) : .broken(error.description)
        }
    }

    static func mapping<Result>(_ body: () throws(PostgresError) -> Result) throws(JobStoreError) -> Result {
        do throws(PostgresError) {
            return try body()
        } catch {
            throw JobStoreError(error)
        }
    }
}
