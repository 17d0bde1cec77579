import Foundation
import TestSupport

/// Small videos that ffmpeg makes of its test sources, each made once.
enum TestVideos {
    /// 2 s, 320 × 180, with a tone.
    static let withSound = Made("sound.mp4", ["-f", "lavfi", "-i", "testsrc2=s=320x180:d=2:r=10", "-f", "lavfi", "-i", "sine=d=2"])
    /// 1 s, with its index at the end.
    static let indexLast = Made("index-last.mov", ["-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=10"])
    /// 1 s, 161 × 91 pixels, no sound.
    static let odd = Made("odd.mkv", ["-f", "lavfi", "-i", "testsrc=s=161x91:d=1:r=10", "-pix_fmt", "yuv444p"])
    static let soundOnly = Made("sound.m4a", ["-f", "lavfi", "-i", "sine=d=1"])
    /// An MPEG-TS, as playlists have them.
    static let segment = Made("segment.ts", ["-f", "lavfi", "-i", "testsrc2=s=160x96:d=1:r=10"])

    /// Is ffmpeg there? See script/setup.
    struct NotMade: Error {
        let error: String
    }

    final class Made: Sendable {
        private let result: Result<String, any Error>

        fileprivate init(_ name: String, _ source: [String]) {
            result = Result {
                let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tailspan-videos-\(getpid())").path
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                Self.removedAtExit
                let path = directory + "/" + name
                let ended = try ChildProcess.run(
                    ["ffmpeg", "-nostdin", "-v", "error", "-y"] + source
                        + (name.hasSuffix("m4a") ? [] : ["-c:v", "libx264", "-preset", "ultrafast"])
                        + (name.hasSuffix("mp4") ? ["-movflags", "+faststart"] : []) + [path],
                    in: directory)
                guard ended.ending == .exited(0) else { throw NotMade(error: ended.error) }
                return path
            }
        }

        var path: String { get throws { try result.get() } }

        private static let removedAtExit: Void = {
            atexit {
                let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tailspan-videos-\(getpid())").path
                try? FileManager.default.removeItem(atPath: directory)
            }
        }()
    }
}
