import Configuration
import HTTP
import JobStore
import Metrics
import Profiling

/// What the API needs of the rest of the service.
struct APIParts: Sendable {
    var store: any JobStoring
    var storeSystem: DatabaseSystem
    var files: JobFiles
    var telemetry: ServiceTelemetry
    var registry: MetricRegistry
    /// nil: keys are not managed over HTTP.
    var adminToken: Secret?
    /// Of one uploaded file.
    var uploadBytes: UInt64
    /// What the file system of the data directory keeps free.
    var reservedDiskBytes: UInt64
    /// Called when a job that may run here was asked to be cancelled.
    var cancellationRequested: @Sendable () -> Void
    var profiling = ProfilingRoutes()
    let inProgress = RequestsInProgress()
    let reservations = UploadReservations()
}
