import Foundation

/// Gives `body` the path of a new empty directory and removes it afterwards, whatever happens.
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tailspan-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// The same for an asynchronous `body`.
package func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tailspan-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// As ``withTemporaryDirectory(_:)``, in memory where the machine has a file system for that: for tests that would wait for the disk at
/// every step, and thereby for all others that use it.
package func withMemoryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = "\(memoryPath)/tailspan-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// The same for an asynchronous `body`.
package func withMemoryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "\(memoryPath)/tailspan-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

private var memoryPath: String {
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : FileManager.default.temporaryDirectory.path
}
