"""The demo in a real browser: the page that the command prints shows the alert arrive, and no calm call's."""

import re
import subprocess
import sys
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.service_process import environment

WITHIN_S = 60.0
ALERTED = """
    const shown = [...document.querySelectorAll('.alert')].map(card => card.innerText).join('\\n');
    return shown.includes('escalates-') && document.querySelector('.gauge[data-gauge="wait_s"]') ? shown : null"""


def test_an_alert_arrives_on_the_page_that_the_demo_names(browser: Chrome, tmp_path: Path) -> None:
    """Whoever opens the printed address sees an escalating call's alert within a minute, without signing in."""
    (tmp_path / "v.toml").write_text("ingest.port = 0\nhttp.port = 0\n")
    command = [sys.executable, "-m", "voicerisk", "demo", "--config", "v.toml"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            address = next(found for line in demo.stdout if (found := re.search(r"http://\S+", line)))
            browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
            browser.get(address[0])
            wait = WebDriverWait(browser, WITHIN_S, poll_frequency=0.25)
            shown = wait.until(lambda page: page.execute_script(ALERTED), "no alert within a minute")
            browser.get("about:blank")
        finally:
            demo.kill()
    assert "escalates-" in shown
    assert "calm-" not in shown
    assert "pitch up" in shown or "tone model: tension" in shown
