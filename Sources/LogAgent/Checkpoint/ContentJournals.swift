import Glibc
import SystemIO
import Tailing

/// The journals of one kind, in one directory: of ``ObservedTimes``, one for each file content that has lines without a time, or of
/// ``ObservedBreaks``.
///
/// A journal must outlive a crash, but the number of a content that was found after the last checkpoint does not: the next process
/// gives it out anew. So a journal's name tells whose it is: `<id>-<inode>-<birth>-<head length>-<head hash>.<kind>`, where the head is
/// what the content began with when the journal was made. Used by the reading thread, under the lock of ``AgentState``.
final class ContentJournals {
    enum Kind: String, Sendable { case times, breaks }

    private struct Journal {
        var name: String
        var id: UInt64
        var inode: UInt64
        var birthNanoseconds: UInt64
        var head: HeadFingerprint
    }

    private let directory: String
    private let suffix: String
    private var known: [UInt64: Journal] = [:]
    /// Of contents that were found after the last checkpoint.
    private var unclaimed: [Journal] = []

    /// `firstFreeID`: that of the checkpoint. Journals with such a number, or a later one, wait for their content to be found again.
    init(_ kind: Kind, directory: String, firstFreeID: UInt64) throws(SystemError) {
        self.directory = directory
        suffix = "." + kind.rawValue
        for entry in try Directory.entries(of: directory) {
            guard var journal = journal(named: entry.name) else { continue }
            if journal.id > 0 && journal.id < firstFreeID {
                known[journal.id] = journal
            } else {
                try give(&journal, id: 0)
                unclaimed.append(journal)
            }
        }
    }

    /// Where the journal of `content` is, or is to be made; it may be one that a process made before it died.
    func path(for content: TailedFile) throws(SystemError) -> String {
        if let journal = known[content.id] { return path(journal) }
        var journal = Journal(
            name: "", id: content.id, inode: content.identity.inode, birthNanoseconds: content.identity.birthNanoseconds,
            head: content.head)
        if let index = try unclaimedIndex(of: content) {
            journal = unclaimed.remove(at: index)
            try give(&journal, id: content.id)
        } else {
            journal.name = name(of: journal)
        }
        known[content.id] = journal
        return path(journal)
    }

    /// The content with this number will not be sent again.
    func forget(_ id: UInt64) {
        if let journal = known.removeValue(forKey: id) { unlink(path(journal)) }
    }

    private func unclaimedIndex(of content: TailedFile) throws(SystemError) -> Int? {
        for (index, journal) in unclaimed.enumerated()
        where journal.inode == content.identity.inode && journal.birthNanoseconds == content.identity.birthNanoseconds {
            if try content.begins(with: journal.head) { return index }
        }
        return nil
    }

    /// Every content that was there at the start has been read: what waits belongs to none.
    func removeUnclaimed() {
        for journal in unclaimed { unlink(path(journal)) }
        unclaimed.removeAll()
    }

    private func give(_ journal: inout Journal, id: UInt64) throws(SystemError) {
        let old = path(journal)
        journal.id = id
        journal.name = name(of: journal)
        if rename(old, path(journal)) < 0 { throw SystemError(call: "rename", subject: old) }
    }

    private func path(_ journal: Journal) -> String { directory + "/" + journal.name }

    private func name(of journal: Journal) -> String {
        "\(journal.id)-\(journal.inode)-\(journal.birthNanoseconds)-\(journal.head.length)-\(journal.head.hash)\(suffix)"
    }

    private func journal(named name: String) -> Journal? {
        guard name.hasSuffix(suffix) else { return nil }
        let parts = name.dropLast(suffix.count).split(separator: "-").map { UInt64($0) }
        guard parts.count == 5, let id = parts[0], let inode = parts[1], let birth = parts[2],
            let length = parts[3].flatMap({ UInt16(exactly: $0) }), let hash = parts[4]
        else { return nil }
        return Journal(name: name, id: id, inode: inode, birthNanoseconds: birth, head: HeadFingerprint(length: length, hash: hash))
    }
}

/// All journals of a data directory.
struct FileJournals {
    let times: ContentJournals
    let breaks: ContentJournals

    init(directory: String, firstFreeID: UInt64) throws(SystemError) {
        times = try ContentJournals(.times, directory: directory, firstFreeID: firstFreeID)
        breaks = try ContentJournals(.breaks, directory: directory, firstFreeID: firstFreeID)
    }

    func forget(_ id: UInt64) {
        times.forget(id)
        breaks.forget(id)
    }

    func removeUnclaimed() {
        times.removeUnclaimed()
        breaks.removeUnclaimed()
    }
}
