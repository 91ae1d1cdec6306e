from django.db import migrations

COLUMNS = (
    "position_ids", "quantity", "price", "market_value", "entry_value", "cost_micro", "unrealized_pnl", "daily_pnl", "quality",
)  # fmt: skip


def stored(how: str) -> str:
    return "ALTER TABLE position_snapshots " + ", ".join(f"ALTER COLUMN {name} SET STORAGE {how}" for name in COLUMNS)


class Migration(migrations.Migration):
    """Arrays of a book's lots are hardly compressible, and trying took the server a quarter of phase 2. Holds for new rows of every
    month's table; what is stored stays as it is."""

    dependencies = [("portfolios", "0003_position_snapshots_by_month")]

    operations = [migrations.RunSQL(stored("EXTERNAL"), stored("EXTENDED"))]
