import Glibc
import SystemIO

/// The signal that asks a thread where it is: `SIGPROF` from one of our timers, which carries the ring that the answer goes to.
enum SampleSignal {
    /// One for the process, made with the first profile.
    static let ring: SampleRing = SampleRing()

    /// Where the kernel's structures have what the handler reads, in bytes. Computed: a stored one is initialised at its first use, which
    /// would be in the handler.
    private enum Offset {
        /// `siginfo_t`.
        static var code: Int { 8 }
        static var overrun: Int { 20 }
        static var value: Int { 24 }
        // `ucontext_t`.
        #if arch(x86_64)
            static var frame: Int { 120 }
            static var stack: Int { 160 }
            static var instruction: Int { 168 }
        #elseif arch(arm64)
            static var frame: Int { 416 }
            static var stack: Int { 432 }
            static var instruction: Int { 440 }
        #endif
    }

    /// `SI_TIMER`.
    private static var timerCode: Int32 { -2 }

    /// Does nothing with a signal that is not of a timer, or not ours. Preserves `errno`.
    private static let handler: @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void = {
        _, information, context in
        guard let information = UnsafeRawPointer(information), let context,
            information.load(fromByteOffset: Offset.code, as: Int32.self) == timerCode,
            let ring = information.load(fromByteOffset: Offset.value, as: UnsafePointer<SampleRing>?.self)
        else { return }
        let errorNumber = errno
        ring.pointee.record(
            instruction: context.load(fromByteOffset: Offset.instruction, as: UInt.self),
            frame: context.load(fromByteOffset: Offset.frame, as: UInt.self),
            stack: context.load(fromByteOffset: Offset.stack, as: UInt.self),
            // Expirations that came while the signal was pending are told as one.
            weight: UInt(truncatingIfNeeded: 1 &+ max(0, information.load(fromByteOffset: Offset.overrun, as: Int32.self))))
        errno = errorNumber
    }

    /// The ring at an address that stays, for the timers. Written once, before anybody has it.
    nonisolated(unsafe) static let ringPointer: UnsafeMutablePointer<SampleRing> = {
        let pointer = UnsafeMutablePointer<SampleRing>.allocate(capacity: 1)
        pointer.initialize(to: ring)
        return pointer
    }()

    /// Installs the handler, for the rest of the process's life: a signal may come after its timer is gone, and would end the process.
    static func install() throws(SystemError) {
        if let code = ring.selfTest { throw SystemError(call: "process_vm_readv", subject: "this process", code: code) }
        warmUp()
        var action = sigaction()
        sigfillset(&action.sa_mask)
        action.sa_flags = SA_SIGINFO | SA_RESTART
        action.__sigaction_handler.sa_sigaction = handler
        if sigaction(SIGPROF, &action, nil) != 0 { throw SystemError(call: "sigaction", subject: "SIGPROF") }
    }

    /// Calls the handler once as a function, so that whatever the language's run time or the loader does at a first call is done.
    private static func warmUp() {
        let information = UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 16)
        let context = UnsafeMutableRawPointer.allocate(byteCount: 8192, alignment: 16)
        defer {
            information.deallocate()
            context.deallocate()
        }
        information.initializeMemory(as: UInt8.self, repeating: 0, count: 1024)
        context.initializeMemory(as: UInt8.self, repeating: 0, count: 8192)
        information.storeBytes(of: timerCode, toByteOffset: Offset.code, as: Int32.self)
        information.storeBytes(of: UnsafePointer(ringPointer), toByteOffset: Offset.value, as: UnsafePointer<SampleRing>.self)
        // A frame whose caller is in the first page: the walk reads it and ends.
        let frame = UInt(bitPattern: context + 4096)
        context.storeBytes(of: frame, toByteOffset: Offset.frame, as: UInt.self)
        context.storeBytes(of: frame, toByteOffset: Offset.stack, as: UInt.self)
        handler(SIGPROF, information.assumingMemoryBound(to: siginfo_t.self), context)
        ring.drain { _, _ in }
    }
}
