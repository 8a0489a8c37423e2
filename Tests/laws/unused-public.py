#!/usr/bin/env python3
"""Public symbols of the libraries that no other library, program or benchmark and no documentation mentions.

By name alone: a symbol counts as used as soon as its name stands in the code of another target, so what is listed here is
surely used by nobody else, and what is not listed may still be. Tests do not count. A type also counts where the signature of a used
symbol names it, and whatever is a default value in a public signature, for they must be public then. Each line says who does use it: its own target ("internal would do"), tests alone, or nobody.
Ends with 1 when it lists something.

    unused-public.py [TARGET …]
"""
import functools
import re
import sys

from swift_text import ROOT, WORD, code, declarations, documented_code, swift_files

# What the standard library's protocols call, without a word in anybody's source.
WITNESSES = {
    # Equatable, Hashable, Comparable, CustomStringConvertible, LocalizedError, Error
    "==", "<", "hash", "description", "debugDescription", "errorDescription",
    # Codable, RawRepresentable, CaseIterable, Identifiable, OptionSet
    "encode", "rawValue", "RawValue", "allCases", "id", "RawValue",
    # Sequence, Collection, AsyncSequence, ExpressibleBy…Literal
    "makeIterator", "next", "startIndex", "endIndex", "index", "subscript", "customMirror", "Element", "Iterator", "makeAsyncIterator",
    "RandomNumberGenerator",
    # Executor, Actor, NIO's handlers
    "enqueue", "asUnownedSerialExecutor", "unownedExecutor", "InboundIn", "InboundOut", "OutboundIn", "OutboundOut", "channelRead",
}
# … and initialisers, by their first label.
WITNESS_INITS = re.compile(r"\binit[?!]?\s*\(\s*(from|rawValue|[a-z]+Literal)\b")
TYPES = ("struct", "class", "enum", "actor", "protocol", "typealias")


def init_pattern(kind_name, signature, is_protocol=False):
    """How a call of an initialiser looks: the type's name (for a protocol's, that of any type) or `.init`, and the first label."""
    parameters = signature.split("(", 1)[1].lstrip() if "(" in signature else ""
    first = re.match(r"([A-Za-z_][A-Za-z0-9_]*)", parameters)
    label = first.group(1) if first and first.group(1) != "_" else None
    head = r"(?:\b" + (r"[A-Z][A-Za-z0-9]*" if is_protocol else re.escape(kind_name)) + r"(?:<[^<>]*>)?|\.init)\(\s*"
    # A default may leave the first argument out.
    optional = "=" in parameters.split(",")[0]
    return re.compile(head if label is None or optional else head + label + r"\s*:")


def main():
    targets = sorted(folder.name for folder in (ROOT / "Sources").glob("Flow*"))
    asked = sys.argv[1:] or targets
    sources = {name: [(path, code(path.read_text())) for path in swift_files(f"Sources/{name}")] for name in targets}
    tests = "\n".join(code(path.read_text()) for path in swift_files("Tests", "Examples/Tests"))
    outside = "\n".join(code(path.read_text()) for path in swift_files("Examples/Sources", "Benchmarks"))
    outside += "\n" + "\n".join(code(block) for block in documented_code())

    requirements = set(WITNESSES)
    protocols = set()
    for files in sources.values():
        for _, text in files:
            protocols |= set(re.findall(r"\bprotocol\s+(\w+)", text))
            for entry in declarations(text):
                if entry.types and re.search(r"\bprotocol\s+" + re.escape(entry.types[-1]) + r"\b", text):
                    requirements.add(entry.name)

    listed = 0
    for target in targets:
        others = outside + "\n" + "\n".join(text for name in targets if name != target for _, text in sources[name])
        words = set(WORD.findall(others))
        symbols, named = [], {}
        for path, text in sources[target]:
            lines = text.splitlines()
            for entry in declarations(text):
                if entry.is_public and entry.kind not in ("extension", "case", "associatedtype"):
                    symbols.append((path, entry))
                    # A property without a written type has that of its value.
                    value = re.search(r"=\s*([A-Z]\w*)[.(]", lines[entry.line - 1]) if entry.kind in ("var", "let") else None
                    named[entry] = WORD.findall(entry.signature) + ([value.group(1)] if value else [])
        types = {entry.name: False for _, entry in symbols if entry.kind in TYPES}

        # The default value of a public function's parameter must be public too.
        defaults = set()
        for _, entry in symbols:
            if entry.kind in ("init", "func", "subscript"):
                defaults |= set(re.findall(r"=\s*(?:[A-Za-z0-9_]+)?\.([A-Za-z0-9_]+)", entry.signature))

        @functools.cache
        def is_used(entry):
            if entry.kind == "init":
                owner = entry.types[-1] if entry.types else ""
                return init_pattern(owner, entry.signature, owner in protocols).search(others) is not None
            return entry.name in words or entry.name in requirements or entry.name in defaults

        for name in types:
            types[name] = name in words
        # Whatever a used symbol's signature names is used with it.
        changed = True
        while changed:
            changed = False
            for _, entry in symbols:
                owner_used = all(types.get(name.split(".")[-1], True) for name in entry.types)
                alive = types[entry.name] if entry.kind in TYPES else owner_used and is_used(entry)
                if not alive:
                    continue
                for word in named[entry]:
                    if types.get(word) is False:
                        types[word] = changed = True
            # An enum's cases carry their values' types.
            for path, text in sources[target]:
                for entry in declarations(text):
                    if entry.kind == "case" and entry.types and types.get(entry.types[-1].split(".")[-1]):
                        for word in WORD.findall(entry.signature):
                            if types.get(word) is False:
                                types[word] = changed = True
        if target not in asked:
            continue
        for path, entry in symbols:
            owners = [name.split(".")[-1] for name in entry.types]
            if any(types.get(name) is False for name in owners):
                continue
            used = types[entry.name] if entry.kind in TYPES else is_used(entry)
            if used or (entry.kind == "init" and WITNESS_INITS.search(entry.signature)):
                continue
            listed += 1
            name = ".".join(entry.types + [entry.name or entry.kind])
            own = "\n".join(text for _, text in sources[target])
            if entry.kind == "init":
                owner = entry.types[-1].split(".")[-1] if entry.types else ""
                pattern = init_pattern(owner, entry.signature, owner in protocols)
                users = (len(pattern.findall(own)), len(pattern.findall(tests)))
            else:
                edge = r"[A-Za-z0-9_]" if WORD.fullmatch(entry.name) else r"[-+*/%<>=!&|^~?.]"
                pattern = re.compile(f"(?<!{edge})" + re.escape(entry.name) + f"(?!{edge})")
                declared = sum(1 for _, other in symbols if other.name == entry.name)
                users = (len(pattern.findall(own)) - declared, len(pattern.findall(tests)))
            who = "internal would do" if users[0] > 0 else "tests alone" if users[1] else "nobody"
            if entry.kind == "init":
                name = ".".join(entry.types) + " " + " ".join(entry.signature.split())[:80]
            print(f"{target}: {who}: {entry.kind} {name} ({path.relative_to(ROOT)}:{entry.line})")
    print(f"{listed} public symbols that nobody else uses")
    sys.exit(1 if listed else 0)


main()
