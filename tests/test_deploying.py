"""The examples for people with a Prefect or a systemd of their own are ones that these accept."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from conftest import Duiyi
from duiyi.processors.errors import UsageError

CONFIG = Path(__file__).parent.parent / "config"


def post(server: str, path: str, body: dict[str, Any]) -> Any:
    answer = httpx.post(f"{server}{path}", json=body, timeout=60, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def prefect(server: str, *arguments: str) -> str:
    """Prefect's own command line."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PREFECT_API_URL": server},
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prefect_yaml_makes_both_deployments_in_a_work_pool(prefect_server: str) -> None:
    post(prefect_server, "/work_pools/", {"name": "duiyi", "type": "process"})
    prefect(prefect_server, "deploy", "--all", "--prefect-file", str(CONFIG / "prefect.yaml"))
    found = {one["name"]: one for one in post(prefect_server, "/deployments/filter", {}) if one["work_pool_name"]}
    assert {name: one["work_queue_name"] for name, one in found.items()} == {
        "nightly": "scheduled",
        "on-demand": "on-demand",
    }
    assert found["nightly"]["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert found["nightly"]["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert found["on-demand"]["parameters"]["out"] == "/srv/duiyi/corpus"


def test_a_failed_run_reaches_people_through_the_automation(prefect_server: str, tmp_path: Path) -> None:
    from duiyi.flows.translate import translate_files
    from prefect.blocks.webhook import Webhook

    heard: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ear) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        block = Webhook(url=f"http://127.0.0.1:{receiver.server_port}/").save("people", overwrite=True)
        example = (CONFIG / "prefect-failures.yaml").read_text("utf-8")
        file = tmp_path / "automation.yaml"
        file.write_text(example.replace("00000000-0000-0000-0000-000000000000", str(block)), "utf-8")
        prefect(prefect_server, "automation", "create", "--from-file", str(file))
        time.sleep(2)  # the server takes notice of new automations a moment later
        with pytest.raises(Exception, match="no such file"):
            translate_files([str(tmp_path / "missing.txt")], str(tmp_path / "out"))
        until = time.monotonic() + 90
        while not heard and time.monotonic() < until:
            time.sleep(0.2)
        receiver.shutdown()
    assert [json.loads(said)["text"][:26] for said in heard] == ["duiyi: missing.txt Failed:"]


def test_a_new_timetable_replaces_the_old_one_and_another_dataset_needs_another_name(
    prefect_server: str, tmp_path: Path
) -> None:
    from duiyi.flows.serve import Served, Timetable, deploy
    from prefect.client.orchestration import get_client

    def served(out: str, timetable: Timetable) -> Served:
        return Served((str(CONFIG),), tmp_path / out, None, {}, "no", None, timetable, "theirs", None)

    with get_client(sync_client=True) as client:
        corpus, _ = deploy(served("one", Timetable(cron="0 2 * * *", timezone="Asia/Kuala_Lumpur")), client)
        (kept,) = client.read_deployment(corpus).schedules
        assert (kept.schedule.cron, kept.schedule.timezone) == ("0 2 * * *", "Asia/Kuala_Lumpur")
        deploy(served("one", Timetable(interval=60)), client)
        (kept,) = client.read_deployment(corpus).schedules
        assert kept.schedule.interval.total_seconds() == 60
        deploy(served("one", Timetable()), client)
        assert client.read_deployment(corpus).schedules == []
        with pytest.raises(UsageError, match="--name"):
            deploy(served("two", Timetable()), client)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--cron", "at two"), "--cron 'at two'"),
        (("--cron", "0 2 * * *", "--timezone", "Mars/Olympus"), "Mars/Olympus"),
        (("--cron", "0 2 * * *", "--interval", "60"), "--interval"),
        (("--interval", "nan"), "--interval nan"),
        (("--interval", "inf"), "--interval inf"),
        (("--watch", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_started(
    duiyi: Duiyi, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    refused = duiyi("serve", CONFIG, "--out", tmp_path / "corpus", *options)
    assert refused.returncode == 2
    assert named in refused.stderr.splitlines()[-1]
    assert "server" not in refused.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in CONFIG.glob("duiyi-*.*"):
        unit = path.read_text("utf-8").replace("%h/duiyi/.venv/bin/duiyi", "/bin/true")
        (tmp_path / path.name).write_text(unit, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "duiyi" in line]
    assert ours == []
    assert done.returncode == 0


def test_the_units_and_deployments_name_commands_and_flows_that_exist() -> None:
    from click.testing import CliRunner
    from duiyi.flows import translate
    from duiyi.flows.cli import cli

    for path in CONFIG.glob("duiyi-*.service"):
        (command,) = [line for line in path.read_text("utf-8").splitlines() if line.startswith("ExecStart=")]
        name, *options = command.split(" ")[1:]
        shown = CliRunner().invoke(cli, [name, "--help"]).output
        assert all(option in shown for option in options if option.startswith("--")), command
    for deployment in yaml.safe_load((CONFIG / "prefect.yaml").read_text("utf-8"))["deployments"]:
        module, _, flow = deployment["entrypoint"].rpartition(".")
        assert module == "duiyi.flows.translate"
        parameters = getattr(translate, flow).fn.__annotations__
        assert deployment["parameters"].keys() < parameters.keys()


def test_a_profile_in_the_users_own_prefect_is_not_used(tmp_path: Path) -> None:
    own = tmp_path / ".prefect"
    own.mkdir()
    (own / "profiles.toml").write_text(
        'active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "https://api.prefect.cloud/api/x"\nPREFECT_API_KEY = "k"\n'
    )
    (tmp_path / "prefect.toml").write_text('[api]\nurl = "https://api.prefect.cloud/api/y"\n')
    script = (
        "import os; from duiyi.flows import prefect_home; prefect_home.prepare();"
        "os.environ['PREFECT_API_URL'] = 'http://127.0.0.1:9/api';"
        "from prefect.settings import get_current_settings as s; print(s().api.url, s().api.key, s().cloud.enable_orchestration_telemetry)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    environment |= {"HOME": str(tmp_path), "PREFECT_PROFILE": "cloud"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    assert done.stdout.split()[:2] == ["http://127.0.0.1:9/api", "None"]


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = "from duiyi.flows.child_process import end_with_parent; import time; end_with_parent(); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.close()  # as the system does for a parent that is no more
        assert child.wait(60) == -signal.SIGTERM
