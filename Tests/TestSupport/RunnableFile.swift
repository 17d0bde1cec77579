import Foundation

/// Writes a program of one file, such as a script that stands in for another program. Gives its path.
package func makeRunnable(_ name: String, in directory: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
}
