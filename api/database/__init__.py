"""The registrar's database: tables, migrations, encryption at rest."""
