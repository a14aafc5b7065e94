"""PennyLane's own test-suite for devices, through HTTP and the emulator."""

import re
import subprocess
import sys

import pytest
from pennylane.devices.tests import get_device_tests


def run_suite(device, shots, tmp_path):
    """Runs the suite; gives its exit code, its report, and the tests by how they ended."""
    command = [sys.executable, "-m", "pytest", get_device_tests(), "-q", "--tb=short"]
    command += ["--device", device, "--shots", shots, "--skip-ops", "--no-flaky-report"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist"]
    if device == "qstore.ionq":
        command += ["--device-kwargs", "seed=1"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    last = done.stdout.strip().splitlines()[-1]
    ended = {how: int(count) for count, how in re.findall(r"(\d+) (\w+)", last)}
    return done.returncode, done.stdout[-4000:], ended


@pytest.mark.long
@pytest.mark.parametrize("shots", ["None", "20000"])
def test_the_suite_has_no_failure(shots, tmp_path):
    """Nothing fails, exact or with shots, and hardly more is skipped than on default.qubit."""
    code, report, ended = run_suite("qstore.ionq", shots, tmp_path)
    assert code == 0, report
    _, _, reference = run_suite("default.qubit", shots, tmp_path)
    left_out = {
        device: counts.get("skipped", 0) + counts.get("xfailed", 0)
        for device, counts in (("ours", ended), ("reference", reference))
    }
    assert left_out["ours"] <= left_out["reference"] + 12
    assert ended["passed"] > 350
