"""Copies of both databases on disk, and the way back. docs/upgrading.md tells when; `manage.py backup` and `restore` call it."""
