"""Write docs/openapi.json: `python -m local.openapi`."""

from local.openapi.document import TARGET, render

TARGET.write_text(render(), encoding="utf-8")
