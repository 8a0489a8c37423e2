#!/usr/bin/env python3
"""Ranges, subscripts and conversions that may trap on outside data and that nothing nearby guards.

Law 2: nothing from disk, a peer or a file may trap the process. Swift traps where a range's ends are the wrong way round, an index lies
outside, a number does not fit its new type, a divisor is zero or a dictionary's keys repeat. This script reads the folders
where bytes, texts and numbers from outside arrive, line by line, and lists each such place whose operands no `guard`, `if`, `while`,
`for`, `where`, `min` or `max` of the same function mentions before it. It is a heuristic: what it does not list may still trap, and what it lists
may be safe for a reason that it cannot see. Such a line stands in unguarded-allowed.txt, below the reason; a line there that is
no longer found fails too, so that a changed line is looked at again. Where a subscript is safe however it is written, because all its indices are
made by the one that holds the list, `name[…]` stands there below the file or the folder, and only the rest of such lines is looked at.

    unguarded.py [TARGET …]      all folders below where none is named; --list prints in the form of unguarded-allowed.txt
"""
import re
import sys

from swift_text import ROOT, WORD, code, declarations, swift_files

# Left out: what works on memory of a fixed size or one that its caller measured, where nearly every line is such a place (hashes' rounds, quantised
# blocks, kernels, training), and NIO's and the libraries' sides of FlowTensor.
FOLDERS = [
    "FlowEncoding", "FlowCrypto/Keys", "FlowCrypto/Merkle", "FlowCrypto/Secrets", "FlowCrypto/Signatures", "FlowCrypto/Text",
    "FlowTraining", "FlowConsensus", "FlowGGUF/Format", "FlowGGUF/Model", "FlowGGUF/Reading", "FlowGGUF/Split", "FlowModel/Corpus", "FlowModel/State",
    "FlowModel/Tokenizer", "FlowModel/Inference/InferenceConfiguration.swift", "FlowModel/Inference/InferenceLayer.swift",
    "FlowModel/Inference/InferenceModel.swift", "FlowModel/Inference/TensorLoader.swift", "FlowStore", "FlowP2P", "FlowWallet", "FlowNode",
]
ALLOWED = ROOT / "Tests/laws/unguarded-allowed.txt"

SMALL = {"UInt8", "UInt16", "UInt32", "BlockHeight", "UInt16?", "UInt32?"}
LITERAL = r"-?(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*)"
# An operand: a chain of names with calls and subscripts, or a literal.
OPERAND = r"(?:[A-Za-z_][A-Za-z0-9_]*(?:[?!]?\.[A-Za-z_][A-Za-z0-9_]*|\([^()]*\)|\[[^\[\]]*\])*|" + LITERAL + r"|\([^()]*\))"
SUM = OPERAND + r"(?: (?:[-+*/&|]|<<|>>|&[-+*]) " + OPERAND + r")*"
RANGE = re.compile(r"(?P<low>" + SUM + r")\s*\.\.[<.]\s*(?P<high>" + SUM + r")")
SLICE = re.compile(r"(?P<base>[A-Za-z0-9_)\]])\[(?P<index>[^\[\]]*\.\.[<.][^\[\]]*)\]")
INDEX = re.compile(r"(?P<base>[A-Za-z_][A-Za-z0-9_.]*|[)\]])\[(?P<index>[^\[\]]+)\]")
NUMBER = re.compile(r"\b(?P<type>U?Int(?:8|16|32|64)?)\((?P<value>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
CUT = re.compile(r"\.(?P<call>prefix|suffix|dropFirst|dropLast|removeFirst|removeLast)\((?P<value>[^(){}]*-[^(){}]*)\)")
DIVISION = re.compile(r" [/%]=? (?P<value>" + OPERAND + r")")
KEYS = re.compile(r"uniqueKeysWithValues")
LOAD = re.compile(r"\.load\(")
HEAD = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+|[a-z]+(?:\([a-z]+\))?\s+)*(?:func|init|subscript|deinit|var|get|set)\b")
GUARDS = re.compile(r"\b(guard|if|while|for|where|switch|case|min|max|precondition|contains|clamped|stride)\b|\bindices\b")
KEYWORDS = {
    "let", "var", "try", "await", "in", "self", "Self", "as", "is", "true", "false", "nil", "where", "Int", "UInt64", "UInt32", "UInt8", "UInt16",
    "count", "startIndex", "endIndex", "MemoryLayout", "ascii", "UInt", "Int32", "Int64",
}


def declared_types():
    """target and name → the types with which the name is declared there, for `name()` those that it returns; without a target: anywhere."""
    types = {}
    for path in swift_files("Sources"):
        target = path.relative_to(ROOT).parts[1]
        for name, kind in re.findall(r"\b([A-Za-z_][A-Za-z0-9_]*): ([A-Z][A-Za-z0-9]*\??)", code(path.read_text())):
            types.setdefault((target, name), set()).add(kind)
            types.setdefault(("", name), set()).add(kind)
        for name, kind in re.findall(r"\bfunc (\w+)\([^{}\n]*\)[^{}\n]* -> ([A-Z][A-Za-z0-9]*\??) \{", code(path.read_text())):
            types.setdefault((target, name + "()"), set()).add(kind)
    return types


TYPES = declared_types()


def keyed():
    """target → the names that stand for dictionaries, or for what is asked like one: a subscript of them gives an optional."""
    names, types = {}, set()
    for path in swift_files("Sources"):
        target, text = path.relative_to(ROOT).parts[1], code(path.read_text())
        found = names.setdefault(target, set())
        found |= set(re.findall(r"\b([A-Za-z_]\w*)(?:: | = )\[[^\[\]]+: (?:[^\[\]]|\[[^\[\]]*\])*\](?:\(|\s|,|\)|$)", text))
        found |= set(re.findall(r"\b([A-Za-z_]\w*)(?:: Dictionary<| = Dictionary\()", text))
        for entry in declarations(text):
            if entry.kind == "subscript" and re.search(r"-> \S+\?\s*$", entry.signature) and entry.types:
                types.add(entry.types[-1].split(".")[-1])
    for target, found in names.items():
        for (other, name), kinds in TYPES.items():
            if other == target and kinds & types:
                found.add(name)
    return names


KEYED = keyed()


def is_small(value, local, target):
    """Whether an operand surely fits Int and UInt64: a byte count, a small unsigned number, a remainder of literals."""
    value = value.strip()
    value = re.sub(r"^try ", "", value)
    if re.fullmatch(LITERAL, value):
        return True
    if re.search(r"\.(count|bitWidth|leadingZeroBitCount|trailingZeroBitCount|nonzeroBitCount|rawValue)$", value) and "rawValue" not in value:
        return True
    if re.search(r"readUInt(8|16|32)(BigEndian)?\(\)$", value) or re.fullmatch(r"UInt(8|16|32)\(.*\)", value):
        return True
    call = re.fullmatch(r"(\w+)\(.*\)", value)
    if call and TYPES.get((target, call.group(1) + "()"), {"?"}) <= SMALL:
        return True
    last = WORD.findall(value.split("(")[0])
    if last and re.fullmatch(r"[A-Za-z0-9_.]+", value):
        kinds = local.get(value) or TYPES.get((target, last[-1])) or TYPES.get(("", last[-1]))
        return bool(kinds) and kinds <= SMALL
    return False


def roots(expression):
    """The names that an expression hangs on: the first of each chain, without members, types and keywords."""
    names = re.findall(r"(?<![A-Za-z0-9_.])([a-z_$][A-Za-z0-9_]*)(?!\s*:)", expression)
    return {name for name in names if name not in KEYWORDS}


def unsubscripted(text):
    """The text without subscripts and ranges: to look at an element is not to look whether it is there."""
    text = re.sub(r"[A-Za-z0-9_.]+\[[^\[\]]*\]", " ", text)
    return re.sub(RANGE, " ", text)


class File:
    def __init__(self, target, text, bases=()):
        self.target = target
        text, given = code(text), text
        # Subscripts of these lists are safe.
        self.bases = {base for base in bases if re.search(self.subscript(base), text)}
        for base in self.bases:
            text = re.sub(self.subscript(base), base, text)
        self.lines, text = text.splitlines(), given
        self.raw = text.splitlines()

    @staticmethod
    def subscript(base):
        return r"\b" + re.escape(base) + r"\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]"

    def before(self, number):
        """The lines of the function above a line, and the line itself."""
        indent = len(self.lines[number]) - len(self.lines[number].lstrip())
        start = number
        for above in range(number, -1, -1):
            line = self.lines[above]
            if not line.strip():
                continue
            depth = len(line) - len(line.lstrip())
            if HEAD.match(line) and (depth < indent or above == number):
                start = above
                if depth <= 4:
                    break
        return self.lines[start : number + 1]

    def local(self, lines):
        types = {}
        for name, kind in re.findall(r"\b([A-Za-z_][A-Za-z0-9_]*): (?:inout )?([A-Z][A-Za-z0-9]*\??)", "\n".join(lines)):
            types.setdefault(name, set()).add(kind)
        return types

    def is_guarded(self, names, lines):
        """Whether a condition up to here mentions each name outside of a subscript, or a loop binds it."""
        guarded = set()
        above, line = "\n".join(lines[:-1]), lines[-1]
        # A condition goes on over lines, up to its brace; on the line itself, what stands in front of the brace counts.
        for text in (above, line):
            for match in re.finditer(r"\b(guard|if|while|switch|precondition|where|case)\b([^{]*)", text):
                guarded |= set(WORD.findall(unsubscripted(match.group(2))))
            for match in re.finditer(r"\bfor\s+(?:try\s+|await\s+|case\s+)*(.*?)\s+in\b", text):
                guarded |= set(WORD.findall(match.group(1)))
            # What a closure is called with by a sequence.
            for match in re.finditer(r"\{\s*(?:\[[^\]]*\]\s*)?\(?([A-Za-z_][A-Za-z0-9_, ]*)\)?(?:\s*->\s*\S+)?\s+in\b", text):
                guarded |= set(WORD.findall(match.group(1)))
            for match in re.finditer(r"([^\n]*?) \? ", text):
                guarded |= set(WORD.findall(unsubscripted(match.group(1))))
            for part in text.splitlines():
                if re.search(r"\b(min|max|clamped|contains|stride|indices|enumerated|isMultiple|firstIndex|quotientAndRemainder)\b", part):
                    guarded |= set(WORD.findall(unsubscripted(part)))
        return names - {"$0", "$1"} <= guarded

    def findings(self):
        for number, line in enumerate(self.lines):
            if not line.strip() or re.match(r"\s*(case|@|import|public import)\b.*:\s*$", line):
                continue
            lines = self.before(number)
            local = self.local(lines)
            kind = self.trap(line, lines, local)
            if kind:
                yield number, kind

    def trap(self, line, lines, local):
        for match in RANGE.finditer(line):
            low, high = match.group("low").strip(), match.group("high").strip()
            if low in ("case", "return", "in"):
                continue
            literal = re.fullmatch(LITERAL + r"( << [0-9]+)?", low)
            if literal and re.fullmatch(LITERAL + r"( << [0-9]+)?", high):
                continue
            if low == "0" and (is_small(high, local, self.target) or re.search(r"\.count$", high)):
                continue
            if re.search(r"startIndex$", low) or re.search(r"endIndex$", high) and low.isidentifier() and self.is_guarded(roots(low), lines):
                continue
            if re.search(r"\bUInt8\(ascii", line):
                continue
            # A run of a longer list: it ends where the list does.
            if high.startswith("min(" + low + " + ") and self.is_guarded(roots(low), lines):
                continue
            if not self.is_guarded(roots(low + " " + high), lines):
                return "range"
        for match in SLICE.finditer(line):
            if "min(" in match.group("index") and "..<" in match.group("index"):
                continue
            if not self.is_guarded(roots(match.group("index")), lines):
                return "slice"
        for match in INDEX.finditer(line):
            index = match.group("index").strip()
            converted = re.fullmatch(r"Int\(((?:[^()]|\([^()]*\))*)\)", index)
            if converted:
                index = converted.group(1)
            if ".." in index or '"' in index or index.startswith(("\\", ".")) or re.match(r"[A-Z]", index):
                continue
            before = line[: match.start()]
            if re.search(r"(:|->|<|as|of|some|any)\s*$", before) or re.match(r"[A-Z]", match.group("base")):
                continue
            if re.search(r"\bdefault:", index) or match.group("base").split(".")[-1] in KEYED.get(self.target, ()):
                continue
            if re.fullmatch(LITERAL, index):
                # A fixed place: somebody has to have looked at the length.
                if not self.is_guarded(roots(match.group("base")), lines):
                    return "subscript"
                continue
            if not self.is_guarded(roots(index), lines):
                return "subscript"
        for match in NUMBER.finditer(line):
            kind, value = match.group("type"), match.group("value").strip()
            if not value or re.match(r"(truncatingIfNeeded|clamping|exactly|bitPattern|ascii|littleEndian|bigEndian|readingFrom)\b:?", value):
                continue
            if re.match(r"[^,]*,\s*radix", value) or '"' in value or value.startswith(("_ ", "from")):
                continue
            # A negative number alone has no place in these.
            if kind in ("UInt64", "UInt") and " - " not in value:
                continue
            if kind in ("Int", "UInt64", "UInt", "Int64") and is_small(value, local, self.target):
                continue
            if re.fullmatch(LITERAL, value):
                continue
            if not self.is_guarded(roots(value), lines):
                return "conversion"
        if CUT.search(line) and not self.is_guarded(roots(CUT.search(line).group("value")), lines):
            return "cut"
        for match in DIVISION.finditer(line):
            value = match.group("value")
            if re.fullmatch(LITERAL + r"|\(?" + LITERAL + r".*", value) or re.match(r"(Self|[A-Z]\w*)\.|max\(", value):
                continue
            if re.match(r"U?Int(?:64)?\((?:Self|[A-Z]\w*)\.", value):
                continue
            if not self.is_guarded(roots(value), lines):
                return "division"
        if KEYS.search(line):
            return "repeated keys"
        if LOAD.search(line) and "ordering:" not in line and "fromByteOffset" in line:
            return "load"
        return None


# What the law must see, and what it must pass over, looked at in each run: a law that finds nothing finds everything in order.
PLANTED = """
func replay(_ claim: Claim) {
    for index in losses.count..<claim.stepDigests.count {  // found
    }
    let first = bytes[0]  // found
    let node = nodes[Int(place)]  // found
    let height = Int(nodes[Int(place)].length) - Int(blocks[Int(place)].length)  // found
    let part = bytes[offset..<offset + length]  // found
    let tail = bytes[offset...]  // found
    let size = Int(reader.length)  // found
    let narrow = UInt16(value)  // found
    let rest = bytes.dropFirst(bytes.count - length)  // found
    let average = total / divisor  // found
    let table = Dictionary(uniqueKeysWithValues: pairs)  // found
}
func guarded(_ claim: Claim) {
    guard losses.count <= claim.stepDigests.count else { return }
    for index in losses.count..<claim.stepDigests.count {
        use(claim.stepDigests[index])
    }
    guard length <= bytes.count - offset, value <= 0xffff else { return }
    let part = bytes[offset..<offset + length]
    let narrow = UInt16(value)
    for start in stride(from: 0, to: bytes.count, by: 4) { use(bytes[start..<min(start + 4, bytes.count)]) }
    for index in 0..<bytes.count { use(bytes[index]) }
    let block = blocks[Int(place)], next = blocks[Int(blocks[Int(block.parent)].parent)]
    let average = divisor == 0 ? 0 : total / divisor
}
"""


def check_itself():
    file = File("", PLANTED, ["blocks"])
    found = {number for number, _ in file.findings()}
    expected = {number for number, line in enumerate(file.raw) if line.endswith("// found")}
    if found != expected:
        for number in sorted(found ^ expected):
            print(f"this law is broken: {'passed over' if number in expected else 'found'}: {file.raw[number].strip()}")
        sys.exit(1)


def allowed():
    """(path, code) → reason; the path is that of a folder for some of the form `name[…]`."""
    entries, reason, path = {}, "", ""
    if ALLOWED.exists():
        for line in ALLOWED.read_text().splitlines():
            if line.startswith("# "):
                reason = line[2:]
            elif line and not line[0].isspace():
                path = line
            elif line.strip():
                entries[(path, line.strip())] = reason
    return entries


def main():
    check_itself()
    listing = "--list" in sys.argv
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    folders = [folder for folder in FOLDERS if not asked or folder.split("/")[0] in asked]
    entries = allowed()
    used, listed, checked = set(), 0, 0
    last = None
    for folder in folders:
        place = ROOT / "Sources" / folder
        for path in [place] if place.suffix else swift_files(f"Sources/{folder}"):
            checked += 1
            name = path.relative_to(ROOT).as_posix()
            bases = {line[:-3]: (where, line) for where, line in entries if line.endswith("[…]") and (name == where or name.startswith(where + "/"))}
            file = File(folder.split("/")[0], path.read_text(), bases)
            used |= {bases[base] for base in file.bases}
            for number, kind in file.findings():
                key = (name, file.raw[number].strip())
                if key in entries:
                    used.add(key)
                    continue
                listed += 1
                if not listing:
                    print(f"{name}:{number + 1}: {kind}: {key[1]}")
                    continue
                if last != name:
                    print(name)
                    last = name
                print(f"    {key[1]}")
    stale = [key for key in entries if key not in used and any(key[0].startswith(f"Sources/{folder}") for folder in folders)]
    for path, line in stale:
        print(f"{path}: allowed, but no longer found: {line}")
    print(f"{checked} files, {listed} unguarded places, {len(used)} allowed, {len(stale)} allowances without a place")
    sys.exit(1 if listed or stale else 0)


main()
