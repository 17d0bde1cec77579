import Glibc
import SystemIO

/// `type: "stdin"`: what another program writes into the agent's standard input.
struct StdinCapture: Sendable {
    let state: CaptureState
    let maximumLineBytes: Int
    let control: CaptureControl

    /// Until the input ends, or a stop is asked for; then what has arrived is in the log.
    func run() {
        var pipe = CapturedPipe(state, stream: 0, maximumLineBytes: maximumLineBytes)
        let input: Int32 = 0
        var isOpen = true
        while isOpen {
            let stop = control.stop
            if let stop, stop.isImmediate || hasPassed(CaptureControl.lastReadNanoseconds, since: stop) { break }
            guard pipe.flush() else {
                if let stop, hasPassed(CaptureControl.lastWriteNanoseconds, since: stop) { break }
                waitForRoom()
                continue
            }
            state.note(nil)
            let ready = Poll.readable([input, control.event.rawValue], milliseconds: stop == nil ? nil : 0)
            if ready[1] { control.event.drain() }
            if ready[0] {
                isOpen = pipe.read(input)
            } else if stop != nil {
                break
            }
        }
        pipe.finish()
        while !pipe.flush() {
            if let stop = control.stop, stop.isImmediate || hasPassed(CaptureControl.lastWriteNanoseconds, since: stop) { break }
            waitForRoom()
        }
        if pipe.isBlocked { pipe.giveUp() } else { state.note(nil) }
        pipe.seal()
        release(input)
    }

    /// The writer sees that nobody reads any more, and the number stays taken.
    private func release(_ input: Int32) {
        guard let null = try? FileDescriptor(opening: "/dev/null") else { return }
        dup2(null.rawValue, input)
    }

    private func hasPassed(_ nanoseconds: UInt64, since stop: CaptureControl.Stop) -> Bool {
        SystemClock.nanoseconds(from: stop.sinceNanoseconds, to: SystemClock.monotonicNanoseconds()) >= nanoseconds
    }

    private func waitForRoom() { state.waitForRoom(control) }
}

extension CaptureState {
    /// How often a disk that took nothing is tried again.
    static let diskRetryMilliseconds = 250

    /// Waits until a segment was removed, the source is told something, or it is time to try the disk again.
    func waitForRoom(_ control: CaptureControl) {
        let ready = Poll.readable([budget.roomMade.rawValue, control.event.rawValue], milliseconds: Self.diskRetryMilliseconds)
        if ready[0] { budget.roomMade.drain() }
        if ready[1] { control.event.drain() }
    }
}
