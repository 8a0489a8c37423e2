#!/usr/bin/env python3
"""Uses the page of `flowchat serve` in headless Chromium, by keyboard, on a desk's and on a phone's width.

    apt install chromium
    FLOW_CHAT_FOLDER=out swift test -c release --package-path Examples --filter ChatModelFile
    python3 Tests/Compatibility/check_page.py Examples/.build/release/flowchat out/chat.gguf out/endless.gguf [FOLDER]

Screenshots go to FOLDER, a temporary one when it is not given. Answers of the second model do not end by themselves: they are stopped.
Exit status 0 when every check holds. Needs nothing but Python: Chromium is driven through its debugging pipe.
"""
import base64
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from chat_server import Server

FAILED = []


def check(name, condition, detail=""):
    print(("ok    " if condition else "WRONG ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    if not condition:
        FAILED.append(name)


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, profile):
        def high(descriptor):
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100)

        to_browser, self.output = (high(end) for end in os.pipe())
        self.input, from_browser = (high(end) for end in os.pipe())

        def descriptors():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not program:
            raise SystemExit("chromium is not installed")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=descriptors, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.count, self.session, self.problems = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                more = os.read(self.input, 1 << 20)
                if not more:
                    raise SystemExit("Chromium ended")
                self.buffer += more
            text, self.buffer = self.buffer.split(b"\0", 1)
            reply = json.loads(text)
            if reply.get("id") == self.count:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return reply["result"]
            if reply.get("method") == "Runtime.exceptionThrown":
                self.problems.append(reply["params"]["exceptionDetails"]["exception"].get("description", "an exception"))
            elif reply.get("method") == "Log.entryAdded" and reply["params"]["entry"]["level"] == "error":
                self.problems.append(reply["params"]["entry"]["text"] + " " + reply["params"]["entry"].get("url", ""))

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.evaluate(expression):
                return True
            time.sleep(0.05)
        return False

    def open(self, url):
        self.call("Page.navigate", url=url)
        time.sleep(0.2)
        return self.wait("document.readyState == 'complete'")

    def press(self, key, code=None, shift=False):
        numbers = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38}
        text = {"Enter": "\r"}.get(key, "")
        common = dict(key=key, code=code or key, windowsVirtualKeyCode=numbers[key], modifiers=8 if shift else 0)
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def screen(self, width, height, phone=False, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        time.sleep(0.3)

    def shoot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)


TEXT = "document.querySelector('article:last-of-type .text').textContent"
FOOT = "document.querySelector('article:last-of-type .foot')?.textContent || ''"
IDLE = "document.getElementById('stop').hidden && !document.querySelector('.busy')"


def use(browser, server, folder):
    browser.screen(1280, 860)
    check("the page opens", browser.open(server.url))
    check("model facts", browser.wait("document.getElementById('model').textContent.includes('parameters')"))
    check("the message field has the focus", browser.evaluate("document.activeElement.id") == "input")
    check("nothing can be sent yet", browser.evaluate("document.getElementById('send').disabled"))
    browser.shoot(folder / "desk-empty.png")

    browser.type("What is <b>a block</b>?")
    browser.press("Enter", shift=True)
    browser.type("In two lines.")
    check("Shift Enter begins a line", "\n" in browser.evaluate("document.getElementById('input').value"))
    browser.press("Enter")
    check("Enter sends", browser.wait("document.querySelectorAll('article.user').length == 1"))
    check("the answer ends", browser.wait(IDLE))
    check("the message is shown as text", browser.evaluate("document.querySelector('.user .text').textContent")
          == "What is <b>a block</b>?\nIn two lines.")
    check("tokens per second", browser.wait(f"/\\d+ tokens/.test({FOOT})"), browser.evaluate(FOOT))

    browser.evaluate("document.getElementById('limit').value = 60; true")
    browser.type("And a third one")
    browser.press("Enter")
    browser.wait(IDLE)
    browser.shoot(folder / "desk-chat.png")

    # By keyboard to the settings.
    for _ in range(20):
        browser.press("Tab", shift=True)
        if browser.evaluate("document.activeElement.id") == "open":
            break
    check("Tab reaches the settings", browser.evaluate("document.activeElement.id") == "open")
    browser.press("Enter")
    check("Enter opens the settings", browser.evaluate("!document.getElementById('settings').hidden"))
    facts = browser.evaluate("document.getElementById('facts').textContent")
    check("facts in the settings", all(word in facts for word in ("Layers", "Context", "Size")), facts)
    browser.shoot(folder / "desk-settings.png")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [node for node in tree if not node.get("ignored") and node.get("role", {}).get("value") in ("button", "textbox", "spinbutton")
                and not node.get("name", {}).get("value")]
    check("every control has a name", not nameless, nameless)

    browser.screen(390, 844, phone=True)
    check("no sideways scrolling at 390", browser.evaluate("document.documentElement.scrollWidth") <= 390)
    browser.shoot(folder / "phone-settings.png")
    browser.press("Escape")
    check("Esc closes the settings", browser.evaluate("document.getElementById('settings').hidden"))
    browser.evaluate("document.getElementById('log').scrollTop = 1e9; true")
    browser.shoot(folder / "phone-chat.png")
    box = browser.evaluate("(r => [r.left, r.right, r.bottom, r.height])(document.getElementById('send').getBoundingClientRect())")
    check("the button is on the phone's screen and large enough", box[0] >= 0 and box[1] <= 390 and box[2] <= 844 and box[3] >= 44, box)
    browser.screen(320, 568, phone=True)
    check("no sideways scrolling at 320", browser.evaluate("document.documentElement.scrollWidth") <= 320)
    browser.screen(390, 844, phone=True, dark=True)
    browser.shoot(folder / "phone-dark.png")
    browser.screen(1280, 860, dark=True)
    browser.shoot(folder / "desk-dark.png")
    colours = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    check("dark when the system is", colours == "rgb(20, 23, 26)", colours)

    browser.evaluate("document.getElementById('fresh').click(); true")
    check("a new chat is empty", browser.evaluate("!document.querySelector('article') && !document.getElementById('empty').hidden"))
    check("no message of the browser", not browser.problems, browser.problems)


def active(server):
    """Answers that the server makes."""
    with urllib.request.urlopen(server.url + "/metrics") as reply:
        return int(re.search(r"^flowchat_answers_active (\d+)$", reply.read().decode(), re.MULTILINE)[1])


def stopping(browser, server):
    """Answers that last for many seconds unless they are stopped: once soon, once when the text has grown long."""
    browser.screen(1280, 860)
    browser.open(server.url)
    browser.wait("document.getElementById('model').textContent.includes('parameters')")
    browser.evaluate("document.getElementById('limit').value = 100000; document.getElementById('input').focus(); true")
    for name, length, stop in (
        ("Esc stops", 4, lambda: browser.press("Escape")),
        ("Esc stops a long answer", 8000, lambda: browser.press("Escape")),
        ("the button stops", 4, lambda: browser.evaluate("document.getElementById('stop').click(); true")),
    ):
        browser.type("Count for ever.")
        browser.press("Enter")
        check(name + ": an answer comes", browser.wait(f"document.querySelector('.busy .text')?.textContent.length >= {length}"))
        check(name + ": it is being made", active(server) == 1)
        start = time.monotonic()
        stop()
        ended = browser.wait(IDLE, 2)
        check(name, ended and "stopped" in browser.evaluate(FOOT), browser.evaluate(FOOT))
        while active(server) and time.monotonic() < start + 2:
            time.sleep(0.02)
        took = time.monotonic() - start
        check(name + ": the server ends it too", took < 2)
        print(f"      after {took * 1000:.0f} ms, {browser.evaluate(TEXT + '.length')} characters")
        check(name + ": the focus stays", browser.evaluate("document.activeElement.id") == "input")
        browser.press("ArrowUp")
        check("the arrow brings the last message back", browser.evaluate("document.getElementById('input').value") == "Count for ever.")
        browser.evaluate("document.getElementById('input').value = ''; true")
    check("no message of the browser", not browser.problems, browser.problems)


def with_key(browser, server):
    browser.screen(390, 844, phone=True)
    browser.problems.clear()
    browser.open(server.url)
    check("the page asks for the key", browser.wait("document.activeElement.id == 'key'"))
    browser.type("wrong")
    browser.press("Tab")
    check("a wrong key is told", browser.wait("document.getElementById('model').textContent.includes('key')"))
    browser.evaluate("document.getElementById('key').value = ''; document.getElementById('key').focus(); true")
    browser.type(server.key)
    browser.press("Tab")
    check("the right key opens", browser.wait("document.getElementById('model').textContent.includes('parameters')"))
    browser.press("Escape")
    browser.evaluate("document.getElementById('input').focus(); true")
    browser.type("Hello")
    browser.press("Enter")
    check("an answer with the key", browser.wait(f"/tokens|empty/.test({FOOT})"), browser.evaluate(FOOT))


def main(program, model, endless, folder=None):
    with tempfile.TemporaryDirectory() as profile:
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="flowchat-page-"))
        folder.mkdir(parents=True, exist_ok=True)
        browser = Browser(profile)
        try:
            with Server(program, model) as server:
                use(browser, server, folder)
            with Server(program, endless) as server:
                stopping(browser, server)
            browser.evaluate("document.getElementById('input').focus(); true")
            browser.type("Is anybody there?")
            browser.press("Enter")
            check("a server that is gone is told", browser.wait("document.body.textContent.includes('the server does not answer')"))
            with Server(program, model, key="sk-page-check") as server:
                with_key(browser, server)
        finally:
            browser.close()
    print(f"screenshots in {folder}")
    print(f"{len(FAILED)} of the checks failed" if FAILED else "all checks hold")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
