"""The Celery application; its settings are the `CELERY_*` ones."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
# One BLAS thread a process: two processes with two threads each are slower than two with one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = Celery("sigmasight")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
