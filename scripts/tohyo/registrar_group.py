"""`tohyo api`: everything about the registrar's service, gathered from the modules that do it."""

from scripts.tohyo import api_commands, office_commands, registrar_folder, registry_commands

app = api_commands.app
app.command("new")(registrar_folder.new)
app.command("retain")(registry_commands.retain)
app.command("log")(registry_commands.log)
app.command("evidence")(office_commands.evidence)
app.add_typer(registry_commands.keys_app, name="keys")
