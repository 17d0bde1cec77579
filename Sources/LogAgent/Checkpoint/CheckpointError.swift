/// A checkpoint file that can't be used.
enum CheckpointError: Error, Equatable, CustomStringConvertible {
    case damaged(String)
    case otherVersion(UInt32)
    case unreadable(String)

    var description: String {
        switch self {
        case .damaged(let what): "The checkpoint is damaged: \(what)."
        case .otherVersion(let version):
            "The checkpoint has format version \(version); this log-agent reads version \(CheckpointCoding.version)."
        case .unreadable(let why): "The checkpoint can't be read: \(why)."
        }
    }
}
