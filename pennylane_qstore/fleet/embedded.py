"""The emulator inside this process, one for all devices, on a loopback port."""

import threading
import weakref

from pennylane_qstore.cloud.http.loop import Loop
from pennylane_qstore.emulator import Server, serve

_lock = threading.Lock()
_servers: weakref.WeakKeyDictionary[Loop, Server] = weakref.WeakKeyDictionary()


def server(loop: Loop) -> Server:
    """The emulator that runs in a loop, started when first asked for."""
    with _lock:
        if loop not in _servers:
            _servers[loop] = loop.run(serve())
        return _servers[loop]
