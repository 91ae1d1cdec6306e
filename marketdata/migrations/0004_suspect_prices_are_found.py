from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built beside whoever reads and writes prices.
    atomic = False

    dependencies = [
        ('marketdata', '0003_staff_decide_on_prices'),
    ]

    operations = [
        ValidateConstraint(model_name='pricerejection', name='price_rejection_resolution_valid'),
        AddIndexConcurrently(
            model_name='dailyprice',
            index=models.Index(condition=models.Q(('quality', 'suspect')), fields=['security', 'date'], name='daily_price_suspect'),
        ),
    ]
