#!/usr/bin/env python3
"""The arrows between the sub-folders of a target, and the circles among them.

A folder has an arrow to another when one of its files mentions a type that the other declares at its top level. Ends with 1 when
folders reach each other in a circle; then the mentions that make up the circle are listed, file by file.

    circles.py [TARGET …]     FlowNode and FlowConsensus where none is named
"""
import sys

from swift_text import ROOT, WORD, code, declarations, swift_files

TYPES = ("struct", "class", "enum", "actor", "protocol", "typealias")


def circles(arrows):
    """The strongly connected parts of more than one folder (Tarjan, SIAM J. Comput. 1, 1972)."""
    order, low, stack, found = {}, {}, [], []

    def visit(folder):
        order[folder] = low[folder] = len(order)
        stack.append(folder)
        for other in arrows[folder]:
            if other not in order:
                visit(other)
                low[folder] = min(low[folder], low[other])
            elif other in stack:
                low[folder] = min(low[folder], order[other])
        if low[folder] == order[folder]:
            part = []
            while not part or part[-1] != folder:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for folder in sorted(arrows):
        if folder not in order:
            visit(folder)
    return found


def main():
    broken = False
    for target in sys.argv[1:] or ["FlowConsensus", "FlowNode"]:
        root = ROOT / "Sources" / target
        files = {}
        for path in swift_files(f"Sources/{target}"):
            files[path.relative_to(root)] = code(path.read_text())
        home = {}
        for path, text in files.items():
            for entry in declarations(text):
                if entry.kind in TYPES and not entry.types:
                    home[entry.name] = path.parent.as_posix()
        # arrow → the mentions that make it
        arrows = {path.parent.as_posix(): {} for path in files}
        for path, text in files.items():
            folder = path.parent.as_posix()
            for word in sorted(set(WORD.findall(text))):
                other = home.get(word)
                if other is not None and other != folder:
                    arrows[folder].setdefault(other, []).append((path, word))
        print(f"{target}:")
        for folder in sorted(arrows, key=lambda name: (len(arrows[name]), name)):
            print(f"  {folder} → {', '.join(sorted(arrows[folder])) or 'nothing'}")
        for part in circles(arrows):
            broken = True
            print(f"  in a circle: {', '.join(part)}")
            for folder in part:
                for other in sorted(set(arrows[folder]) & set(part)):
                    by_file = {}
                    for path, word in arrows[folder][other]:
                        by_file.setdefault(path.name, []).append(word)
                    mentions = "; ".join(f"{name}: {', '.join(words)}" for name, words in sorted(by_file.items()))
                    print(f"    {folder} → {other}  {mentions}")
    sys.exit(1 if broken else 0)


main()
