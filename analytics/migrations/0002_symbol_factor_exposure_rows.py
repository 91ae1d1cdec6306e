from django.db import migrations

VIEW = """
CREATE VIEW symbol_factor_exposure_rows AS
SELECT e.id || ':' || f.display_order AS id, e.security_id, f.id AS factor_id, s.symbol, f.name AS factor_name,
       e.calculation_date, slot.beta_value, slot.std_error, slot.p_value, slot.r_squared, slot.observations, slot.quality_flag
FROM symbol_factor_exposures e
JOIN securities s ON s.id = e.security_id
CROSS JOIN factor_definitions f
CROSS JOIN LATERAL (SELECT
    nullif(e.beta_value[f.display_order + 1], 'NaN') AS beta_value,
    nullif(e.std_error[f.display_order + 1], 'NaN') AS std_error,
    nullif(e.p_value[f.display_order + 1], 'NaN') AS p_value,
    nullif(e.r_squared[f.display_order + 1], 'NaN') AS r_squared,
    e.observations[f.display_order + 1] AS observations,
    e.quality_flag[f.display_order + 1]::text AS quality_flag) AS slot
WHERE slot.beta_value IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW symbol_factor_exposure_rows", hints={"target_db": "default"})]
