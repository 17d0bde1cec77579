import JobStore
import PostgreSQL

/// The job store that the configuration names.
struct OpenedJobStore {
    let store: any JobStoring
    let system: DatabaseSystem

    /// What the store does by itself.
    enum Event {
        case file(FileJobStore.Event)
        /// Workers look for themselves until notifications are back.
        case notificationsLost(PostgresError)
    }

    /// Opens it, and brings its schema to this version.
    init(_ settings: ServiceSettings, observer: @escaping @Sendable (Event) -> Void = { _ in }) throws(JobStoreError) {
        if let url = settings.databaseURL {
            store = try PostgresJobStore(
                PostgresSettings(url.value, applicationName: "transcode-service"),
                observer: { execution in
                    ServiceTelemetry.statement(
                        execution.statement.name, text: execution.statement.text, startUnixNano: execution.startNanoseconds,
                        durationNanoseconds: execution.durationNanoseconds, rows: execution.rows, error: execution.error,
                        sqlState: execution.error?.sqlState)
                }, onLostListening: { observer(.notificationsLost($0)) })
            system = .postgresql
        } else {
            store = try FileJobStore(directory: settings.storeDirectory) { observer(.file($0)) }
            system = .file
        }
    }
}
