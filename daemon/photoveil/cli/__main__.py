"""``python -m photoveil.cli``: the same as the ``photoveil`` command."""

from __future__ import annotations

import sys

from photoveil.cli import main

sys.exit(main())
