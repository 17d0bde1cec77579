import Synchronization

/// What is missing of the last line on a descriptor, because its writer was stopped inside it. The next writer begins with that.
final class UnfinishedLine: Sendable {
    static let ofStandardOutput = UnfinishedLine()

    private let rest = Mutex<[UInt8]>([])

    func take() -> [UInt8] { rest.withLock { exchange(&$0, with: []) } }

    /// Empty: nothing is missing.
    func leave(_ bytes: [UInt8]) { rest.withLock { $0 = bytes } }
}
