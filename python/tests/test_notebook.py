import pathlib

import nbclient
import nbformat

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


def test_the_notebook_runs_and_shows_figures(tmp_path):
    notebook = nbformat.read(EXAMPLES / "meta_values.ipynb", as_version=4)
    assert len(notebook.cells) == 10
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) >= 3
    assert not any(output.output_type == "error" for output in outputs)
