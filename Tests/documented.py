#!/usr/bin/env python3
"""Compiles every block of Swift in the documentation and in comments of sources, against the libraries as they were built last.

A block is the body of a function that may wait and throw. It sees what it imports; a block without imports sees all libraries. What a page
does not want to show stands in a comment before the block: `<!-- given name: Type, … -->` are the function's parameters.

    documented.py [FOLDER OF MODULES]        by default that of the last release build
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "laws"))
from swift_text import ROOT, documented_blocks  # noqa: E402


def parameters(given):
    """Splits at the commas that no bracket encloses, and gives each parameter no label."""
    parts, depth = [""], 0
    for index, c in enumerate(given):
        depth += {"(": 1, "[": 1, "<": 1, ")": -1, "]": -1}.get(c, -1 if c == ">" and given[index - 1] != "-" else 0)
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return ", ".join("_ " + part.strip() for part in parts if part.strip())


def main():
    found = sys.argv[1:] or list((ROOT / ".build").glob("*/release/Modules"))
    build = pathlib.Path(found[0]).resolve() if found else ROOT / ".build/release/Modules"
    libraries = sorted(folder.name for folder in (ROOT / "Sources").glob("Flow*"))
    missing = [name for name in libraries if not (build / f"{name}.swiftmodule").exists()]
    if missing:
        sys.exit(f"{build} has no {', '.join(missing)}; run `swift build -c release` first")
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, (path, given, block) in enumerate(documented_blocks()):
            lines = block.splitlines()
            imports = [line for line in lines if re.match(r"\s*import\s", line)] or [f"import {name}" for name in libraries]
            body = "\n".join("" if re.match(r"\s*import\s", line) else line for line in lines)
            file = pathlib.Path(folder) / f"{number:02}-{str(path).replace('/', '-')}"
            file = file.with_name(file.name.rsplit(".", 1)[0] + ".swift")
            file.write_text(
                "\n".join(imports) + f'\nprivate func example({parameters(given)}) async throws {{\n#sourceLocation(file: "{path}, block", line: 1)\n'
                + body + "\n#sourceLocation()\n}\n")
            files.append(str(file))
        maps = list(build.parent.glob("*.build/module.modulemap")) + list((ROOT / "Sources").glob("*/module.modulemap"))
        maps += list((ROOT / "Sources").glob("*/include/module.modulemap"))
        maps += list((ROOT / ".build/checkouts").glob("*/Sources/*/include/module.modulemap"))
        command = ["swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", "-suppress-warnings", "-module-name", "Documented"]
        command += ["-I", str(build)]
        for module in maps:
            command += ["-Xcc", f"-fmodule-map-file={module}"]
        for include in sorted({path.parent for path in maps} | set((ROOT / ".build/checkouts").glob("*/Sources/*/include")) | set((ROOT / "Sources").glob("*/include"))):
            command += ["-Xcc", "-I", "-Xcc", str(include)]
        status = subprocess.run(command + files).returncode
    if status:
        sys.exit(f"{len(files)} blocks of Swift in the documentation, and some do not compile")
    print(f"{len(files)} blocks of Swift in the documentation compile")


main()
