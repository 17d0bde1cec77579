import Glibc

/// Chooses the target that `FUZZ_TARGET` names; without it, names all of them. Called by libFuzzer, once, before the first input.
@_cdecl("LLVMFuzzerInitialize")
func chooseTarget(_ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutableRawPointer) -> Int32 {
    let targets = FuzzTarget.all
    guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }) else {
        for target in targets { print(target.name) }
        exit(0)
    }
    chosen = targets.first { $0.name == name }
    precondition(chosen != nil, "there is no target \(name)")
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
func runChosenTarget(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    chosen?.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// libFuzzer calls from one thread.
private nonisolated(unsafe) var chosen: FuzzTarget?
