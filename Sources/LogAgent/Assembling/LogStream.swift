/// Which of a program's outputs a line of its log file was written to. Entries of several lines are made for each on its own.
enum LogStream: Int, CaseIterable, Sendable {
    case stdout, stderr
    /// The file does not tell: it has one writer.
    case unnamed

    init?(_ name: UnsafeRawBufferPointer) {
        if name.elementsEqual("stdout".utf8) {
            self = .stdout
        } else if name.elementsEqual("stderr".utf8) {
            self = .stderr
        } else {
            return nil
        }
    }

    /// What `$stream` gives; nil where the file does not tell.
    var name: StaticString? {
        switch self {
        case .stdout: "stdout"
        case .stderr: "stderr"
        case .unnamed: nil
        }
    }
}
