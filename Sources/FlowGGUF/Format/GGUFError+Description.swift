extension GGUFError: CustomStringConvertible {
    public var description: String {
        guard let offset else { return text }
        return "\(text) (at byte \(offset))"
    }

    private var text: String {
        switch self {
        case .notGGUF(let found, _):
            "this is not a GGUF file: expected the bytes 'GGUF' at its start, found \(found)"
        case .bigEndian:
            "this GGUF file is big-endian; only little-endian files are read. Convert it with the tools it came from"
        case .unsupportedVersion(let version, _):
            "GGUF version \(version) is not supported, only version 3. Convert the file anew with a current tool"
        case .truncated(let field, let needed, let available, _):
            "the file ends inside \(field): \(needed) bytes are needed, \(available) are there. "
                + "It is truncated or damaged; fetch or export it again"
        case .limitExceeded(let field, let value, let limit, _):
            "\(field) is \(value), above the limit of \(limit)"
        case .invalidUTF8(let field, let byte, _):
            "\(field) is not valid UTF-8 (byte \(byte) of the text)"
        case .nulInName(let field, _):
            "\(field) contains a zero byte"
        case .emptyKey:
            "a metadata key is empty"
        case .duplicateKey(let key, _):
            "the metadata key '\(shown(key))' occurs twice"
        case .unknownValueType(let raw, let key, _):
            "metadata '\(shown(key))' has the unknown value type \(raw); types 0 to 12 are defined"
        case .nestedArray(let key, _):
            "metadata '\(shown(key))' is an array of arrays, which is not supported"
        case .invalidBoolean(let byte, let key, _):
            "metadata '\(shown(key))' has the boolean value \(byte); only 0 and 1 are allowed"
        case .invalidAlignment(let value, _):
            "general.alignment is \(value); a power of two from 8 to \(GGUFLimits.largestAlignment) is expected"
        case .tooManyDimensions(let count, let tensor, _):
            "tensor '\(shown(tensor))' has \(count) dimensions; at most 4 are allowed"
        case .sizeOverflow(let tensor, _):
            "the dimensions of tensor '\(shown(tensor))' overflow 63 bits"
        case .unknownTensorType(let raw, let tensor, _):
            "tensor '\(shown(tensor))' has the unknown type \(raw)"
        case .partialBlock(let tensor, let type, let rowLength, _):
            "tensor '\(shown(tensor))' of type \(type) has rows of \(rowLength) elements; "
                + "a multiple of \(type.blockLength) is expected"
        case .duplicateTensor(let name, _):
            "the tensor '\(shown(name))' occurs twice"
        case .wrongTensorOffset(let tensor, let expected, let actual, _):
            "tensor '\(shown(tensor))' has the data offset \(actual); \(expected) is expected, "
                + "as tensors follow each other without gaps"
        case .tensorOutOfBounds(let tensor, let needed, let available, _):
            "the data of tensor '\(shown(tensor))' needs the file to be \(needed) bytes long, it has \(available). "
                + "It is truncated or damaged; fetch or export it again"
        case .missingKey(let key):
            "the file lacks the metadata key '\(shown(key))'; it is not a model that can be run"
        case .missingTensor(let name):
            "the file lacks the tensor '\(shown(name))'; it is not a complete model"
        case .unexpectedValue(let key, let expected, let actual, _):
            "metadata '\(shown(key))': expected \(expected), found \(actual)"
        case .unexpectedTensor(let tensor, let expected, let actual, _):
            "tensor '\(shown(tensor))': expected \(expected), found \(actual)"
        case .unsupportedArchitecture(let name, let supported, _):
            "the architecture '\(shown(name))' is not supported; supported are \(supported.joined(separator: ", "))"
        case .nonFinite(let tensor, let element, _):
            "tensor '\(shown(tensor))' has an infinite or undefined weight at element \(element)"
        case .unsupportedConversion(let type, let encoding):
            encoding ? "there is no encoder for \(type)" : "there is no decoder for \(type)"
        case .unrepresentable(let type, let element, let value):
            "element \(element) (\(value)) cannot be stored as \(type)"
        case .wrongLength(let what, let expected, let actual):
            "\(what): expected \(expected), got \(actual)"
        case .inconsistentSplit(let file, let reason):
            "'\(file)' does not fit the other parts of the split file: \(reason)"
        case .inPart(let file, let error):
            "'\(file)': \(error.text)"
        case .cancelled:
            "writing was cancelled; nothing was replaced"
        case .system(let operation, let path, _, let message):
            "cannot \(operation) '\(path)': \(message)"
        }
    }
}

/// A key or a name for a message: whole up to 96 bytes, else its beginning.
func shown(_ name: String) -> String {
    if name.utf8.count <= 96 { return name }
    return String(decoding: name.utf8.prefix(96), as: UTF8.self) + "…"
}
