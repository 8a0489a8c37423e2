#!/usr/bin/env python3
"""Documentation/Checklist.md has every item of Bitcoin Core's lists once and in their order, what it calls a pass names tests that exist, and at least
250 pass. Ends with 1 and says what is wrong otherwise."""
import json
import re
import sys

from swift_text import ROOT, code

PAGE = ROOT / "Documentation" / "Checklist.md"
LISTS = ROOT / "Tests" / "Vectors" / "bitcoin" / "core_checklists"
VERDICTS = ("pass", "not applicable", "open")
LEAST = 250


def lists():
    """The items of each section of the page, as the two files have them."""
    steps = json.loads((LISTS / "functional_test_steps_and_reject_reasons.json").read_text())
    inventory = json.loads((LISTS / "core_inventory.json").read_text())
    return {
        "Steps": [f"{step['test']}: {step['step']}" for step in steps],
        "Broken transactions": [each["template"] for each in inventory["invalid_tx_templates"]],
        "Functional tests": list(inventory["functional_tests"]),
        "Fuzz targets": inventory["fuzz_targets"],
        "Fuzz targets of decoders": inventory["fuzz_deserialize_targets"],
    }


def rows(text):
    """Section, heading below it, cells and number of each line of a table."""
    section = heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            section, heading = line[3:].strip(), ""
        elif line.startswith("### "):
            heading = line[4:].strip()
        elif line.startswith("|") and not line.startswith(("| item |", "| --- |")):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            yield section, heading, cells, number


def tests():
    """`target/suite.function` of every test in the tree, and the names of the rules that RuleTests keeps and breaks."""
    found, rules = set(), set()
    for folder in (ROOT / "Tests", ROOT / "Examples" / "Tests"):
        for target in folder.glob("*Tests"):
            for file in target.rglob("*.swift"):
                text = file.read_text()
                rules.update(re.findall(r'RuleCase\(\s*"([\w-]+)"', text))
                blank, suite, is_test = code(text), None, False
                for word in re.finditer(r"^(?:@\w+(?:\([^\n]*?\))? )?(?:final )?(?:struct|class|actor|extension) (\w+)|(@Test)\b|\bfunc (\w+)", blank, re.M):
                    if word[1]:
                        suite = word[1]
                    elif word[2]:
                        is_test = True
                    elif is_test:
                        found.add(f"{target.name}/{suite}.{word[3]}")
                        is_test = False
    return found, rules


def main():
    faults, counts, seen = [], dict.fromkeys(VERDICTS, 0), {}
    text = PAGE.read_text()
    found, rules = tests()
    for section, heading, cells, number in rows(text):
        place = f"{PAGE.name}:{number}"
        if len(cells) != 3 or cells[1] not in VERDICTS or len(cells[2]) < 4:
            faults.append(f"{place}: expected an item, one of {', '.join(VERDICTS)}, and where or why")
            continue
        item, verdict, where = cells
        seen.setdefault(section, []).append(f"{heading}: {item}" if section == "Steps" else item)
        counts[verdict] += 1
        named = re.findall(r"`(\w+/\w+\.\w+)`", where)
        if verdict == "pass" and not named:
            faults.append(f"{place}: a pass names the test that shows it, as `target/suite.function`")
        faults += [f"{place}: there is no test {name}" for name in named if name not in found]
        if any(name.endswith("/RuleTests.keepsAndBreaks") for name in named) and not rules.intersection(re.findall(r"`([\w-]+)`", where)):
            faults.append(f"{place}: name the rule that RuleTests keeps and breaks")
    for section, items in lists().items():
        expected = [" ".join(item.split()) for item in items]
        actual = seen.pop(section, [])
        for number, (have, want) in enumerate(zip(actual + [None] * len(expected), expected), 1):
            if have != want:
                faults.append(f"'{section}', item {number}: expected '{want}', found '{have}'")
                break
        if len(actual) > len(expected):
            faults.append(f"'{section}' has {len(actual)} items, expected {len(expected)}")
    faults += [f"'{section}' is no list of Core's" for section in seen]
    if counts["pass"] < LEAST:
        faults.append(f"{counts['pass']} pass, at least {LEAST} have to")
    line = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS) + "."
    if line not in text.splitlines():
        faults.append(f"{PAGE.name}: the counts have to read '{line}'")
    for fault in faults:
        print(fault)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
