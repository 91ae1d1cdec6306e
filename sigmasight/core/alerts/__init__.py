"""Alerts: rules that the apps register, what they found, who was told, who took care. docs/alerts.md tells how."""
