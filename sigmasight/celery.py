"""The Celery application; its settings are the `CELERY_*` ones."""

from __future__ import annotations

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
# One BLAS thread a process: two processes with two threads each are slower than two with one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A worker outlives a broker that goes away while it is at a task.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "sigmasight.broker:Transport"))

app = Celery("sigmasight")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
