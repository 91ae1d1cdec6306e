"""What the system says about itself while it works: log lines, figures, health, errors. docs/observability.md has the tables."""
