import SystemIO

/// What happened to a file that a person may want to know.
package enum TailEvent {
    case found(TailedFile)
    case resumed(TailedFile)
    /// The same content under a new name, or without one.
    case renamed(TailedFile, from: String?)
    /// The content was replaced in place, and the rest of it is read from a copy.
    case continuedInCopy(TailedFile)
    /// Nothing more of the content can be read.
    case contentGone(TailedFile, TailedFile.LossCause)
    case unreadable(path: String, SystemError)
    /// The link leads to a file that neither the source's patterns nor its link targets name.
    case linkNotFollowed(path: String, target: String)
    /// The rest of a content that is gone is read from where it was spilled to.
    case spilled(TailedFile)
    /// inotify can't be used there; files are looked at by the clock.
    case polling(directory: String, SystemError?)
}
