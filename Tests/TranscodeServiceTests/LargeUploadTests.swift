import Foundation
import TestSupport
import Testing

/// The built program, and an upload that is larger than it may become.
@Suite(.timeLimit(.minutes(5))) struct LargeUploadTests {
    @Test(arguments: ["application/octet-stream", "multipart/form-data; boundary=b"])
    func `an upload of any size takes the service no more memory`(type: String) throws {
        try withTemporaryDirectory { directory in
            let configuration = directory + "/service.json5"
            let socket = directory + "/socket"
            try """
            listen: "unix:\(socket)", data_dir: "\(directory)/data", log: { stdout: false, file: "\(directory)/log" }, workers: { count: 0 },
            """.write(toFile: configuration, atomically: true, encoding: .utf8)
            let created = try ChildProcess.run(
                [TestLauncher.path, "keys", "create", "--config", configuration, "--name", "studio"], in: directory)
            #expect(created.ending == .exited(0), "\(created.error)")
            let key = String(try #require(created.output.split(whereSeparator: \.isWhitespace).last))
            let service = try ServiceProcess(configuration: configuration, socket: socket, logPath: directory + "/err")

            func upload(megabytes: Int) throws -> Int {
                // A form is one head, the file's bytes, and one end.
                let isForm = type.hasPrefix("multipart")
                let head = isForm ? Array("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".utf8) : []
                let end = isForm ? Array("\r\n--b--\r\n".utf8) : []
                let answer = try service.request(
                    .post, "/api/v1/jobs", key: key, headers: ["Content-Type": type],
                    pieces: [head] + Array(repeating: [UInt8](repeating: 0x41, count: 1 << 20), count: megabytes) + [end],
                    timeoutSeconds: 240)
                let job = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
                #expect(answer.status == 201)
                #expect(try service.request(.delete, "/api/v1/jobs/\(try #require(job["id"] as? String))", key: key).status < 300)
                return try #require(job["input_bytes"] as? Int)
            }
            #expect(try upload(megabytes: 1) == 1 << 20)
            let before = try service.process.memory("VmHWM")
            #expect(try upload(megabytes: 256) == 256 << 20)
            let grown = try service.process.memory("VmHWM") - before
            #expect(grown < 32 << 20, "It took \(grown >> 20) MiB.")
            try service.terminate()
        }
    }
}
