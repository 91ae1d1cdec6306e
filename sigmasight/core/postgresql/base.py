"""The database backend named in the settings."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at the socket of a kept connection before a request uses it, instead of asking the server a question each time.

    An idle server sends nothing: what can be read is its farewell, or a notice. Then, and after errors, it is asked.
    """

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        if not self.errors_occurred:
            socket = select.poll()
            socket.register(self.connection.fileno(), select.POLLIN)
            if not socket.poll(0):
                return True
        return bool(super().is_usable())
