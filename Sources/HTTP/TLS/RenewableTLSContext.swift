import Synchronization
import SystemIO

/// What clients of the same servers trust and prove themselves with, loaded once for all of them: the authorities of a system take
/// a megabyte or more.
package final class TLSClientCertificates: Sendable {
    let settings: TLSClientSettings
    private let loaded = Mutex<RenewableTLSContext?>(nil)

    /// The files are loaded when the first client needs them.
    package init(_ settings: TLSClientSettings) {
        self.settings = settings
    }

    func context() throws(TLSError) -> RenewableTLSContext {
        let result = loaded.withLock { loaded -> Result<RenewableTLSContext, TLSError> in
            if let loaded { return .success(loaded) }
            return Result { () throws(TLSError) in
                let made = try RenewableTLSContext(client: settings)
                loaded = made
                return made
            }
        }
        return try result.get()
    }
}

/// A context that is loaded anew when one of its files has changed: certificates are renewed while a program runs.
final class RenewableTLSContext: Sendable {
    /// What tells one content of a file from the next, also where a link leads elsewhere.
    private typealias Stamp = FileStatus?

    private struct State {
        var context: TLSContext
        var stamps: [Stamp]
    }

    private let files: [String]
    private let load: @Sendable () throws(TLSError) -> TLSContext
    private let state: Mutex<State>

    convenience init(client settings: TLSClientSettings) throws(TLSError) {
        try self.init(files: settings.files) { () throws(TLSError) in try TLSContext(client: settings) }
    }

    convenience init(server settings: TLSServerSettings) throws(TLSError) {
        try self.init(files: settings.files) { () throws(TLSError) in try TLSContext(server: settings) }
    }

    private init(files: [String], load: @escaping @Sendable () throws(TLSError) -> TLSContext) throws(TLSError) {
        self.files = files
        self.load = load
        // Before loading: a change in between is then seen at the next look.
        let stamps = Self.stamps(of: files)
        state = Mutex(State(context: try load(), stamps: stamps))
    }

    /// What came of looking at the files.
    enum Look {
        case unchanged(TLSContext)
        case renewed(TLSContext)
        /// The new files cannot be used; the old context can.
        case failed(TLSError, old: TLSContext)
    }

    /// Every failure is told at each look until the files are good again.
    func look() -> Look {
        let stamps = Self.stamps(of: files)
        return state.withLock { state in
            if stamps == state.stamps { return .unchanged(state.context) }
            do throws(TLSError) {
                state.context = try load()
            } catch {
                return .failed(error, old: state.context)
            }
            state.stamps = stamps
            return .renewed(state.context)
        }
    }

    private static func stamps(of files: [String]) -> [Stamp] { files.map { try? FileStatus(ofPath: $0) } }
}
