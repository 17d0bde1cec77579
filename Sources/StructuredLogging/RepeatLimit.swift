/// Lets the first few of equal events through in each window of time, and counts the others. Knows no clock.
struct RepeatLimit {
    /// Two events with the same key are repeats of each other.
    struct Key: Hashable, Sendable {
        var level: LogLevel
        var logger: String
        var message: String
    }

    /// Events that were not let through.
    struct HeldBack: Equatable {
        var key: Key
        var count: UInt64
    }

    private struct Window {
        var endNanoseconds: UInt64
        var admitted: Int
        var heldBack: UInt64
    }

    /// How many different events are told apart; all others count as one.
    static let maximumKeys = 512
    private static let others = Key(level: .warning, logger: "", message: "")

    private let admittedPerWindow: Int
    private let windowNanoseconds: UInt64
    private var windows: [Key: Window] = [:]
    /// No window ends before.
    private var nextEndNanoseconds = UInt64.max

    init(admittedPerWindow: Int, windowNanoseconds: UInt64) {
        self.admittedPerWindow = admittedPerWindow
        self.windowNanoseconds = windowNanoseconds
    }

    /// Whether an event may be written now.
    mutating func admits(_ key: Key, now: UInt64) -> Bool {
        let key = windows[key] == nil && windows.count >= Self.maximumKeys ? Self.others : key
        guard var window = windows[key] else {
            windows[key] = Window(endNanoseconds: now + windowNanoseconds, admitted: 1, heldBack: 0)
            nextEndNanoseconds = min(nextEndNanoseconds, now + windowNanoseconds)
            return true
        }
        let isAdmitted = window.admitted < admittedPerWindow
        if isAdmitted { window.admitted += 1 } else { window.heldBack += 1 }
        windows[key] = window
        return isAdmitted
    }

    /// Closes the windows that have ended, or all, and gives what they held back, in no order.
    mutating func close(now: UInt64, all: Bool = false) -> [HeldBack] {
        if now < nextEndNanoseconds && !all { return [] }
        var heldBack: [HeldBack] = []
        nextEndNanoseconds = .max
        for (key, window) in windows {
            if window.endNanoseconds <= now || all {
                windows[key] = nil
                if window.heldBack > 0 { heldBack.append(HeldBack(key: key, count: window.heldBack)) }
            } else {
                nextEndNanoseconds = min(nextEndNanoseconds, window.endNanoseconds)
            }
        }
        return heldBack
    }
}
