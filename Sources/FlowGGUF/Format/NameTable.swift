/// Finds names by their bytes: an open-addressed table of positions in a list of names that its owner keeps.
///
/// `String`'s own equality follows Unicode's canonical equivalence and would take two different keys, tensor names or
/// tokens for one. A `Dictionary` would take 30 to 100 bytes a name; this takes at most eleven, so that no file, however
/// many names it holds, makes the reader ask for more memory than the file has bytes.
struct NameTable: Sendable {
    /// Position plus one; 0 is free. The length is a power of two, at most three quarters of it are used.
    private var slots: [UInt32] = []
    private var count = 0

    /// Adds the name at `position`; gives the position of the equal name that is there already, or nil.
    mutating func insert(_ position: Int, of names: GGUFStrings) -> Int? {
        if (count + 1) * 4 > slots.count * 3 { grow(names) }
        let slot = names.bytes(at: position).withUnsafeBytes { place(of: $0, in: names) }
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        slots[slot] = UInt32(position + 1)
        count += 1
        return nil
    }

    /// The position of `name` in `names`, the list that the table was made with.
    func position(of name: String, in names: GGUFStrings) -> Int? {
        if slots.isEmpty { return nil }
        var name = name
        let slot = name.withUTF8 { place(of: UnsafeRawBufferPointer($0), in: names) }
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    /// Where `name` is, or the free place where it belongs.
    private func place(of name: UnsafeRawBufferPointer, in names: GGUFStrings) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] != 0, !names.bytes(at: Int(slots[slot]) - 1).elementsEqual(name) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow(_ names: GGUFStrings) {
        let positions = slots
        slots = [UInt32](repeating: 0, count: max(8, 2 * positions.count))
        for position in positions where position != 0 {
            let slot = names.bytes(at: Int(position) - 1).withUnsafeBytes { place(of: $0, in: names) }
            slots[slot] = position
        }
    }
}
