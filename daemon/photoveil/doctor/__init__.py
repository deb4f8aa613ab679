"""`photoveil doctor`: looks for what keeps Photoveil from working, says what to do about it, and mends what it can.

It works without a daemon and with a broken installation: nothing here imports more than the standard library before a
check needs it, and a check that fails never hides another. It contacts nobody.
"""

from __future__ import annotations

from photoveil.doctor.examination import Result, State, examine
from photoveil.doctor.model import CHECKS, Check, Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

__all__ = ["CHECKS", "Check", "Finding", "NotNow", "Patient", "Result", "State", "Weight", "examine"]
