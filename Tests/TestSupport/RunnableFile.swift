import Foundation

/// Writes a program of one file, such as a script that stands in for another program. Gives its path.
package func makeRunnable(_ name: String, in directory: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + ".text"))
    // By a process of its own: a child that another test starts now would hold a descriptor of ours, and the kernel runs no file that
    // somebody may write (ETXTBSY).
    let copy = try ChildProcess.run(["install", "-m", "755", path + ".text", path], in: directory)
    guard copy.ending == .exited(0) else { throw ChildProcess.Failed(description: "can't make \(path): \(copy.error)") }
    return path
}
