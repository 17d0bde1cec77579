import Testing

@testable import TranscodeService

struct HeaderParametersTests {
    @Test func `values and parameters are found`() throws {
        let parsed = try #require(HeaderParameters("Form-Data ; NAME=file; filename=\"a \\\"b\\\".mp4\" ;x=y;"))
        #expect(parsed.value == "form-data")
        #expect(parsed["name"] == "file")
        #expect(parsed["filename"] == "a \"b\".mp4")
        #expect(parsed["x"] == "y")
        #expect(HeaderParameters("multipart/form-data; boundary=a-b")?["boundary"] == "a-b")
    }

    @Test(arguments: ["", ";", "a b", "a; b", "a; b=", "a; b=\"c", "a; b=c; B=d", "a; =c", "a; b=\"c\"d", "a=b", "a; b=\"\\"])
    func `what is not of the form is nothing`(text: String) { #expect(HeaderParameters(text) == nil) }
}
