"""Check the backends that a user lists, each with its own options."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pennylane as qml

from pennylane_qstore.errors import OptionError
from pennylane_qstore.options import EMULATOR, QPU, SIMULATOR, DeviceOptions, Options, Route

# Of a PennyLane device, such as "lightning.qubit" or "default.mixed".
_DEVICE_NAME = re.compile(r"[a-z][\w-]*\.[\w.-]+")
_OWN_NAME = "qstore.ionq"


@dataclass(frozen=True, slots=True)
class LocalDevice:
    """A PennyLane device on this machine, as a member of a fleet.

    Attributes:
        backend: its name
    """

    backend: str

    def __post_init__(self) -> None:
        if self.backend == _OWN_NAME or self.backend not in qml.plugin_devices:
            raise OptionError(
                "backend", self.backend, "no PennyLane device of that name is installed"
            )


@dataclass(frozen=True, slots=True)
class Members:
    """Where a device's circuits may run.

    Attributes:
        cloud: IonQ's, or the emulator; the first one's options are the device's
        all: each that was listed, in order
        fallback: what gets only what no other can run, or None
        route: a tape to the name of the member it is for, or to None
        queue_timeout: seconds after which a queued job goes to the next member, or None
    """

    cloud: tuple[Options, ...]
    all: tuple[Options | LocalDevice, ...]
    fallback: Options | LocalDevice | None = None
    route: Route | None = None
    queue_timeout: float | None = None

    @property
    def first(self) -> Options:
        """Whose options are the device's."""
        return self.cloud[0]

    @property
    def names(self) -> list[str]:
        """Of all of them, the fallback last."""
        fallback = [] if self.fallback is None else [self.fallback]
        return [each.backend for each in (*self.all, *fallback)]

    @property
    def max_wait(self) -> float:
        """Seconds for a batch: a QPU's, if there is one."""
        return max(each.max_wait or 0.0 for each in self.cloud)


def members_of(
    backend: Any,
    api_key: Any,
    *,
    fallback: Any = None,
    route: Any = None,
    queue_timeout: Any = None,
    **shared: Any,
) -> Members:
    """Return the checked members of a fleet, from what a user says of backends.

    Args:
        backend: one, or a list
        api_key: one for all, or a list of one for each backend
        fallback: a simulator or a PennyLane device
        route: a tape to the name of a member
        queue_timeout: seconds
        **shared: the other options, which all members share

    Raises:
        OptionError: what can't be
    """
    if not isinstance(backend, list | tuple) and not isinstance(api_key, list | tuple):
        own = Options(backend=backend, api_key=api_key, **shared)
        listed: tuple[Any, ...] = (own,)
        names: Sequence[Any] = [backend]
        keys: Sequence[Any] = [api_key]
    else:
        names = _names(backend)
        keys = _keys(api_key, names, shared)
        listed = tuple(_member(name, key, shared) for name, key in zip(names, keys, strict=True))
    cloud = tuple(each for each in listed if isinstance(each, Options))
    if not cloud:
        raise OptionError("backend", backend, "list at least one of IonQ's, or the emulator")
    extra = None if fallback is None else _fallback(fallback, names, keys[0], shared)
    if extra is not None and isinstance(extra, Options):
        cloud = (*cloud, extra)
    if shared.get("noise_model") is not None:
        _check_noise(shared["noise_model"], cloud)
    DeviceOptions(fallback=fallback, route=route, queue_timeout=queue_timeout)
    members = Members(cloud, listed, extra, route, queue_timeout)
    if queue_timeout is not None and len(members.names) == 1:
        raise OptionError(
            "queue_timeout",
            queue_timeout,
            "there is no other backend to go to: list some, or a fallback",
        )
    return members


def _names(backend: Any) -> Sequence[Any]:
    if not isinstance(backend, list | tuple):
        return [backend]
    if not backend or not all(isinstance(name, str) for name in backend):
        raise OptionError("backend", backend, 'use a name, or a list as ["qpu.a", "qpu.b"]')
    return backend


def _keys(api_key: Any, names: Sequence[Any], shared: Mapping[str, Any]) -> Sequence[Any]:
    if not isinstance(api_key, list | tuple):
        keys: Sequence[Any] = [api_key] * len(names)
    elif len(api_key) != len(names):
        raise OptionError(
            "api_key", ..., f"{len(api_key)} keys for {len(names)} backends; use one, or one each"
        )
    else:
        keys = api_key
    if not all(key is None or isinstance(key, str) for key in keys):
        raise OptionError("api_key", ..., "use a key, or a list of one for each backend")
    pairs = list(zip(names, keys, strict=True))
    if len(set(pairs)) < len(pairs):
        raise OptionError("backend", list(names), "the same backend with the same key is one")
    if shared.get("budget") is not None and len(set(keys)) > 1:
        raise OptionError("budget", shared["budget"], "it is counted for one key, not for several")
    return keys


def _member(name: str, key: Any, shared: Mapping[str, Any]) -> Options | LocalDevice:
    """Return a member with its own options, without what is meant for others."""
    if not name.startswith(QPU) and _DEVICE_NAME.fullmatch(name):
        return LocalDevice(name)
    own = dict(shared)
    if name == EMULATOR:
        own["base_url"] = key = None
    if name not in (SIMULATOR, EMULATOR):
        own["noise_model"] = own["noise_seed"] = None
    return Options(backend=name, api_key=key, **own)


def _fallback(fallback: Any, names: Sequence[Any], key: Any, shared: Mapping[str, Any]) -> Any:
    if not isinstance(fallback, str) or fallback.startswith(QPU):
        raise OptionError(
            "fallback", fallback, 'use "simulator", "emulator" or a device as "lightning.qubit"'
        )
    if fallback in names:
        raise OptionError("fallback", fallback, "it is listed as a backend already")
    return _member(fallback, key, shared)


def _check_noise(noise_model: Any, cloud: Sequence[Options]) -> None:
    if all(each.on_qpu for each in cloud):
        raise OptionError(
            "noise_model", noise_model, "only a simulator has one, and none is listed"
        )
