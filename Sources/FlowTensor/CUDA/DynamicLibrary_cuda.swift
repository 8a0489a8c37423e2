#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Android)
    internal import Android
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A shared library found at run time. It stays loaded for the life of the process.
struct DynamicLibrary: @unchecked Sendable {
    let name: String
    private let handle: UnsafeMutableRawPointer

    /// - Parameter names: tried in this order.
    init(_ names: [String]) throws(CUDAFault) {
        var detail: String?
        for name in names {
            if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                self.name = name
                self.handle = handle
                return
            }
            let message = dlerror().map { String(cString: $0) }
            if detail == nil { detail = message }
        }
        throw .libraryMissing(names: names, detail: detail ?? "no message")
    }

    /// The function called `function`, as a C function pointer of the given type.
    func function<Function>(_ function: String, as type: Function.Type = Function.self) throws(CUDAFault) -> Function {
        guard let symbol = dlsym(handle, function) else { throw .functionMissing(library: name, function: function) }
        return unsafeBitCast(symbol, to: type)
    }
}
