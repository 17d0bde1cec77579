/// What the program tells its caller.
enum ExitCode: Int32 {
    /// It did what was asked, or was asked to stop.
    case success = 0
    /// It failed at work.
    case failure = 1
    /// Bad arguments or a bad configuration: nothing was started.
    case usage = 2
}
