# SPDX-License-Identifier: Apache-2.0
#
# browser.py: a person's session in headless Chromium, driven through chromedriver (WebDriver, a W3C standard) with Python's standard
# library only: alice logs in, sees her accounts with each decision explained, is refused bob's, and logs out. BUILD is the folder of
# the programs; the pictures are left in BUILD/demo.
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
PICTURES = os.path.join(BUILD, "demo")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1280,900"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the standard's key of an element's reference

passed = failed = 0


def check(what, met, found=""):
    global passed, failed
    if met:
        passed += 1
    else:
        failed += 1
        print("not as expected: %s%s" % (what, ": %r" % (found,) if found != "" else ""))


class Driver:
    """Driver is one browser session: each method is one command of the standard."""

    def __init__(self, port, profile):
        self.port = port
        options = {"args": FLAGS + ["--user-data-dir=" + profile]}
        wanted = {"browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = ""
        self.session = "/session/" + self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        text = None if body is None else json.dumps(body)
        connection.request(method, self.session + path, text, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(value["error"] + ": " + value["message"].split("\n")[0])
        return value

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.ask("GET", "/url")

    def source(self):
        return self.ask("GET", "/source")

    def find(self, css):
        return [e[ELEMENT] for e in self.ask("POST", "/elements", {"using": "css selector", "value": css})]

    def texts(self, css):
        return [self.ask("GET", "/element/%s/text" % e) for e in self.find(css)]

    def text(self, css):
        return " ".join(self.texts(css))

    def click(self, css):
        self.ask("POST", "/element/%s/click" % self.find(css)[0], {})

    def follow(self, css):
        """Clicks, and waits until another document is there, whole: a click alone does not wait for where it leads."""
        self.run("document.documentElement.dataset.left = '1'")
        self.click(css)
        for _ in range(200):
            try:
                if self.run("return document.readyState === 'complete' && !document.documentElement.dataset.left"):
                    return
            except RuntimeError:
                pass  # between two documents there is none to ask
            time.sleep(0.05)
        raise RuntimeError("after 10 s the click on %s has led nowhere" % css)

    def type(self, css, text):
        self.ask("POST", "/element/%s/value" % self.find(css)[0], {"text": text})

    def run(self, script):
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def picture(self, name):
        self.ask("POST", "/window/rect", {"width": 1280, "height": 400})
        height = self.run("return document.documentElement.scrollHeight")
        self.ask("POST", "/window/rect", {"width": 1280, "height": min(int(height) + 160, 4000)})
        path = os.path.join(PICTURES, name)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))
        print("picture: " + path)

    def complaints(self):
        """What the browser had to complain about: blocked by the Content-Security-Policy, or not found."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]


def log_in(driver, user, password):
    driver.type("#username", user)
    driver.type("#password", password)
    driver.follow("#login")


def visit(driver, gateway):
    driver.go(gateway)
    check("the gateway greets a stranger", "none trusts the gateway" in driver.text("h1"), driver.text("h1"))
    driver.follow("#login")
    sts = gateway.replace("gateway.", "sts.").split(":")[1]
    check("the password is asked for by the authorization server", sts in driver.url(), driver.url())
    check("it says that it is an example", "Example code" in driver.text(".warning"))
    driver.picture("screenshot-login.png")
    log_in(driver, "alice", "builder")
    check("a wrong password is refused", "wrong password" in driver.text(".reason"), driver.text("main"))
    driver.complaints()  # a 401 is one: it was ours
    log_in(driver, "alice", "wonderland")

    check("she is back at the gateway, at her accounts", driver.url() == gateway + "customers/1001/accounts", driver.url())
    check("they are hers", driver.text("h1") == "Accounts of alice", driver.text("h1"))
    check("her balance is there", "1,204.50 EUR" in driver.text("#accounts"), driver.text("#accounts"))
    cards = driver.texts(".cards .card")
    check("two services have decided", len(cards) == 2 and cards[0].startswith("accounts") and cards[1].startswith("ledger"), cards)
    check("both have allowed it", len(driver.find(".cards .card.allowed")) == 2)
    check("each check is explained", len(driver.find(".checks tr.pass")) >= 30 and not driver.find(".checks tr.fail"))
    check("ledger knows who acts for whom", "alice" in cards[1] and "acting for the user\naccounts" in cards[1], cards[1:])
    check("the way is drawn", driver.texts("#path li") == ["alice", "gateway", "accounts", "ledger"] and
          len(driver.find("#path .allowed")) == 2)
    check("the trace is named", len(driver.text("#trace")) == 32, driver.text("#trace"))
    check("no script sees the cookie", driver.run("return document.cookie") == "")
    cookies = driver.ask("GET", "/cookie")
    check("one cookie is left", [c["name"] for c in cookies] == ["__Host-session"], cookies)
    check("it is protected", all(c["secure"] and c["httpOnly"] and c["sameSite"] == "Lax" for c in cookies), cookies)
    check("the page looks as meant", driver.run("return getComputedStyle(document.querySelector('.card')).borderTopStyle") == "solid")
    check("nothing wider than the window", driver.run("return document.documentElement.scrollWidth <= innerWidth"))
    check("the browser has no complaint", driver.complaints() == [])
    driver.picture("screenshot.png")

    driver.follow("#other")
    check("bob's accounts are refused to her", "Refused" in driver.text("h1") and "HTTP 403" in driver.text("#refused"), driver.text("main"))
    check("the page says by whom and why", driver.texts(".cards .card.denied h3") != [] and
          "claim is not what the rule requires: customer" in driver.text(".cards .card.denied .reason"), driver.text(".cards"))
    check("ledger was not reached", driver.texts("#path .denied") == ["accounts"] and driver.texts("#path .unreached") == ["ledger"])
    check("one check has failed", len(driver.find(".checks tr.fail")) == 1)
    check("nothing of bob's is shown", "312.07" not in driver.source())
    driver.picture("screenshot-refused.png")

    driver.follow("#logout")
    check("she is logged out", driver.url() == gateway and driver.find("a#login") != [], driver.url())
    driver.go(gateway + "customers/1001/accounts")
    check("the way back is closed", "not logged in" in driver.text("h1"), driver.text("h1"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("chromedriver does not start")


def address(story):
    for line in story.stdout:
        if line.startswith("Open https://"):
            return line.split()[1]
    raise RuntimeError("the mesh does not start")


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def main():
    if not shutil.which("chromedriver") or not shutil.which("chromium"):
        print("chromium and chromedriver are needed")
        return 1
    os.makedirs(PICTURES, exist_ok=True)
    profile = tempfile.mkdtemp()
    port = free_port()
    story = subprocess.Popen([os.path.join(BUILD, "mesh-story"), "--serve", os.path.join(BUILD, "mesh-browser"), BUILD],
                             stdout=subprocess.PIPE, text=True)
    chrome = subprocess.Popen(["chromedriver", "--port=%d" % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    driver = None
    try:
        gateway = address(story)
        wait_for(port)
        driver = Driver(port, profile)
        visit(driver, gateway)
    except (RuntimeError, OSError, IndexError, KeyError) as problem:
        check("the session goes on to its end", False, str(problem))
    finally:
        if driver:
            driver.ask("DELETE", "")
        end(chrome)
        check("the mesh ends when it is told to", end(story) == 0)
        shutil.rmtree(profile, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
