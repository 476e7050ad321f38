"""Steps that bring the registrar's tables up to date, and how Alembic finds them."""
