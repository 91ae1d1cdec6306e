"""The operations console: Django's admin in one theme, with a sidebar by domain, pages of our own, roles and a dashboard."""
