import CLinux
import Glibc
import SystemIO

/// Tells what happens to the files of a set of directories (`inotify(7)`). One watch a directory, however many files it has.
package final class DirectoryWatch {
    package enum Event: Equatable {
        case modified(path: String)
        /// Made, or renamed to this name.
        case appeared(path: String)
        /// Deleted, or renamed to a name outside of the watched directories.
        case vanished(path: String)
        case renamed(from: String, to: String)
        /// A directory was made, renamed or removed, or the kernel dropped events: only a new look at everything helps.
        case lookAgain
    }

    private let descriptor: FileDescriptor
    /// The names of each watched directory: links may give it several.
    private var directories: [Int32: [String]] = [:]
    private var watches: [String: Int32] = [:]
    /// A name that was left by a rename whose other half has not come yet.
    private var pendingRename: (cookie: UInt32, path: String)?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)

    package init() throws(SystemError) {
        let raw = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if raw < 0 { throw SystemError(call: "inotify_init1", subject: "") }
        descriptor = FileDescriptor(owning: raw)
    }

    deinit { buffer.deallocate() }

    /// Readable when there are events.
    package var rawValue: Int32 { descriptor.rawValue }

    /// Watches what `directory` leads to now. False where it did already.
    @discardableResult
    package func watch(_ directory: String) throws(SystemError) -> Bool {
        let mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | Int32(IN_ONLYDIR)
        let watch = inotify_add_watch(descriptor.rawValue, directory, UInt32(bitPattern: mask))
        if watch < 0 { throw SystemError(call: "inotify_add_watch", subject: directory) }
        guard let old = watches.updateValue(watch, forKey: directory) else {
            directories[watch, default: []].append(directory)
            return true
        }
        if old == watch { return false }
        // A link leads elsewhere now, or another directory has this name.
        directories[watch, default: []].append(directory)
        directories[old]?.removeAll { $0 == directory }
        if directories[old]?.isEmpty == true {
            directories[old] = nil
            inotify_rm_watch(descriptor.rawValue, old)
        }
        return true
    }

    /// Hands on all events that are there, in order.
    package func drain(_ take: (Event) -> Void) throws(SystemError) {
        while let count = try descriptor.read(into: buffer), count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let headBytes = MemoryLayout<inotify_event>.size
            var position = 0
            while position + headBytes <= count {
                let event = bytes.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                let name = bytes[(position + headBytes)...].prefix(Int(event.len)).prefix { $0 != 0 }
                position += headBytes + Int(event.len)
                translate(event, name: name.isEmpty ? nil : String(decoding: name, as: UTF8.self), take)
            }
        }
        endPendingRename(take)
    }

    private func translate(_ event: inotify_event, name: String?, _ take: (Event) -> Void) {
        let mask = event.mask
        func has(_ bit: Int32) -> Bool { mask & UInt32(bitPattern: bit) != 0 }
        if let pending = pendingRename, has(IN_MOVED_TO), event.cookie == pending.cookie, mask & UInt32(IN_ISDIR) == 0, let name,
            let directory = directories[event.wd]?.first
        {
            pendingRename = nil
            return take(.renamed(from: pending.path, to: Self.path(directory, name)))
        }
        endPendingRename(take)
        if has(IN_Q_OVERFLOW) { return take(.lookAgain) }
        if has(IN_IGNORED) || has(IN_DELETE_SELF) || has(IN_MOVE_SELF) {
            for directory in directories.removeValue(forKey: event.wd) ?? [] { watches[directory] = nil }
            return take(.lookAgain)
        }
        if mask & UInt32(IN_ISDIR) != 0 {
            if !has(IN_MODIFY) { take(.lookAgain) }
            return
        }
        guard let names = directories[event.wd], let name else { return }
        if has(IN_MOVED_FROM), names.count == 1 {
            pendingRename = (event.cookie, Self.path(names[0], name))
            return
        }
        for directory in names {
            let path = Self.path(directory, name)
            if has(IN_MODIFY) { take(.modified(path: path)) }
            if has(IN_CREATE) || has(IN_MOVED_TO) { take(.appeared(path: path)) }
            if has(IN_DELETE) || has(IN_MOVED_FROM) { take(.vanished(path: path)) }
        }
    }

    /// The file went to where no watch is.
    private func endPendingRename(_ take: (Event) -> Void) {
        guard let pending = pendingRename.take() else { return }
        take(.vanished(path: pending.path))
    }

    private static func path(_ directory: String, _ name: String) -> String { directory + (directory == "/" ? "" : "/") + name }

    /// Whether changes made by other machines, or below FUSE, would go unnoticed there.
    package static func isUnreliable(at directory: String) -> Bool {
        var info = statfs()
        guard retryingOnInterrupt({ statfs(directory, &info) }) == 0 else { return false }
        // NFS, SMB, CIFS, SMB2, FUSE, 9p, Ceph, AFS.
        return [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x5346_414f].contains(Int(info.f_type))
    }
}
