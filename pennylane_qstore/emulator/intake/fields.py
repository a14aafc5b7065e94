"""Checks of the fields of a request body."""

import json
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from pennylane_qstore.emulator.intake.backends import Backend
from pennylane_qstore.emulator.simulation.circuit import MalformedError
from pennylane_qstore.emulator.simulation.noise import MODELS

# Limits from IonQ's API reference, version 0.4.
MOST_SHOTS = 1_000_000
DEFAULT_SHOTS = 100
DEBIASING_SHOTS = 500
MOST_SEED = 2**31 - 1
IDEAL = "ideal"
NAME = re.compile(r"[A-Za-z0-9 _-]*")
NOISE_FIELDS = ("model", "seed")
# The register that IonQ adds to those of a circuit.
ALL_QUBITS = "output_all"


def check_fields(body: Mapping[str, Any], allowed: Collection[str], where: str = "") -> None:
    """Refuse a field that the API's schema doesn't have (its `additionalProperties` is false).

    Args:
        body: a JSON object of a request
        allowed: the fields it may have
        where: its path in the request; empty for the body itself

    Raises:
        MalformedError: there is another field; its path is named
    """
    for field in body:
        if field not in allowed:
            path = f"{where}.{field}" if where else field
            close = get_close_matches(field, allowed, 1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            raise MalformedError(f'"{path[:80]}" is not a field of the API.{hint}', path[:80])


def read_object(raw: bytes) -> dict[str, Any]:
    """Return a request body that must be a JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"The body is not JSON: {error}.", "body") from error
    if not isinstance(body, dict):
        raise MalformedError("The body must be a JSON object.", "body")
    return body


def read_shots(shots: object) -> int:
    """Return the number of shots; cirq-ionq writes it as a string."""
    if shots is None:
        return DEFAULT_SHOTS
    if isinstance(shots, str) and re.fullmatch("[0-9]{1,7}", shots):
        shots = int(shots)
    if type(shots) is not int or not 1 <= shots <= MOST_SHOTS:
        raise MalformedError(f'"shots" must be a whole number from 1 to {MOST_SHOTS}.', "shots")
    return shots


def mitigation(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the error mitigation of a job's settings; empty if there is none."""
    return settings.get("error_mitigation") or {}


def read_settings(settings: object, backend: Backend, shots: int) -> dict[str, Any]:
    """Return the settings of a job; IonQ's schema lets them have further fields."""
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise MalformedError('"settings" must be an object.', "settings")
    for part in ("error_mitigation", "compilation"):
        if not isinstance(settings.get(part) or {}, dict):
            raise MalformedError(f'"settings.{part}" must be an object.', f"settings.{part}")
    for method in ("debiasing", "symmetry_verification"):
        if not isinstance(mitigation(settings).get(method) or False, bool):
            path = f"settings.error_mitigation.{method}"
            raise MalformedError(f'"{path}" must be true or false.', path)
    debiasing = mitigation(settings).get("debiasing")
    if debiasing and not backend.is_simulator and shots < DEBIASING_SHOTS:
        raise MalformedError(
            f"To turn on debiasing, you must request at least {DEBIASING_SHOTS} shots.", "shots"
        )
    return settings


def read_noise(noise: object, known: Collection[str]) -> dict[str, Any]:
    """Return the noise model, and its seed if there is one."""
    if noise is None:
        return {"model": IDEAL}
    if not isinstance(noise, dict):
        raise MalformedError('"noise" must be an object.', "noise")
    check_fields(noise, NOISE_FIELDS, "noise")
    model, seed = noise.get("model") or IDEAL, noise.get("seed")
    if not isinstance(model, str) or model not in (IDEAL, *MODELS):
        names = ", ".join((IDEAL, *MODELS))
        raise MalformedError(f'"noise.model" must be one of {names}.', "noise.model")
    if model not in (IDEAL, *known):
        raise MalformedError(
            f"Noise model {model!r} is not emulated: its rates are not published.", "noise.model"
        )
    if seed is not None and (type(seed) is not int or not 0 <= seed <= MOST_SEED):
        raise MalformedError(
            f'"noise.seed" must be a whole number from 0 to {MOST_SEED}.', "noise.seed"
        )
    return {"model": model} if seed is None else {"model": model, "seed": seed}


def read_text(body: Mapping[str, Any], key: str) -> str | None:
    """Return a text of the body; None if it is absent."""
    text = body.get(key)
    if text is not None and not isinstance(text, str):
        raise MalformedError(f'"{key}" must be a string.', key)
    return text


def read_name(body: Mapping[str, Any]) -> str | None:
    """Return the name of a job; None if it is absent."""
    name = read_text(body, "name")
    if name is not None and not NAME.fullmatch(name):
        raise MalformedError('"name" may have letters, digits, spaces, "-" and "_".', "name")
    return name


def read_dry_run(body: Mapping[str, Any]) -> bool:
    """Return whether a job is only checked and priced."""
    dry_run = body.get("dry_run") or False
    if not isinstance(dry_run, bool):
        raise MalformedError('"dry_run" must be true or false.', "dry_run")
    return dry_run


def read_metadata(metadata: object) -> dict[str, str] | None:
    """Return the metadata of a job; None if it is absent."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise MalformedError('"metadata" must be an object of strings.', "metadata")
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise MalformedError(f'"metadata.{key}" must be a string.', f"metadata.{key}")
    return metadata


def read_registers(
    registers: object, qubits: int, where: str
) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    """Return a circuit's registers: each one's name, and the qubit of each of its bits."""
    if not isinstance(registers, dict):
        raise MalformedError(f'"{where}" must be an object of arrays of qubits.', where)
    for name, bits in registers.items():
        path = f"{where}.{name}"[:80]
        if name == ALL_QUBITS:
            raise MalformedError(f'"{path}" is the name of the register of all qubits.', path)
        if not isinstance(bits, list) or not all(
            bit is None or (type(bit) is int and 0 <= bit < qubits) for bit in bits
        ):
            raise MalformedError(
                f'"{path}" must be an array of qubits from 0 to {qubits - 1}, or null.', path
            )
    return tuple((name, tuple(bits)) for name, bits in registers.items())
