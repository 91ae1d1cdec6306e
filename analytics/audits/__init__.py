"""Audits: whether what is stored is whole, agrees with itself, and comes out again by other means. docs/audits.md lists the checks."""
