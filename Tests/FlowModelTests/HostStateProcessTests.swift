import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Trajectories in processes of their own, in which a library changes the processor's floating point: loaded before the program starts, so that all its
/// threads inherit it, or later, between two steps.
///
/// The processes are this test program again, asked for `trajectoryOfThisProcess` alone.
@Suite struct HostStateProcessTests {
    private static let request = "FLOW_TEST_HOST_STATE_OUTPUT"
    private static let late = "FLOW_TEST_HOST_STATE_LIBRARY"

    /// In a process that was asked: writes what comes out there, and in the first line whether the processor computes otherwise.
    @Test func trajectoryOfThisProcess() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let path = environment[Self.request] else { return }
        let poolOfBefore = ThreadPool(threads: 2)
        let work = try VectorTrajectory("tiny")
        if let library = environment[Self.late] {
            // A pool that has worked already.
            #expect(try work.lines(backend: SIMDBackend(), pool: poolOfBefore) == work.expected)
            #expect(!HostState.differsHere)
            try #require(dlopen(library, RTLD_NOW) != nil)
        }
        let pools = [ThreadPool.single, poolOfBefore, ThreadPool(threads: 2)]
        var lines: [String] = []
        for backend in HostStateTests.backends + [try BackendSelection.admission(offering: [OpenBLASBackend()]).backend] {
            for pool in pools { lines += try work.lines(backend: backend, pool: pool) }
        }
        try (["\(HostState.differsHere)"] + lines).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// A library that does what `-ffast-math` makes gcc's do, from gcc's own object where it is installed, and one that sets any state.
    private static func libraries(in folder: TemporaryFolder) throws -> (fastMath: String?, any: String) {
        let source = Vectors.root.deletingLastPathComponent().appendingPathComponent("CHostState")
        let any = folder.path("any.so")
        try Clang.run([
            "-shared", "-fPIC", "-O1", "-DWHEN_LOADED", "-I\(source.path)/include", "\(source.path)/host_state.c", "-o", any,
        ])
        let object = try Clang.run(["-print-file-name=crtfastmath.o"]).trimmingCharacters(in: .whitespacesAndNewlines)
        // Without it clang prints the name alone.
        guard object.hasPrefix("/") else { return (nil, any) }
        let fastMath = folder.path("fast-math.so")
        try Data("double a_function(double x) { return x / 3; }\n".utf8).write(to: URL(fileURLWithPath: folder.path("fast-math.c")))
        try Clang.run(["-shared", "-fPIC", "-O2", "-ffast-math", folder.path("fast-math.c"), object, "-o", fastMath])
        return (fastMath, any)
    }

    private static func lines(_ library: String, isPreloaded: Bool, state: HostState, in folder: TemporaryFolder) throws -> [String] {
        let output = folder.path("output")
        try? FileManager.default.removeItem(atPath: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--testing-library", "swift-testing", "--filter", "HostStateProcessTests/trajectoryOfThisProcess"]
        var environment = ProcessInfo.processInfo.environment
        environment[isPreloaded ? "LD_PRELOAD" : late] = library
        environment["FLOW_TEST_HOST_STATE"] = "\(state.number)"
        environment[request] = output
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(library), \(state)")
        return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [true, false]) func librariesThatChangeTheProcessHarmNobody(isPreloaded: Bool) throws {
        let folder = try TemporaryFolder()
        let (fastMath, any) = try Self.libraries(in: folder)
        let expected = try VectorTrajectory("tiny").expected
        func check(_ library: String, _ state: HostState) throws {
            let lines = try Self.lines(library, isPreloaded: isPreloaded, state: state, in: folder)
            #expect(lines.first == "true", "\(library), \(state): the library changed nothing")
            let runs = 3 * (HostStateTests.backends.count + 1)
            #expect(Array(lines.dropFirst()) == (0..<runs).flatMap { _ in expected }, "\(library), \(state)")
        }
        if let fastMath { try check(fastMath, HostState(number: 4)) }
        for state in HostState.withoutTraps where state.number != 0 { try check(any, state) }
    }
}
