import CommandLineInterface
import JobStore

/// `transcode-service migrate`: brings the job store to this version.
enum MigrateCommand {
    static func run(_ settings: ServiceSettings, terminal: Terminal) -> ExitCode {
        do throws(JobStoreError) {
            // Opening does it.
            let opened = try OpenedJobStore(settings)
            opened.store.close()
            terminal.output("\(terminal.styled("ok", .green)): the job store has the schema of this version\n")
            return .success
        } catch {
            terminal.error("\(terminal.styled("error:", .red, onError: true)) \(error.description)\n")
            return .failure
        }
    }
}
