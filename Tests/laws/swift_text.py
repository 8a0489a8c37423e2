"""What the laws that read Swift need: sources without comments and texts, the declarations in them, and the folders they stand in."""
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def code(text):
    """The source with comments and the texts of string literals blanked; lines keep their numbers, and interpolations stay."""
    out = []
    i, n = 0, len(text)
    # Of each open string: how many # and quotes end it. A number counts the open parentheses of an interpolation above it.
    stack = []

    def blank(part):
        out.append(re.sub(r"[^\n]", " ", part))

    while i < n:
        if stack and isinstance(stack[-1], str):
            end = stack[-1]
            hashes = end.count("#")
            escape = "\\" + "#" * hashes
            if text.startswith(end, i):
                out.append('"' + " " * (len(end) - 1))
                i += len(end)
                stack.pop()
            elif text.startswith(escape + "(", i):
                blank(text[i : i + len(escape)])
                out.append("(")
                i += len(escape) + 1
                stack.append(1)
            elif text.startswith(escape, i):
                blank(text[i : i + len(escape) + 1])
                i += len(escape) + 1
            else:
                blank(text[i])
                i += 1
            continue
        opening = re.compile(r'(#*)("""|")').match(text, i)
        if opening:
            out.append(" " * (len(opening.group(0)) - 1) + '"')
            stack.append(opening.group(2) + opening.group(1))
            i = opening.end()
        elif text.startswith("//", i):
            end = text.find("\n", i)
            end = n if end < 0 else end
            blank(text[i:end])
            i = end
        elif text.startswith("/*", i):
            depth, j = 1, i + 2
            while j < n and depth:
                if text.startswith("/*", j):
                    depth, j = depth + 1, j + 2
                elif text.startswith("*/", j):
                    depth, j = depth - 1, j + 2
                else:
                    j += 1
            blank(text[i:j])
            i = j
        else:
            c = text[i]
            if stack:
                stack[-1] += {"(": 1, ")": -1}.get(c, 0)
                if stack[-1] == 0:
                    stack.pop()
            out.append(c)
            i += 1
    return "".join(out)


WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KINDS = "struct|class|enum|actor|protocol|extension|typealias|func|var|let|init|subscript|case|associatedtype"
DECLARATION = re.compile(
    r"(?P<modifiers>(?:(?:@[A-Za-z_]+(?:\([^()]*\))?|public|open|package|internal|fileprivate|private|static|final|indirect|nonisolated"
    r"|mutating|nonmutating|override|convenience|required|lazy|weak|unowned|unsafe|prefix|postfix|infix|consuming|borrowing|distributed"
    r"|class(?=\s+func))(?:\([a-z]+\))?\s+)*)"
    r"\b(?P<kind>" + KINDS + r")\b\s*[?!]?\s*(?P<name>`?[A-Za-z_][A-Za-z0-9_.]*`?|[-+*/%<>=!&|^~?.]+(?=\s*[(<]))?")


class Declaration:
    """One declaration: `modifiers`, `kind`, `name`, the `types` around it from the outside, its `signature`, its `line`."""

    def __init__(self, modifiers, kind, name, types, signature, line):
        self.modifiers, self.kind, self.name = modifiers, kind, name
        self.types, self.signature, self.line = types, signature, line

    @property
    def is_public(self):
        return re.search(r"\b(public|open)\b(?!\()", self.modifiers) is not None


@functools.cache
def declarations(source):
    """The declarations of types and of their members, none of those inside functions; `source` is what `code` gives."""
    found, stack, i = [], [], 0
    types = ("struct", "class", "enum", "actor", "protocol", "extension")
    pending = None
    while i < len(source):
        c = source[i]
        if c == "{":
            stack.append(pending)
            pending = None
            i += 1
        elif c == "}":
            if stack:
                stack.pop()
            pending = None
            i += 1
        elif all(entry is not None for entry in stack) and (i == 0 or not re.match(r"[A-Za-z0-9_.`@]", source[i - 1])):
            match = DECLARATION.match(source, i)
            if not match:
                i += 1
                continue
            kind, name = match.group("kind"), (match.group("name") or "").strip("`")
            end = signature_end(source, match.end(), kind)
            found.append(
                Declaration(
                    match.group("modifiers"), kind, name, [entry for entry in stack], source[match.start() : end],
                    source.count("\n", 0, match.start("kind")) + 1))
            pending = name if kind in types else None
            i = end
        else:
            i += 1
    return found


def signature_end(source, i, kind):
    """Where the body, the value or the next declaration begins."""
    depth = 0
    while i < len(source):
        c = source[i]
        if c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
        elif depth <= 0 and c in "{}":
            break
        elif depth <= 0 and kind in ("var", "let", "case", "typealias", "associatedtype") and c == "\n":
            break
        elif depth <= 0 and kind in ("var", "let") and c == "=" and source[i - 1] == " ":
            break
        elif depth <= 0 and c == "\n" and kind in ("func", "init", "subscript"):
            # A signature goes on where the next line begins with one of these.
            if not re.match(r"\s*(throws|rethrows|async|->|where|\{|\))", source[i:]):
                break
        i += 1
    return i


def swift_files(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.swift")):
            if ".build" not in path.parts:
                yield path


GIVEN = re.compile(r"(?:<!-- given (?P<given>[^\n]*) -->\s*\n\s*)?```swift\n(?P<code>.*?)```", re.S)


def documented_blocks():
    """The blocks of Swift in the documentation and in comments of sources, each as its file, what it says is given, and its text.

    What is given stands before a block as `<!-- given name: Type, … -->`, which pages do not show. Parts of manifests (`.package(…`) are left out.
    """
    texts = [(page, page.read_text()) for page in sorted(ROOT.rglob("*.md")) if ".build" not in page.parts]
    for path in swift_files("Sources"):
        lines = (line.strip() for line in path.read_text().splitlines())
        texts.append((path, "\n".join(line[4:] for line in lines if line.startswith("///"))))
    for path, text in texts:
        for match in GIVEN.finditer(text):
            if not match["code"].lstrip().startswith("."):
                yield path.relative_to(ROOT), match["given"] or "", match["code"]


def documented_code():
    """The text of all these blocks."""
    return [block for _, _, block in documented_blocks()]
