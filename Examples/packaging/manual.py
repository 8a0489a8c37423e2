"""Writes a man page (man(7)) from what a program says of its own options: python3 manual.py PROGRAM"""
import json
import subprocess
import sys


def escaped(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def spelled(name):
    return {"long": "--", "short": "-", "longWithSingleDash": "-"}[name["kind"]] + name["name"]


def option(argument):
    names = [spelled(name) for name in argument.get("names", [])]
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return f"\\fI{escaped(value)}\\fR"
    head = ", ".join(f"\\fB{escaped(name)}\\fR" for name in names)
    return head if argument["kind"] == "flag" else f"{head} \\fI{escaped(value)}\\fR"


def page(command, version, title):
    lines = [f'.TH "{title.upper()}" 1 "" "{version}"', ".SH NAME", f'{escaped(title)} \\- {escaped(command.get("abstract", ""))}']
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", escaped(command["discussion"])]
    section = None
    for argument in command.get("arguments", []):
        if not argument.get("shouldDisplay", True):
            continue
        own = (argument.get("sectionTitle") or "Options").upper()
        if own != section:
            section = own
            lines.append(f'.SH "{escaped(own)}"')
        text = argument.get("abstract", "")
        if argument.get("defaultValue"):
            text += f' (default: {argument["defaultValue"]})'
        lines += [".TP", option(argument), escaped(text)]
    for inner in command.get("subcommands", []):
        if inner["commandName"] != "help":
            lines += [f'.SH "COMMAND {escaped(inner["commandName"].upper())}"', escaped(inner.get("abstract", ""))]
            lines += page(inner, version, f'{title} {inner["commandName"]}')[3:]
    return lines


program = sys.argv[1]
dump = json.loads(subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True).stdout)
version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
print("\n".join(page(dump["command"], version, dump["command"]["commandName"])))
