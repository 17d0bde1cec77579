import Glibc
import Synchronization

/// The terminal as a full-screen program has it: keys come one by one, nothing is echoed, the cursor is hidden, and the screen that was
/// there is kept. Put back as it was when this goes away.
struct RawTerminal: ~Copyable {
    private let saved: termios

    /// Set when the process is asked to end: the terminal is to be put back first.
    private static let isEnding = Atomic<Bool>(false)

    /// nil where standard input or output is no terminal.
    static func take() -> RawTerminal? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
        var now = termios()
        guard tcgetattr(STDIN_FILENO, &now) == 0 else { return nil }
        let saved = now
        now.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) == 0 else { return nil }
        isEnding.store(false, ordering: .relaxed)
        // Only to interrupt the wait for a key: the size has changed, or the process is to end.
        var wake = sigaction()
        wake.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGWINCH, &wake, nil)
        var end = sigaction()
        end.__sigaction_handler.sa_handler = { _ in RawTerminal.isEnding.store(true, ordering: .relaxed) }
        for signal in [SIGTERM, SIGHUP, SIGINT] { sigaction(signal, &end, nil) }
        return RawTerminal(saved: saved)
    }

    private init(saved: termios) {
        self.saved = saved
        Self.write("\u{1b}[?1049h\u{1b}[?25l")
    }

    deinit {
        Self.write("\u{1b}[?25h\u{1b}[?1049l")
        var saved = saved
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
    }

    /// Columns and rows, as they are now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Shows `text` in place of what was there, without flicker.
    func show(_ text: String) {
        var screen = "\u{1b}[H"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        screen += lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
        Self.write(screen + "\u{1b}[J")
    }

    enum Event { case quit, redraw, timeout }

    /// Waits for a key, another size, or the end of `milliseconds`.
    func wait(milliseconds: Int32) -> Event {
        var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let count = Glibc.poll(&poll, 1, milliseconds)
        if Self.isEnding.load(ordering: .relaxed) { return .quit }
        if count < 0 { return .redraw }
        if count == 0 { return .timeout }
        var keys = [UInt8](repeating: 0, count: 64)
        let read = Glibc.read(STDIN_FILENO, &keys, keys.count)
        if read <= 0 { return .quit }
        // q, Ctrl-C, Ctrl-D, and Escape alone.
        let isQuit = keys[..<read].contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") || $0 == 3 || $0 == 4 }
        return isQuit || (read == 1 && keys[0] == 27) ? .quit : .redraw
    }

    private static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}
